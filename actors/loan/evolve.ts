// Applies an event to a loan, in place or as the next status. No rules, only assertions.

import { assert } from "../../src/money/assert.ts";
import type { LoanId } from "../address.ts";
import type { Origin } from "./application/application.ts";
import { isApplicationEvent } from "./application/events.ts";
import { evolveApplication } from "./application/evolve.ts";
import { BidBook } from "./bid-book.ts";
import type { LoanEvent } from "./events.ts";
import { isVoiding, type LoanState, type MarketLoan } from "./loan.ts";
import { lendingTermsOf, loanTermsOf } from "./terms.ts";
import { evolveRepayment } from "./repayment/evolve.ts";

export function evolveLoan(loan: LoanState, event: LoanEvent, self: LoanId): LoanState {
  switch (event.type) {
    case "BidPlaced": {
      assert(loan.status === "listed", "only a listed loan takes bids");
      const bidNo = loan.book.place(event.accountId, event.holdNo, event.filledCents);
      assert(bidNo === event.bidNo, "bids are numbered without a gap");
      assert(loan.book.raisedCents <= loan.terms.principalCents, "raised is within principal");
      return loan;
    }
    case "BidDeclined":
    case "CancelDeclined":
      return loan;
    case "FillCancelled":
      assert(loan.status === "listed", "bids are cancelled while the loan is listed");
      loan.book.cancel(event.bidNo);
      return loan;
    case "LoanListed": {
      const origin = originOf(loan, event.contractHash);
      const { requestId, fingerprint, principalCents } = event;
      const { outcomes } = loan;
      const terms = loanTermsOf(event, lendingTermsOf(event));
      outcomes.settle(requestId, fingerprint, { type: "LoanListed", principalCents });
      return { status: "listed", loanId: self, terms, origin, outcomes, book: new BidBook() };
    }
    case "LoanFunded":
      assert(loan.status === "listed", "a listed loan is funded");
      assert(loan.book.raisedCents === loan.terms.principalCents, "funded means raised in full");
      return { ...loan, status: "funded" };
    case "ListingExpired":
      assert(loan.status === "listed", "a listed loan expires");
      return { ...loan, status: "expiring", nextBidNo: 1 };
    case "LoanCancelled": {
      assert(
        loan.status === "listed" || loan.status === "funded",
        "none of its money is collected",
      );
      const { requestId, fingerprint } = event;
      const { standing: bids } = loan.book;
      loan.outcomes.settle(requestId, fingerprint, { type: "LoanCancelled", bids });
      return { ...loan, status: "cancelling", nextBidNo: 1 };
    }
    case "HoldsVoided":
      assert(isVoiding(loan), "holds are voided when the loan expires or is cancelled");
      loan.nextBidNo = event.nextBidNo;
      if (!event.last) return loan;
      return known(loan, loan.status === "expiring" ? "expired" : "cancelled");
    case "LoanConfirmed": {
      assert(loan.status === "funded", "a funded loan is confirmed");
      const { raisedCents, standing: bids } = loan.book;
      loan.outcomes.settle(event.requestId, event.fingerprint, {
        type: "LoanConfirmed",
        raisedCents,
        bids,
      });
      return { ...loan, status: "collecting", nextBidNo: 1, collectedCents: 0 };
    }
    case "CollectionStarted":
      assert(loan.status === "funded", "a funded loan is collected");
      return { ...loan, status: "collecting", nextBidNo: 1, collectedCents: 0 };
    case "HoldsCalled":
      assert(loan.status === "collecting", "holds are called while funds are collected");
      loan.nextBidNo = event.nextBidNo;
      return loan;
    case "FundsCollected":
      assert(loan.status === "collecting", "funds come while they are collected");
      loan.collectedCents += event.amountCents;
      assert(loan.collectedCents <= loan.book.raisedCents, "no more is collected than raised");
      return loan;
    case "LoanCollected": {
      assert(loan.status === "collecting", "a collecting loan is collected");
      assert(loan.collectedCents === loan.book.raisedCents, "collected in full");
      const { collectedCents } = loan;
      const { byStandingBids } = event;
      return { ...known(loan, "collected"), collectedCents, byStandingBids };
    }
    case "RequestRefused": {
      const { requestId, fingerprint, refusal } = event;
      loan.outcomes.settle(requestId, fingerprint, { type: "Refused", code: refusal });
      return loan;
    }
    default:
      return isApplicationEvent(event)
        ? evolveApplication(loan, event, self)
        : evolveRepayment(loan, event);
  }
}

/** A loan is listed once: what was signed, or where nothing is. */
function originOf(loan: LoanState, contractHash: string | null): Origin | null {
  if (contractHash === null) {
    assert(loan.status === "absent", "a loan is listed once");
    return null;
  }
  assert(loan.status === "signed", "a signed loan is listed");
  const { application, approval } = loan;
  assert(contractHash === approval.contractHash, "the loan is listed on what was signed");
  return { application, approval };
}

function known<Status extends "expired" | "cancelled" | "collected">(
  loan: MarketLoan,
  status: Status,
) {
  const { loanId, terms, origin, outcomes, book } = loan;
  return { status, loanId, terms, origin, outcomes, book };
}
