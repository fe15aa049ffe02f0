import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatBusinessDate } from "../../src/lending/business-date.ts";
import { scheduleOf, type Instalment } from "../../src/lending/schedule.ts";
import {
  SCHEDULE_PRINCIPAL_CENTS_MAX,
  TERM_DAYS_MAX,
  TERM_MONTHS_MAX,
  refusalOfTerms,
  type MonthlyTerms,
  type ScheduleTerms,
} from "../../src/lending/terms.ts";
import { RATE_BPS_MAX, rateBps, type RateBps } from "../../src/money/rate.ts";
import { date, goldenSchedules } from "./reference/golden.ts";
import { someTerms } from "./some-terms.ts";

const LOAN: MonthlyTerms = {
  method: "equal_instalment",
  principalCents: 1_000_000,
  rateBps: rateBps(1_200),
  months: 12,
  disbursedOn: date("2026-01-31"),
};

const paymentsOf = (instalments: readonly Instalment[]): number[] =>
  instalments.map(({ principalCents, interestCents }) => principalCents + interestCents);

describe("A schedule", () => {
  test("of 10,000.00 at 12 % over 12 months is 888.49 a month, the last one 888.47", () => {
    const schedule = scheduleOf(LOAN);
    const regular = Array.from({ length: 11 }, () => 88_849);
    expect(paymentsOf(schedule)).toEqual([...regular, 88_847]);
    expect(schedule.slice(0, 3).map(({ due }) => formatBusinessDate(due))).toEqual([
      "2026-02-28",
      "2026-03-31",
      "2026-04-30",
    ]);
  });

  test("is, for hundreds of loans, what exact fractions in another language say", () => {
    const cases = goldenSchedules();
    expect(cases.length).toBeGreaterThan(300);
    for (const { terms, expected } of cases) {
      expect(scheduleOf(terms), JSON.stringify(terms)).toEqual(expected);
    }
  });

  test("repays the principal exactly, never below zero, on dates that go up", () => {
    fc.assert(
      fc.property(someTerms, (terms) => {
        const schedule = scheduleOf(terms);
        const single = terms.method === "bullet" || terms.method === "bullet_days";
        expect(schedule.length).toBe(single ? 1 : terms.months);
        let leftCents = terms.principalCents;
        let before: number = terms.disbursedOn;
        schedule.forEach(({ k, due, principalCents, interestCents }, index) => {
          expect(k).toBe(index + 1);
          expect(due).toBeGreaterThan(before);
          expect(principalCents).toBeGreaterThanOrEqual(0);
          expect(principalCents).toBeLessThanOrEqual(leftCents);
          expect(Number.isSafeInteger(interestCents) && interestCents >= 0).toBe(true);
          if (terms.rateBps === 0) expect(interestCents).toBe(0);
          leftCents -= principalCents;
          before = due;
        });
        expect(leftCents).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  test("of equal instalments has equal ones but for the last, while anything is owed", () => {
    const schedule = scheduleOf({ ...LOAN, principalCents: 123_457, months: 36 });
    expect(new Set(paymentsOf(schedule).slice(0, -1)).size).toBe(1);
  });

  test("of equal principal never differs by more than a cent from part to part", () => {
    const parts = scheduleOf({
      ...LOAN,
      method: "equal_principal",
      principalCents: 100_001,
      months: 7,
    });
    const principals = parts.map(({ principalCents }) => principalCents);
    expect(Math.max(...principals) - Math.min(...principals)).toBe(1);
  });

  test.each(["equal_instalment", "equal_principal", "interest_only"] as const)(
    "of one cent over 600 months by %s repays one cent",
    (method) => {
      const schedule = scheduleOf({ ...LOAN, method, principalCents: 1, months: 600 });
      expect(schedule.reduce((sum, { principalCents }) => sum + principalCents, 0)).toBe(1);
      expect(schedule).toHaveLength(600);
    },
  );

  test("whose rounded-up instalment repays early has empty instalments then", () => {
    // 0.667 cents a month become one: all is repaid after 100 of 150 months.
    const schedule = scheduleOf({ ...LOAN, principalCents: 100, rateBps: rateBps(0), months: 150 });
    expect(paymentsOf(schedule).slice(0, 100)).toEqual(Array.from({ length: 100 }, () => 1));
    expect(new Set(paymentsOf(schedule).slice(100))).toEqual(new Set([0]));
  });

  test("at every limit together stays within safe integers", () => {
    const largest = {
      principalCents: SCHEDULE_PRINCIPAL_CENTS_MAX,
      rateBps: rateBps(RATE_BPS_MAX),
      disbursedOn: date("2999-12-31"),
    };
    for (const method of [
      "equal_instalment",
      "equal_principal",
      "interest_only",
      "bullet",
    ] as const) {
      const schedule = scheduleOf({ ...largest, method, months: TERM_MONTHS_MAX });
      const totalCents = paymentsOf(schedule).reduce((sum, each) => sum + each, 0);
      expect(Number.isSafeInteger(totalCents), method).toBe(true);
    }
    const days = {
      ...largest,
      method: "bullet_days",
      days: TERM_DAYS_MAX,
      basis: "actual",
    } as const;
    expect(Number.isSafeInteger(paymentsOf(scheduleOf(days))[0])).toBe(true);
  });

  test("counts days by each basis", () => {
    const interestBy = (basis: 360 | 364 | 365 | "actual"): number =>
      scheduleOf({
        method: "bullet_days",
        principalCents: 10_000_000,
        rateBps: rateBps(1_000),
        days: 366,
        basis,
        disbursedOn: date("2024-01-01"),
      })[0]!.interestCents;
    expect(([360, 364, 365, "actual"] as const).map(interestBy)).toEqual([
      1_016_667, 1_005_495, 1_002_740, 1_000_000,
    ]);
  });
});

describe("Terms", () => {
  const DAYS = { ...LOAN, method: "bullet_days", days: 90, basis: 365 } as const;

  test.each<[string, ScheduleTerms, string | null]>([
    ["sound ones", LOAN, null],
    ["sound ones in days", DAYS, null],
    ["no principal", { ...LOAN, principalCents: 0 }, "principal_out_of_range"],
    ["half a cent", { ...LOAN, principalCents: 0.5 }, "principal_out_of_range"],
    [
      "too much principal",
      { ...LOAN, principalCents: SCHEDULE_PRINCIPAL_CENTS_MAX + 1 },
      "principal_out_of_range",
    ],
    ["not a number", { ...LOAN, principalCents: NaN }, "principal_out_of_range"],
    ["a negative rate", { ...LOAN, rateBps: -1 as RateBps }, "rate_out_of_range"],
    ["too high a rate", { ...LOAN, rateBps: 100_001 as RateBps }, "rate_out_of_range"],
    ["no months", { ...LOAN, months: 0 }, "term_out_of_range"],
    ["601 months", { ...LOAN, months: 601 }, "term_out_of_range"],
    ["3,661 days", { ...DAYS, days: 3_661 }, "term_out_of_range"],
    ["no days", { ...DAYS, days: 0 }, "term_out_of_range"],
    ["an unknown basis", { ...DAYS, basis: 366 as 365 }, "basis_unknown"],
    ["a date that is none", { ...LOAN, disbursedOn: -1 as never }, "date_out_of_range"],
    ["a schedule beyond 9999", { ...LOAN, disbursedOn: 2_932_896 as never }, "date_out_of_range"],
    [
      "everything wrong: the principal first",
      { ...LOAN, principalCents: 0, months: 0 },
      "principal_out_of_range",
    ],
    [
      "rate and term wrong: the rate first",
      { ...LOAN, rateBps: -1 as RateBps, months: 0 },
      "rate_out_of_range",
    ],
  ])("%s", (_, terms, refusal) => {
    expect(refusalOfTerms(terms)).toBe(refusal);
    if (refusal === null) expect(() => scheduleOf(terms)).not.toThrow();
    else expect(() => scheduleOf(terms)).toThrow(refusal);
  });
});
