// The day on which the custodian books. Its business day begins at midnight of its own time zone, a
// fixed offset from UTC; China has had no daylight saving time since 1991.

import { assert } from "../money/assert.ts";
import { DAY_MS, MINUTE_MS } from "../time/units.ts";

declare const brand: unique symbol;

/** `YYYY-MM-DD`, a day that exists, from 1970 to 9999. */
export type StatementDate = string & { readonly [brand]: "StatementDate" };

/** +08:00, the time of China. */
export const UTC_OFFSET_MINUTES_DEFAULT = 480;
/** From -12:00 to +14:00, the offsets that are in use. */
const UTC_OFFSET_MINUTES_MIN = -720;
const UTC_OFFSET_MINUTES_MAX = 840;

/** The last millisecond of the year 9999, less a day for any offset. */
export const TIME_MS_MAX = Date.UTC(9999, 11, 31) - 1;

/** Undefined for what is not a day of the calendar, such as 2026-02-30. */
export function parseStatementDate(text: string): StatementDate | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const atMs = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(atMs) || atMs < 0) return undefined;
  // V8 takes 2026-02-30 for 2026-03-02.
  return new Date(atMs).toISOString().startsWith(text) ? (text as StatementDate) : undefined;
}

/** The day at the custodian at that moment. `atMs`: milliseconds since the epoch. */
export function statementDateOf(atMs: number, utcOffsetMinutes: number): StatementDate {
  return dateOfDay(dayOf(atMs, utcOffsetMinutes));
}

/**
 * The same for very many times: consecutive ones are mostly of the same day, and formatting a date
 * costs more than everything else that is done with a line of a statement.
 */
export function statementDates(utcOffsetMinutes: number): (atMs: number) => StatementDate {
  let day = NaN;
  let date = "" as StatementDate;
  return (atMs) => {
    const next = dayOf(atMs, utcOffsetMinutes);
    if (next !== day) {
      day = next;
      date = dateOfDay(next);
    }
    return date;
  };
}

/** The first moment of the day and the first one after it, in ms since the epoch. */
export function boundsOf(
  date: StatementDate,
  utcOffsetMinutes: number,
): { readonly fromMs: number; readonly untilMs: number } {
  const fromMs = Date.parse(`${date}T00:00:00Z`) - utcOffsetMinutes * MINUTE_MS;
  return { fromMs, untilMs: fromMs + DAY_MS };
}

/** "+08:00", "-05:30" or "Z" to minutes; undefined for what is no offset. */
export function parseUtcOffset(text: string): number | undefined {
  if (text === "Z") return 0;
  const match = /^([+-])(\d{2}):([0-5]\d)$/.exec(text);
  if (match === null) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  const offset = match[1] === "-" ? 0 - minutes : minutes;
  return isUtcOffset(offset) ? offset : undefined;
}

export function formatUtcOffset(minutes: number): string {
  const digits = (value: number): string => String(Math.trunc(value)).padStart(2, "0");
  const most = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${digits(most / 60)}:${digits(most % 60)}`;
}

export function isUtcOffset(minutes: number): boolean {
  return (
    Number.isInteger(minutes) &&
    minutes >= UTC_OFFSET_MINUTES_MIN &&
    minutes <= UTC_OFFSET_MINUTES_MAX
  );
}

function dayOf(atMs: number, utcOffsetMinutes: number): number {
  return Math.floor((atMs + utcOffsetMinutes * MINUTE_MS) / DAY_MS);
}

function dateOfDay(day: number): StatementDate {
  assert(day >= 0 && day * DAY_MS <= TIME_MS_MAX + DAY_MS, "a day out of range", day);
  return new Date(day * DAY_MS).toISOString().slice(0, 10) as StatementDate;
}
