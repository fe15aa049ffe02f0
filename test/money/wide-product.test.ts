import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lostInProduct, upperHalf } from "../../src/money/wide-product.ts";

const whole = fc.oneof(
  fc.nat(1_000),
  fc.maxSafeNat(),
  fc.integer({ min: Number.MAX_SAFE_INTEGER - 1_000, max: Number.MAX_SAFE_INTEGER }),
);

describe("Wide products", () => {
  test("the rounded product and what it lost are the product, exactly", () => {
    fc.assert(
      fc.property(whole, whole, (a, b) => {
        const high = a * b;
        const low = lostInProduct(high, a, upperHalf(a), b, upperHalf(b));
        expect(BigInt(high) + BigInt(low)).toBe(BigInt(a) * BigInt(b));
      }),
      { numRuns: 5_000 },
    );
  });
});
