// What a loan answers. Bids are first come, first served, in journal order.

import { LENDING_RULES_NOW } from "../../src/lending/rules.ts";
import { scheduleOf } from "../../src/lending/schedule.ts";
import { assert } from "../../src/money/assert.ts";
import { SPLIT_HOLDERS_MAX } from "../../src/money/split.ts";
import { accept, refuse, type Decision } from "../decider.ts";
import type { Refusal } from "../refusals.ts";
import { decideApplication } from "./application/decide.ts";
import type { Bid } from "./bid-book.ts";
import type { HoldRefs, LoanEvent } from "./events.ts";
import { decideListing } from "./listing.ts";
import {
  HOLDS_PER_STEP,
  isOnMarket,
  isVoided,
  isVoiding,
  wasPaidOut,
  type LoanCommand,
  type LoanState,
} from "./loan.ts";
import { decideDay, decideLegs, decideRepay } from "./repayment/decide.ts";
import { scheduleTermsOf } from "./repayment/repayment.ts";
import { bpsOf, type LoanTerms } from "./terms.ts";
import { decideWriteOff } from "./write-off/decide.ts";

type Fill = Extract<LoanCommand, { type: "FillBid" }>;
type Cancel = Extract<LoanCommand, { type: "CancelFill" }>;

export function decideLoan(
  loan: LoanState,
  command: LoanCommand,
  at: number,
  day: number,
): Decision<LoanEvent> {
  switch (command.type) {
    case "ListLoan":
      return decideListing(loan, command, at);
    case "FillBid": {
      const { accountId, holdNo } = command;
      const filled = fillOf(loan, command, at);
      if (typeof filled === "string") {
        return accept({ type: "BidDeclined", accountId, holdNo, refusal: filled });
      }
      assert(loan.status === "listed", "only a listed loan takes bids");
      const remainingCents = loan.terms.principalCents - loan.book.raisedCents - filled;
      const placed: LoanEvent = {
        type: "BidPlaced",
        accountId,
        holdNo,
        bidNo: loan.book.count + 1,
        filledCents: filled,
        remainingCents,
      };
      if (remainingCents > 0) return accept(placed);
      const funded: LoanEvent = { type: "LoanFunded" };
      return loan.terms.disbursesAtOnce
        ? accept<LoanEvent>(placed, funded, { type: "CollectionStarted" })
        : accept<LoanEvent>(placed, funded);
    }
    case "CancelFill": {
      const { accountId, holdNo, bidNo, requestId } = command;
      const refusal = cancelRefusal(loan, command, at);
      if (refusal !== undefined) {
        return accept({ type: "CancelDeclined", accountId, holdNo, requestId, refusal });
      }
      return accept({ type: "FillCancelled", accountId, holdNo, bidNo, requestId });
    }
    case "ConfirmLoan": {
      if (loan.status === "absent") return refuse("loan_not_found");
      if (loan.status !== "funded") return refuse("loan_not_funded");
      const { requestId, fingerprint, by } = command;
      if (by === loan.terms.borrowerId) return refuse("borrower_cannot_review");
      return accept({ type: "LoanConfirmed", requestId, fingerprint, by });
    }
    case "CancelLoan": {
      const refusal = cancellingRefusal(loan, command.reason);
      if (refusal !== undefined) return refuse(refusal);
      const { requestId, fingerprint, by, reason } = command;
      return accept({ type: "LoanCancelled", requestId, fingerprint, by, reason });
    }
    case "NextStep":
      return wasPaidOut(loan)
        ? decideLegs(loan.repayment, loan.terms.serviceFeeBps)
        : decideNextStep(loan);
    case "CollectFunds": {
      const { accountId, holdNo, amountCents } = command;
      assert(loan.status === "collecting", "funds come while they are collected");
      const collected: LoanEvent = { type: "FundsCollected", accountId, holdNo, amountCents };
      const complete = loan.collectedCents + amountCents === loan.book.raisedCents;
      if (!complete) return accept(collected);
      const all: LoanEvent = { type: "LoanCollected", byStandingBids: true };
      return accept<LoanEvent>(collected, all, disbursementOf(loan.terms, day));
    }
    case "Repay":
      return decideRepay(loan, command, day);
    case "DayCame":
      return decideDay(loan, day);
    case "ProposeWriteOff":
    case "DecideWriteOff":
      return decideWriteOff(loan, command, day);
    case "AlarmRang":
      if (loan.status !== "listed" || at < loan.terms.closesAtMs) return accept();
      return accept({ type: "ListingExpired" });
    default:
      return decideApplication(loan, command, at);
  }
}

/** All money is there: it is paid out in the same moment. */
function disbursementOf(terms: LoanTerms, day: number): LoanEvent {
  const { borrowerId, principalCents } = terms;
  return {
    type: "LoanDisbursed",
    borrowerId,
    day,
    principalCents,
    originationFeeCents: bpsOf(principalCents, terms.originationFeeBps),
    wakeOn: scheduleOf(scheduleTermsOf(terms, day))[0]!.due,
    rules: LENDING_RULES_NOW,
  };
}

/** The cents that a bid gets, or why it gets none. */
function fillOf(loan: LoanState, bid: Fill, at: number): number | Refusal {
  if (!isOnMarket(loan)) return "loan_not_found";
  if (isVoided(loan)) return "listing_closed";
  if (loan.status !== "listed") return "loan_full";
  const { terms, book } = loan;
  if (terms.opensAtMs !== null && at < terms.opensAtMs) return "listing_not_open_yet";
  if (at >= terms.closesAtMs) return "listing_closed";
  if (bid.accountId === terms.borrowerId) return "borrower_cannot_bid";
  if (bid.amountCents < terms.minBidCents) return "below_minimum_bid";
  if (bid.amountCents % terms.stepCents !== 0) return "not_multiple_of_step";
  const lentCents = book.lentBy(bid.accountId);
  if (lentCents === 0 && book.lending >= SPLIT_HOLDERS_MAX) return "too_many_lenders";
  const remainingCents = terms.principalCents - book.raisedCents;
  let roomCents = remainingCents;
  if (terms.lenderCapCents !== null) {
    const capRoomCents = terms.lenderCapCents - lentCents;
    const capBinds = capRoomCents === 0 || (bid.fill === "exact" && bid.amountCents > capRoomCents);
    if (capBinds) return "exceeds_lender_cap";
    roomCents = Math.min(roomCents, capRoomCents);
  }
  if (bid.fill === "exact" && bid.amountCents > roomCents) return "exceeds_remaining";
  const filledCents = Math.min(bid.amountCents, roomCents);
  // An account asks for no more than the bid; in older journals one may have: no fill is enough.
  if (bid.minCents !== null && filledCents < bid.minCents) return "exceeds_remaining";
  return filledCents;
}

function cancelRefusal(loan: LoanState, cancel: Cancel, at: number): Refusal | undefined {
  assert(isOnMarket(loan), "a bid that was placed has its loan");
  if (isVoided(loan)) return "listing_closed";
  if (loan.status !== "listed") return "loan_full";
  if (at >= loan.terms.closesAtMs) return "listing_closed";
  if (!loan.terms.cancellable) return "listing_not_cancellable";
  const bid = loan.book.get(cancel.bidNo);
  assert(bid.accountId === cancel.accountId, "lenders cancel their own bids");
  assert(bid.holdNo === cancel.holdNo, "a bid knows its hold");
  return undefined;
}

/** Nobody's money is the loan's before it is collected: until then all of it can go back. */
function cancellingRefusal(loan: LoanState, reason: string): Refusal | undefined {
  if (!isOnMarket(loan)) return "loan_not_found";
  if (isVoided(loan)) return "listing_closed";
  if (loan.status !== "listed" && loan.status !== "funded") return "loan_paid_out";
  return reason.trim() === "" ? "reason_missing" : undefined;
}

/** Tells the next holders to post or to void: as many as one step may. */
function decideNextStep(loan: LoanState): Decision<LoanEvent> {
  assert(loan.status === "collecting" || isVoiding(loan), "steps belong to a closing");
  const { bids, nextBidNo } = loan.book.slice(loan.nextBidNo, HOLDS_PER_STEP);
  const last = nextBidNo > loan.book.count;
  const type = loan.status === "collecting" ? "HoldsCalled" : "HoldsVoided";
  return accept({ type, holds: holdsOf(bids), nextBidNo, last });
}

function holdsOf(bids: readonly Bid[]): HoldRefs {
  return bids.flatMap((bid) => [bid.accountId, bid.holdNo]);
}
