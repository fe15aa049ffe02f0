// The interest of one period and its accrual. All of it is rounded half
// up, once, from exact products.

import { assert } from "../money/assert.ts";
import { BPS_PER_ONE, type RateBps } from "../money/rate.ts";
import { divideHalfUp, proportionHalfUp, toSafeNumber } from "../money/proportion.ts";
import { addDays, SECONDS_PER_DAY, type BusinessDate } from "./business-date.ts";
import { yearFraction, type DayCountBasis } from "./day-count.ts";

/** r = rateBps / 10,000 / 12: a month's rate is the rate in basis points over this. */
export const BPS_MONTHS_PER_ONE = BPS_PER_ONE * 12;

/** Simple interest of whole months: principal * r * months. */
export function monthsInterestCents(
  principalCents: number,
  rateBps: RateBps,
  months: number,
): number {
  return proportionHalfUp(principalCents, rateBps * months, BPS_MONTHS_PER_ONE);
}

/** Simple interest of days: principal * rate * days / basis (bullet_days). */
export function daysInterestCents(
  principalCents: number,
  rateBps: RateBps,
  from: BusinessDate,
  days: number,
  basis: DayCountBasis,
): number {
  const { numerator, denominator } = yearFraction(from, days, basis);
  return proportionHalfUp(principalCents, rateBps * numerator, BPS_PER_ONE * denominator);
}

/**
 * The same so many seconds into the day after those days: each second is its part of that day,
 * which belongs to the year that it lies in. 0 to 86,399 seconds.
 */
export function secondsInterestCents(
  principalCents: number,
  rateBps: RateBps,
  from: BusinessDate,
  days: number,
  seconds: number,
  basis: DayCountBasis,
): number {
  if (seconds === 0) return daysInterestCents(principalCents, rateBps, from, days, basis);
  const whole = yearFraction(from, days, basis);
  const running = yearFraction(addDays(from, days), 1, basis);
  // Beyond 2^53 with the longest term at the highest rate.
  const numerator =
    BigInt(whole.numerator) * BigInt(SECONDS_PER_DAY) + BigInt(running.numerator * seconds);
  const yearly = BigInt(principalCents) * BigInt(rateBps);
  const denominator = BigInt(BPS_PER_ONE * SECONDS_PER_DAY) * BigInt(whole.denominator);
  return toSafeNumber(divideHalfUp(yearly * numerator, denominator));
}

/**
 * What of a period's interest has accrued after `elapsed` of the `period`'s days (or seconds, or
 * milliseconds: the same unit for both): round(interest * elapsed / period). It never falls, and at
 * the end it is the interest exactly, so accruing day by day, each day what is new since the last,
 * sums to the cent.
 */
export function accruedCents(interestCents: number, elapsed: number, period: number): number {
  assert(elapsed >= 0 && elapsed <= period, "an accrual lies within its period", elapsed);
  return proportionHalfUp(interestCents, elapsed, period);
}
