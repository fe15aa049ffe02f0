// Rates: whole numbers of a named unit under a named limit, never a fraction in a float.

import { AssertionError } from "./assert.ts";

declare const rateBrand: unique symbol;
declare const feeBrand: unique symbol;
declare const dailyBrand: unique symbol;

/** A rate per year in basis points: 1,200 is 12.00 % a year. */
export type RateBps = number & { readonly [rateBrand]: "RateBps" };
/** A part of an amount, taken once, in basis points: 50 is 0.50 %. */
export type FeeBps = number & { readonly [feeBrand]: "FeeBps" };
/**
 * A rate per day in millionths: 500 ppm is 0.05 % a day, which basis points could not say finely.
 */
export type DailyRatePpm = number & { readonly [dailyBrand]: "DailyRatePpm" };

/** 1,000 % a year: beyond it is a mistyped number, not a loan. */
export const RATE_BPS_MAX = 100_000;
export const FEE_BPS_MAX = 10_000;
/** 10 % a day. */
export const DAILY_RATE_PPM_MAX = 100_000;

/** What one whole is in each unit. */
export const BPS_PER_ONE = 10_000;
export const PPM_PER_ONE = 1_000_000;

export function isRateBps(value: number): value is RateBps {
  return isWithin(value, RATE_BPS_MAX);
}

export function isFeeBps(value: number): value is FeeBps {
  return isWithin(value, FEE_BPS_MAX);
}

export function isDailyRatePpm(value: number): value is DailyRatePpm {
  return isWithin(value, DAILY_RATE_PPM_MAX);
}

/** Asserts 0 to RATE_BPS_MAX. */
export function rateBps(value: number): RateBps {
  if (!isRateBps(value)) throw new AssertionError(`not a yearly rate in basis points: ${value}`);
  return value;
}

/** Asserts 0 to FEE_BPS_MAX. */
export function feeBps(value: number): FeeBps {
  if (!isFeeBps(value)) throw new AssertionError(`not a fee in basis points: ${value}`);
  return value;
}

/** Asserts 0 to DAILY_RATE_PPM_MAX. */
export function dailyRatePpm(value: number): DailyRatePpm {
  if (!isDailyRatePpm(value)) throw new AssertionError(`not a daily rate in millionths: ${value}`);
  return value;
}

/** -0 is refused, too: it would be another value in a snapshot. */
function isWithin(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max && !Object.is(value, -0);
}
