import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  accruedCents,
  daysInterestCents,
  monthsInterestCents,
} from "../../src/lending/interest.ts";
import { rateBps } from "../../src/money/rate.ts";
import { date } from "./reference/golden.ts";

describe("Interest", () => {
  test("of months is rounded half up once, however many there are", () => {
    expect(monthsInterestCents(1_000_000, rateBps(1_200), 1)).toBe(10_000);
    expect(monthsInterestCents(60_000, rateBps(1), 1)).toBe(1); // 0.5
    expect(monthsInterestCents(59_999, rateBps(1), 1)).toBe(0);
    expect(monthsInterestCents(60_000, rateBps(1), 3)).toBe(2); // 1.5
  });

  test("of days is rounded half up once", () => {
    const day = date("2025-06-01");
    expect(daysInterestCents(1_800_000, rateBps(1), day, 1, 360)).toBe(1); // 0.5
    expect(daysInterestCents(1_799_999, rateBps(1), day, 1, 360)).toBe(0);
  });
});

describe("Accrual", () => {
  test("day by day never falls, and sums to the period's interest exactly", () => {
    const some = fc.record({
      interestCents: fc.oneof(fc.nat(100), fc.maxSafeNat()),
      days: fc.integer({ min: 1, max: 400 }),
    });
    fc.assert(
      fc.property(some, ({ interestCents, days }) => {
        let sum = 0;
        for (let day = 1; day <= days; day++) {
          const newCents = accruedCents(interestCents, day, days) - sum;
          expect(newCents).toBeGreaterThanOrEqual(0);
          sum += newCents;
        }
        expect(sum).toBe(interestCents);
      }),
    );
  });

  test("by seconds agrees with that by days at the end of each day", () => {
    for (let day = 0; day <= 31; day++) {
      expect(accruedCents(98_765, day * 86_400, 31 * 86_400)).toBe(accruedCents(98_765, day, 31));
    }
    expect(accruedCents(31, 86_400 / 2, 31 * 86_400)).toBe(1); // half a day: 0.5
  });

  test("outside its period is a bug", () => {
    expect(() => accruedCents(100, 32, 31)).toThrow(/within its period/);
    expect(() => accruedCents(100, -1, 31)).toThrow(/within its period/);
  });
});
