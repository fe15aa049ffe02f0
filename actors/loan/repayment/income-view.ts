// What a loan will still bring its lenders, in all: the interest of instalments to come, what of the
// running one has accrued, and what is due and not paid.

import { accruedCents } from "../../../src/lending/interest.ts";
import type { Repayment } from "./repayment.ts";

export interface LoanIncome {
  /** Interest of the instalments to come, the running one included. */
  readonly plannedCents: number;
  /** Of it, what has accrued since the last due date. */
  readonly accruedCents: number;
  /** Interest and penalties that are due and not paid. */
  readonly dueCents: number;
}

const SECONDS_PER_DAY = 86_400;

/**
 * As of `day`, and so many seconds into it (0: accrual by whole days). Accrual runs from the last due
 * date, or the last early repayment, to the next due date.
 */
export function loanIncome({ plan, dues }: Repayment, day: number, seconds: number): LoanIncome {
  const next = plan.instalments[0];
  const periodSeconds = next === undefined ? 0 : (next.due - plan.accruesFrom) * SECONDS_PER_DAY;
  const elapsed = (day - plan.accruesFrom) * SECONDS_PER_DAY + seconds;
  // The calendar may be behind or ahead of the loan's own work by a day: never beyond its period.
  const within = Math.min(Math.max(elapsed, 0), periodSeconds);
  return {
    plannedCents: plan.instalments.reduce((sum, each) => sum + each.interestCents, 0),
    accruedCents:
      next === undefined || periodSeconds === 0
        ? 0
        : accruedCents(next.interestCents, within, periodSeconds),
    dueCents: dues.reduce((sum, each) => sum + each.interestCents + each.penaltyCents, 0),
  };
}
