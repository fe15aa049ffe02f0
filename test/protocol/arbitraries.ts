// Values of every kind of field, for property tests: valid ones in the form of the program.

import fc from "fast-check";
import { isId, requestIdFromBytes } from "../../actors/address.ts";
import { ERRORS } from "../../src/protocol/errors.ts";
import { DAY_MAX, RATE_PPM_MIN } from "../../src/protocol/plans.ts";
import type { Field } from "../../src/protocol/table.ts";
import { isPrintableText } from "../../src/protocol/text.ts";

const idCharacters = [..."abcXYZ019._-"];

const id = fc
  .string({ unit: fc.constantFrom(...idCharacters), minLength: 1, maxLength: 40 })
  .filter(isId);

const requestId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => {
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return requestIdFromBytes(bytes);
});

/** Around every boundary of a width on the wire, and anything between. */
const boundaries = [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32];
export const count = fc.oneof(
  fc.constantFrom(...boundaries, 2 ** 40, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
  fc.nat({ max: 70_000 }),
);
export const correlationId = fc.oneof(
  fc.constantFrom(...boundaries.filter((number) => number < 2 ** 32)),
  fc.nat({ max: 0xffffffff }),
);

const text = fc.string({ unit: "binary", maxLength: 64 }).filter(isPrintableText);
const token = fc.string({
  unit: fc.constantFrom(...[..."abcXYZ019._-~!"]),
  minLength: 1,
  maxLength: 300,
});

function valueOf(field: Field): fc.Arbitrary<unknown> {
  switch (field.type) {
    case "requestId":
      return requestId;
    case "accountId":
    case "loanId":
      return id;
    case "amountCents":
      return fc.oneof(fc.constantFrom(1, 10 ** 12), fc.integer({ min: 1, max: 10 ** 12 }));
    case "cents":
    case "count":
    case "timeMs":
      return count;
    case "day":
      return fc.integer({ min: 1, max: DAY_MAX });
    case "text":
      return text;
    case "ratePpm":
      return fc.oneof(fc.integer({ min: RATE_PPM_MIN, max: 1_000 }), count);
    case "sha256":
      return fc
        .uint8Array({ minLength: 32, maxLength: 32 })
        .map((bytes) => Buffer.from(bytes).toString("hex"));
    case "rows":
      return fc.array(objectOf(field.columns!), { maxLength: 5 });
    case "page":
      return fc.string({ unit: "grapheme", maxLength: 300 });
    case "token":
      return token;
    case "flag":
      return fc.boolean();
    case "choice":
      return fc.constantFrom(...field.choices!);
    case "errorCode":
      return fc.constantFrom(...Object.keys(ERRORS));
    case "loanIds":
      return fc.array(id, { maxLength: 100 });
  }
}

/** An object with all of these fields; optional ones are null now and then. */
export function objectOf(fields: readonly Field[]): fc.Arbitrary<Record<string, unknown>> {
  const arbitraries: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of fields) {
    const value = valueOf(field);
    arbitraries[field.name] = field.optional ? fc.option(value, { freq: 3 }) : value;
  }
  return fc.record(arbitraries, { noNullPrototype: true });
}
