// Calendar dates as whole days since 1970-01-01: no time, no zone, no clock. The
// conversions are those of Howard Hinnant, "chrono-compatible low-level date algorithms"
// (proleptic Gregorian calendar).

import { AssertionError } from "../money/assert.ts";
import { DAY_MS, MINUTE_MS } from "../time/units.ts";

declare const brand: unique symbol;

/** Days since 1970-01-01. Differences are days; `<` is "before". */
export type BusinessDate = number & { readonly [brand]: "BusinessDate" };

export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly dayOfMonth: number;
}

export const SECONDS_PER_DAY = 86_400;
const MONTHS_PER_YEAR = 12;
const YEAR_MIN = 1970;
/** What may be typed. Dates that are computed may go on to BUSINESS_DATE_MAX. */
const YEAR_TYPED_MAX = 2999;

export const BUSINESS_DATE_MIN = 0;
/** 9999-12-31: the last that ISO 8601 writes with four digits. */
export const BUSINESS_DATE_MAX = 2_932_896;

export function isBusinessDate(value: number): value is BusinessDate {
  return (
    Number.isSafeInteger(value) &&
    value >= BUSINESS_DATE_MIN &&
    value <= BUSINESS_DATE_MAX &&
    !Object.is(value, -0)
  );
}

/** From a number of days since 1970-01-01; asserts that it is one, up to 9999-12-31. */
export function businessDate(value: number): BusinessDate {
  if (!isBusinessDate(value)) throw new AssertionError(`not a day since 1970: ${value}`);
  return value;
}

/** The UTC date of an instant in milliseconds since the epoch. */
export function businessDateAtMs(atMs: number): BusinessDate {
  return businessDate(Math.floor(atMs / DAY_MS));
}

/**
 * The seconds of a date that have passed at an instant, 0 to 86,399, where midnight is
 * `offsetMinutes` before UTC's. An operator's calendar may be on a date that the clock is
 * not on, and the clock's own is behind for a moment after midnight: before the date
 * begins it is 0, after its end 86,399. So a later instant, or a later date, never has
 * less of the time that both make up.
 */
export function secondsOfDate(date: BusinessDate, atMs: number, offsetMinutes: number): number {
  const passedMs = atMs + offsetMinutes * MINUTE_MS - date * DAY_MS;
  return Math.min(Math.max(Math.floor(passedMs / 1_000), 0), SECONDS_PER_DAY - 1);
}

/**
 * "2026-02-28"; null for another form, a date that is not in the
 * calendar, or a year not 1970 to 2999.
 */
export function parseBusinessDate(text: string): BusinessDate | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return null;
  const [year, month, dayOfMonth] = match.slice(1).map(Number) as [number, number, number];
  if (year < YEAR_MIN || year > YEAR_TYPED_MAX || month < 1 || month > MONTHS_PER_YEAR) return null;
  if (dayOfMonth < 1 || dayOfMonth > daysInMonth(year, month)) return null;
  return fromCivil({ year, month, dayOfMonth });
}

/** "2026-02-28". */
export function formatBusinessDate(date: BusinessDate): string {
  const { year, month, dayOfMonth } = toCivil(date);
  const twoDigits = (value: number): string => String(value).padStart(2, "0");
  return `${year}-${twoDigits(month)}-${twoDigits(dayOfMonth)}`;
}

/**
 * The anchor's day of the month, `months` later, clipped to that month's end. Always from the
 * anchor, never from a clipped date: 31 Jan, 28 Feb, 31 Mar.
 */
export function addMonths(anchor: BusinessDate, months: number): BusinessDate {
  const { year, month, dayOfMonth } = toCivil(anchor);
  const monthNo = year * MONTHS_PER_YEAR + (month - 1) + months;
  const targetYear = Math.floor(monthNo / MONTHS_PER_YEAR);
  const targetMonth = monthNo - targetYear * MONTHS_PER_YEAR + 1;
  const clipped = Math.min(dayOfMonth, daysInMonth(targetYear, targetMonth));
  return fromCivil({ year: targetYear, month: targetMonth, dayOfMonth: clipped });
}

export function addDays(date: BusinessDate, days: number): BusinessDate {
  return businessDate(date + days);
}

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

// Both conversions count years from 1 March, so that the leap day is the last of its year, and eras
// of 400 years, which all have 146,097 days. 719,468 days lie between 0000-03-01 and 1970-01-01.

/** Asserts that the date lies in 1970 to 9999; the parts must be a date of the calendar. */
export function fromCivil({ year, month, dayOfMonth }: CivilDate): BusinessDate {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const monthFromMarch = month > 2 ? month - 3 : month + 9;
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + dayOfMonth - 1;
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return businessDate(era * 146_097 + yearOfEra * 365 + leapDays + dayOfYear - 719_468);
}

export function toCivil(date: BusinessDate): CivilDate {
  const days = date + 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfMonth: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}
