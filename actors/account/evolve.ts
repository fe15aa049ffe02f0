// Applies an event to an account, in place. No rules here, only assertions: whatever reaches this
// point has happened.

import { assert, assertNever } from "../../src/money/assert.ts";
import type { AccountId, LoanId } from "../address.ts";
import type { OutcomeEntry } from "../outcome-window.ts";
import { HOLD, HOLD_STATUS, openAccount, type AccountState, type OpenAccount } from "./account.ts";
import { evolveApplying } from "./applying.ts";
import { Custody } from "./custody/custody.ts";
import { evolveCustody } from "./custody/evolve.ts";
import type { AccountEvent } from "./events.ts";
import { moveMoney, writeEntry } from "./movement.ts";

export function evolveAccount(
  state: AccountState,
  event: AccountEvent,
  self: AccountId,
  at: number,
): AccountState {
  if (event.type === "AccountOpened") {
    assert(state.status === "absent", "an account is opened once");
    state.outcomes.settle(event.requestId, event.fingerprint, { type: "AccountOpened" });
    return openAccount(self, state.outcomes);
  }
  const isOpening = state.status === "absent" && event.type === "DisbursementReceived";
  const account = isOpening ? openAccount(self, state.outcomes) : state;
  assert(account.status === "open", "the account is open", event.type);
  switch (event.type) {
    case "Deposited": {
      moveMoney(account, event.amountCents, 0);
      writeEntry(account, "deposit", at, event.amountCents, null, null);
      if (event.isReferenceKept) {
        account.custody ??= new Custody();
        account.custody.book(event.reference, event.amountCents);
      }
      account.outcomes.settle(event.requestId, event.fingerprint, {
        type: "Deposited",
        availableCents: account.availableCents,
        heldCents: account.heldCents,
        entry: account.entries.count,
      });
      return account;
    }
    case "HoldPlaced": {
      const { amountCents, holdNo } = event;
      moveMoney(account, -amountCents, amountCents);
      const loan = account.loans.open(event.loanId);
      const row = account.holds.append(loan, amountCents, 0, HOLD_STATUS.waiting);
      assert(row === holdNo, "holds are numbered without a gap");
      account.holdsOpen++;
      account.asking.add(holdNo, account.outcomes.open(event.requestId, event.fingerprint));
      writeEntry(account, "hold_placed", at, amountCents, event.loanId, holdNo);
      return account;
    }
    case "BidConfirmed": {
      const { holdNo, filledCents, releasedCents, remainingCents, bidNo } = event;
      const opened = takeAsking(account, holdNo);
      account.holds.set(holdNo, HOLD.amountCents, filledCents);
      account.holds.set(holdNo, HOLD.bidNo, bidNo);
      account.holds.set(holdNo, HOLD.status, HOLD_STATUS.placed);
      if (releasedCents > 0) release(account, holdNo, releasedCents, at);
      account.outcomes.settleOpened(opened, {
        type: "BidPlaced",
        bidId: holdNo,
        filledCents,
        rank: bidNo,
        remainingCents,
      });
      return account;
    }
    case "BidRefused": {
      const opened = takeAsking(account, event.holdNo);
      release(account, event.holdNo, event.releasedCents, at);
      closeHold(account, event.holdNo);
      account.outcomes.settleOpened(opened, { type: "Refused", code: event.refusal });
      return account;
    }
    case "CancelAsked": {
      account.holds.set(event.holdNo, HOLD.status, HOLD_STATUS.cancelling);
      account.outcomes.open(event.requestId, event.fingerprint);
      return account;
    }
    case "BidCancelled": {
      const { holdNo, releasedCents, requestId } = event;
      release(account, holdNo, releasedCents, at);
      closeHold(account, holdNo);
      account.outcomes.settle(requestId, 0, { type: "BidCancelled", bidId: holdNo, releasedCents });
      return account;
    }
    case "CancelRefused": {
      const { holdNo, requestId, refusal } = event;
      const stillOpen =
        account.holds.has(holdNo) &&
        account.holds.get(holdNo, HOLD.status) === HOLD_STATUS.cancelling;
      if (stillOpen) account.holds.set(holdNo, HOLD.status, HOLD_STATUS.placed);
      account.outcomes.settle(requestId, 0, { type: "Refused", code: refusal });
      return account;
    }
    case "HoldVoided": {
      release(account, event.holdNo, event.releasedCents, at);
      closeHold(account, event.holdNo);
      return account;
    }
    case "HoldPosted": {
      moveMoney(account, 0, -event.amountCents);
      writeEntry(account, "hold_posted", at, event.amountCents, event.loanId, event.holdNo);
      closeHold(account, event.holdNo);
      account.positions.lend(event.loanId, event.amountCents);
      return account;
    }
    case "DisbursementReceived":
      moveMoney(account, event.amountCents, 0);
      writeEntry(account, "disbursement", at, event.amountCents, event.loanId, null);
      return account;
    case "RepaymentSent": {
      const { requestId, fingerprint, paymentNo } = event;
      sendPayment(account, event, at);
      account.paying.add(paymentNo, account.outcomes.open(requestId, fingerprint));
      return account;
    }
    case "DueCollected":
      sendPayment(account, event, at);
      return account;
    case "RepaymentConfirmed": {
      const { paymentNo, loanId, clearingNo, returnedCents } = event;
      const { principalCents, interestCents, penaltyCents, feeCents } = event;
      if (returnedCents > 0) returnPayment(account, loanId, returnedCents, at);
      const opened = account.paying.take(paymentNo);
      // What the calendar collected, nobody waits for.
      if (opened === undefined) return account;
      const parts = { principalCents, interestCents, penaltyCents, feeCents, returnedCents };
      account.outcomes.settleOpened(opened, { type: "Repaid", clearing: clearingNo, ...parts });
      return account;
    }
    case "RepaymentReturned": {
      const { paymentNo, loanId, amountCents, refusal } = event;
      returnPayment(account, loanId, amountCents, at);
      const opened = account.paying.take(paymentNo);
      if (opened === undefined) return account;
      account.outcomes.settleOpened(opened, { type: "Refused", code: refusal });
      return account;
    }
    case "ApplicationAsked":
    case "ApplicationConfirmed":
    case "ApplicationRefused":
    case "ApplicationClosed":
      return evolveApplying(account, event);
    case "WithdrawalHeld":
    case "WithdrawalConfirmed":
    case "WithdrawalFailed":
    case "DepositBooked":
      return evolveCustody(account, event, at);
    case "RequestRefused": {
      const { requestId, fingerprint, refusal } = event;
      account.outcomes.settle(requestId, fingerprint, { type: "Refused", code: refusal });
      return account;
    }
    default:
      return assertNever(event);
  }
}

function sendPayment(
  account: OpenAccount,
  {
    paymentNo,
    loanId,
    amountCents,
  }: Extract<AccountEvent, { type: "RepaymentSent" | "DueCollected" }>,
  at: number,
): void {
  assert(paymentNo === account.payments + 1, "payments are numbered without a gap");
  account.payments = paymentNo;
  if (amountCents === 0) return;
  moveMoney(account, -amountCents, 0);
  writeEntry(account, "repayment", at, amountCents, loanId, null);
}

function returnPayment(
  account: OpenAccount,
  loanId: LoanId,
  amountCents: number,
  at: number,
): void {
  moveMoney(account, amountCents, 0);
  writeEntry(account, "repayment_returned", at, amountCents, loanId, null);
}

function release(account: OpenAccount, holdNo: number, amountCents: number, at: number): void {
  moveMoney(account, amountCents, -amountCents);
  writeEntry(account, "hold_released", at, amountCents, loanOfHold(account, holdNo), holdNo);
}

function closeHold(account: OpenAccount, holdNo: number): void {
  assert(account.holds.get(holdNo, HOLD.status) !== HOLD_STATUS.closed, "a hold closes once");
  account.holds.set(holdNo, HOLD.status, HOLD_STATUS.closed);
  const loan = account.holds.get(holdNo, HOLD.loan);
  account.holds.close(holdNo);
  account.holdsOpen--;
  account.loans.close(loan);
}

function takeAsking(account: OpenAccount, holdNo: number): OutcomeEntry {
  const opened = account.asking.take(holdNo);
  assert(opened !== undefined, "the hold waits for its loan", holdNo);
  return opened;
}

function loanOfHold(account: OpenAccount, holdNo: number): LoanId {
  return account.loans.at(account.holds.get(holdNo, HOLD.loan));
}
