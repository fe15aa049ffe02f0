import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addDays } from "../../src/lending/business-date.ts";
import {
  accruePenalty,
  daysPastDue,
  isInDefault,
  newPenaltyMeter,
  overdueBucketOf,
} from "../../src/lending/overdue.ts";
import { DAILY_RATE_PPM_MAX, dailyRatePpm } from "../../src/money/rate.ts";
import { date } from "./reference/golden.ts";

const DUE = date("2026-03-31");
/** 0.05 % a day. */
const RULE = { graceDays: 3, ratePpm: dailyRatePpm(500) };

describe("The penalty on what is overdue", () => {
  test.each([
    ["on the due date", 0, 0],
    ["on the last day of grace", 3, 0],
    ["the day after", 4, 44],
    ["two days after", 5, 89], // 88.849
    ["a hundred days after", 103, 4_442], // 4,442.45
  ])("%s", (_, days, chargedCents) => {
    const meter = accruePenalty(newPenaltyMeter(DUE), RULE, DUE, 88_849, addDays(DUE, days));
    expect(meter.chargedCents).toBe(chargedCents);
  });

  test("does not depend on how often and in what steps it is reckoned", () => {
    const some = fc.record({
      overdueCents: fc.oneof(fc.nat(1_000), fc.nat(2 ** 40)),
      ratePpm: fc.integer({ min: 0, max: DAILY_RATE_PPM_MAX }).map(dailyRatePpm),
      graceDays: fc.nat(90),
      gaps: fc.array(fc.nat(30), { minLength: 1, maxLength: 30 }),
    });
    fc.assert(
      fc.property(some, ({ overdueCents, ratePpm, graceDays, gaps }) => {
        const rule = { graceDays, ratePpm };
        let meter = newPenaltyMeter(DUE);
        let on = DUE;
        for (const gap of gaps) {
          on = addDays(on, gap);
          const next = accruePenalty(meter, rule, DUE, overdueCents, on);
          expect(next.chargedCents).toBeGreaterThanOrEqual(meter.chargedCents);
          // A day is charged once, however often the job runs.
          expect(accruePenalty(next, rule, DUE, overdueCents, on)).toEqual(next);
          meter = next;
        }
        const atOnce = accruePenalty(newPenaltyMeter(DUE), rule, DUE, overdueCents, on);
        expect(meter).toEqual(atOnce);
        const lateDays = BigInt(Math.max(0, on - DUE - graceDays));
        const exact = BigInt(overdueCents) * BigInt(ratePpm) * lateDays;
        expect(BigInt(meter.chargedCents)).toBe((2n * exact + 1_000_000n) / 2_000_000n);
      }),
      { numRuns: 300 },
    );
  });

  test("follows what is overdue from day to day, and rounds the sum only", () => {
    let meter = newPenaltyMeter(DUE);
    const rule = { graceDays: 0, ratePpm: dailyRatePpm(500) };
    // 0.4 cents a day for five days, then 0.2 cents a day for five: 3 cents, not 0.
    for (let day = 1; day <= 5; day++)
      meter = accruePenalty(meter, rule, DUE, 800, addDays(DUE, day));
    for (let day = 6; day <= 10; day++)
      meter = accruePenalty(meter, rule, DUE, 400, addDays(DUE, day));
    expect(meter).toEqual({
      accruedThrough: addDays(DUE, 10),
      chargedCents: 3,
      carryMillionths: 0,
    });
  });

  test("never goes back in time", () => {
    const later = accruePenalty(newPenaltyMeter(DUE), RULE, DUE, 88_849, addDays(DUE, 50));
    expect(accruePenalty(later, RULE, DUE, 1_000_000, addDays(DUE, 20))).toBe(later);
  });

  test.each([-1, 91, 0.5])("a grace of %d days is a bug", (graceDays) => {
    const rule = { ...RULE, graceDays };
    expect(() => accruePenalty(newPenaltyMeter(DUE), rule, DUE, 1, addDays(DUE, 1))).toThrow(
      /grace/,
    );
  });
});

describe("Days past due", () => {
  test("count from the due date, and are never negative", () => {
    expect(daysPastDue(DUE, addDays(DUE, -5))).toBe(0);
    expect(daysPastDue(DUE, DUE)).toBe(0);
    expect(daysPastDue(DUE, addDays(DUE, 91))).toBe(91);
  });

  test.each([
    [0, "current", false],
    [1, "days_1_30", false],
    [30, "days_1_30", false],
    [31, "days_31_60", false],
    [60, "days_31_60", false],
    [61, "days_61_90", false],
    [90, "days_61_90", false],
    [91, "days_over_90", true],
    [5_000, "days_over_90", true],
  ] as const)("%d of them: %s, in default: %s", (days, bucket, inDefault) => {
    expect(overdueBucketOf(days)).toBe(bucket);
    expect(isInDefault(days)).toBe(inDefault);
  });
});
