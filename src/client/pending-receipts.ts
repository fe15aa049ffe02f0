// Receipts of repayments that a watch was told of and that are still to come. A receipt that came
// is checked by itself and against the entry that it is of, and told once.

import { verifyReceipt, type Receipt, type ReceiptFault } from "./receipt.ts";
import type { AccountEntry } from "./request-types.ts";

/** With what `verifyReceipt` finds: `entry_differs`, it is not the receipt of what was booked. */
export type PushedReceiptFault = ReceiptFault | "entry_differs";

export interface ReceiptUpdate {
  readonly kind: "receipt";
  /** The entry that it is of, told before. */
  readonly entry: AccountEntry;
  readonly receipt: Receipt;
  /** Null when it holds. */
  readonly fault: PushedReceiptFault | null;
}

/** The server keeps fewer entries of an account: older ones are not told again either. */
const PENDING_MAX = 1_024;

export class PendingReceipts {
  /** By number, ascending. */
  readonly #entries = new Map<number, AccountEntry>();

  expect(entry: AccountEntry): void {
    if (entry.kind !== "repayment_received") return;
    this.#entries.set(entry.entry, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > PENDING_MAX) this.#entries.delete(oldest!);
  }

  /** Where to watch on so that no receipt is missed: before the oldest entry without one. */
  resumeAfter(lastEntry: number | null): number | null {
    const [oldest] = this.#entries.keys();
    return oldest === undefined ? lastEntry : oldest - 1;
  }

  /** There is a new start: what was told before it is over. */
  forget(): void {
    this.#entries.clear();
  }

  /** Null for one that was told already, or that nobody waits for. */
  received(view: Readonly<Record<string, unknown>>): ReceiptUpdate | null {
    const { entry: entryNo, ...receipt } = view as unknown as Receipt & { readonly entry: number };
    const entry = this.#entries.get(entryNo);
    if (entry === undefined) return null;
    this.#entries.delete(entryNo);
    const fault = verifyReceipt(receipt) ?? (isOf(receipt, entry) ? null : "entry_differs");
    return { kind: "receipt", entry, receipt, fault };
  }
}

function isOf(receipt: Receipt, entry: AccountEntry): boolean {
  return (
    receipt.loanId === entry.loanId &&
    receipt.clearing === entry.clearing &&
    receipt.ownCents === entry.amountCents &&
    receipt.ownPrincipalCents === entry.principalCents &&
    receipt.ownInterestCents === entry.interestCents &&
    receipt.ownPenaltyCents === entry.penaltyCents &&
    receipt.ownFeeCents === entry.feeCents
  );
}
