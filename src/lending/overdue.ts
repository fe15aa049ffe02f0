// What being late costs and how it is classed. Days past due count from the due date; grace delays
// the penalty only, not the class.

import { assert } from "../money/assert.ts";
import { divideHalfUp, toSafeNumber } from "../money/proportion.ts";
import { PPM_PER_ONE, type DailyRatePpm } from "../money/rate.ts";
import type { BusinessDate } from "./business-date.ts";

export interface PenaltyRule {
  /** So many days after the due date cost nothing, even for those who pay later still. */
  readonly graceDays: number;
  /** Simple, per day, on what is overdue, for each day after grace. */
  readonly ratePpm: DailyRatePpm;
}

export const GRACE_DAYS_MAX = 90;

/** The penalty of one instalment so far. */
export interface PenaltyMeter {
  /** The last day that is in it: a day is never charged twice, however often the job runs. */
  readonly accruedThrough: BusinessDate;
  readonly chargedCents: number;
  /** What rounding left, in millionths of a cent, -500,000 to 499,999: carried, never lost. */
  readonly carryMillionths: number;
}

export type OverdueBucket = "current" | "days_1_30" | "days_31_60" | "days_61_90" | "days_over_90";

const DEFAULT_AFTER_DAYS = 90;

/** A meter that has charged nothing; the due date itself is never late. */
export function newPenaltyMeter(due: BusinessDate): PenaltyMeter {
  return { accruedThrough: due, chargedCents: 0, carryMillionths: 0 };
}

/**
 * The meter after the days up to `on`, that day included: for each one after grace,
 * overdueCents * ratePpm / 1,000,000. The sum is rounded half up, not the days, so that the charge
 * does not depend on how often this is called. `overdueCents` is what was unpaid on all those days:
 * accrue before a payment is booked. The new charge is the difference of `chargedCents`.
 */
export function accruePenalty(
  meter: PenaltyMeter,
  rule: PenaltyRule,
  due: BusinessDate,
  overdueCents: number,
  on: BusinessDate,
): PenaltyMeter {
  assert(
    Number.isSafeInteger(overdueCents) && overdueCents >= 0,
    "an overdue amount",
    overdueCents,
  );
  const { graceDays, ratePpm } = rule;
  assert(Number.isSafeInteger(graceDays) && graceDays >= 0 && graceDays <= GRACE_DAYS_MAX, "grace");
  if (on <= meter.accruedThrough) return meter;
  const days = Math.max(0, on - Math.max(meter.accruedThrough, due + graceDays));
  const one = BigInt(PPM_PER_ONE);
  const exactMillionths =
    BigInt(overdueCents) * BigInt(ratePpm) * BigInt(days) + BigInt(meter.carryMillionths);
  const newCents = divideHalfUp(exactMillionths, one);
  return {
    accruedThrough: on,
    chargedCents: meter.chargedCents + toSafeNumber(newCents),
    carryMillionths: Number(exactMillionths - newCents * one),
  };
}

/** 0 until the due date has passed. */
export function daysPastDue(due: BusinessDate, on: BusinessDate): number {
  return Math.max(0, on - due);
}

export function overdueBucketOf(days: number): OverdueBucket {
  if (days <= 0) return "current";
  if (days <= 30) return "days_1_30";
  if (days <= 60) return "days_31_60";
  return days <= DEFAULT_AFTER_DAYS ? "days_61_90" : "days_over_90";
}

/** A loan is in default when its oldest unpaid instalment is more than 90 days late. */
export function isInDefault(days: number): boolean {
  return days > DEFAULT_AFTER_DAYS;
}
