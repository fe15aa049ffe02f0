// A proportion of an amount, rounded once. Exact at every size: no product is ever cut to 53 bits.

import { assert } from "./assert.ts";

/**
 * amount * numerator / denominator, rounded half up to a whole unit. All three are whole numbers,
 * 0 or more, the denominator 1 or more. Asserts that they, and the result, are safe integers.
 */
export function proportionHalfUp(amount: number, numerator: number, denominator: number): number {
  assert(isCount(amount), "an amount is a whole number, 0 or more", amount);
  assert(isCount(numerator), "a numerator is a whole number, 0 or more", numerator);
  assert(isCount(denominator) && denominator > 0, "a denominator is 1 or more", denominator);
  const product = amount * numerator;
  // A product this small is exact, and so is the floor of its quotient: the distance of the
  // quotient from the next whole number is at least 1 / denominator, more than half its last bit.
  if (product <= Number.MAX_SAFE_INTEGER) {
    const quotient = Math.floor(product / denominator);
    const remainder = product - quotient * denominator;
    return remainder >= denominator - remainder ? quotient + 1 : quotient;
  }
  return toSafeNumber(divideHalfUp(BigInt(amount) * BigInt(numerator), BigInt(denominator)));
}

/** numerator / denominator, rounded half up (-0.5 to 0). The denominator is positive. */
export function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  const doubled = 2n * numerator + denominator;
  const quotient = doubled / (2n * denominator);
  // BigInt division cuts towards zero; a floor is wanted.
  return doubled < 0n && quotient * 2n * denominator !== doubled ? quotient - 1n : quotient;
}

/** Asserts that nothing is lost. */
export function toSafeNumber(value: bigint): number {
  const number = Number(value);
  assert(Number.isSafeInteger(number), "a result is a safe integer", value.toString());
  return number;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
