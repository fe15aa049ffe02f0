import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { levelInstalmentCents } from "../../src/lending/level-instalment.ts";
import { solve, type Solution, type SolveRequest } from "../../src/lending/solve.ts";
import { SCHEDULE_PRINCIPAL_CENTS_MAX } from "../../src/lending/terms.ts";
import { RATE_BPS_MAX, rateBps, type RateBps } from "../../src/money/rate.ts";
import { someMonths, somePrincipal, someRate } from "./some-terms.ts";

const LOAN = { principalCents: 1_000_000, rateBps: rateBps(1_200), months: 12 };
const SOLVED = { refused: null, ...LOAN, instalmentCents: 88_849, lastInstalmentCents: 88_847 };

function solved(request: SolveRequest): Solution {
  const result = solve(request);
  if (result.refused !== null) throw new Error(result.refused);
  return result;
}

describe("Solving for what is not given", () => {
  test.each<[string, SolveRequest, Partial<Solution>]>([
    ["the payment", { unknown: "payment", ...LOAN }, {}],
    [
      "the rate",
      { unknown: "rate", principalCents: 1_000_000, months: 12, paymentCents: 88_849 },
      {},
    ],
    [
      "the term",
      { unknown: "term", principalCents: 1_000_000, rateBps: LOAN.rateBps, paymentCents: 88_849 },
      {},
    ],
    [
      "the amount: the largest with that instalment",
      { unknown: "amount", rateBps: LOAN.rateBps, months: 12, paymentCents: 88_849 },
      { principalCents: 1_000_008, lastInstalmentCents: 88_856 },
    ],
  ])("%s", (_, request, other) => expect(solve(request)).toEqual({ ...SOLVED, ...other }));

  test("the rate: the highest instalment within the payment, and the lowest rate that has it", () => {
    fc.assert(
      fc.property(somePrincipal, someRate, someMonths, (principalCents, rate, months) => {
        const paymentCents = levelInstalmentCents(principalCents, rate, months);
        fc.pre(paymentCents > 0);
        const found = solved({ unknown: "rate", principalCents, months, paymentCents });
        expect(found.instalmentCents).toBe(paymentCents);
        expect(found.rateBps).toBeLessThanOrEqual(rate);
        if (found.rateBps > 0) {
          const lower = rateBps(found.rateBps - 1);
          expect(levelInstalmentCents(principalCents, lower, months)).toBeLessThan(paymentCents);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("the rate, where no whole basis point has that instalment: the one below", () => {
    const at = (bps: number): number => levelInstalmentCents(1_000_000_000, rateBps(bps), 12);
    expect(at(1_201) - at(1_200)).toBeGreaterThan(1);
    const paymentCents = at(1_201) - 1;
    const request = {
      unknown: "rate",
      principalCents: 1_000_000_000,
      months: 12,
      paymentCents,
    } as const;
    expect(solved(request).rateBps).toBe(1_200);
  });

  test("the term: the fewest months within the payment", () => {
    fc.assert(
      fc.property(
        somePrincipal,
        someRate,
        fc.integer({ min: 0, max: 1_000 }),
        (cents, rate, perMille) => {
          const paymentCents = Math.max(1, Math.floor(cents * (rate / 120_000 + perMille / 1_000)));
          const request = {
            unknown: "term",
            principalCents: cents,
            rateBps: rate,
            paymentCents,
          } as const;
          const result = solve(request);
          const pays = BigInt(paymentCents) * 120_000n > BigInt(cents) * BigInt(rate);
          if (result.refused !== null) {
            expect(result.refused).toBe(pays ? "term_too_long" : "payment_never_repays");
            if (pays) expect(levelInstalmentCents(cents, rate, 600)).toBeGreaterThan(paymentCents);
            return;
          }
          expect(result.instalmentCents).toBeLessThanOrEqual(paymentCents);
          if (result.months > 1) {
            const shorter = levelInstalmentCents(cents, rate, result.months - 1);
            expect(shorter).toBeGreaterThan(paymentCents);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("the amount: the largest whose instalment is within the payment", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000_000_000 }),
        someRate,
        someMonths,
        (paymentCents, rate, months) => {
          const result = solve({ unknown: "amount", rateBps: rate, months, paymentCents });
          if (result.refused !== null) {
            expect(result.refused).toBe("payment_too_small");
            expect(levelInstalmentCents(1, rate, months)).toBeGreaterThan(paymentCents);
            return;
          }
          expect(result.instalmentCents).toBeLessThanOrEqual(paymentCents);
          if (result.principalCents < SCHEDULE_PRINCIPAL_CENTS_MAX) {
            const more = levelInstalmentCents(result.principalCents + 1, rate, months);
            expect(more).toBeGreaterThan(paymentCents);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  const RATE = { unknown: "rate", principalCents: 1_000_000, months: 12 } as const;
  const TERM = { unknown: "term", principalCents: 1_000_000, rateBps: LOAN.rateBps } as const;
  const AMOUNT = { unknown: "amount", rateBps: LOAN.rateBps, months: 12 } as const;

  test.each<[string, SolveRequest, string]>([
    ["interest that eats the payment", { ...TERM, paymentCents: 10_000 }, "payment_never_repays"],
    ["a hair more than the interest", { ...TERM, paymentCents: 10_001 }, "term_too_long"],
    [
      "interest that rounds down to the payment",
      { ...TERM, principalCents: 1_000_049, paymentCents: 10_000 },
      "payment_never_repays",
    ],
    ["less than an equal part", { ...RATE, paymentCents: 83_332 }, "payment_too_small"],
    [
      "more than the highest rate asks",
      { ...RATE, paymentCents: levelInstalmentCents(1_000_000, rateBps(RATE_BPS_MAX), 12) + 1 },
      "payment_too_large",
    ],
    ["more than the largest loan asks", { ...AMOUNT, paymentCents: 2 ** 50 }, "payment_too_large"],
    ["no payment", { ...AMOUNT, paymentCents: 0 }, "payment_out_of_range"],
    ["half a cent", { ...TERM, paymentCents: 0.5 }, "payment_out_of_range"],
    ["no principal", { ...RATE, principalCents: 0, paymentCents: 1 }, "principal_out_of_range"],
    ["too long a term", { ...AMOUNT, months: 601, paymentCents: 1 }, "term_out_of_range"],
    [
      "a rate that is none",
      { ...TERM, rateBps: -1 as RateBps, paymentCents: 1 },
      "rate_out_of_range",
    ],
  ])("refuses %s", (_, request, refused) => expect(solve(request)).toEqual({ refused }));

  test("refuses an amount where even a cent asks for more than the payment", () => {
    const highest = { unknown: "amount", rateBps: rateBps(RATE_BPS_MAX), months: 1 } as const;
    expect(solve({ ...highest, paymentCents: 1 })).toEqual({ refused: "payment_too_small" });
  });
});
