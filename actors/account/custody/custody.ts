// What an account has had to do with the custodian bank: withdrawals on their way and ended
// ones, and the references of all deposits, told by the bank or by an operator, so that each is
// booked once, however long ago it was. Rows of numbers in parts of the snapshot: a deposit
// costs 32 bytes there and about a hundred in memory. Most accounts have a deposit or two:
// nothing else is there before it is used.

import { sha256 } from "../../../src/hash/sha256.ts";
import { assert } from "../../../src/money/assert.ts";
import { Rows, ROWS_PER_SEGMENT, type RowSegment } from "../../rows.ts";

/** Withdrawals that the custodian has not confirmed nor refused, of one account. */
export const WITHDRAWALS_OPEN_MAX = 64;
/** Withdrawals ever, and deposits ever: beyond it a person must open another account. */
export const WITHDRAWALS_MAX = 1_000_000;
export const DEPOSITS_MAX = 1_000_000;
/** Why withdrawals failed is kept of so many; the entries have all. */
export const REASONS_KEPT_MAX = 64;

const WITHDRAWAL = { amountCents: 0, status: 1, heldAtMs: 2, settledAtMs: 3 } as const;
/** Three words of the reference's SHA-256, and the amount. */
const DEPOSIT_AMOUNT = 3;
const COLUMNS = 4;
/** An index costs as much as so many deposits; before, looking through them takes no longer. */
const INDEXED_FROM = 16;

const WITHDRAWAL_STATUSES = ["held", "paid", "failed"] as const;
export type WithdrawalStatus = (typeof WITHDRAWAL_STATUSES)[number];

export interface Withdrawal {
  readonly withdrawal: number;
  readonly status: WithdrawalStatus;
  readonly amountCents: number;
  readonly heldAtMs: number;
  /** When the custodian's word was taken down; null while it is held. */
  readonly settledAtMs: number | null;
  /** The custodian's word for why it failed; null when it did not, or it was long ago. */
  readonly reason: string | null;
}

/** Parts of the snapshot: holds have the numbers below, which no account ever reaches. */
const WITHDRAWAL_PARTS_FROM = 1_000_000_000;
const DEPOSIT_PARTS_FROM = 2_000_000_000;

export class Custody {
  /** These three from the first withdrawal on. */
  #withdrawals: Rows | null = null;
  /** Where the money of open withdrawals goes, by number. */
  #beneficiaries: Map<number, string> | null = null;
  #reasons: Map<number, string> | null = null;
  readonly #deposits: Rows;
  /** From INDEXED_FROM deposits on: fewer are looked through. */
  #depositIndex: Map<string, number> | null = null;

  constructor(deposits = new Rows(COLUMNS)) {
    this.#deposits = deposits;
    if (deposits.count >= INDEXED_FROM) this.#index();
  }

  /** The number of the last withdrawal. */
  get withdrawals(): number {
    return this.#withdrawals?.count ?? 0;
  }

  get withdrawalsOpen(): number {
    return this.#beneficiaries?.size ?? 0;
  }

  get deposits(): number {
    return this.#deposits.count;
  }

  withdrawal(withdrawalNo: number): Withdrawal | undefined {
    const rows = this.#withdrawals;
    if (rows?.has(withdrawalNo) !== true) return undefined;
    const status = WITHDRAWAL_STATUSES[rows.get(withdrawalNo, WITHDRAWAL.status)]!;
    return {
      withdrawal: withdrawalNo,
      status,
      amountCents: rows.get(withdrawalNo, WITHDRAWAL.amountCents),
      heldAtMs: rows.get(withdrawalNo, WITHDRAWAL.heldAtMs),
      settledAtMs: status === "held" ? null : rows.get(withdrawalNo, WITHDRAWAL.settledAtMs),
      reason: this.#reasons?.get(withdrawalNo) ?? null,
    };
  }

  /** What was booked under the custodian's reference, in cents; undefined when nothing was. */
  depositCents(reference: string): number | undefined {
    const row = this.#depositRow(wordsOf(reference));
    return row === undefined ? undefined : this.#deposits.get(row, DEPOSIT_AMOUNT);
  }

  #depositRow(words: Words): number | undefined {
    if (this.#depositIndex !== null) return this.#depositIndex.get(keyOf(words));
    const rows = this.#deposits;
    for (let row = 1; row <= rows.count; row++) {
      if (words.every((word, column) => rows.get(row, column) === word)) return row;
    }
    return undefined;
  }

  #index(): void {
    this.#depositIndex = new Map();
    for (let row = 1; row <= this.#deposits.count; row++) {
      const words = [0, 1, 2].map((column) => this.#deposits.get(row, column)) as Words;
      this.#depositIndex.set(keyOf(words), row);
    }
  }

  hold(withdrawalNo: number, amountCents: number, beneficiary: string, atMs: number): void {
    this.#withdrawals ??= new Rows(COLUMNS);
    const row = this.#withdrawals.append(amountCents, 0, atMs, 0);
    assert(row === withdrawalNo, "withdrawals are numbered without a gap", withdrawalNo);
    (this.#beneficiaries ??= new Map()).set(withdrawalNo, beneficiary);
  }

  settle(withdrawalNo: number, status: "paid" | "failed", atMs: number, reason?: string): void {
    const wasOpen = this.#beneficiaries?.delete(withdrawalNo) === true;
    assert(wasOpen && this.#withdrawals !== null, "a withdrawal ends once", withdrawalNo);
    this.#withdrawals.set(withdrawalNo, WITHDRAWAL.status, WITHDRAWAL_STATUSES.indexOf(status));
    this.#withdrawals.set(withdrawalNo, WITHDRAWAL.settledAtMs, atMs);
    if (reason === undefined) return;
    this.#reasons ??= new Map();
    this.#reasons.set(withdrawalNo, reason);
    if (this.#reasons.size <= REASONS_KEPT_MAX) return;
    for (const oldest of this.#reasons.keys()) {
      this.#reasons.delete(oldest);
      return;
    }
  }

  book(reference: string, amountCents: number): void {
    const words = wordsOf(reference);
    assert(this.#depositRow(words) === undefined, "a deposit is booked once", reference);
    const [first, second, third] = words;
    const row = this.#deposits.append(first, second, third, amountCents);
    if (this.#depositIndex !== null) this.#depositIndex.set(keyOf(words), row);
    else if (row >= INDEXED_FROM) this.#index();
  }

  toSnapshot(): unknown[] {
    return [
      this.#withdrawals?.header() ?? [0],
      this.#withdrawals?.tail() ?? [],
      [...(this.#beneficiaries ?? [])].flat(),
      [...(this.#reasons ?? [])].flat(),
      this.#deposits.header(),
      this.#deposits.tail(),
    ];
  }

  parts(which: "changed" | "all"): RowSegment[] {
    const of = (rows: Rows | null, from: number): RowSegment[] => {
      if (rows === null) return [];
      const segments = which === "all" ? rows.fullSegments() : rows.takeDirty();
      return segments.map(([no, numbers]) => [from + no, numbers]);
    };
    return [
      ...of(this.#withdrawals, WITHDRAWAL_PARTS_FROM),
      ...of(this.#deposits, DEPOSIT_PARTS_FROM),
    ];
  }

  static partsOf(values: readonly unknown[]): number[] {
    const [withdrawals, , , , deposits] = values as number[][];
    return [
      ...Rows.segmentsOf(withdrawals!).map((no) => WITHDRAWAL_PARTS_FROM + no),
      ...Rows.segmentsOf(deposits!).map((no) => DEPOSIT_PARTS_FROM + no),
    ];
  }

  /** `parts` are those that `isCustodyPart` says are its own. */
  static restore(values: readonly unknown[], parts: readonly RowSegment[]): Custody {
    const [header, tail, beneficiaries, reasons, depositHeader, depositTail] = values as (readonly (
      number | string
    )[])[];
    const withdrawals = parts.filter(([no]) => no < DEPOSIT_PARTS_FROM);
    const deposits = parts.filter(([no]) => no >= DEPOSIT_PARTS_FROM);
    const rowsOf = (of: unknown, end: unknown, segments: RowSegment[], from: number): Rows =>
      Rows.restore(
        COLUMNS,
        of as number[],
        end as number[],
        segments.map(([no, numbers]) => [no - from, numbers]),
      );
    const custody = new Custody(rowsOf(depositHeader, depositTail, deposits, DEPOSIT_PARTS_FROM));
    if (header![0] === 0) return custody;
    custody.#withdrawals = rowsOf(header, tail, withdrawals, WITHDRAWAL_PARTS_FROM);
    custody.#beneficiaries = mapOf(beneficiaries!);
    custody.#reasons = mapOf(reasons!);
    return custody;
  }
}

export function isCustodyPart([partNo]: RowSegment): boolean {
  return partNo >= WITHDRAWAL_PARTS_FROM;
}

assert(
  WITHDRAWALS_MAX / ROWS_PER_SEGMENT < DEPOSIT_PARTS_FROM - WITHDRAWAL_PARTS_FROM,
  "parts of withdrawals and deposits have different numbers",
);

function mapOf(pairs: readonly (number | string)[]): Map<number, string> {
  const map = new Map<number, string>();
  for (let at = 0; at < pairs.length; at += 2) {
    map.set(pairs[at] as number, pairs[at + 1] as string);
  }
  return map;
}

type Words = [number, number, number];

const utf8 = new TextEncoder();

/** 96 bits tell a million references apart: two of them are the same once in 10^17 accounts. */
function wordsOf(reference: string): Words {
  const hash = sha256(utf8.encode(reference));
  const word = (at: number): number =>
    (hash[at]! << 24) | (hash[at + 1]! << 16) | (hash[at + 2]! << 8) | hash[at + 3]!;
  return [word(0), word(4), word(8)];
}

function keyOf([first, second, third]: Words): string {
  return String.fromCharCode(
    first >>> 16,
    first & 0xffff,
    second >>> 16,
    second & 0xffff,
    third >>> 16,
    third & 0xffff,
  );
}
