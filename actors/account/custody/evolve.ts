// Applies what happened at the custodian bank to an account, in place. No rules here.

import { assertNever } from "../../../src/money/assert.ts";
import type { OpenAccount } from "../account.ts";
import { moveMoney, writeEntry } from "../movement.ts";
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
      moveMoney(account, -amountCents, amountCents);
      writeEntry(account, "withdrawal_held", at, amountCents, null, withdrawalNo);
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
      moveMoney(account, 0, -amountCents);
      writeEntry(account, "withdrawal_paid", at, amountCents, null, event.withdrawalNo);
      return account;
    case "WithdrawalFailed":
      custody.settle(event.withdrawalNo, "failed", at, event.reason);
      moveMoney(account, amountCents, -amountCents);
      writeEntry(account, "withdrawal_failed", at, amountCents, null, event.withdrawalNo);
      return account;
    case "DepositBooked":
      custody.book(event.reference, amountCents);
      moveMoney(account, amountCents, 0);
      writeEntry(account, "deposit", at, amountCents, null, null);
      return account;
    default:
      return assertNever(event);
  }
}
