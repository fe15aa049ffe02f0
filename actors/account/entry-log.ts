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
/**
 * A row is one line of the processor's cache: at, what, available, held, amount and three zeros; or
 * the four parts of a share in a repayment. `what` is the kind and, times KINDS_MAX, the bid or
 * withdrawal (0: none), or the instalment and, times INSTALMENTS_MAX, the clearing.
 */
const COLUMNS = 8;
const COLUMN = { at: 0, what: 1, available: 2, held: 3, amount: 4 } as const;
const PART = { principal: 4, interest: 5, penalty: 6, fee: 7 } as const;
const KINDS_MAX = 64;
const INSTALMENTS_MAX = 4_096;

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
    const what = KIND_NO[kind] + KINDS_MAX * (bidId ?? 0);
    const row = this.#begin(loanId, at, what, availableCents, heldCents);
    const numbers = this.#numbers;
    numbers[row + COLUMN.amount] = amountCents;
    for (let column = COLUMN.amount + 1; column < COLUMNS; column++) numbers[row + column] = 0;
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
    assert(instalment < INSTALMENTS_MAX, "an instalment has its place in a row", instalment);
    const what = REPAYMENT_RECEIVED + KINDS_MAX * (instalment + INSTALMENTS_MAX * clearing);
    const row = this.#begin(loanId, at, what, availableCents, heldCents);
    const numbers = this.#numbers;
    numbers[row + PART.principal] = principalCents;
    numbers[row + PART.interest] = interestCents;
    numbers[row + PART.penalty] = penaltyCents;
    numbers[row + PART.fee] = feeCents;
  }

  /** Writes the columns that every entry has; where its row begins. */
  #begin(
    loanId: LoanId | null,
    at: number,
    what: number,
    availableCents: number,
    heldCents: number,
  ): number {
    const place = this.#count % ENTRIES_KEPT_MAX;
    const row = place * COLUMNS;
    const numbers = this.#numbers;
    numbers[row + COLUMN.at] = at;
    numbers[row + COLUMN.what] = what;
    numbers[row + COLUMN.available] = availableCents;
    numbers[row + COLUMN.held] = heldCents;
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
    const numbers = this.#numbers;
    const what = numbers[row + COLUMN.what]!;
    const kind = ENTRY_KINDS[what % KINDS_MAX]!;
    const number = Math.floor(what / KINDS_MAX);
    const at = numbers[row + COLUMN.at]!;
    const availableCents = numbers[row + COLUMN.available]!;
    const heldCents = numbers[row + COLUMN.held]!;
    const loanId = this.#loans[place]!;
    // Written out, twice: objects that are spread together took a fifth of a server that pushes.
    if (kind !== "repayment_received") {
      const isWithdrawal = kind.startsWith("withdrawal_");
      return {
        entry,
        at,
        kind,
        amountCents: numbers[row + COLUMN.amount]!,
        availableCents,
        heldCents,
        loanId,
        bidId: isWithdrawal ? null : number || null,
        principalCents: null,
        interestCents: null,
        penaltyCents: null,
        feeCents: null,
        clearing: null,
        instalment: null,
        withdrawal: isWithdrawal ? number : null,
      };
    }
    const principalCents = numbers[row + PART.principal]!;
    const interestCents = numbers[row + PART.interest]!;
    const penaltyCents = numbers[row + PART.penalty]!;
    const feeCents = numbers[row + PART.fee]!;
    return {
      entry,
      at,
      kind,
      amountCents: principalCents + interestCents + penaltyCents - feeCents,
      availableCents,
      heldCents,
      loanId,
      bidId: null,
      principalCents,
      interestCents,
      penaltyCents,
      feeCents,
      clearing: Math.floor(number / INSTALMENTS_MAX),
      instalment: number % INSTALMENTS_MAX,
      withdrawal: null,
    };
  }

  /** The rows as they are: the first value is the number of the last entry. */
  toSnapshot(): unknown[] {
    return [this.#count, new Float64Array(this.#numbers), this.#loans];
  }

  static restore(values: readonly unknown[]): EntryLog {
    const log = new EntryLog();
    log.#count = values[0] as number;
    const stored = values[1] as number[];
    for (const loanId of values[2] as (LoanId | null)[]) log.#loans.push(loanId);
    const kept = Math.min(log.#count, ENTRIES_KEPT_MAX);
    assert(log.#loans.length === kept, "as many entries are kept as there can be");
    const rows = stored.length === kept * COLUMNS ? stored : upgradeRows(stored, kept);
    for (const number of rows) log.#numbers.push(number);
    return log;
  }
}

/**
 * Rows of earlier snapshots: at, kind, amount, available, held, bid or withdrawal; and behind them,
 * since there are repayments, principal, interest, penalty, fee, clearing, instalment.
 */
function upgradeRows(stored: readonly number[], kept: number): number[] {
  const columns = stored.length / kept;
  assert(columns === 6 || columns === 12, "rows of a known layout", columns);
  const rows: number[] = [];
  for (let from = 0; from < stored.length; from += columns) {
    const [at, kindNo, amount, available, held, number] = stored.slice(from, from + 6) as number[];
    const parts = stored.slice(from + 6, from + 10);
    const [clearing, instalment] = stored.slice(from + 10, from + columns);
    if (kindNo === REPAYMENT_RECEIVED) {
      const cleared = instalment! + INSTALMENTS_MAX * clearing!;
      rows.push(at!, kindNo + KINDS_MAX * cleared, available!, held!, ...parts);
    } else {
      rows.push(at!, kindNo! + KINDS_MAX * number!, available!, held!, amount!, 0, 0, 0);
    }
  }
  return rows;
}
