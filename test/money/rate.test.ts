import { describe, expect, test } from "vitest";
import {
  DAILY_RATE_PPM_MAX,
  FEE_BPS_MAX,
  RATE_BPS_MAX,
  dailyRatePpm,
  feeBps,
  isDailyRatePpm,
  isFeeBps,
  isRateBps,
  rateBps,
} from "../../src/money/rate.ts";

describe.each([
  ["a yearly rate", rateBps, isRateBps, RATE_BPS_MAX],
  ["a fee", feeBps, isFeeBps, FEE_BPS_MAX],
  ["a daily rate", dailyRatePpm, isDailyRatePpm, DAILY_RATE_PPM_MAX],
] as const)("%s", (_, make, is, max) => {
  test("is a whole number from 0 to its limit", () => {
    for (const value of [0, 1, max]) {
      expect(is(value)).toBe(true);
      expect(make(value)).toBe(value);
    }
  });

  test("is nothing else", () => {
    for (const value of [-1, -0, max + 1, 0.5, NaN, Infinity]) {
      expect(is(value), String(value)).toBe(false);
      expect(() => make(value)).toThrow(/not a /);
    }
  });
});
