// How money moves inside an account, and how each movement is written down: the only two ways.

import { assert } from "../../src/money/assert.ts";
import { cents } from "../../src/money/cents.ts";
import type { LoanId } from "../address.ts";
import type { OpenAccount } from "./account.ts";
import type { EntryKind } from "./entry-log.ts";

/** Changes both parts of the balance, in cents; asserts that neither becomes negative. */
export function moveMoney(account: OpenAccount, availableDelta: number, heldDelta: number): void {
  const availableCents = account.availableCents + availableDelta;
  const heldCents = account.heldCents + heldDelta;
  assert(availableCents >= 0 && heldCents >= 0, "neither part of a balance is negative");
  account.availableCents = cents(availableCents);
  account.heldCents = cents(heldCents);
}

/**
 * An entry with the balance as it is now. `number` is that of the bid or withdrawal it is about.
 */
export function writeEntry(
  account: OpenAccount,
  kind: EntryKind,
  at: number,
  amountCents: number,
  loanId: LoanId | null,
  number: number | null,
): void {
  const { availableCents, heldCents } = account;
  account.entries.write(kind, at, amountCents, availableCents, heldCents, loanId, number);
}
