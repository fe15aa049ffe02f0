// What happens to a loan from its disbursement on, and what each event implies. As everywhere,
// postings, messages and the day wanted follow from the event alone.

import { assertNever } from "../../../src/money/assert.ts";
import type { AccountMessage } from "../../account/account.ts";
import type { PayLegs } from "../../account/legs.ts";
import { LEG, LEG_ITEMS } from "../../account/legs.ts";
import { MANY_ACCOUNTS, type AccountId, type Address, type LoanId } from "../../address.ts";
import type { AlarmChange, PostingSink } from "../../decider.ts";
import type { Refusal } from "../../refusals.ts";
import type { LoanEvent } from "../events.ts";
import type { LoanMessage } from "../loan.ts";
import type { WriteOffEvent } from "../write-off/events.ts";

/**
 * What a payment is for. `due`: what is owed now. `collected`: the same, taken by the calendar.
 * Early: all of it, or a part after which instalments are smaller (`term` is kept) or fewer.
 */
export const REPAYMENT_MODES = [
  "due",
  "collected",
  "early_full",
  "early_keep_term",
  "early_keep_instalment",
] as const;
export type RepaymentMode = (typeof REPAYMENT_MODES)[number];

export type RepaymentEvent =
  | {
      readonly type: "LoanDisbursed";
      readonly borrowerId: AccountId;
      readonly day: number;
      readonly principalCents: number;
      readonly originationFeeCents: number;
      readonly wakeOn: number | null;
      /**
       * The version of the arithmetic that the loan is reckoned by to its end (lending/rules.ts).
       */
      readonly rules: number;
    }
  /**
   * The calendar has done its work up to `day`; with something owed
   * the borrower's account is asked.
   */
  | {
      readonly type: "DayWorked";
      readonly borrowerId: AccountId;
      readonly day: number;
      readonly newDues: number;
      readonly newPenaltyCents: number;
      readonly owedCents: number;
      readonly wakeOn: number | null;
    }
  /** The borrower's account had nothing to give. */
  | { readonly type: "NothingCollected"; readonly wakeOn: number | null }
  | {
      readonly type: "RepaymentTaken";
      readonly clearingNo: number;
      readonly accountId: AccountId;
      /** The account's number of the payment. */
      readonly paymentNo: number;
      readonly mode: RepaymentMode;
      readonly day: number;
      readonly amountCents: number;
      /** What of the amount goes back. */
      readonly returnedCents: number;
      readonly penaltyCents: number;
      readonly interestCents: number;
      readonly principalCents: number;
      readonly feeCents: number;
      readonly instalment: number;
      readonly wakeOn: number | null;
      /** Of a loan that was written off: what comes back of the loss. */
      readonly isRecovery: boolean;
    }
  | {
      readonly type: "RepaymentDeclined";
      readonly accountId: AccountId;
      readonly paymentNo: number;
      readonly amountCents: number;
      readonly refusal: Refusal;
    }
  /** Legs of a clearing, told to their holders: `LEG_ITEMS` items each. */
  | {
      readonly type: "LegsAllotted";
      readonly clearingNo: number;
      readonly instalment: number;
      readonly legs: readonly (AccountId | number)[];
      /** The first holder that is not told yet. */
      readonly nextHolder: number;
      readonly last: boolean;
    }
  | { readonly type: "LoanDefaulted"; readonly day: number }
  /** All that was due on a loan in default is paid: it is repaid as before. */
  | { readonly type: "LoanCured"; readonly day: number }
  | WriteOffEvent
  | { readonly type: "LoanSettled"; readonly day: number };

export function repaymentPostings(
  event: RepaymentEvent,
  self: LoanId,
  transit: { to(receiver: Address): string; from(sender: Address): string },
  post: PostingSink,
): void {
  switch (event.type) {
    case "LoanDisbursed": {
      const { borrowerId, principalCents, originationFeeCents } = event;
      post("loan.clearing", self, principalCents);
      post("revenue.origination", "", -originationFeeCents);
      const borrower: Address = { kind: "account", id: borrowerId };
      post("transit", transit.to(borrower), -(principalCents - originationFeeCents));
      post("memo.claim", self, principalCents);
      post("memo.debt", self, -principalCents);
      return;
    }
    case "RepaymentTaken": {
      const { accountId, amountCents, returnedCents, feeCents, principalCents } = event;
      const payer: Address = { kind: "account", id: accountId };
      post("transit", transit.from(payer), amountCents);
      if (returnedCents > 0) post("transit", transit.to(payer), -returnedCents);
      if (feeCents > 0) post("revenue.early", "", -feeCents);
      post("loan.clearing", self, -(amountCents - returnedCents - feeCents));
      post("memo.debt", self, principalCents);
      post(event.isRecovery ? "memo.lost" : "memo.claim", self, -principalCents);
      return;
    }
    case "RepaymentDeclined": {
      // The money comes in and goes back.
      const payer: Address = { kind: "account", id: event.accountId };
      post("transit", transit.from(payer), event.amountCents);
      post("transit", transit.to(payer), -event.amountCents);
      return;
    }
    case "LegsAllotted": {
      let grossCents = 0;
      let serviceCents = 0;
      for (let at = 0; at < event.legs.length; at += LEG_ITEMS) {
        grossCents +=
          (event.legs[at + LEG.principal] as number) +
          (event.legs[at + LEG.interest] as number) +
          (event.legs[at + LEG.penalty] as number);
        serviceCents += event.legs[at + LEG.fee] as number;
      }
      post("loan.clearing", self, grossCents);
      post("revenue.service", "", -serviceCents);
      post("transit", "legs", -(grossCents - serviceCents));
      return;
    }
    case "LoanWrittenOff":
      // In the memo book only: no money moves, a claim becomes a loss, and the debt stays.
      post("memo.lost", self, event.outstandingCents);
      post("memo.claim", self, -event.outstandingCents);
      return;
    // No money moves.
    case "DayWorked":
    case "NothingCollected":
    case "LoanDefaulted":
    case "LoanCured":
    case "WriteOffProposed":
    case "WriteOffReturned":
    case "LoanSettled":
      return;
    default:
      assertNever(event);
  }
}

export function repaymentMessages(
  event: RepaymentEvent,
  self: LoanId,
  send: (to: Address, command: AccountMessage | PayLegs | LoanMessage) => void,
): void {
  const account = (id: AccountId): Address => ({ kind: "account", id });
  switch (event.type) {
    case "LoanDisbursed": {
      const amountCents = event.principalCents - event.originationFeeCents;
      send(account(event.borrowerId), { type: "ReceiveDisbursement", loanId: self, amountCents });
      return;
    }
    case "DayWorked":
      if (event.owedCents === 0) return;
      send(account(event.borrowerId), {
        type: "CollectDue",
        loanId: self,
        owedCents: event.owedCents,
      });
      return;
    case "RepaymentTaken": {
      const { accountId, paymentNo, clearingNo, returnedCents, instalment } = event;
      const { principalCents, interestCents, penaltyCents, feeCents } = event;
      if (event.mode !== "collected" || returnedCents > 0) {
        send(account(accountId), {
          type: "ConfirmRepayment",
          loanId: self,
          paymentNo,
          clearingNo,
          instalment,
          returnedCents,
          principalCents,
          interestCents,
          penaltyCents,
          feeCents,
        });
      }
      send({ kind: "loan", id: self }, { type: "NextStep" });
      return;
    }
    case "RepaymentDeclined": {
      const { accountId, paymentNo, amountCents, refusal } = event;
      const command = { type: "ReturnRepayment", loanId: self, paymentNo, amountCents } as const;
      send(account(accountId), { ...command, refusal });
      return;
    }
    case "LegsAllotted": {
      const { clearingNo, instalment, legs } = event;
      if (legs.length > 0) {
        send(MANY_ACCOUNTS, { type: "PayLegs", loanId: self, clearingNo, instalment, legs });
      }
      if (!event.last) send({ kind: "loan", id: self }, { type: "NextStep" });
      return;
    }
    // Nobody is told.
    case "NothingCollected":
    case "LoanDefaulted":
    case "LoanCured":
    case "WriteOffProposed":
    case "WriteOffReturned":
    case "LoanWrittenOff":
    case "LoanSettled":
      return;
    default:
      assertNever(event);
  }
}

/**
 * While the borrower's account is asked, the day stays wanted: it is not done before the answer.
 */
export function repaymentDayWanted(event: LoanEvent): AlarmChange {
  switch (event.type) {
    case "LoanDisbursed":
    case "NothingCollected":
    case "RepaymentTaken":
      return event.wakeOn;
    case "DayWorked":
      return event.owedCents > 0 ? event.day : event.wakeOn;
    case "LoanSettled":
      return null;
    default:
      return undefined;
  }
}
