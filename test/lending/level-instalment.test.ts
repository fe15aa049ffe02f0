import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { levelInstalmentCents } from "../../src/lending/level-instalment.ts";
import { SCHEDULE_PRINCIPAL_CENTS_MAX, TERM_MONTHS_MAX } from "../../src/lending/terms.ts";
import { RATE_BPS_MAX, rateBps } from "../../src/money/rate.ts";
import { someMonths, somePrincipal, someRate } from "./some-terms.ts";

describe("The level instalment", () => {
  test("of 10,000.00 at 12 % over 12 months is 888.49", () => {
    expect(levelInstalmentCents(1_000_000, rateBps(1_200), 12)).toBe(88_849);
  });

  test.each([
    [915, 4_000, 2, 481], // 480.5
    [105, 12_000, 2, 61], // 60.5
    [22_575, 800, 2, 11_401], // 11,400.5, which 60 decimal digits round down
    [60_000, 1, 1, 60_001], // 60,000.5
  ])(
    "of %d at %d bps over %d months is a half exactly, and goes up to %d",
    (cents, bps, n, level) => {
      expect(levelInstalmentCents(cents, rateBps(bps), n)).toBe(level);
    },
  );

  test("without interest is an equal part, rounded half up", () => {
    expect(levelInstalmentCents(100, rateBps(0), 3)).toBe(33);
    expect(levelInstalmentCents(1, rateBps(0), 2)).toBe(1);
    expect(levelInstalmentCents(1, rateBps(0), 3)).toBe(0);
  });

  test("over one month is all of it with a month's interest", () => {
    expect(levelInstalmentCents(1_000_000, rateBps(1_200), 1)).toBe(1_010_000);
  });

  test("grows with principal and rate, falls with the term, and pays the interest", () => {
    fc.assert(
      fc.property(somePrincipal, someRate, someMonths, (principalCents, rate, months) => {
        const level = levelInstalmentCents(principalCents, rate, months);
        if (principalCents < SCHEDULE_PRINCIPAL_CENTS_MAX) {
          expect(levelInstalmentCents(principalCents + 1, rate, months)).toBeGreaterThanOrEqual(
            level,
          );
        }
        if (rate < RATE_BPS_MAX) {
          const higher = levelInstalmentCents(principalCents, rateBps(rate + 1), months);
          expect(higher).toBeGreaterThanOrEqual(level);
        }
        if (months < TERM_MONTHS_MAX) {
          const longer = levelInstalmentCents(principalCents, rate, months + 1);
          expect(longer).toBeLessThanOrEqual(level);
        }
        expect(level + 0.5).toBeGreaterThanOrEqual((principalCents * rate) / 120_000);
      }),
    );
  });
});
