// Listing a loan: an operator's own word, or the end of an application. The rules are the same.

import { accept, refuse, type Decision } from "../decider.ts";
import type { Refusal } from "../refusals.ts";
import type { LoanEvent } from "./events.ts";
import type { LoanCommand, LoanState } from "./loan.ts";
import { lendingTermsOf, listingIn, refusalOfLendingTerms, type ListingTerms } from "./terms.ts";

/** Why a loan cannot take bids like this, or null. */
export function refusalOfListing(terms: ListingTerms, at: number): Refusal | null {
  const { principalCents, stepCents, minBidCents, lenderCapCents, opensAtMs, closesAtMs } = terms;
  if (principalCents % stepCents !== 0) return "principal_not_multiple_of_step";
  if (minBidCents % stepCents !== 0) return "minimum_not_multiple_of_step";
  if (lenderCapCents !== null && lenderCapCents % stepCents !== 0) {
    return "minimum_not_multiple_of_step";
  }
  if (closesAtMs <= at) return "closing_in_the_past";
  if (opensAtMs !== null && closesAtMs <= opensAtMs) return "closing_not_after_opening";
  return null;
}

/** An operator lists a loan that nobody applied for here. */
export function decideListing(
  loan: LoanState,
  command: Extract<LoanCommand, { type: "ListLoan" }>,
  at: number,
): Decision<LoanEvent> {
  if (loan.status !== "absent") return refuse("loan_exists");
  const { requestId, fingerprint, by, principalCents } = command;
  const listing = listingIn(command);
  if (by === listing.borrowerId) return refuse("borrower_cannot_review");
  const lending = lendingTermsOf(command);
  const refusal =
    refusalOfListing(listing, at) ?? refusalOfLendingTerms(principalCents, lending, at);
  if (refusal !== null) return refuse(refusal);
  return accept({
    type: "LoanListed",
    requestId,
    fingerprint,
    ...listing,
    ...lending,
    by,
    contractHash: null,
  });
}
