// ioredis declares a subclass of String (`VerbatimString`). While String.prototype is set up as the
// prototype of another prototype, V8 turns it into a dictionary and, for primitive strings, never
// looks back: from then on every `charCodeAt` of the process is a generic call, 9 ns instead of
// 1.3 (Node 20 and 22). A bid has some 150 of them. A few look-ups through an object that inherits
// from String.prototype make it fast again.

const LOOK_UPS = 1_000;

/** To be called once, after ioredis was imported. Changes nothing that a program can see. */
export function restoreFastStrings(): number {
  const heir = Object.create(String.prototype) as { readonly absent?: unknown };
  let found = 0;
  for (let count = 0; count < LOOK_UPS; count++) if (heir.absent !== undefined) found++;
  return found;
}
