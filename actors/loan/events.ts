// What happened to a loan, and what each event implies. As with accounts, postings, messages and
// the alarm follow from the event alone.

import type { AccountId, Address, LoanId, RequestId } from "../address.ts";
import type { AccountMessage } from "../account/account.ts";
import type { PayLegs } from "../account/legs.ts";
import type { AlarmChange, PostingSink, Transit } from "../decider.ts";
import type { Refusal } from "../refusals.ts";
import {
  applicationMessages,
  isApplicationEvent,
  staffStageAfter,
  type ApplicationEvent,
  type StaffStage,
} from "./application/events.ts";
import type { LoanMessage } from "./loan.ts";
import {
  repaymentDayWanted,
  repaymentMessages,
  repaymentPostings,
  type RepaymentEvent,
} from "./repayment/events.ts";
import type { LoanTerms } from "./terms.ts";

/**
 * Lender and number of each hold, two items a hold, so that the journal names all that it moved.
 */
export type HoldRefs = readonly (AccountId | number)[];

export type LoanEvent =
  | ({
      readonly type: "LoanListed";
      readonly requestId: RequestId;
      readonly fingerprint: number;
      /** The operator; null in journals from before it was recorded. */
      readonly by: AccountId | null;
      /** The contract that the borrower signed; null when an operator listed the loan directly. */
      readonly contractHash: string | null;
    } & LoanTerms)
  | {
      readonly type: "BidPlaced";
      readonly accountId: AccountId;
      readonly holdNo: number;
      readonly bidNo: number;
      readonly filledCents: number;
      readonly remainingCents: number;
    }
  /** Says why a bid got nothing. Leaves the loan as it is, even one that does not exist. */
  | {
      readonly type: "BidDeclined";
      readonly accountId: AccountId;
      readonly holdNo: number;
      readonly refusal: Refusal;
    }
  | {
      readonly type: "FillCancelled";
      readonly accountId: AccountId;
      readonly holdNo: number;
      readonly bidNo: number;
      readonly requestId: RequestId;
    }
  | {
      readonly type: "CancelDeclined";
      readonly accountId: AccountId;
      readonly holdNo: number;
      readonly requestId: RequestId;
      readonly refusal: Refusal;
    }
  | { readonly type: "LoanFunded" }
  | { readonly type: "ListingExpired" }
  | {
      readonly type: "LoanCancelled";
      readonly requestId: RequestId;
      readonly fingerprint: number;
      /** The operator. */
      readonly by: AccountId;
      readonly reason: string;
    }
  | {
      readonly type: "HoldsVoided";
      readonly holds: HoldRefs;
      readonly nextBidNo: number;
      readonly last: boolean;
    }
  | {
      readonly type: "LoanConfirmed";
      readonly requestId: RequestId;
      readonly fingerprint: number;
      /** The operator; null in journals from before it was recorded. */
      readonly by: AccountId | null;
    }
  | {
      readonly type: "HoldsCalled";
      readonly holds: HoldRefs;
      readonly nextBidNo: number;
      readonly last: boolean;
    }
  | {
      readonly type: "FundsCollected";
      readonly accountId: AccountId;
      readonly holdNo: number;
      readonly amountCents: number;
    }
  | {
      readonly type: "LoanCollected";
      /**
       * Whether its holders come in the order of their earliest standing bids. False in journals
       * from before: in that of their first bids, also of those that were cancelled.
       */
      readonly byStandingBids: boolean;
    }
  /** A loan that is paid out at once needs nobody's word. */
  | { readonly type: "CollectionStarted" }
  | RepaymentEvent
  | {
      readonly type: "RequestRefused";
      readonly requestId: RequestId;
      readonly fingerprint: number;
      readonly refusal: Refusal;
    }
  | ApplicationEvent;

/** Events that leave the state as it was: they answer, and count as no version of the actor. */
export function isLoanAnswer(event: LoanEvent): boolean {
  switch (event.type) {
    case "BidDeclined":
    case "CancelDeclined":
    case "RepaymentDeclined":
    case "ApplicationDeclined":
      return true;
    default:
      return false;
  }
}

export function loanPostings(
  event: LoanEvent,
  self: LoanId,
  transit: Transit,
  post: PostingSink,
): void {
  switch (event.type) {
    case "FundsCollected": {
      const from: Address = { kind: "account", id: event.accountId };
      post("transit", transit.from(from), event.amountCents);
      post("loan.clearing", self, -event.amountCents);
      return;
    }
    // No money moves: a bid's hold is in the books of its account.
    case "LoanListed":
    case "BidPlaced":
    case "BidDeclined":
    case "FillCancelled":
    case "CancelDeclined":
    case "LoanFunded":
    case "ListingExpired":
    case "LoanCancelled":
    case "HoldsVoided":
    case "LoanConfirmed":
    case "HoldsCalled":
    case "LoanCollected":
    case "CollectionStarted":
    case "RequestRefused":
      return;
    default:
      // Before a listing there is no money.
      if (!isApplicationEvent(event)) repaymentPostings(event, self, transit, post);
  }
}

export function loanMessages(
  event: LoanEvent,
  self: LoanId,
  send: (to: Address, command: AccountMessage | PayLegs | LoanMessage) => void,
): void {
  switch (event.type) {
    case "BidPlaced": {
      const { holdNo, bidNo, filledCents, remainingCents } = event;
      send(
        { kind: "account", id: event.accountId },
        { type: "ConfirmBid", holdNo, bidNo, filledCents, remainingCents },
      );
      return;
    }
    case "BidDeclined":
      send(
        { kind: "account", id: event.accountId },
        { type: "DeclineBid", holdNo: event.holdNo, refusal: event.refusal },
      );
      return;
    case "FillCancelled":
      send(
        { kind: "account", id: event.accountId },
        { type: "ConfirmCancel", holdNo: event.holdNo, requestId: event.requestId },
      );
      return;
    case "CancelDeclined": {
      const { holdNo, requestId, refusal } = event;
      send(
        { kind: "account", id: event.accountId },
        { type: "DeclineCancel", holdNo, requestId, refusal },
      );
      return;
    }
    case "ListingExpired":
    case "LoanCancelled":
    case "LoanConfirmed":
    case "CollectionStarted":
      send({ kind: "loan", id: self }, { type: "NextStep" });
      return;
    case "HoldsVoided":
    case "HoldsCalled": {
      const type = event.type === "HoldsVoided" ? "VoidHold" : "PostHold";
      for (let at = 0; at < event.holds.length; at += 2) {
        const id = event.holds[at] as AccountId;
        send({ kind: "account", id }, { type, holdNo: event.holds[at + 1] as number });
      }
      if (!event.last) send({ kind: "loan", id: self }, { type: "NextStep" });
      return;
    }
    case "LoanListed":
      if (event.contractHash === null) return;
      // What was applied for is listed: it is an open application no more.
      send({ kind: "account", id: event.borrowerId }, { type: "CloseApplication", loanId: self });
      return;
    case "LoanFunded":
    case "FundsCollected":
    case "LoanCollected":
    case "RequestRefused":
      return;
    default:
      if (isApplicationEvent(event)) applicationMessages(event, self, send);
      else repaymentMessages(event, self, send);
  }
}

/** The business date on which the loan wants to be asked next. */
export function loanDayWanted(event: LoanEvent): AlarmChange {
  return repaymentDayWanted(event);
}

/** Where an application waits for the staff from now on; null: nowhere. */
export function loanStaffStage(event: LoanEvent): StaffStage | null | undefined {
  return staffStageAfter(event);
}

/** A listing has an alarm at its deadline for as long as it takes bids. */
export function loanAlarm(event: LoanEvent): AlarmChange {
  switch (event.type) {
    case "LoanListed":
      return event.closesAtMs;
    case "LoanFunded":
    case "ListingExpired":
    case "LoanCancelled":
      return null;
    default:
      return undefined;
  }
}
