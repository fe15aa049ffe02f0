// What an account answers about the custodian bank: to its client, who wants money out, and to the
// custodian itself, whose word may come twice, late and in any order, and has its effect once.

import { assertNever } from "../../../src/money/assert.ts";
import type { AccountId } from "../../address.ts";
import { accept, refuse, type Decision, type RequestStamp } from "../../decider.ts";
import { BALANCE_CENTS_MAX, type OpenAccount } from "../account.ts";
import { DEPOSITS_MAX, WITHDRAWALS_MAX, WITHDRAWALS_OPEN_MAX } from "./custody.ts";
import type { CustodyEvent } from "./events.ts";

/** Asked by the client, once by its request id. */
export type CustodyRequest = {
  readonly type: "Withdraw";
  readonly amountCents: number;
  readonly beneficiary: string;
} & RequestStamp;

/**
 * Told by the custodian, at least once each: what was told before is accepted and changes nothing.
 */
export type CustodyNotice =
  | {
      readonly type: "BookDeposit";
      readonly accountId: AccountId;
      readonly reference: string;
      readonly amountCents: number;
      readonly bookedAtMs: number;
    }
  | {
      readonly type: "ConfirmWithdrawal";
      readonly accountId: AccountId;
      readonly withdrawalNo: number;
      readonly amountCents: number;
      readonly bookedAtMs: number;
    }
  | {
      readonly type: "FailWithdrawal";
      readonly accountId: AccountId;
      readonly withdrawalNo: number;
      readonly amountCents: number;
      readonly reason: string;
    };

export function decideCustody(
  account: OpenAccount,
  command: CustodyRequest | CustodyNotice,
): Decision<CustodyEvent> {
  switch (command.type) {
    case "Withdraw":
      return decideWithdrawal(account, command);
    case "BookDeposit": {
      const { reference, amountCents, bookedAtMs } = command;
      const bookedCents = account.custody?.depositCents(reference);
      if (bookedCents === amountCents) return accept();
      if (bookedCents !== undefined) return refuse("deposit_differs");
      const totalCents = account.availableCents + account.heldCents + amountCents;
      if (totalCents > BALANCE_CENTS_MAX) return refuse("amount_above_limit");
      if ((account.custody?.deposits ?? 0) >= DEPOSITS_MAX) return refuse("too_many_deposits");
      return accept({ type: "DepositBooked", reference, amountCents, bookedAtMs });
    }
    case "ConfirmWithdrawal":
    case "FailWithdrawal":
      return decideEnd(account, command);
    default:
      return assertNever(command);
  }
}

function decideWithdrawal(account: OpenAccount, command: CustodyRequest): Decision<CustodyEvent> {
  const { requestId, fingerprint, amountCents, beneficiary } = command;
  const { withdrawals, withdrawalsOpen } = account.custody ?? NO_WITHDRAWALS;
  if (beneficiary.trim() === "") return refuse("beneficiary_missing");
  if (withdrawalsOpen >= WITHDRAWALS_OPEN_MAX || withdrawals >= WITHDRAWALS_MAX) {
    return refuse("too_many_withdrawals");
  }
  if (amountCents > account.availableCents) return refuse("exceeds_available");
  const withdrawalNo = withdrawals + 1;
  const held = { withdrawalNo, amountCents, beneficiary };
  return accept({ type: "WithdrawalHeld", requestId, fingerprint, ...held });
}

const NO_WITHDRAWALS = { withdrawals: 0, withdrawalsOpen: 0 };

function decideEnd(
  account: OpenAccount,
  command: Extract<CustodyNotice, { withdrawalNo: number }>,
): Decision<CustodyEvent> {
  const { withdrawalNo, amountCents } = command;
  const known = account.custody?.withdrawal(withdrawalNo);
  if (known === undefined) return refuse("withdrawal_not_found");
  if (known.amountCents !== amountCents) return refuse("withdrawal_differs");
  const end = command.type === "ConfirmWithdrawal" ? "paid" : "failed";
  if (known.status === end) return accept();
  if (known.status !== "held") return refuse("withdrawal_ended_otherwise");
  if (command.type === "ConfirmWithdrawal") {
    const { bookedAtMs } = command;
    return accept({ type: "WithdrawalConfirmed", withdrawalNo, amountCents, bookedAtMs });
  }
  const { reason } = command;
  return accept({ type: "WithdrawalFailed", withdrawalNo, amountCents, reason });
}
