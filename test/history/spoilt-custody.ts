// Journals whose deposits or withdrawals at the custodian bank are spoilt, by the check that must
// find it. Each is a good history with records behind it that an account would never have written.

import type { Check } from "../../src/history/report.ts";
import { requestNo } from "./small-world.ts";
import type { TestJournal } from "./made-journal.ts";
import { append, find, type Loose, type Spoil } from "./spoil.ts";

const HELD = { withdrawalNo: 1, amountCents: 10_00 };

function held(withdrawalNo = 1): Loose {
  const stamp = { requestId: requestNo(900 + withdrawalNo), fingerprint: 7 };
  return { type: "WithdrawalHeld", ...stamp, ...HELD, withdrawalNo, beneficiary: "bank 1" };
}

function paid(more: object = {}): Loose {
  return { type: "WithdrawalConfirmed", ...HELD, bookedAtMs: 1, ...more };
}

function deposit(more: object = {}): Loose {
  return { type: "DepositBooked", reference: "d-1", amountCents: 5_00, bookedAtMs: 1, ...more };
}

function byHand(): Loose {
  const stamp = { requestId: requestNo(950), fingerprint: 7, by: "ops", isReferenceKept: true };
  return { type: "Deposited", ...stamp, reference: "d-1", amountCents: 5_00 };
}

/** Each event in a record of its own, of an account that has money. */
export function behind(...events: Loose[]): (journal: TestJournal) => void {
  return (journal) => {
    const { act } = find(journal, "Deposited", "ann");
    for (const event of events) append(journal, act, [event]);
  };
}

/** A good end of the history: what the spoilt ones are spoilt from. */
export const GOOD_CUSTODY: readonly Loose[] = [
  deposit(),
  held(),
  held(2),
  paid(),
  deposit({ reference: "d-2" }),
  { type: "WithdrawalFailed", ...HELD, withdrawalNo: 2, reason: "account_closed" },
];

export const SPOILT_CUSTODY = {
  deposit_twice: {
    "a deposit that is booked again": behind(deposit(), deposit()),
    "a deposit that an operator books again": behind(deposit(), byHand()),
    "a deposit that the bank tells of after an operator": behind(byHand(), deposit()),
    "a deposit that is booked again with another amount": behind(
      deposit(),
      deposit({ amountCents: 6_00 }),
    ),
  },
  withdrawal_wrong: {
    "a withdrawal that nobody asked for": behind(paid()),
    "a withdrawal that is paid twice": behind(held(), held(2), paid(), paid()),
    "a withdrawal that is paid and comes back": behind(held(), held(2), paid(), {
      type: "WithdrawalFailed",
      ...HELD,
      reason: "account_closed",
    }),
    "a withdrawal that is paid with another amount": behind(held(), paid({ amountCents: 9_00 })),
  },
} satisfies Partial<Record<Check, Record<string, Spoil>>>;
