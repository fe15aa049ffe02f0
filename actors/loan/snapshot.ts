// A loan's state as plain values and back. The first value is the format.

import { assert } from "../../src/money/assert.ts";
import type { RepaymentMethod } from "../../src/lending/terms.ts";
import type { AccountId, LoanId } from "../address.ts";
import type { StateSnapshot } from "../decider.ts";
import { OutcomeWindow } from "../outcome-window.ts";
import type { RowSegment } from "../rows.ts";
import { LENDING_TERMS_OF_LISTED_1 } from "../upcasters.ts";
import { isApplied, isAppliedStatus } from "./application/application.ts";
import {
  appliedValues,
  originValues,
  restoreApplied,
  restoreOrigin,
} from "./application/snapshot.ts";
import { BidBook } from "./bid-book.ts";
import { isVoiding, wasPaidOut, type LoanState } from "./loan.ts";
import { restoreRepayment, snapshotRepayment } from "./repayment/snapshot.ts";
import { loanTermsOf, type LendingTerms, type ListingTerms } from "./terms.ts";

/** Format 1 had no lending terms, like the events of its time. */
const FORMAT = 2;
const BOOK_AT = 11;

export function snapshotLoan(loan: LoanState, parts: "changed" | "all"): StateSnapshot {
  assert(loan.status !== "absent", "only what there is is kept");
  if (isApplied(loan)) {
    const main = [FORMAT, loan.outcomes.toSnapshot(), loan.status, ...appliedValues(loan)];
    return { main, parts: [] };
  }
  const { terms, book } = loan;
  // Paid out in the same moment: only a loan of a journal from before
  // there was that stays collected.
  assert(loan.status !== "collected" || !loan.byStandingBids, "no loan stays collected");
  const closing = loan.status === "collecting" || isVoiding(loan);
  const collects = loan.status === "collecting" || loan.status === "collected";
  const main: unknown[] = [
    FORMAT,
    loan.outcomes.toSnapshot(),
    loan.status,
    terms.borrowerId,
    terms.principalCents,
    terms.stepCents,
    terms.minBidCents,
    terms.lenderCapCents,
    terms.opensAtMs,
    terms.closesAtMs,
    terms.cancellable,
    book.toSnapshot(),
    closing ? loan.nextBidNo : 0,
    collects ? loan.collectedCents : 0,
    lendingValues(terms),
    wasPaidOut(loan) ? snapshotRepayment(loan.repayment) : null,
  ];
  // Last, and only of those that were applied for: the others are stored as they always were.
  if (loan.origin !== null) main.push(originValues(loan.origin));
  return { main, parts: parts === "all" ? book.fullSegments() : book.takeDirty() };
}

export function loanPartsOf(main: readonly unknown[]): number[] {
  // An application has no book of bids.
  return main.length > BOOK_AT ? BidBook.segmentsOf(main[BOOK_AT] as unknown[]) : [];
}

export function restoreLoan(
  self: LoanId,
  main: readonly unknown[],
  parts: Iterable<RowSegment>,
): LoanState {
  assert(main[0] === FORMAT || main[0] === 1, "a snapshot of a known format");
  const outcomes = OutcomeWindow.fromSnapshot(main[1] as unknown[]);
  const status = main[2] as Exclude<LoanState["status"], "absent">;
  if (isAppliedStatus(status)) return restoreApplied(self, status, outcomes, main.slice(3));
  const listing: ListingTerms = {
    borrowerId: main[3] as AccountId,
    principalCents: main[4] as number,
    stepCents: main[5] as number,
    minBidCents: main[6] as number,
    lenderCapCents: main[7] as number | null,
    opensAtMs: main[8] as number | null,
    closesAtMs: main[9] as number,
    cancellable: main[10] as boolean,
  };
  const lending = main[0] === 1 ? LENDING_TERMS_OF_LISTED_1 : (main[14] as unknown[]);
  const terms = loanTermsOf(listing, lendingTerms(lending));
  const known = {
    loanId: self,
    terms,
    origin: restoreOrigin((main[16] as unknown[] | undefined) ?? null),
    outcomes,
    book: BidBook.restore(main[BOOK_AT] as unknown[], parts),
  };
  const nextBidNo = main[12] as number;
  const collectedCents = main[13] as number;
  switch (status) {
    case "collecting":
      return { ...known, status, nextBidNo, collectedCents };
    case "collected":
      return { ...known, status, collectedCents, byStandingBids: false };
    case "expiring":
    case "cancelling":
      return { ...known, status, nextBidNo };
    case "repaying":
    case "defaulted":
    case "written_off":
    case "settled":
      return { ...known, status, repayment: restoreRepayment(main[15] as unknown[], terms) };
    default:
      return { ...known, status };
  }
}

/** In the order of the event LoanListed. */
function lendingValues(terms: LendingTerms): unknown[] {
  return [
    terms.method,
    terms.term,
    terms.rateBps,
    terms.basisDays,
    terms.originationFeeBps,
    terms.serviceFeeBps,
    terms.earlyFeeBps,
    terms.graceDays,
    terms.penaltyPpm,
    terms.disbursesAtOnce,
  ];
}

function lendingTerms(values: readonly unknown[]): LendingTerms {
  return {
    method: values[0] as RepaymentMethod,
    term: values[1] as number,
    rateBps: values[2] as number,
    basisDays: values[3] as number,
    originationFeeBps: values[4] as number,
    serviceFeeBps: values[5] as number,
    earlyFeeBps: values[6] as number,
    graceDays: values[7] as number,
    penaltyPpm: values[8] as number,
    disbursesAtOnce: values[9] as boolean,
  };
}
