// What loans are lent on: the limits hold together.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LENDING_TERMS_DEFAULT, payoffCentsMax } from "../../actors/loan/terms.ts";
import { scheduleTermsOf } from "../../actors/loan/repayment/repayment.ts";
import type { LoanTerms } from "../../actors/loan/terms.ts";
import { businessDate } from "../../src/lending/business-date.ts";
import { earlyInFull } from "../../src/lending/early-repayment.ts";
import { planOf } from "../../src/lending/plan.ts";
import { scheduleOf } from "../../src/lending/schedule.ts";
import { REPAYMENT_METHODS } from "../../src/lending/terms.ts";
import { feeBps } from "../../src/money/rate.ts";

const DAY = 20_000;

describe("Terms: the most that a payoff may be", () => {
  it("is no less than any schedule comes to, nor than a repayment in full on any day", () => {
    const terms = fc.record({
      method: fc.constantFrom(...REPAYMENT_METHODS),
      term: fc.integer({ min: 1, max: 60 }),
      rateBps: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100_000 })),
      basisDays: fc.constantFrom(0, 360, 364, 365),
      earlyFeeBps: fc.integer({ min: 0, max: 10_000 }),
      principalCents: fc.oneof(
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 1, max: 10_000_000_000 }),
      ),
    });
    const place = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(terms, place, (asked, at) => {
        const lent = { ...LENDING_TERMS_DEFAULT, ...asked } as unknown as LoanTerms;
        const most = payoffCentsMax(asked.principalCents, lent);
        const scheduled = scheduleOf(scheduleTermsOf(lent, DAY));
        const feeCents = Math.floor((asked.principalCents * asked.earlyFeeBps) / 10_000);
        const sumCents = scheduled.reduce((sum, each) => {
          return sum + each.principalCents + each.interestCents;
        }, 0);
        expect(sumCents + feeCents).toBeLessThanOrEqual(most);
        const firstDue = scheduled[0]!.due;
        const on = businessDate(DAY + Math.floor(at * (firstDue - DAY - 1)));
        const plan = planOf(scheduleTermsOf(lent, DAY));
        const full = earlyInFull(plan, on, feeBps(asked.earlyFeeBps));
        expect(full.refused).toBeNull();
        if (full.refused === null) expect(full.totalCents).toBeLessThanOrEqual(most);
      }),
      { numRuns: 1_000 },
    );
  });
});
