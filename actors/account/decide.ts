// What an account answers to a command, from its state alone. It reads; it never writes.

import { assert, assertNever } from "../../src/money/assert.ts";
import { accept, refuse, type Decision } from "../decider.ts";
import {
  BALANCE_CENTS_MAX,
  HOLD,
  HOLD_STATUS,
  HOLDS_OPEN_MAX,
  type AccountCommand,
  type AccountMessage,
  type AccountState,
  type OpenAccount,
} from "./account.ts";
import { decideApplying } from "./applying.ts";
import { DEPOSITS_MAX } from "./custody/custody.ts";
import { decideCustody } from "./custody/decide.ts";
import type { AccountEvent } from "./events.ts";

export function decideAccount(
  account: AccountState,
  command: AccountCommand,
): Decision<AccountEvent> {
  if (account.status === "absent") {
    if (command.type === "ReceiveDisbursement") return decideDisbursement(command);
    if (command.type !== "OpenAccount") return refuse("account_not_found");
    const { requestId, fingerprint, by } = command;
    return accept({ type: "AccountOpened", requestId, fingerprint, by });
  }
  switch (command.type) {
    case "OpenAccount":
      return refuse("account_exists");
    case "Deposit":
      return decideDeposit(account, command);
    case "PlaceBid": {
      const { requestId, fingerprint, loanId, amountCents, fill, minCents } = command;
      const contradicts = minCents !== null && (fill === "exact" || minCents > amountCents);
      if (contradicts) return refuse("minimum_contradicts_bid");
      if (account.holdsOpen >= HOLDS_OPEN_MAX) return refuse("too_many_holds");
      if (amountCents > account.availableCents) return refuse("exceeds_available");
      return accept({
        type: "HoldPlaced",
        requestId,
        fingerprint,
        holdNo: account.holds.count + 1,
        amountCents,
        loanId,
        fill,
        minCents,
      });
    }
    case "CancelBid": {
      const { requestId, fingerprint, bidId: holdNo } = command;
      if (!account.holds.has(holdNo)) return refuse("bid_not_found");
      const status = account.holds.get(holdNo, HOLD.status);
      if (status === HOLD_STATUS.waiting) return refuse("bid_not_found");
      if (status !== HOLD_STATUS.placed) return refuse("bid_already_settled");
      const loanId = account.loans.at(account.holds.get(holdNo, HOLD.loan));
      const bidNo = account.holds.get(holdNo, HOLD.bidNo);
      return accept({ type: "CancelAsked", requestId, fingerprint, holdNo, bidNo, loanId });
    }
    case "CreateApplication":
    case "ConfirmApplication":
    case "DeclineApplication":
    case "CloseApplication":
      return decideApplying(account, command);
    case "RepayLoan": {
      const { requestId, fingerprint, loanId, amountCents, mode } = command;
      if (amountCents > account.availableCents) return refuse("exceeds_available");
      const paymentNo = account.payments + 1;
      const payment = { paymentNo, loanId, amountCents, mode };
      return accept({ type: "RepaymentSent", requestId, fingerprint, ...payment });
    }
    case "Withdraw":
    case "BookDeposit":
    case "ConfirmWithdrawal":
    case "FailWithdrawal":
      return decideCustody(account, command);
    case "ReceiveDisbursement":
      return decideDisbursement(command);
    case "CollectDue": {
      const { loanId } = command;
      const amountCents = Math.min(command.owedCents, account.availableCents);
      const paymentNo = account.payments + 1;
      return accept({ type: "DueCollected", paymentNo, loanId, amountCents });
    }
    case "ConfirmRepayment": {
      const { type: _, ...facts } = command;
      return accept({ type: "RepaymentConfirmed", ...facts });
    }
    case "ReturnRepayment": {
      const { type: _, ...facts } = command;
      return accept({ type: "RepaymentReturned", ...facts });
    }
    default:
      return decideMessage(account, command);
  }
}

/**
 * Booked by an operator. The reference is the bank's, so that its own word of the same payment
 * finds it booked, and the other way round. An empty one is none: nothing can be held against it.
 */
function decideDeposit(
  account: OpenAccount,
  command: Extract<AccountCommand, { type: "Deposit" }>,
): Decision<AccountEvent> {
  const { requestId, fingerprint, by, amountCents } = command;
  if (by === account.accountId) return refuse("own_account");
  const reference = command.reference.trim();
  const isReferenceKept = reference !== "";
  const { custody } = account;
  if (isReferenceKept && custody?.depositCents(reference) !== undefined) {
    return refuse("deposit_exists");
  }
  const totalCents = account.availableCents + account.heldCents + amountCents;
  if (totalCents > BALANCE_CENTS_MAX) return refuse("amount_above_limit");
  if (isReferenceKept && (custody?.deposits ?? 0) >= DEPOSITS_MAX) {
    return refuse("too_many_deposits");
  }
  const deposited = { requestId, fingerprint, amountCents, reference, by, isReferenceKept };
  return accept({ type: "Deposited", ...deposited });
}

/** Money of a loan is never refused: it opens the account of a borrower that had none. */
function decideDisbursement({
  loanId,
  amountCents,
}: Extract<AccountMessage, { type: "ReceiveDisbursement" }>): Decision<AccountEvent> {
  return accept({ type: "DisbursementReceived", loanId, amountCents });
}

type HoldMessage = Extract<AccountMessage, { readonly holdNo: number }>;

/** Messages of loans are obeyed: a refusal here would be a bug, so the ladder is assertions. */
function decideMessage(account: OpenAccount, message: HoldMessage): Decision<AccountEvent> {
  const { holdNo } = message;
  if (message.type === "DeclineCancel") {
    // It may come after the hold was posted or voided: the loan had sent that first.
    const { requestId, refusal } = message;
    return accept({ type: "CancelRefused", requestId, holdNo, refusal });
  }
  const heldCents = account.holds.get(holdNo, HOLD.amountCents);
  const status = account.holds.get(holdNo, HOLD.status);
  assert(status !== HOLD_STATUS.closed, "the hold is open", holdNo);
  switch (message.type) {
    case "ConfirmBid": {
      const { bidNo, filledCents, remainingCents } = message;
      assert(filledCents > 0 && filledCents <= heldCents, "a fill is covered by its hold");
      const releasedCents = heldCents - filledCents;
      return accept({
        type: "BidConfirmed",
        holdNo,
        bidNo,
        filledCents,
        releasedCents,
        remainingCents,
      });
    }
    case "DeclineBid":
      return accept({
        type: "BidRefused",
        holdNo,
        releasedCents: heldCents,
        refusal: message.refusal,
      });
    case "ConfirmCancel": {
      const { requestId } = message;
      return accept({ type: "BidCancelled", requestId, holdNo, releasedCents: heldCents });
    }
    case "VoidHold":
      return accept({ type: "HoldVoided", holdNo, releasedCents: heldCents });
    case "PostHold": {
      const loanId = account.loans.at(account.holds.get(holdNo, HOLD.loan));
      return accept({ type: "HoldPosted", holdNo, amountCents: heldCents, loanId });
    }
    default:
      return assertNever(message);
  }
}
