import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addDays, isLeapYear, toCivil } from "../../src/lending/business-date.ts";
import { yearFraction } from "../../src/lending/day-count.ts";
import { date } from "./reference/golden.ts";
import { someDate } from "./some-terms.ts";

describe("A part of a year", () => {
  test.each([360, 364, 365] as const)("over %d is days over it, leap year or not", (basis) => {
    expect(yearFraction(date("2024-02-01"), 29, basis)).toEqual({
      numerator: 29,
      denominator: basis,
    });
  });

  test.each([
    ["within a year", "2026-03-01", 73, 73 / 365],
    ["within a leap year", "2024-03-01", 61, 61 / 366],
    // ISDA's memorandum of 1998: 1 Nov 2003 to 1 May 2004 is 61/365 + 121/366.
    ["over new year", "2003-11-01", 182, 61 / 365 + 121 / 366],
    ["over many years", "2023-12-31", 1 + 366 + 365, 1 / 365 + 1 + 1],
    ["none", "2024-05-05", 0, 0],
  ])("by actual/actual (ISDA), %s", (_, from, days, expected) => {
    const { numerator, denominator } = yearFraction(date(from), days, "actual");
    expect(numerator / denominator).toBeCloseTo(expected, 14);
  });

  test("by actual/actual is the sum of its days, each over its own year", () => {
    fc.assert(
      fc.property(someDate, fc.integer({ min: 0, max: 3_660 }), (from, days) => {
        let sum = 0;
        for (let n = 0; n < days; n++)
          sum += isLeapYear(toCivil(addDays(from, n)).year) ? 365 : 366;
        expect(yearFraction(from, days, "actual")).toEqual({
          numerator: sum,
          denominator: 365 * 366,
        });
      }),
      { numRuns: 50 },
    );
  });
});
