// How a loan stands, as everybody may read it: what is still to pay of each
// instalment, and what was paid.

import type { LoanId } from "../../address.ts";
import { wasPaidOut, type MarketLoan } from "../loan.ts";
import {
  instalmentsToPay,
  lateDays,
  outstandingCents,
  owedOf,
  type Repayment,
} from "./repayment.ts";

/** Payments of one page: an instalment and a payment need about as many bytes. */
export const PAYMENTS_PAGE_MAX = 600;

export interface InstalmentRow {
  readonly k: number;
  readonly dueOn: number;
  readonly isDue: boolean;
  readonly principalCents: number;
  readonly interestCents: number;
  readonly penaltyCents: number;
}

export interface PaymentRow {
  readonly clearing: number;
  readonly paidOn: number;
  readonly k: number;
  readonly principalCents: number;
  readonly interestCents: number;
  readonly penaltyCents: number;
  readonly feeCents: number;
}

export interface LoanScheduleView {
  readonly loanId: LoanId;
  readonly principalCents: number;
  readonly outstandingCents: number;
  readonly owedCents: number;
  readonly lateDays: number;
  readonly instalments: readonly InstalmentRow[];
  readonly clearings: number;
  readonly payments: readonly PaymentRow[];
}

/**
 * `after`: payments behind this clearing; null: the last ones. Zeros before the loan is paid out.
 */
export function loanScheduleView(loan: MarketLoan, after: number | null): LoanScheduleView {
  const { loanId, terms } = loan;
  const { principalCents } = terms;
  if (!wasPaidOut(loan)) {
    const nothing = { outstandingCents: 0, owedCents: 0, lateDays: 0, clearings: 0 };
    return { loanId, principalCents, ...nothing, instalments: [], payments: [] };
  }
  const { repayment } = loan;
  const clearings = repayment.clearings.length;
  const first = after ?? Math.max(0, clearings - PAYMENTS_PAGE_MAX);
  return {
    loanId,
    principalCents,
    outstandingCents: outstandingCents(repayment),
    owedCents: owedOf(repayment.dues),
    lateDays: lateDays(repayment),
    instalments: instalmentsOf(repayment),
    clearings,
    payments: paymentsOf(repayment, first),
  };
}

function instalmentsOf(repayment: Repayment): InstalmentRow[] {
  return [
    ...repayment.dues.map(({ k, due, principalCents, interestCents, penaltyCents }) => {
      return { k, dueOn: due, isDue: true, principalCents, interestCents, penaltyCents };
    }),
    ...instalmentsToPay(repayment).map(({ k, due, principalCents, interestCents }) => {
      return { k, dueOn: due, isDue: false, principalCents, interestCents, penaltyCents: 0 };
    }),
  ];
}

/** Clearings are numbered from 1 without a gap: number n stands at n - 1. */
function paymentsOf({ clearings }: Repayment, after: number): PaymentRow[] {
  const page = clearings.slice(after, after + PAYMENTS_PAGE_MAX);
  return page.map(({ clearingNo: clearing, day: paidOn, instalment: k, ...parts }) => {
    const { principalCents, interestCents, penaltyCents, feeCents } = parts;
    return { clearing, paidOn, k, principalCents, interestCents, penaltyCents, feeCents };
  });
}
