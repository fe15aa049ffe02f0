import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { divideHalfUp, proportionHalfUp } from "../../src/money/proportion.ts";

describe("A proportion", () => {
  test.each([
    [1, 1, 2, 1],
    [1, 1, 3, 0],
    [2, 1, 3, 1],
    [0, 5, 7, 0],
    [9, 0, 7, 0],
    [Number.MAX_SAFE_INTEGER, 1, 1, Number.MAX_SAFE_INTEGER],
    [Number.MAX_SAFE_INTEGER, 7, 14, (Number.MAX_SAFE_INTEGER + 1) / 2],
  ])("%d * %d / %d, half up, is %d", (amount, numerator, denominator, expected) => {
    expect(proportionHalfUp(amount, numerator, denominator)).toBe(expected);
  });

  test("is floor(2ab + c / 2c) at every size", () => {
    const factor = fc.oneof(fc.nat(200), fc.nat(2 ** 27), fc.maxSafeNat());
    fc.assert(
      fc.property(factor, factor, factor, (amount, numerator, above) => {
        const denominator = Math.max(1, above);
        const [a, b, c] = [BigInt(amount), BigInt(numerator), BigInt(denominator)];
        const exact = (2n * a * b + c) / (2n * c);
        fc.pre(exact <= BigInt(Number.MAX_SAFE_INTEGER));
        expect(BigInt(proportionHalfUp(amount, numerator, denominator))).toBe(exact);
      }),
      { numRuns: 5_000 },
    );
  });

  test("is exact just below and at the halves of large quotients", () => {
    for (const denominator of [2, 3, 10, 120_000, 2 ** 20 + 7]) {
      const quotient = Math.floor(Number.MAX_SAFE_INTEGER / denominator) - 2;
      const product = quotient * denominator;
      const half = Math.ceil(denominator / 2);
      expect(proportionHalfUp(product + half - 1, 1, denominator)).toBe(quotient);
      expect(proportionHalfUp(product + half, 1, denominator)).toBe(quotient + 1);
      expect(proportionHalfUp(product - 1, 1, denominator * 2)).toBe(Math.floor(quotient / 2));
    }
  });

  test.each([
    [-1, 1, 1],
    [1.5, 1, 1],
    [1, -1, 1],
    [1, 1, 0],
    [1, 1, -1],
    [NaN, 1, 1],
    [2 ** 53, 1, 2],
    [Number.MAX_SAFE_INTEGER, 2, 1],
  ])("asserts against %d * %d / %d", (amount, numerator, denominator) => {
    expect(() => proportionHalfUp(amount, numerator, denominator)).toThrow(/is a|is 1 or more/);
  });

  test.each([
    [3n, 2n, 2n],
    [-1n, 2n, 0n],
    [-3n, 2n, -1n],
    [-2n, 3n, -1n],
    [-1n, 3n, 0n],
    [-4n, 2n, -2n],
    [0n, 5n, 0n],
  ])("%d / %d, half up, is %d", (numerator, denominator, expected) => {
    expect(divideHalfUp(numerator, denominator)).toBe(expected);
  });
});
