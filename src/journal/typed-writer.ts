// Writes an event or message by its layout, field by field: the generic writer. What is written at
// every turn has compiled ones (compiled-writer.ts), which this one is the reference of.

import { AssertionError } from "../money/assert.ts";
import type { MsgpackWriter } from "../protocol/msgpack-writer.ts";
import type { Plan, Typed } from "./records.ts";

/** Writes one event or message: `[code, version, ...fields]`. */
export function writeTyped(to: MsgpackWriter, plan: Plan, typed: Typed): void {
  const { names, kinds } = plan;
  const fields = typed as unknown as Record<string, unknown>;
  to.arrayHeader(2 + names.length);
  to.int(plan.code);
  to.int(plan.version);
  for (let at = 0; at < names.length; at++) {
    const value = fields[names[at]!];
    switch (kinds[at]) {
      case "int":
        to.int(value as number);
        break;
      case "string":
        to.str(value as string);
        break;
      case "bytes16":
        to.binFromLatin1(value as string);
        break;
      case "nullableInt":
      case "nullableString":
        if (value === null) to.nil();
        else if (typeof value === "string") to.str(value);
        else to.int(value as number);
        break;
      case "flag":
        to.bool(value as boolean);
        break;
      case "list":
        writeList(to, value as readonly (string | number)[]);
        break;
      default:
        throw new AssertionError(`field ${names[at]} has no kind`);
    }
  }
}

export function writeList(to: MsgpackWriter, items: readonly (string | number)[]): void {
  to.arrayHeader(items.length);
  for (const item of items) {
    if (typeof item === "string") to.str(item);
    else to.int(item);
  }
}
