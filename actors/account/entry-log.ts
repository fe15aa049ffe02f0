// The last entries of an account as rows of numbers in a ring: written at every movement of money,
// read only when somebody watches. No object is made for an entry that nobody asks for.

import { assert } from "../../src/money/assert.ts";
import type { LoanId } from "../address.ts";

export const ENTRY_KINDS = [
  "deposit",
  "hold_placed",
  "hold_released",
  "hold_posted",
  "disbursement",
  "repayment",
  "repayment_returned",
  "repayment_received",
  "withdrawal_held",
  "withdrawal_paid",
  "withdrawal_failed",
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** By kind: its number in the rows. Looked up once for each entry, so it is no search. */
const KIND_NO = Object.fromEntries(ENTRY_KINDS.map((kind, number) => [kind, number])) as Readonly<
  Record<EntryKind, number>
>;
const REPAYMENT_RECEIVED = KIND_NO.repayment_received;

/** One line of the account's stream, which is its ledger. */
export interface Entry {
  /** 1, 2, 3 ... without a gap. */
  readonly entry: number;
  readonly at: number;
  readonly kind: EntryKind;
  /** What was moved, always positive; the kind says from where to where. */
  readonly amountCents: number;
  readonly availableCents: number;
  readonly heldCents: number;
  readonly loanId: LoanId | null;
  readonly bidId: number | null;
  /** Of a repayment: what it is made of, null for other entries. The amount is net of the fee. */
  readonly principalCents: number | null;
  readonly interestCents: number | null;
  readonly penaltyCents: number | null;
  readonly feeCents: number | null;
  /** The loan's number of the clearing. */
  readonly clearing: number | null;
  /** The first instalment that it settles a part of. */
  readonly instalment: number | null;
  /** The account's number of the withdrawal. */
  readonly withdrawal: number | null;
}

/** The last entries are kept for clients that resume their stream; older ones are history. */
export const ENTRIES_KEPT_MAX = 64;
/** at, kind, amount, available, held, bid or withdrawal (0: none); then parts of a repayment. */
const COLUMNS = 12;
const PARTS_FROM = 6;

export class EntryLog {
  #count = 0;
  readonly #numbers: number[] = [];
  readonly #loans: (LoanId | null)[] = [];

  /** Entries ever written: the number of the last one. */
  get count(): number {
    return this.#count;
  }

  write(
    kind: EntryKind,
    at: number,
    amountCents: number,
    availableCents: number,
    heldCents: number,
    loanId: LoanId | null,
    /** Of an entry about a withdrawal: its number. */
    bidId: number | null,
  ): void {
    const row = this.#begin(loanId, at, KIND_NO[kind], amountCents, availableCents, heldCents);
    const numbers = this.#numbers;
    numbers[row + 5] = bidId ?? 0;
    for (let column = PARTS_FROM; column < COLUMNS; column++) numbers[row + column] = 0;
  }

  /** The share of a lender in a repayment. */
  writeLeg(
    at: number,
    availableCents: number,
    heldCents: number,
    loanId: LoanId,
    principalCents: number,
    interestCents: number,
    penaltyCents: number,
    feeCents: number,
    clearing: number,
    instalment: number,
  ): void {
    const netCents = principalCents + interestCents + penaltyCents - feeCents;
    const row = this.#begin(loanId, at, REPAYMENT_RECEIVED, netCents, availableCents, heldCents);
    const numbers = this.#numbers;
    numbers[row + 5] = 0;
    numbers[row + PARTS_FROM] = principalCents;
    numbers[row + PARTS_FROM + 1] = interestCents;
    numbers[row + PARTS_FROM + 2] = penaltyCents;
    numbers[row + PARTS_FROM + 3] = feeCents;
    numbers[row + PARTS_FROM + 4] = clearing;
    numbers[row + PARTS_FROM + 5] = instalment;
  }

  /** Writes the columns that every entry has; where its row begins. */
  #begin(
    loanId: LoanId | null,
    at: number,
    kindNo: number,
    amountCents: number,
    availableCents: number,
    heldCents: number,
  ): number {
    const place = this.#count % ENTRIES_KEPT_MAX;
    const row = place * COLUMNS;
    const numbers = this.#numbers;
    numbers[row] = at;
    numbers[row + 1] = kindNo;
    numbers[row + 2] = amountCents;
    numbers[row + 3] = availableCents;
    numbers[row + 4] = heldCents;
    this.#loans[place] = loanId;
    this.#count++;
    return row;
  }

  /** The number of the oldest entry that is kept; one above the count when there is none. */
  get oldest(): number {
    return this.#count - this.#loans.length + 1;
  }

  /** The kept entries after a number, oldest first. */
  after(entry: number): Entry[] {
    const entries: Entry[] = [];
    for (let number = Math.max(entry + 1, this.oldest); number <= this.#count; number++) {
      entries.push(this.#read(number));
    }
    return entries;
  }

  #read(entry: number): Entry {
    const place = (entry - 1) % ENTRIES_KEPT_MAX;
    const row = place * COLUMNS;
    const kind = ENTRY_KINDS[this.#numbers[row + 1]!]!;
    const number = this.#numbers[row + 5]! || null;
    const isWithdrawal = kind.startsWith("withdrawal_");
    const parts = row + PARTS_FROM;
    const clearing = this.#numbers[parts + 4]!;
    const part = (column: number): number | null =>
      clearing === 0 ? null : this.#numbers[parts + column]!;
    return {
      entry,
      at: this.#numbers[row]!,
      kind,
      amountCents: this.#numbers[row + 2]!,
      availableCents: this.#numbers[row + 3]!,
      heldCents: this.#numbers[row + 4]!,
      loanId: this.#loans[place]!,
      bidId: isWithdrawal ? null : number,
      principalCents: part(0),
      interestCents: part(1),
      penaltyCents: part(2),
      feeCents: part(3),
      clearing: part(4),
      instalment: part(5),
      withdrawal: isWithdrawal ? number : null,
    };
  }

  toSnapshot(): unknown[] {
    return [this.#count, this.#numbers, this.#loans];
  }

  static restore(values: readonly unknown[]): EntryLog {
    const log = new EntryLog();
    log.#count = values[0] as number;
    const stored = values[1] as number[];
    const loans = (values[2] as unknown[]).length;
    // Before there were repayments, an entry had only the first numbers.
    const columns = loans === 0 ? COLUMNS : stored.length / loans;
    for (let entry = 0; entry < loans; entry++) {
      for (let column = 0; column < COLUMNS; column++) {
        log.#numbers.push(column < columns ? stored[entry * columns + column]! : 0);
      }
    }
    for (const loanId of values[2] as (LoanId | null)[]) log.#loans.push(loanId);
    const kept = Math.min(log.#count, ENTRIES_KEPT_MAX);
    assert(log.#loans.length === kept, "as many entries are kept as there can be");
    assert(log.#numbers.length === kept * COLUMNS, "an entry has all its numbers");
    return log;
  }
}
