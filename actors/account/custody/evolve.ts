// Applies what happened at the custodian bank to an account, in place. No rules here.

import { assert, assertNever } from "../../../src/money/assert.ts";
import { cents } from "../../../src/money/cents.ts";
import type { OpenAccount } from "../account.ts";
import type { EntryKind } from "../entry-log.ts";
import { Custody } from "./custody.ts";
import type { CustodyEvent } from "./events.ts";

export function evolveCustody(account: OpenAccount, event: CustodyEvent, at: number): OpenAccount {
  account.custody ??= new Custody();
  const { custody } = account;
  const { amountCents } = event;
  switch (event.type) {
    case "WithdrawalHeld": {
      const { requestId, fingerprint, withdrawalNo, beneficiary } = event;
      custody.hold(withdrawalNo, amountCents, beneficiary, at);
      move(account, -amountCents, amountCents);
      write(account, "withdrawal_held", at, amountCents, withdrawalNo);
      const { availableCents, heldCents, entries } = account;
      account.outcomes.settle(requestId, fingerprint, {
        type: "WithdrawalHeld",
        withdrawal: withdrawalNo,
        availableCents,
        heldCents,
        entry: entries.count,
      });
      return account;
    }
    case "WithdrawalConfirmed":
      custody.settle(event.withdrawalNo, "paid", at);
      move(account, 0, -amountCents);
      write(account, "withdrawal_paid", at, amountCents, event.withdrawalNo);
      return account;
    case "WithdrawalFailed":
      custody.settle(event.withdrawalNo, "failed", at, event.reason);
      move(account, amountCents, -amountCents);
      write(account, "withdrawal_failed", at, amountCents, event.withdrawalNo);
      return account;
    case "DepositBooked":
      custody.book(event.reference, amountCents);
      move(account, amountCents, 0);
      write(account, "deposit", at, amountCents, null);
      return account;
    default:
      return assertNever(event);
  }
}

function move(account: OpenAccount, availableDelta: number, heldDelta: number): void {
  const availableCents = account.availableCents + availableDelta;
  const heldCents = account.heldCents + heldDelta;
  assert(availableCents >= 0 && heldCents >= 0, "neither part of a balance is negative");
  account.availableCents = cents(availableCents);
  account.heldCents = cents(heldCents);
}

function write(
  account: OpenAccount,
  kind: EntryKind,
  at: number,
  amountCents: number,
  withdrawalNo: number | null,
): void {
  const { availableCents, heldCents } = account;
  account.entries.write(kind, at, amountCents, availableCents, heldCents, null, withdrawalNo);
}
