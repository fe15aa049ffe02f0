import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BUSINESS_DATE_MAX,
  addDays,
  addMonths,
  businessDate,
  businessDateAtMs,
  formatBusinessDate,
  isBusinessDate,
  parseBusinessDate,
  secondsOfDate,
  toCivil,
} from "../../src/lending/business-date.ts";
import { date } from "./reference/golden.ts";

const DAY_MS = 86_400_000;

describe("A business date", () => {
  test("is written as the platform's own calendar writes it, on every day up to 9999", () => {
    const wrong: number[] = [];
    for (let day = 0; day <= BUSINESS_DATE_MAX; day += day < 60_000 ? 1 : 13) {
      const text = new Date(day * DAY_MS).toISOString().slice(0, 10);
      if (formatBusinessDate(businessDate(day)) !== text) wrong.push(day);
    }
    expect(wrong).toEqual([]);
    expect(formatBusinessDate(businessDate(BUSINESS_DATE_MAX))).toBe("9999-12-31");
  });

  test("is read back as it was written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 376_199 }).map(businessDate), (day) => {
        expect(parseBusinessDate(formatBusinessDate(day))).toBe(day);
      }),
    );
    expect(parseBusinessDate("1970-01-01")).toBe(0);
    expect(parseBusinessDate("2999-12-31")).toBe(376_199);
  });

  test.each([
    "2026-02-30",
    "2026-02-29",
    "2100-02-29",
    "2026-04-31",
    "2026-13-01",
    "2026-00-10",
    "2026-01-00",
    "2026-01-32",
    "1969-12-31",
    "3000-01-01",
    "2026-1-1",
    "26-01-01",
    "2026-01-01T00:00:00Z",
    " 2026-01-01",
    "2026-01-01\n",
    "2026/01/01",
    "+002026-01-01",
    "٢٠٢٦-٠١-٠١",
    "",
  ])("%j is refused", (text) => expect(parseBusinessDate(text)).toBeNull());

  test.each(["2024-02-29", "2000-02-29", "2026-12-31"])("%s is a day of the calendar", (text) => {
    expect(formatBusinessDate(date(text))).toBe(text);
  });

  test("of an instant is the day in UTC", () => {
    expect(businessDateAtMs(Date.UTC(2026, 1, 28, 23, 59, 59, 999))).toBe(date("2026-02-28"));
    expect(businessDateAtMs(Date.UTC(2026, 2, 1))).toBe(date("2026-03-01"));
    expect(() => businessDateAtMs(-1)).toThrow(/not a day since 1970/);
    expect(() => businessDateAtMs(NaN)).toThrow(/not a day/);
  });

  test.each([-1, -0, 0.5, NaN, BUSINESS_DATE_MAX + 1])("%d is none", (value) => {
    expect(isBusinessDate(value)).toBe(false);
    expect(() => businessDate(value)).toThrow(/not a day/);
  });
});

describe("Months later", () => {
  test.each([
    ["2026-01-31", ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]],
    ["2023-12-30", ["2024-01-30", "2024-02-29", "2024-03-30"]],
    ["2024-02-29", ["2024-03-29", "2024-04-29", "2024-05-29"]],
    ["2026-11-15", ["2026-12-15", "2027-01-15"]],
  ])("from %s keep the anchor's day, clipped to the month's end", (anchor, expected) => {
    const later = expected.map((_, index) => addMonths(date(anchor), index + 1));
    expect(later.map(formatBusinessDate)).toEqual(expected);
  });

  test("are in the right month, with the anchor's day or the last of the month", () => {
    const someDay = fc.integer({ min: 0, max: 376_000 }).map(businessDate);
    fc.assert(
      fc.property(someDay, fc.integer({ min: 0, max: 600 }), (anchor, months) => {
        const from = toCivil(anchor);
        const later = addMonths(anchor, months);
        const to = toCivil(later);
        expect(to.year * 12 + to.month - (from.year * 12 + from.month)).toBe(months);
        if (to.dayOfMonth !== from.dayOfMonth) {
          expect(to.dayOfMonth).toBeLessThan(from.dayOfMonth);
          expect(toCivil(addDays(later, 1)).dayOfMonth).toBe(1);
        }
      }),
    );
  });

  test("beyond 9999 are a bug", () => {
    expect(() => addMonths(businessDate(BUSINESS_DATE_MAX), 1)).toThrow(/not a day/);
  });
});

describe("The seconds of a date", () => {
  const day = businessDate(20_000);
  test.each([
    ["its first", 0, 0, 0],
    ["its last", 86_399_999, 0, 86_399],
    ["the one before it", -1, 0, 0],
    ["the one after it", 86_400_000, 0, 86_399],
    ["a year before", -365 * 86_400_000, 0, 0],
    ["a year after", 365 * 86_400_000, 0, 86_399],
    ["UTC's midnight, 8 h ahead of it", 0, 480, 28_800],
    ["UTC's midnight, 3 h behind it", 0, -180, 0],
    ["4 h after it, 3 h behind", 14_400_000, -180, 3_600],
  ])("at %s", (_, afterMs, offsetMinutes, seconds) => {
    expect(secondsOfDate(day, day * DAY_MS + afterMs, offsetMinutes)).toBe(seconds);
  });
});
