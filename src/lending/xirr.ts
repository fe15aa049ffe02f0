// The annualised return of dated cash flows (XIRR): the rate x at which their values,
// each discounted by (1+x)^(-days/365), sum to zero. Floats find the rate with
// additions, multiplications and divisions alone, decimals decide its last digit, so
// every machine gives the same answer.

import { Decimal } from "decimal.js";
import { assert } from "../money/assert.ts";
import { PPM_PER_ONE } from "../money/rate.ts";
import type { BusinessDate } from "./business-date.ts";

export interface CashFlow {
  readonly on: BusinessDate;
  /** Negative: paid out, as a lender's bid; positive: received. */
  readonly amountCents: number;
}

export type XirrResult =
  | { readonly defined: true; readonly annualPpm: number }
  | { readonly defined: false; readonly reason: XirrUndefined };

export type XirrUndefined =
  | "too_many_flows"
  /** All flows pay or all receive, or they happen on one day: no rate makes their sum zero. */
  | "no_sign_change"
  /** None from XIRR_PPM_MIN to XIRR_PPM_MAX; flows in turn out and in may have none at all. */
  | "no_rate_found";

export const XIRR_FLOWS_MAX = 10_000;
/** All is lost, but for less than half a millionth. */
const XIRR_PPM_MIN = -1_000_000;
/** 1,000,000 % a year, which is 2.5 % a day. */
export const XIRR_PPM_MAX = 10_000_000_000;

const DAYS_PER_YEAR = 365;
/** 40 digits: flows have 16, and each multiplication loses less than one unit of the last digit. */
const PreciseDecimal = Decimal.clone({ precision: 40, rounding: Decimal.ROUND_HALF_UP });

/**
 * Steps of the search outward from zero; the range of a day's growth holds that of the yearly rate.
 */
const GRID_STEPS = 256;
const DAY_GROWTH_MAX = 1.025_560;
const DAY_GROWTH_MIN = 0.975_080;
const BISECTIONS_MAX = 80;
/** A day's growth that leaves 2e-17 of a sum after a year: any rate below rounds to -100 %. */
const RUIN_GROWTH = 0.9;

/** Flows of one day are one term; `gapDays` since the term before. */
interface Term {
  readonly gapDays: number;
  readonly amountCents: number;
}

/**
 * The yearly rate to the nearest millionth: 120,000 is 12 % a year. Flows may be in any order.
 * Those that are paid out before the first is received have one rate at most. Where flows go in and
 * out by turns there may be several: it is the one nearest to zero, but two that are within some 4
 * % of each other may be overlooked. Asserts whole cents.
 */
export function xirr(flows: readonly CashFlow[]): XirrResult {
  if (flows.length > XIRR_FLOWS_MAX) return { defined: false, reason: "too_many_flows" };
  const terms = termsOf(flows);
  const received = terms.some(({ amountCents }) => amountCents > 0);
  const paid = terms.some(({ amountCents }) => amountCents < 0);
  if (!received || !paid) return { defined: false, reason: "no_sign_change" };
  const growths = bracketNearestToOne(terms) ?? bracketOfRuin(terms);
  const annualPpm = growths === null ? null : roundedPpm(terms, growths);
  if (annualPpm === null) return { defined: false, reason: "no_rate_found" };
  return { defined: true, annualPpm };
}

function termsOf(flows: readonly CashFlow[]): readonly Term[] {
  const cents = new Map<BusinessDate, number>();
  for (const { on, amountCents } of flows) {
    const sum = (cents.get(on) ?? 0) + amountCents;
    assert(Number.isSafeInteger(amountCents) && Number.isSafeInteger(sum), "flows are whole cents");
    cents.set(on, sum);
  }
  const days = [...cents.keys()].filter((on) => cents.get(on) !== 0).sort((a, b) => a - b);
  return days.map((on, index) => ({
    gapDays: index === 0 ? 0 : on - days[index - 1]!,
    amountCents: cents.get(on)!,
  }));
}

/**
 * Two factors of a day's growth between which the sum changes its sign; null when there are none.
 */
function bracketNearestToOne(terms: readonly Term[]): readonly [number, number] | null {
  const signAtOne = Math.sign(signAt(terms, 1));
  if (signAtOne === 0) return [1, 1];
  const upStep = (DAY_GROWTH_MAX - 1) / GRID_STEPS;
  const downStep = (1 - DAY_GROWTH_MIN) / GRID_STEPS;
  for (let step = 1; step <= GRID_STEPS; step++) {
    const up = 1 + step * upStep;
    if (signAt(terms, up) !== signAtOne) return bisect(terms, up - upStep, up);
    const down = 1 - step * downStep;
    if (signAt(terms, down) !== signAtOne) return bisect(terms, down, down + downStep);
  }
  return null;
}

/** Nearly all is lost: some sum changes its sign below the range that is searched. */
function bracketOfRuin(terms: readonly Term[]): readonly [number, number] | null {
  if (signAt(terms, DAY_GROWTH_MIN) === signAt(terms, RUIN_GROWTH)) return null;
  return bisect(terms, RUIN_GROWTH, DAY_GROWTH_MIN);
}

function bisect(terms: readonly Term[], from: number, to: number): readonly [number, number] {
  let low = from;
  let high = to;
  const signAtLow = signAt(terms, low);
  for (let step = 0; step < BISECTIONS_MAX; step++) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    if (signAt(terms, middle) === signAtLow) low = middle;
    else high = middle;
  }
  return [low, high];
}

/**
 * The sign of the sum, as of the last day, when money grows by `growth` a day. A power
 * that overflows leaves an infinite sum of the right sign, which no later flow could
 * turn; only nothing must stay so.
 */
function signAt(terms: readonly Term[], growth: number): number {
  let sum = 0;
  for (const { gapDays, amountCents } of terms) {
    sum = (sum === 0 ? 0 : sum * power(growth, gapDays)) + amountCents;
  }
  return Math.sign(sum);
}

/** By repeated squaring: Math.pow may differ in its last bit from one engine to the next. */
function power(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}

/** The whole number of millionths nearest to the rate in the bracket; null when out of range. */
function roundedPpm(terms: readonly Term[], [low, high]: readonly [number, number]): number | null {
  const ppmOf = (growth: number): number => (power(growth, DAYS_PER_YEAR) - 1) * PPM_PER_ONE;
  // The rate rounds up to n when it is at least n - 1/2: find the last such n.
  let below = Math.max(Math.floor(ppmOf(low)) - 1, XIRR_PPM_MIN);
  let above = Math.ceil(ppmOf(high)) + 2;
  // A rate below -100 % is none.
  const signBelow = below === XIRR_PPM_MIN ? signAt(terms, low) : preciseSign(terms, below - 0.5);
  while (above - below > 1) {
    const middle = below + Math.floor((above - below) / 2);
    if (preciseSign(terms, middle - 0.5) === signBelow) below = middle;
    else above = middle;
  }
  return below >= XIRR_PPM_MIN && below <= XIRR_PPM_MAX ? below : null;
}

/** The sign of the sum at a rate of `ppm`, with decimals. */
function preciseSign(terms: readonly Term[], ppm: number): number {
  const yearly = new PreciseDecimal(ppm).div(PPM_PER_ONE).plus(1);
  const growth = yearly.pow(new PreciseDecimal(1).div(DAYS_PER_YEAR));
  const powers = new Map<number, Decimal>();
  let sum = new PreciseDecimal(0);
  for (const { gapDays, amountCents } of terms) {
    let grown = powers.get(gapDays);
    if (grown === undefined) powers.set(gapDays, (grown = growth.pow(gapDays)));
    sum = sum.times(grown).plus(amountCents);
  }
  return sum.isZero() ? 0 : sum.isPositive() ? 1 : -1;
}
