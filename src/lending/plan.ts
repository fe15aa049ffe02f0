// What a borrower still has to repay on dates to come: the schedule, as time and early repayments
// leave it. Plain values, made anew at each change, so that they can stand in events and snapshots.

import { assert } from "../money/assert.ts";
import { addMonths, SECONDS_PER_DAY, type BusinessDate } from "./business-date.ts";
import { accruedCents, secondsInterestCents } from "./interest.ts";
import { LENDING_RULES_NOW, type LendingRules } from "./rules.ts";
import { levelOf, scheduleOf, type Instalment } from "./schedule.ts";
import type { ScheduleTerms } from "./terms.ts";

export interface RepaymentPlan {
  /** Of the disbursement. */
  readonly rules: LendingRules;
  /** As signed: the principal, rate, method and anchor of the disbursement. */
  readonly terms: ScheduleTerms;
  /**
   * The interest of the next instalment runs from here: disbursement, last due date, or prepayment.
   */
  readonly accruesFrom: BusinessDate;
  /** The present A of equal_instalment; null for other methods. */
  readonly instalmentCents: number | null;
  /** Those not yet due, in order, each with its number `k` of the signed schedule. */
  readonly instalments: readonly Instalment[];
}

/** The plan on the day of disbursement. Asserts sound terms. */
export function planOf(
  terms: ScheduleTerms,
  rules: LendingRules = LENDING_RULES_NOW,
): RepaymentPlan {
  return {
    rules,
    terms,
    accruesFrom: terms.disbursedOn,
    instalmentCents: levelOf(terms),
    instalments: scheduleOf(terms),
  };
}

/** Principal of instalments that are not due yet; what is past due is not in it. */
export function plannedPrincipalCents(plan: RepaymentPlan): number {
  return plan.instalments.reduce((sum, { principalCents }) => sum + principalCents, 0);
}

/** What has become due by `on`, that day included, and the plan without it. */
export function takeDue(
  plan: RepaymentPlan,
  on: BusinessDate,
): { readonly due: readonly Instalment[]; readonly plan: RepaymentPlan } {
  const { instalments } = plan;
  let count = 0;
  while (count < instalments.length && instalments[count]!.due <= on) count++;
  const last = instalments[count - 1];
  if (last === undefined) return { due: [], plan };
  return {
    due: instalments.slice(0, count),
    plan: { ...plan, accruesFrom: last.due, instalments: instalments.slice(count) },
  };
}

/**
 * Interest of the next instalment that has accrued by `on`, and so many seconds into that day: from
 * `accruesFrom`, by days (see `accruedCents`). That of bullet_days is principal * rate * days /
 * basis (DOMAIN, "Schedules"), which over the border of a leap year is no fixed part of the
 * instalment's; by rules 1 it was. On its due date it is its interest exactly. 0 when nothing is to
 * come. Asserts that `on` lies in the running period: take what is due first.
 */
export function planAccruedCents(plan: RepaymentPlan, on: BusinessDate, seconds = 0): number {
  const next = plan.instalments[0];
  if (next === undefined) return 0;
  const { accruesFrom, terms, rules } = plan;
  const isWithin = on >= accruesFrom && (on < next.due || (on === next.due && seconds === 0));
  assert(isWithin, "a day of the running period", on);
  const days = on - accruesFrom;
  if (terms.method === "bullet_days" && rules >= 2) {
    const { rateBps, basis } = terms;
    return secondsInterestCents(next.principalCents, rateBps, accruesFrom, days, seconds, basis);
  }
  const periodSeconds = (next.due - accruesFrom) * SECONDS_PER_DAY;
  return accruedCents(next.interestCents, days * SECONDS_PER_DAY + seconds, periodSeconds);
}

/** Where the period that ends with this instalment began by the signed schedule. */
export function periodStartOf({ terms }: RepaymentPlan, { k }: Instalment): BusinessDate {
  return addMonths(terms.disbursedOn, k - 1);
}
