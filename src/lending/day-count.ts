// What part of a year a number of days is, by convention, as an exact fraction.

import {
  addDays,
  addMonths,
  fromCivil,
  isLeapYear,
  toCivil,
  type BusinessDate,
} from "./business-date.ts";

/**
 * Days over 360, 364 or 365; or "actual", which is actual/actual as ISDA 2006 defines it (4.16 b):
 * days in leap years over 366, all others over 365, each day of a span belonging to the year that
 * it lies in, the first included and the last not.
 */
export type DayCountBasis = 360 | 364 | 365 | "actual";

export const DAY_COUNT_BASES: readonly DayCountBasis[] = [360, 364, 365, "actual"];

export interface YearFraction {
  readonly numerator: number;
  readonly denominator: number;
}

/** The years from `from` until `days` later, by `basis`. */
export function yearFraction(from: BusinessDate, days: number, basis: DayCountBasis): YearFraction {
  if (basis !== "actual") return { numerator: days, denominator: basis };
  const leapDays = daysInLeapYears(from, addDays(from, days));
  return { numerator: leapDays * 365 + (days - leapDays) * 366, denominator: 365 * 366 };
}

function daysInLeapYears(from: BusinessDate, to: BusinessDate): number {
  let days = 0;
  let start = from;
  while (start < to) {
    const { year } = toCivil(start);
    const nextYear = addMonths(fromCivil({ year, month: 1, dayOfMonth: 1 }), 12);
    const end = nextYear < to ? nextYear : to;
    if (isLeapYear(year)) days += end - start;
    start = end;
  }
  return days;
}
