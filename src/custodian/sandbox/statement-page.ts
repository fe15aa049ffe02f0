// The statement of a day, written line by line while it is being read: a day may have a million
// bookings. The format is described where it is read, in ../statement-reader.ts.

import { boundsOf, statementDateOf, type StatementDate } from "../statement-date.ts";
import type { Bank, BankEntry } from "./bank.ts";

const LINES_IN_PIECE = 256;

export interface StatementAsked {
  readonly date: StatementDate;
  readonly utcOffsetMinutes: number;
  /** The bank's time now, in ms since the epoch. */
  readonly nowMs: number;
}

/** The day that is not over yet. Days behind it have no statement. */
export function currentDate(bank: Bank, utcOffsetMinutes: number, nowMs: number): StatementDate {
  return statementDateOf(Math.max(nowMs, bank.lastBookedAtMs), utcOffsetMinutes);
}

/** Whole lines, many in one piece. What is booked after the call is not in it. */
export function statementPieces(bank: Bank, asked: StatementAsked): Iterable<string> {
  const { date, utcOffsetMinutes, nowMs } = asked;
  const { fromMs, untilMs } = boundsOf(date, utcOffsetMinutes);
  const { entries } = bank;
  const from = firstAtOrAfter(entries, fromMs);
  const until = firstAtOrAfter(entries, untilMs);
  const balanceBefore = (at: number): number => entries[at - 1]?.balanceCents ?? 0;
  const opening = {
    kind: "opening",
    date,
    utcOffsetMinutes,
    balanceCents: balanceBefore(from),
  };
  const closing = {
    kind: "closing",
    lines: until - from,
    balanceCents: balanceBefore(until),
    isFinal: date < currentDate(bank, utcOffsetMinutes, nowMs),
  };
  return pieces(opening, entries, from, until, closing);
}

function* pieces(
  opening: object,
  entries: readonly BankEntry[],
  from: number,
  until: number,
  closing: object,
): Generator<string, void> {
  yield `${JSON.stringify(opening)}\n`;
  for (let at = from; at < until; at += LINES_IN_PIECE) {
    const some = entries.slice(at, Math.min(until, at + LINES_IN_PIECE));
    yield some.map((entry) => `${JSON.stringify(entry)}\n`).join("");
  }
  yield `${JSON.stringify(closing)}\n`;
}

/** Entries are in order of time. */
function firstAtOrAfter(entries: readonly BankEntry[], atMs: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (entries[middle]!.bookedAtMs < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
