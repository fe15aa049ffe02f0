// What a loan is, told as slowly and plainly as possible: its terms and a Map of bids. What a bid
// should get is worked out anew: first come, first served, within step, minimum, cap and what the
// loan still wants. It must never use the server's decide, evolve or book of bids.

import type { ApplicationEvent } from "../../actors/loan/application/events.ts";
import type { LoanEvent } from "../../actors/loan/events.ts";
import type { LoanMessage } from "../../actors/loan/loan.ts";
import type { LoanTerms } from "../../actors/loan/terms.ts";
import { isVoided, isVoiding, pass, type LoanStatus } from "./loan-status.ts";
import type { RepaymentModel } from "./repayment-model.ts";
import { applyRepayment, type RepaymentFact } from "./repayment-life.ts";
import type { Findings } from "./report.ts";

export interface BidModel {
  readonly accountId: string;
  readonly holdNo: number;
  readonly filledCents: number;
  cancelled: boolean;
  /** Told to post or to void. */
  called: boolean;
  collected: boolean;
}

export interface LoanModel {
  readonly id: string;
  readonly terms: LoanTerms;
  status: LoanStatus;
  readonly bids: Map<number, BidModel>;
  /** The bid of each hold, by `account#hold`. */
  readonly bidOfHold: Map<string, BidModel>;
  readonly lentCents: Map<string, number>;
  raisedCents: number;
  collectedCents: number;
  /** Money of the loan that is nobody's yet: collected and not paid out, taken and not divided. */
  clearingCents: number;
  nextBidNo: number;
  /** Null before the loan is paid out. */
  repayment: RepaymentModel | null;
}

/** A repayment is divided among at most so many. */
const LENDERS_MAX = 1_000_000;

export type Loans = Map<string, LoanModel>;
export type Bid = Extract<LoanMessage, { type: "FillBid" }>;

/**
 * Takes an event in, and says what about it cannot be. `at` is the time of the record, `day` the
 * business date of its shard.
 */
export function applyToLoan(
  loans: Loans,
  id: string,
  event: Exclude<LoanEvent, ApplicationEvent>,
  { at, day }: { readonly at: number; readonly day: number },
  findings: Findings,
): void {
  const loan = loans.get(id);
  if (event.type === "LoanListed") {
    findings.expect(loan === undefined, "event_impossible", () => `${id} was listed before`);
    if (loan === undefined) loans.set(id, listedLoan(id, event));
    return;
  }
  if (event.type === "RepaymentDeclined") return;
  if (event.type === "BidDeclined" || event.type === "RequestRefused") return;
  if (loan === undefined) {
    findings.add("event_impossible", `${event.type} of ${id}, which was never listed`);
    return;
  }
  switch (event.type) {
    case "BidPlaced":
      placeBid(loan, event, at, findings);
      break;
    case "FillCancelled":
      cancelFill(loan, event, at, findings);
      break;
    case "LoanFunded":
      pass(loan, "listed", "funded", event.type, findings);
      expectFull(loan, findings);
      break;
    case "ListingExpired":
      pass(loan, "listed", "expiring", event.type, findings);
      findings.expect(
        at >= loan.terms.closesAtMs,
        "event_impossible",
        () => `${id} expired at ${at}, before ${loan.terms.closesAtMs}`,
      );
      break;
    case "LoanCancelled":
      pass(
        loan,
        loan.status === "funded" ? "funded" : "listed",
        "cancelling",
        event.type,
        findings,
      );
      findings.expect(event.reason.trim() !== "", "event_impossible", () => `${id}: no reason`);
      break;
    case "LoanConfirmed":
      pass(loan, "funded", "collecting", event.type, findings);
      break;
    case "HoldsCalled":
    case "HoldsVoided":
      callHolds(loan, event, findings);
      break;
    case "FundsCollected":
      collectFunds(loan, event, findings);
      break;
    case "LoanCollected":
      pass(loan, "collecting", "collected", event.type, findings);
      findings.expect(
        loan.collectedCents === loan.raisedCents,
        "event_impossible",
        () => `${id} is collected with ${loan.collectedCents} of ${loan.raisedCents}`,
      );
      break;
    case "CollectionStarted":
      pass(loan, "funded", "collecting", event.type, findings);
      break;
    case "CancelDeclined":
      break;
    default:
      applyRepayment(loan, event satisfies RepaymentFact, day, findings);
  }
  const { raisedCents, terms } = loan;
  findings.expect(
    raisedCents >= 0 && raisedCents <= terms.principalCents,
    "raised_out_of_range",
    () => `${id} raised ${raisedCents} of ${terms.principalCents}`,
  );
}

function listedLoan(id: string, terms: LoanTerms): LoanModel {
  return {
    id,
    terms,
    status: "listed",
    bids: new Map(),
    bidOfHold: new Map(),
    lentCents: new Map(),
    raisedCents: 0,
    collectedCents: 0,
    clearingCents: 0,
    nextBidNo: 1,
    repayment: null,
  };
}

function expectFull(loan: LoanModel, findings: Findings): void {
  findings.expect(
    loan.raisedCents === loan.terms.principalCents,
    "event_impossible",
    () => `${loan.id} is funded with ${loan.raisedCents} of ${loan.terms.principalCents}`,
  );
}

function placeBid(
  loan: LoanModel,
  event: Extract<LoanEvent, { type: "BidPlaced" }>,
  at: number,
  findings: Findings,
): void {
  const { accountId, holdNo, bidNo, filledCents } = event;
  const { opensAtMs, closesAtMs } = loan.terms;
  const open = (opensAtMs === null || at >= opensAtMs) && at < closesAtMs;
  findings.expect(
    loan.status === "listed" && open,
    "bid_after_close",
    () => `${loan.id} took bid ${bidNo} at ${at}, being ${loan.status}`,
  );
  const next = loan.bids.size + 1;
  findings.expect(
    bidNo === next,
    "event_impossible",
    () => `${loan.id}: bid ${bidNo} where ${next} comes next`,
  );
  const key = `${accountId}#${holdNo}`;
  findings.expect(
    !loan.bidOfHold.has(key),
    "bid_without_hold",
    () => `${loan.id}: bid ${bidNo} stands on hold ${key}, which has a bid`,
  );
  const bid = { accountId, holdNo, filledCents, cancelled: false, called: false, collected: false };
  loan.bids.set(bidNo, bid);
  loan.bidOfHold.set(key, bid);
  loan.raisedCents += filledCents;
  loan.lentCents.set(accountId, (loan.lentCents.get(accountId) ?? 0) + filledCents);
  const remainingCents = loan.terms.principalCents - loan.raisedCents;
  findings.expect(
    event.remainingCents === remainingCents,
    "event_impossible",
    () => `${loan.id}: ${event.remainingCents} remain after bid ${bidNo}, not ${remainingCents}`,
  );
}

function cancelFill(
  loan: LoanModel,
  event: Extract<LoanEvent, { type: "FillCancelled" }>,
  at: number,
  findings: Findings,
): void {
  const name = `${loan.id}: withdrawal of bid ${event.bidNo}`;
  const bid = loan.bids.get(event.bidNo);
  if (bid === undefined || bid.cancelled) {
    findings.add("event_impossible", `${name}, which does not stand`);
    return;
  }
  findings.expect(
    bid.accountId === event.accountId && bid.holdNo === event.holdNo,
    "event_impossible",
    () => `${name} by ${event.accountId}, hold ${event.holdNo}; it is not theirs`,
  );
  const allowed = loan.status === "listed" && loan.terms.cancellable && at < loan.terms.closesAtMs;
  findings.expect(allowed, "event_impossible", () => `${name}, which the listing forbids`);
  bid.cancelled = true;
  loan.raisedCents -= bid.filledCents;
  loan.lentCents.set(bid.accountId, (loan.lentCents.get(bid.accountId) ?? 0) - bid.filledCents);
}

/** The next standing bids in order, each told once: nobody is left out, nobody called twice. */
function callHolds(
  loan: LoanModel,
  event: Extract<LoanEvent, { type: "HoldsCalled" | "HoldsVoided" }>,
  findings: Findings,
): void {
  const name = `${event.type} of ${loan.id}`;
  findings.expect(
    event.type === "HoldsCalled" ? loan.status === "collecting" : isVoiding(loan.status),
    "event_impossible",
    () => `${name}, which is ${loan.status}`,
  );
  const expected: (string | number)[] = [];
  for (let bidNo = loan.nextBidNo; bidNo < event.nextBidNo; bidNo++) {
    const bid = loan.bids.get(bidNo);
    if (bid === undefined || bid.cancelled) continue;
    bid.called = true;
    expected.push(bid.accountId, bid.holdNo);
  }
  findings.expect(
    JSON.stringify(expected) === JSON.stringify(event.holds),
    "event_impossible",
    () => `${name}: holds are not those of bids ${loan.nextBidNo} to ${event.nextBidNo - 1}`,
  );
  const last = event.nextBidNo > loan.bids.size;
  findings.expect(
    event.last === last,
    "event_impossible",
    () => `${name}: ${event.last ? "ends too early" : "does not end"} at ${event.nextBidNo}`,
  );
  loan.nextBidNo = event.nextBidNo;
  if (!event.last) return;
  if (loan.status === "expiring") loan.status = "expired";
  else if (loan.status === "cancelling") loan.status = "cancelled";
}

function collectFunds(
  loan: LoanModel,
  event: Extract<LoanEvent, { type: "FundsCollected" }>,
  findings: Findings,
): void {
  const { accountId, holdNo, amountCents } = event;
  const name = `${loan.id}: funds of ${accountId}, hold ${holdNo}`;
  const found = loan.bidOfHold.get(`${accountId}#${holdNo}`);
  const right =
    loan.status === "collecting" &&
    found !== undefined &&
    found.called &&
    !found.cancelled &&
    !found.collected &&
    found.filledCents === amountCents;
  findings.expect(right, "event_impossible", () => `${name}: ${amountCents} are not due`);
  if (found !== undefined) found.collected = true;
  loan.collectedCents += amountCents;
  loan.clearingCents += amountCents;
}

/** How many have something in the loan. Counted only where there may be too many. */
function lendersOf({ lentCents }: LoanModel): number {
  if (lentCents.size < LENDERS_MAX) return lentCents.size;
  let lenders = 0;
  for (const cents of lentCents.values()) if (cents > 0) lenders++;
  return lenders;
}

/** What a bid should get: the cents, or every reason for which it may be refused. */
export function expectedFill(
  loan: LoanModel | undefined,
  bid: Bid,
  at: number,
): { readonly filledCents: number; readonly reasons: readonly string[] } {
  if (loan === undefined) return { filledCents: 0, reasons: ["loan_not_found"] };
  const { terms } = loan;
  const reasons: string[] = [];
  if (isVoided(loan.status)) reasons.push("listing_closed");
  else if (loan.status !== "listed") reasons.push("loan_full");
  if (at >= terms.closesAtMs) reasons.push("listing_closed");
  if (terms.opensAtMs !== null && at < terms.opensAtMs) reasons.push("listing_not_open_yet");
  if (bid.accountId === terms.borrowerId) reasons.push("borrower_cannot_bid");
  if (bid.amountCents < terms.minBidCents) reasons.push("below_minimum_bid");
  if (bid.amountCents % terms.stepCents !== 0) reasons.push("not_multiple_of_step");
  const remainingCents = terms.principalCents - loan.raisedCents;
  const lentCents = loan.lentCents.get(bid.accountId) ?? 0;
  if (lentCents === 0 && lendersOf(loan) >= LENDERS_MAX) reasons.push("too_many_lenders");
  const capRoomCents = terms.lenderCapCents === null ? Infinity : terms.lenderCapCents - lentCents;
  const filledCents = Math.min(bid.amountCents, remainingCents, capRoomCents);
  const wantedCents = Math.max(bid.minCents ?? 1, 1);
  const leastCents = bid.fill === "exact" ? Math.max(bid.amountCents, wantedCents) : wantedCents;
  if (filledCents < leastCents) {
    if (capRoomCents < leastCents) reasons.push("exceeds_lender_cap");
    // More than the bid itself no loan can give. Accounts refuse that; older journals have it.
    const contradictsItself = leastCents > bid.amountCents;
    const remainderBinds = remainingCents < leastCents || bid.fill === "upTo";
    if (remainderBinds || contradictsItself) reasons.push("exceeds_remaining");
  }
  return { filledCents, reasons };
}
