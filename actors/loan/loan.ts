// A loan that takes bids, and what it becomes: one actor, its state a union by status. How it comes
// to be listed, unless an operator does it directly, is in application/.
//
//   absent -> (draft ... signed) -> listed    what was applied for
//   absent -> listed                          an operator's own word
//   listed -> funded -> collecting -> collected -> repaying -> settled
//   listed -> expiring -> expired
//   listed, funded -> cancelling -> cancelled
//   repaying <-> defaulted -> settled
//   defaulted -> written_off -> settled

import { overdueBucketOf, type OverdueBucket } from "../../src/lending/overdue.ts";
import type { RepaymentMethod } from "../../src/lending/terms.ts";
import type { AccountId, LoanId, RequestId } from "../address.ts";
import type { Fill } from "../account/account.ts";
import type { RequestStamp } from "../decider.ts";
import { OutcomeWindow } from "../outcome-window.ts";
import { isApplied, type AppliedLoan, type Grade, type Origin } from "./application/application.ts";
import type { ApplicationMessage, ApplicationRequest } from "./application/commands.ts";
import type { BidBook } from "./bid-book.ts";
import type { RepaymentMode } from "./repayment/events.ts";
import {
  instalmentsToPay,
  lateDays,
  outstandingCents,
  owedOf,
  type Repayment,
} from "./repayment/repayment.ts";
import type { WriteOffRequest } from "./write-off/write-off.ts";
import type { LendingTermsAsked, ListingTerms, LoanTerms } from "./terms.ts";

/** Bids told in one step when holds are posted or voided, so that no turn grows with the loan. */
export const HOLDS_PER_STEP = 256;

interface Common {
  readonly outcomes: OutcomeWindow;
}

interface Known extends Common {
  readonly loanId: LoanId;
  readonly terms: LoanTerms;
  /** What it was applied for with; null when an operator listed it directly. */
  readonly origin: Origin | null;
  readonly book: BidBook;
}

export type AbsentLoan = Common & { readonly status: "absent" };
export type ListedLoan = Known & { readonly status: "listed" };
/** Raised = principal; the holds wait for the operator's confirmation. */
export type FundedLoan = Known & { readonly status: "funded" };
/** Holds are being posted, `nextBidNo` is the first not yet told. */
export type CollectingLoan = Known & {
  readonly status: "collecting";
  nextBidNo: number;
  collectedCents: number;
};
export type CollectedLoan = Known & {
  readonly status: "collected";
  readonly collectedCents: number;
  /** How its holders will be ordered. */
  readonly byStandingBids: boolean;
};
/**
 * Paid out. A late loan is one with dues; it defaults after 90 days, and may then be written off,
 * unless all dues are paid: that cures it.
 */
export type RepayingLoan = Known & {
  readonly status: "repaying" | "defaulted" | "written_off" | "settled";
  readonly repayment: Repayment;
};
/** Not full at its deadline, or cancelled by an operator: every hold is being voided. */
export type ClosingLoan = Known & {
  readonly status: "expiring" | "cancelling";
  nextBidNo: number;
};
export type ClosedLoan = Known & { readonly status: "expired" | "cancelled" };

/** A loan that takes bids, or did. */
export type MarketLoan =
  | ListedLoan
  | FundedLoan
  | CollectingLoan
  | CollectedLoan
  | RepayingLoan
  | ClosingLoan
  | ClosedLoan;

export type LoanState = AbsentLoan | AppliedLoan | MarketLoan;

/** Whether the market knows the loan: it is listed, or was. */
export function isOnMarket(loan: LoanState): loan is MarketLoan {
  return loan.status !== "absent" && !isApplied(loan);
}

/** Whether its holds are voided, or were: it takes no bids and will not be paid out. */
export function isVoided(loan: MarketLoan): loan is ClosingLoan | ClosedLoan {
  return isVoiding(loan) || loan.status === "expired" || loan.status === "cancelled";
}

export function isVoiding(loan: LoanState): loan is ClosingLoan {
  return loan.status === "expiring" || loan.status === "cancelling";
}

/** Whether the loan was paid out: it is repaid, or is settled, or was given up. */
export function wasPaidOut(loan: LoanState): loan is RepayingLoan {
  return "repayment" in loan;
}

export function absentLoan(): LoanState {
  return { status: "absent", outcomes: new OutcomeWindow() };
}

/** `by` is the subject of the token. */
type OfOperator = { readonly loanId: LoanId; readonly by: AccountId } & RequestStamp;

export type LoanRequest =
  | ({ readonly type: "ListLoan" } & OfOperator & ListingTerms & LendingTermsAsked)
  | ({ readonly type: "ConfirmLoan" } & OfOperator)
  | ({ readonly type: "CancelLoan"; readonly reason: string } & OfOperator)
  | WriteOffRequest
  | ApplicationRequest;

/** Told by accounts, by the loan to itself (`NextStep`), or by its alarm. */
export type LoanMessage =
  | {
      readonly type: "FillBid";
      readonly accountId: AccountId;
      readonly holdNo: number;
      readonly amountCents: number;
      readonly fill: Fill;
      readonly minCents: number | null;
    }
  | {
      readonly type: "CancelFill";
      readonly accountId: AccountId;
      readonly holdNo: number;
      readonly bidNo: number;
      readonly requestId: RequestId;
    }
  | {
      readonly type: "CollectFunds";
      readonly accountId: AccountId;
      readonly holdNo: number;
      readonly amountCents: number;
    }
  | {
      readonly type: "Repay";
      readonly accountId: AccountId;
      readonly paymentNo: number;
      readonly mode: RepaymentMode;
      readonly amountCents: number;
    }
  | { readonly type: "NextStep" }
  | { readonly type: "DayCame" }
  | { readonly type: "AlarmRang" }
  | ApplicationMessage;

export type LoanCommand = LoanRequest | LoanMessage;

export interface LoanView {
  readonly loanId: LoanId;
  readonly status: MarketLoan["status"];
  readonly borrowerId: AccountId;
  readonly principalCents: number;
  readonly raisedCents: number;
  readonly remainingCents: number;
  /** Bids that stand: filled and not cancelled. */
  readonly bids: number;
  readonly stepCents: number;
  readonly minBidCents: number;
  readonly lenderCapCents: number | null;
  readonly opensAtMs: number | null;
  readonly closesAtMs: number;
  readonly cancellable: boolean;
  readonly method: RepaymentMethod;
  readonly term: number;
  readonly rateBps: number;
  readonly serviceFeeBps: number;
  /** The reviewers' grade; null when it was not applied for here. */
  readonly grade: Grade | null;
  /** The rest is null before the loan is paid out. */
  readonly outstandingCents: number | null;
  readonly owedCents: number | null;
  /** Days since 1970; null also when nothing is to come. */
  readonly nextDueOn: number | null;
  readonly lateDays: number | null;
  readonly clearings: number | null;
  /** By the age of the oldest unpaid instalment. */
  readonly overdue: OverdueBucket | null;
  /** Principal that was outstanding when the loan was written off; null unless it was. */
  readonly writtenOffCents: number | null;
}

const NOT_REPAYING = {
  outstandingCents: null,
  owedCents: null,
  nextDueOn: null,
  lateDays: null,
  clearings: null,
  overdue: null,
  writtenOffCents: null,
} as const;

function repaymentView(repayment: Repayment) {
  return {
    outstandingCents: outstandingCents(repayment),
    owedCents: owedOf(repayment.dues),
    nextDueOn: instalmentsToPay(repayment)[0]?.due ?? null,
    lateDays: lateDays(repayment),
    clearings: repayment.clearings.length,
    overdue: overdueBucketOf(lateDays(repayment)),
    writtenOffCents: repayment.writeOff.done?.writtenOffCents ?? null,
  };
}

export function loanView(loan: MarketLoan): LoanView {
  const { terms, book, origin } = loan;
  return {
    loanId: loan.loanId,
    status: loan.status,
    borrowerId: terms.borrowerId,
    principalCents: terms.principalCents,
    raisedCents: book.raisedCents,
    remainingCents: terms.principalCents - book.raisedCents,
    bids: book.standing,
    stepCents: terms.stepCents,
    minBidCents: terms.minBidCents,
    lenderCapCents: terms.lenderCapCents,
    opensAtMs: terms.opensAtMs,
    closesAtMs: terms.closesAtMs,
    cancellable: terms.cancellable,
    method: terms.method,
    term: terms.term,
    rateBps: terms.rateBps,
    serviceFeeBps: terms.serviceFeeBps,
    grade: origin?.approval.grade ?? null,
    ...(wasPaidOut(loan) ? repaymentView(loan.repayment) : NOT_REPAYING),
  };
}
