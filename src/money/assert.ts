// Assertions that stay on in production. A failed one is a bug: nobody catches it but supervision.

export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The end of every exhaustive switch: unreachable for well-typed code, a bug otherwise. */
export function assertNever(value: never): never {
  throw new AssertionError(`unexpected variant: ${JSON.stringify(value)}`);
}
