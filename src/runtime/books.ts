// The trial balance of all shards as an accountant reads it. Each shard's books balance alone at
// every moment, so totals of shards that were looked at one after the other balance too.

import { toSafeNumber } from "../money/proportion.ts";
import type { ReplyOf } from "../protocol/table.ts";
import { CLOSINGS_KEPT_MAX, type Closing } from "./calendar.ts";
import type { ShardState } from "./shard-state.ts";

/** Rows of totals; with more shards than fit, they are of all shards together. */
export const BOOK_ROWS_MAX = 600;

type BooksView = ReplyOf<"books.get">;
type Totals = Readonly<Record<string, string>>;

export interface ShardBooks {
  readonly shard: number;
  readonly day: number;
  readonly totals: Totals;
  readonly closings: readonly Closing[];
}

export function booksOf({ shard, calendar, trial }: ShardState): ShardBooks {
  return { shard, day: calendar.day, totals: trial.totals(), closings: [...calendar.closings] };
}

/** `day`: a closed business date, or null for now. Null when that day is not closed or not kept. */
export function booksView(shards: readonly ShardBooks[], day: number | null): BooksView | null {
  const totals = shards.map((books) => (day === null ? books.totals : totalsAt(books, day)));
  if (!isWhole(totals)) return null;
  const { cash, memo } = sidesOf(totals);
  const transit = summed(totals).get("transit") ?? 0n;
  return {
    day: day ?? Math.min(...shards.map((books) => books.day)),
    isClosed: day !== null,
    cashDebitCents: toSafeNumber(cash.debit),
    cashCreditCents: toSafeNumber(cash.credit),
    memoDebitCents: toSafeNumber(memo.debit),
    memoCreditCents: toSafeNumber(memo.credit),
    differenceCents: differenceOf({ cash, memo }),
    inTransitCents: toSafeNumber(absolute(transit)),
    totals: rowsOf(shards, totals),
    closings: closingsOf(shards),
  };
}

/** As the day was closed. A day on which nothing was begun has the totals of the one before. */
function totalsAt({ day: today, closings }: ShardBooks, day: number): Totals | null {
  if (day >= today) return null;
  return closings.findLast((closing) => closing.day <= day)?.totals ?? null;
}

function isWhole(totals: readonly (Totals | null)[]): totals is readonly Totals[] {
  return totals.every((each) => each !== null);
}

interface Sides {
  debit: bigint;
  credit: bigint;
}

interface Books {
  readonly cash: Sides;
  readonly memo: Sides;
}

/** Balances by code over all shards, debits apart from credits. */
function sidesOf(totals: readonly Totals[]): Books {
  const books: Books = { cash: { debit: 0n, credit: 0n }, memo: { debit: 0n, credit: 0n } };
  for (const [code, total] of summed(totals)) {
    const sides = isMemo(code) ? books.memo : books.cash;
    if (total > 0n) sides.debit += total;
    else sides.credit -= total;
  }
  return books;
}

function differenceOf({ cash, memo }: Books): number {
  const cashDifference = absolute(cash.debit - cash.credit);
  return toSafeNumber(cashDifference + absolute(memo.debit - memo.credit));
}

function summed(totals: readonly Totals[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const each of totals) {
    for (const [code, total] of Object.entries(each)) {
      sums.set(code, (sums.get(code) ?? 0n) + BigInt(total));
    }
  }
  return sums;
}

function rowsOf(shards: readonly ShardBooks[], totals: readonly Totals[]): BooksView["totals"] {
  const codes = [...summed(totals).keys()];
  const byShard = codes.flatMap((code) =>
    totals.flatMap((each, place) => rowOf(code, shards[place]!.shard, BigInt(each[code] ?? 0))),
  );
  if (byShard.length <= BOOK_ROWS_MAX) return byShard;
  return [...summed(totals)].flatMap(([code, total]) => rowOf(code, null, total));
}

function rowOf(code: string, shard: number | null, total: bigint): BooksView["totals"] {
  if (total === 0n) return [];
  const debitCents = total > 0n ? toSafeNumber(total) : 0;
  const creditCents = total < 0n ? toSafeNumber(-total) : 0;
  return [{ code, isMemo: isMemo(code), shard, debitCents, creditCents }];
}

function closingsOf(shards: readonly ShardBooks[]): BooksView["closings"] {
  const days = new Set(shards.flatMap(({ closings }) => closings.map(({ day }) => day)));
  const kept = [...days].sort((a, b) => a - b).slice(-CLOSINGS_KEPT_MAX);
  return kept.flatMap((day) => {
    const totals = shards.map((books) => totalsAt(books, day));
    if (!isWhole(totals)) return [];
    const books = sidesOf(totals);
    const cashCents = toSafeNumber(books.cash.debit);
    const memoCents = toSafeNumber(books.memo.debit);
    return [{ day, cashCents, memoCents, differenceCents: differenceOf(books) }];
  });
}

function isMemo(code: string): boolean {
  return code.startsWith("memo.");
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}
