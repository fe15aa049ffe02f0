import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addDays, addMonths } from "../../src/lending/business-date.ts";
import {
  planAccruedCents,
  planOf,
  plannedPrincipalCents,
  takeDue,
} from "../../src/lending/plan.ts";
import { scheduleOf } from "../../src/lending/schedule.ts";
import type { MonthlyTerms } from "../../src/lending/terms.ts";
import { rateBps } from "../../src/money/rate.ts";
import { date } from "./reference/golden.ts";
import { someTerms } from "./some-terms.ts";

const LOAN: MonthlyTerms = {
  method: "equal_instalment",
  principalCents: 1_000_000,
  rateBps: rateBps(1_200),
  months: 12,
  disbursedOn: date("2026-01-31"),
};

describe("A repayment plan", () => {
  test("is the schedule at first", () => {
    const plan = planOf(LOAN);
    expect(plan.instalments).toEqual(scheduleOf(LOAN));
    expect(plan.instalmentCents).toBe(88_849);
    expect(plannedPrincipalCents(plan)).toBe(1_000_000);
  });

  test("gives what is due on a day, that day included, once", () => {
    const plan = planOf(LOAN);
    expect(takeDue(plan, date("2026-02-27"))).toEqual({ due: [], plan });
    const first = takeDue(plan, date("2026-02-28"));
    expect(first.due.map(({ k }) => k)).toEqual([1]);
    expect(first.plan.accruesFrom).toBe(date("2026-02-28"));
    expect(takeDue(first.plan, date("2026-02-28")).due).toEqual([]);
    const late = takeDue(plan, date("2026-04-30"));
    expect(late.due.map(({ k }) => k)).toEqual([1, 2, 3]);
    expect(late.plan.instalments[0]!.k).toBe(4);
  });

  test("gives all instalments in the end, whatever the days of asking", () => {
    fc.assert(
      fc.property(someTerms, fc.array(fc.integer({ min: 1, max: 400 })), (terms, gaps) => {
        let plan = planOf(terms);
        const seen = [];
        let on = terms.disbursedOn;
        for (const gap of gaps) {
          on = addDays(on, gap);
          const taken = takeDue(plan, on);
          seen.push(...taken.due);
          plan = taken.plan;
          expect(taken.due.every(({ due }) => due <= on)).toBe(true);
          expect(plan.instalments.every(({ due }) => due > on)).toBe(true);
        }
        expect([...seen, ...plan.instalments]).toEqual(scheduleOf(terms));
      }),
      { numRuns: 100 },
    );
  });

  test("accrues the running period's interest by days", () => {
    const plan = planOf(LOAN);
    expect(planAccruedCents(plan, date("2026-01-31"))).toBe(0);
    expect(planAccruedCents(plan, date("2026-02-14"))).toBe(5_000); // 14 of 28 days
    expect(planAccruedCents(plan, date("2026-02-28"))).toBe(10_000);
    expect(() => planAccruedCents(plan, date("2026-03-01"))).toThrow(/running period/);
    expect(() => planAccruedCents(plan, date("2026-01-30"))).toThrow(/running period/);
  });

  test("accrues nothing when nothing is to come", () => {
    const { plan } = takeDue(planOf(LOAN), addMonths(LOAN.disbursedOn, 12));
    expect(plan.instalments).toEqual([]);
    expect(planAccruedCents(plan, date("2030-01-01"))).toBe(0);
  });

  test("survives a snapshot", () => {
    const plan = planOf(LOAN);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });
});
