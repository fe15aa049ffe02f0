// A loan's state as plain values and back. The first value is the format.

import { assert } from "../../src/money/assert.ts";
import type { AccountId, LoanId } from "../address.ts";
import type { StateSnapshot } from "../decider.ts";
import { OutcomeWindow } from "../outcome-window.ts";
import type { RowSegment } from "../rows.ts";
import { BidBook } from "./bid-book.ts";
import type { LoanState, LoanTerms } from "./loan.ts";

const FORMAT = 1;

export function snapshotLoan(loan: LoanState, parts: "changed" | "all"): StateSnapshot {
  assert(loan.status !== "absent", "only loans that are listed are kept");
  const { terms, book } = loan;
  const closing = loan.status === "collecting" || loan.status === "expiring";
  const collects = loan.status === "collecting" || loan.status === "collected";
  const main = [
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
  ];
  return { main, parts: parts === "all" ? book.fullSegments() : book.takeDirty() };
}

export function loanPartsOf(main: readonly unknown[]): number[] {
  return BidBook.segmentsOf(main[11] as unknown[]);
}

export function restoreLoan(
  self: LoanId,
  main: readonly unknown[],
  parts: Iterable<RowSegment>,
): LoanState {
  assert(main[0] === FORMAT, "a snapshot of a known format");
  const terms: LoanTerms = {
    borrowerId: main[3] as AccountId,
    principalCents: main[4] as number,
    stepCents: main[5] as number,
    minBidCents: main[6] as number,
    lenderCapCents: main[7] as number | null,
    opensAtMs: main[8] as number | null,
    closesAtMs: main[9] as number,
    cancellable: main[10] as boolean,
  };
  const known = {
    loanId: self,
    terms,
    outcomes: OutcomeWindow.fromSnapshot(main[1] as unknown[]),
    book: BidBook.restore(main[11] as unknown[], parts),
  };
  const nextBidNo = main[12] as number;
  const collectedCents = main[13] as number;
  const status = main[2] as Exclude<LoanState["status"], "absent">;
  switch (status) {
    case "collecting":
      return { ...known, status, nextBidNo, collectedCents };
    case "collected":
      return { ...known, status, collectedCents };
    case "expiring":
      return { ...known, status, nextBidNo };
    default:
      return { ...known, status };
  }
}
