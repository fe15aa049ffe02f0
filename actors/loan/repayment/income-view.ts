// What a loan will still bring its lenders, in all: the interest of instalments to come, what of
// the running one has accrued, and what is due and not paid.

import { addDays, SECONDS_PER_DAY } from "../../../src/lending/business-date.ts";
import { planAccruedCents, type RepaymentPlan } from "../../../src/lending/plan.ts";
import type { Repayment } from "./repayment.ts";

export interface LoanIncome {
  /** Interest of the instalments to come, the running one included. */
  readonly plannedCents: number;
  /** Of it, what has accrued since the last due date. */
  readonly accruedCents: number;
  /** Interest and penalties that are due and not paid. */
  readonly dueCents: number;
}

/**
 * As of `day`, and so many seconds into it (0: accrual by whole days). Accrual runs from the last
 * due date, or the last early repayment, to the next due date.
 */
export function loanIncome({ plan, dues }: Repayment, day: number, seconds: number): LoanIncome {
  return {
    plannedCents: plan.instalments.reduce((sum, each) => sum + each.interestCents, 0),
    accruedCents: accruedCents(plan, day, seconds),
    dueCents: dues.reduce((sum, each) => sum + each.interestCents + each.penaltyCents, 0),
  };
}

function accruedCents(plan: RepaymentPlan, day: number, seconds: number): number {
  const { accruesFrom, instalments } = plan;
  const next = instalments[0];
  if (next === undefined || next.due === accruesFrom) return 0;
  const periodSeconds = (next.due - accruesFrom) * SECONDS_PER_DAY;
  const elapsed = (day - accruesFrom) * SECONDS_PER_DAY + seconds;
  // The calendar may be behind or ahead of the loan's own work by a day: never beyond its period.
  const within = Math.min(Math.max(elapsed, 0), periodSeconds);
  const on = addDays(accruesFrom, Math.floor(within / SECONDS_PER_DAY));
  return planAccruedCents(plan, on, within % SECONDS_PER_DAY);
}
