// The level instalment of equal_instalment (annuity): A = P*r*(1+r)^n / ((1+r)^n - 1).
//
// Reckoned as one exact fraction of big integers and rounded once. Decimals of a fixed precision
// can not: of 225.75 at 8 % over 2 months A is 114.005 exactly, but r = 0.00666... is cut off, and
// with 60 digits A comes out as 114.00. The folder's README has how often, and what either costs.

import { divideHalfUp, proportionHalfUp, toSafeNumber } from "../money/proportion.ts";
import type { RateBps } from "../money/rate.ts";
import { BPS_MONTHS_PER_ONE } from "./interest.ts";

const ONE = BigInt(BPS_MONTHS_PER_ONE);

/**
 * A in cents, rounded half up, for `months` equal instalments; with a rate of zero P / n. With
 * R = rateBps and D = 120,000, r = R/D: A = P * R * (D+R)^n / (D * ((D+R)^n - D^n)).
 * It grows with P and R and falls with n.
 */
export function levelInstalmentCents(
  principalCents: number,
  rateBps: RateBps,
  months: number,
): number {
  if (rateBps === 0) return proportionHalfUp(principalCents, 1, months);
  // Cut by the common divisor: for usual rates the powers have half the digits.
  const divisor = gcd(BigInt(rateBps), ONE);
  const rate = BigInt(rateBps) / divisor;
  const one = ONE / divisor;
  const grown = (one + rate) ** BigInt(months);
  const numerator = BigInt(principalCents) * rate * grown;
  const denominator = one * (grown - one ** BigInt(months));
  return toSafeNumber(divideHalfUp(numerator, denominator));
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}
