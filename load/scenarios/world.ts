// Who and what must be there before a plan runs: names by number, the same in every process. A
// prefix keeps runs on a server that lives on apart.

import type { Plan } from "./plan.ts";

export interface Names {
  lender(at: number): string;
  borrower(at: number): string;
  /** Of the market; the hot loan is HOT_LOAN, -1. */
  loan(at: number): string;
  paidOutLoan(at: number): string;
  crowd(at: number): string;
  readonly owner: string;
}

/** `prefix` is at most 20 characters of an id. With tokens of a file, lenders have names of its. */
export function namesOf(prefix: string, lenders: readonly string[] | null = null): Names {
  const name = (kind: string, at: number): string => `${prefix}-${kind}${padded(at)}`;
  return {
    lender: (at) => lenders?.[at] ?? name("lender-", at),
    borrower: (at) => name("owner-", at),
    loan: (at) => (at < 0 ? `${prefix}-hot` : name("loan-", at)),
    paidOutLoan: (at) => name("lent-", at),
    crowd: (at) => name("crowd-", at),
    owner: `${prefix}-owns-all`,
  };
}

function padded(at: number): string {
  return String(at).padStart(5, "0");
}

/** The lenders of a paid-out loan, spread evenly over all. */
export function lendersOfLoan({ sizes }: Plan, loan: number): readonly number[] {
  const { lenders, lendersPerLoan } = sizes;
  const stride = Math.max(1, Math.floor(lenders / lendersPerLoan));
  return Array.from({ length: lendersPerLoan }, (_, place) => {
    return (loan * 7_919 + place * stride) % lenders;
  });
}

/** Loans that take bids besides the hot one: the warm-up needs one at least. */
export function marketLoans({ sizes }: Plan): number {
  return Math.max(1, sizes.loans);
}
