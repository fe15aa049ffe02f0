// What a borrower still has to repay on dates to come: the schedule, as time and early repayments
// leave it. Plain values, made anew at each change, so that they can stand in events and snapshots.

import { assert } from "../money/assert.ts";
import { addMonths, type BusinessDate } from "./business-date.ts";
import { accruedCents } from "./interest.ts";
import { levelOf, scheduleOf, type Instalment } from "./schedule.ts";
import type { ScheduleTerms } from "./terms.ts";

export interface RepaymentPlan {
  /** As signed: the principal, rate, method and anchor of the disbursement. */
  readonly terms: ScheduleTerms;
  /** The interest of the next instalment runs from here: disbursement, last due date, or prepayment. */
  readonly accruesFrom: BusinessDate;
  /** The present A of equal_instalment; null for other methods. */
  readonly instalmentCents: number | null;
  /** Those not yet due, in order, each with its number `k` of the signed schedule. */
  readonly instalments: readonly Instalment[];
}

/** The plan on the day of disbursement. Asserts sound terms. */
export function planOf(terms: ScheduleTerms): RepaymentPlan {
  return {
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
 * Interest of the next instalment that has accrued by `on`: from `accruesFrom`, by days (see
 * `accruedCents`). On its due date that is its interest exactly. 0 when nothing is to come. Asserts
 * that `on` lies in the running period: take what is due first.
 */
export function planAccruedCents(plan: RepaymentPlan, on: BusinessDate): number {
  const next = plan.instalments[0];
  if (next === undefined) return 0;
  assert(on >= plan.accruesFrom && on <= next.due, "a day of the running period", on);
  const { accruesFrom } = plan;
  return accruedCents(next.interestCents, on - accruesFrom, next.due - accruesFrom);
}

/** Where the period that ends with this instalment began by the signed schedule. */
export function periodStartOf({ terms }: RepaymentPlan, { k }: Instalment): BusinessDate {
  return addMonths(terms.disbursedOn, k - 1);
}
