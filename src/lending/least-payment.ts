// The least that a borrower may repay by hand without settling anything. Each payment is divided
// among all lenders, each with an entry and a receipt, and each is rounded for itself: repaid cent
// by cent, a loan would cost its lenders their interest, the platform its early fee, and everybody
// a clearing with a leg for each lender. All that is owed may always be repaid, and what the
// calendar collects has no least amount: what an account has is never refused for being little.

import type { LendingRules } from "./rules.ts";

/**
 * The least bid of DOMAIN ("Loan life"), 100.00: what is lent in
 * parts is repaid in no smaller ones.
 */
const EARLY_PART_CENTS_MIN = 100_00;
/** For each lender of the loan, 0.10: about as much as its leg is worth a line in the books. */
const PART_CENTS_PER_LENDER_MIN = 10;

/** A part that is repaid before it is due. By rules 1 a cent was enough. */
export function leastEarlyPartCents(rules: LendingRules, lenders: number): number {
  if (rules < 2) return 1;
  return Math.max(EARLY_PART_CENTS_MIN, lenders * PART_CENTS_PER_LENDER_MIN);
}

/** A part of what is due, or all of it. By rules 1 a cent was enough. */
export function leastDuePartCents(rules: LendingRules, lenders: number, owedCents: number): number {
  if (rules < 2) return 1;
  return Math.min(owedCents, lenders * PART_CENTS_PER_LENDER_MIN);
}
