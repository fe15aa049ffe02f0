// What happened to an account, and what each event implies: postings, and messages to others.
// All of it follows from the event alone, so a journal can be read without any actor's state.

import { assertNever } from "../../src/money/assert.ts";
import type { AccountId, Address, LoanId, RequestId } from "../address.ts";
import type { PostingSink, Transit } from "../decider.ts";
import { askedIn, type Asked } from "../loan/application/application.ts";
import type { RepaymentMode } from "../loan/repayment/events.ts";
import type { LoanMessage } from "../loan/loan.ts";
import type { Refusal } from "../refusals.ts";
import type { Fill } from "./account.ts";
import { custodyPostings, type CustodyEvent } from "./custody/events.ts";

export type AccountEvent =
  | CustodyEvent
  | {
      readonly type: "AccountOpened";
      readonly requestId: RequestId;
      readonly fingerprint: number;
      /** The operator; null in journals from before it was recorded. */
      readonly by: AccountId | null;
    }
  | {
      readonly type: "Deposited";
      readonly requestId: RequestId;
      readonly fingerprint: number;
      readonly amountCents: number;
      readonly reference: string;
      /** The operator; null in journals from before it was recorded. */
      readonly by: AccountId | null;
      /** The account remembers the reference, as it does the bank's: it is booked once. */
      readonly isReferenceKept: boolean;
    }
  | {
      readonly type: "HoldPlaced";
      readonly requestId: RequestId;
      readonly fingerprint: number;
      readonly holdNo: number;
      readonly amountCents: number;
      readonly loanId: LoanId;
      readonly fill: Fill;
      readonly minCents: number | null;
    }
  | {
      readonly type: "BidConfirmed";
      readonly holdNo: number;
      readonly bidNo: number;
      readonly filledCents: number;
      /** What the hold had more than the fill: back to available. */
      readonly releasedCents: number;
      readonly remainingCents: number;
    }
  | {
      readonly type: "BidRefused";
      readonly holdNo: number;
      readonly releasedCents: number;
      readonly refusal: Refusal;
    }
  | {
      readonly type: "CancelAsked";
      readonly requestId: RequestId;
      readonly fingerprint: number;
      readonly holdNo: number;
      readonly bidNo: number;
      readonly loanId: LoanId;
    }
  | {
      readonly type: "BidCancelled";
      readonly requestId: RequestId;
      readonly holdNo: number;
      readonly releasedCents: number;
    }
  | {
      readonly type: "CancelRefused";
      readonly requestId: RequestId;
      readonly holdNo: number;
      readonly refusal: Refusal;
    }
  | { readonly type: "HoldVoided"; readonly holdNo: number; readonly releasedCents: number }
  | {
      readonly type: "HoldPosted";
      readonly holdNo: number;
      readonly amountCents: number;
      readonly loanId: LoanId;
    }
  | ({
      readonly type: "ApplicationAsked";
      readonly requestId: RequestId;
      readonly fingerprint: number;
      readonly loanId: LoanId;
    } & Asked)
  | {
      readonly type: "ApplicationConfirmed";
      readonly requestId: RequestId;
      readonly loanId: LoanId;
    }
  | {
      readonly type: "ApplicationRefused";
      readonly requestId: RequestId;
      readonly loanId: LoanId;
      readonly refusal: Refusal;
    }
  /** It was listed, rejected or withdrawn. */
  | { readonly type: "ApplicationClosed"; readonly loanId: LoanId }
  | {
      readonly type: "DisbursementReceived";
      readonly loanId: LoanId;
      readonly amountCents: number;
    }
  /** The borrower repays: the money is on its way to the loan. */
  | {
      readonly type: "RepaymentSent";
      readonly requestId: RequestId;
      readonly fingerprint: number;
      readonly paymentNo: number;
      readonly loanId: LoanId;
      readonly amountCents: number;
      readonly mode: Exclude<RepaymentMode, "collected">;
    }
  /** The same, asked by the loan's calendar; zero when nothing was available. */
  | {
      readonly type: "DueCollected";
      readonly paymentNo: number;
      readonly loanId: LoanId;
      readonly amountCents: number;
    }
  | {
      readonly type: "RepaymentConfirmed";
      readonly paymentNo: number;
      readonly loanId: LoanId;
      readonly clearingNo: number;
      readonly instalment: number;
      readonly returnedCents: number;
      readonly principalCents: number;
      readonly interestCents: number;
      readonly penaltyCents: number;
      readonly feeCents: number;
    }
  | {
      readonly type: "RepaymentReturned";
      readonly paymentNo: number;
      readonly loanId: LoanId;
      readonly amountCents: number;
      readonly refusal: Refusal;
    }
  | {
      readonly type: "RequestRefused";
      readonly requestId: RequestId;
      readonly fingerprint: number;
      readonly refusal: Refusal;
    };

/** Debits positive, credits negative. */
export function accountPostings(
  event: AccountEvent,
  self: AccountId,
  transit: Transit,
  post: PostingSink,
): void {
  switch (event.type) {
    case "Deposited":
      post("asset.custody", "", event.amountCents);
      post("client.available", self, -event.amountCents);
      return;
    case "HoldPlaced":
      post("client.available", self, event.amountCents);
      post("client.held", self, -event.amountCents);
      return;
    case "BidConfirmed":
    case "BidRefused":
    case "BidCancelled":
    case "HoldVoided":
      if (event.releasedCents === 0) return;
      post("client.held", self, event.releasedCents);
      post("client.available", self, -event.releasedCents);
      return;
    case "HoldPosted":
      post("client.held", self, event.amountCents);
      post("transit", transit.to({ kind: "loan", id: event.loanId }), -event.amountCents);
      return;
    case "DisbursementReceived":
      post("transit", transit.from({ kind: "loan", id: event.loanId }), event.amountCents);
      post("client.available", self, -event.amountCents);
      return;
    case "RepaymentSent":
    case "DueCollected":
      post("client.available", self, event.amountCents);
      post("transit", transit.to({ kind: "loan", id: event.loanId }), -event.amountCents);
      return;
    case "RepaymentConfirmed":
      if (event.returnedCents === 0) return;
      post("transit", transit.from({ kind: "loan", id: event.loanId }), event.returnedCents);
      post("client.available", self, -event.returnedCents);
      return;
    case "RepaymentReturned":
      post("transit", transit.from({ kind: "loan", id: event.loanId }), event.amountCents);
      post("client.available", self, -event.amountCents);
      return;
    case "WithdrawalHeld":
    case "WithdrawalConfirmed":
    case "WithdrawalFailed":
    case "DepositBooked":
      custodyPostings(event, self, post);
      return;
    case "AccountOpened":
    case "CancelAsked":
    case "CancelRefused":
    case "ApplicationAsked":
    case "ApplicationConfirmed":
    case "ApplicationRefused":
    case "ApplicationClosed":
    case "RequestRefused":
      return;
    default:
      assertNever(event);
  }
}

/** The messages that an event implies, in order. */
export function accountMessages(
  event: AccountEvent,
  self: AccountId,
  send: (to: Address, command: LoanMessage) => void,
): void {
  switch (event.type) {
    case "HoldPlaced":
      send(
        { kind: "loan", id: event.loanId },
        {
          type: "FillBid",
          accountId: self,
          holdNo: event.holdNo,
          amountCents: event.amountCents,
          fill: event.fill,
          minCents: event.minCents,
        },
      );
      return;
    case "CancelAsked":
      send(
        { kind: "loan", id: event.loanId },
        {
          type: "CancelFill",
          accountId: self,
          holdNo: event.holdNo,
          bidNo: event.bidNo,
          requestId: event.requestId,
        },
      );
      return;
    case "ApplicationAsked":
      send(
        { kind: "loan", id: event.loanId },
        {
          type: "OpenApplication",
          borrowerId: self,
          requestId: event.requestId,
          ...askedIn(event),
        },
      );
      return;
    case "HoldPosted":
      send(
        { kind: "loan", id: event.loanId },
        {
          type: "CollectFunds",
          accountId: self,
          holdNo: event.holdNo,
          amountCents: event.amountCents,
        },
      );
      return;
    case "RepaymentSent":
    case "DueCollected": {
      const { loanId, paymentNo, amountCents } = event;
      const mode = event.type === "DueCollected" ? "collected" : event.mode;
      const to: Address = { kind: "loan", id: loanId };
      send(to, { type: "Repay", accountId: self, paymentNo, mode, amountCents });
      return;
    }
    default:
      return;
  }
}
