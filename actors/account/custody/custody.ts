// What an account has had to do with the custodian bank: withdrawals on their way and ended ones, and
// the references of all deposits, so that each is booked once, however long ago it was. Rows of
// numbers in parts of the snapshot: a deposit costs 32 bytes there and about a hundred in memory.

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

export const WITHDRAWAL_STATUSES = ["held", "paid", "failed"] as const;
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
  #withdrawals = new Rows(COLUMNS);
  /** Where the money of open withdrawals goes, by number. */
  readonly #beneficiaries = new Map<number, string>();
  readonly #reasons = new Map<number, string>();
  #deposits = new Rows(COLUMNS);
  readonly #depositIndex = new Map<string, number>();

  /** The number of the last withdrawal. */
  get withdrawals(): number {
    return this.#withdrawals.count;
  }

  get withdrawalsOpen(): number {
    return this.#beneficiaries.size;
  }

  get deposits(): number {
    return this.#deposits.count;
  }

  withdrawal(withdrawalNo: number): Withdrawal | undefined {
    const rows = this.#withdrawals;
    if (!rows.has(withdrawalNo)) return undefined;
    const status = WITHDRAWAL_STATUSES[rows.get(withdrawalNo, WITHDRAWAL.status)]!;
    return {
      withdrawal: withdrawalNo,
      status,
      amountCents: rows.get(withdrawalNo, WITHDRAWAL.amountCents),
      heldAtMs: rows.get(withdrawalNo, WITHDRAWAL.heldAtMs),
      settledAtMs: status === "held" ? null : rows.get(withdrawalNo, WITHDRAWAL.settledAtMs),
      reason: this.#reasons.get(withdrawalNo) ?? null,
    };
  }

  /** What was booked under the custodian's reference, in cents; undefined when nothing was. */
  depositCents(reference: string): number | undefined {
    const row = this.#depositIndex.get(keyOf(wordsOf(reference)));
    return row === undefined ? undefined : this.#deposits.get(row, DEPOSIT_AMOUNT);
  }

  hold(withdrawalNo: number, amountCents: number, beneficiary: string, atMs: number): void {
    const row = this.#withdrawals.append(amountCents, 0, atMs, 0);
    assert(row === withdrawalNo, "withdrawals are numbered without a gap", withdrawalNo);
    this.#beneficiaries.set(withdrawalNo, beneficiary);
  }

  settle(withdrawalNo: number, status: "paid" | "failed", atMs: number, reason?: string): void {
    assert(this.#beneficiaries.delete(withdrawalNo), "a withdrawal ends once", withdrawalNo);
    this.#withdrawals.set(withdrawalNo, WITHDRAWAL.status, WITHDRAWAL_STATUSES.indexOf(status));
    this.#withdrawals.set(withdrawalNo, WITHDRAWAL.settledAtMs, atMs);
    if (reason === undefined) return;
    this.#reasons.set(withdrawalNo, reason);
    if (this.#reasons.size <= REASONS_KEPT_MAX) return;
    for (const oldest of this.#reasons.keys()) {
      this.#reasons.delete(oldest);
      return;
    }
  }

  book(reference: string, amountCents: number): void {
    const words = wordsOf(reference);
    const key = keyOf(words);
    assert(!this.#depositIndex.has(key), "a deposit is booked once", reference);
    const [first, second, third] = words;
    this.#depositIndex.set(key, this.#deposits.append(first, second, third, amountCents));
  }

  toSnapshot(): unknown[] {
    return [
      this.#withdrawals.header(),
      this.#withdrawals.tail(),
      [...this.#beneficiaries].flat(),
      [...this.#reasons].flat(),
      this.#deposits.header(),
      this.#deposits.tail(),
    ];
  }

  parts(which: "changed" | "all"): RowSegment[] {
    const of = (rows: Rows, from: number): RowSegment[] =>
      (which === "all" ? rows.fullSegments() : rows.takeDirty()).map(([no, numbers]) => [
        from + no,
        numbers,
      ]);
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
    const custody = new Custody();
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
    custody.#withdrawals = rowsOf(header, tail, withdrawals, WITHDRAWAL_PARTS_FROM);
    custody.#deposits = rowsOf(depositHeader, depositTail, deposits, DEPOSIT_PARTS_FROM);
    fill(custody.#beneficiaries, beneficiaries!);
    fill(custody.#reasons, reasons!);
    for (let row = 1; row <= custody.#deposits.count; row++) {
      const words = [0, 1, 2].map((column) => custody.#deposits.get(row, column)) as Words;
      custody.#depositIndex.set(keyOf(words), row);
    }
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

function fill(map: Map<number, string>, pairs: readonly (number | string)[]): void {
  for (let at = 0; at < pairs.length; at += 2)
    map.set(pairs[at] as number, pairs[at + 1] as string);
}

type Words = [number, number, number];

/** 96 bits tell a million references apart: two of them are the same once in 10^17 accounts. */
function wordsOf(reference: string): Words {
  const bytes = new Uint8Array(reference.length);
  // The custodian's references are ASCII, which its callbacks are checked for.
  for (let at = 0; at < bytes.length; at++) bytes[at] = reference.charCodeAt(at);
  const hash = sha256(bytes);
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
