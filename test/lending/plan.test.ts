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
import { daysInterestCents } from "../../src/lending/interest.ts";
import type { DailyTerms, MonthlyTerms } from "../../src/lending/terms.ts";
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

  const BY_DAYS: DailyTerms = {
    method: "bullet_days",
    principalCents: 100_000_000,
    rateBps: rateBps(1_200),
    days: 366,
    basis: "actual",
    disbursedOn: date("2027-07-01"),
  };

  test("by days accrues by the year that each day lies in, as its interest is reckoned", () => {
    const plan = planOf(BY_DAYS);
    // 1,000,000.00 * 12 % * 184 / 365; the 182 days of 2028 count 1/366 each.
    expect(planAccruedCents(plan, date("2028-01-01"))).toBe(6_049_315);
    const first = planOf(BY_DAYS, 1);
    expect(planAccruedCents(first, date("2028-01-01"))).toBe(6_041_096);
    for (const each of [plan, first]) {
      const { due, interestCents } = each.instalments[0]!;
      expect(planAccruedCents(each, due)).toBe(interestCents);
    }
  });

  test("by days accrues to the second without a step at midnight, and within its period", () => {
    const plan = planOf(BY_DAYS);
    // A second of 2027 bears 0.38 cents, one of 2028 0.38 as well, but less.
    const newYear = date("2028-01-01");
    const before = planAccruedCents(plan, addDays(newYear, -1), 86_399);
    const after = planAccruedCents(plan, newYear, 1);
    expect([before, after]).toEqual([6_049_315, 6_049_315]);
    expect(planAccruedCents(plan, addDays(newYear, -1), 43_200)).toBe(6_032_877); // 183.5 / 365
    expect(planAccruedCents(plan, newYear, 43_200)).toBe(6_065_709); // and 0.5 / 366
    expect(() => planAccruedCents(plan, plan.instalments[0]!.due, 1)).toThrow(/running period/);
    const most = planOf({ ...BY_DAYS, rateBps: rateBps(100_000), days: 3_660 });
    const last = addDays(most.instalments[0]!.due, -1);
    expect(planAccruedCents(most, last, 86_399)).toBeLessThanOrEqual(
      most.instalments[0]!.interestCents,
    );
  });

  test("by days has as much before a day as after it, however a term is cut", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3_660 }),
        fc.constantFrom(360 as const, 364 as const, 365 as const, "actual" as const),
        fc.integer({ min: 0, max: 3_660 }),
        fc.integer({ min: 1, max: 10_000_000_000 }),
        (days, basis, cut, principalCents) => {
          const plan = planOf({ ...BY_DAYS, days, basis, principalCents });
          const on = addDays(plan.accruesFrom, Math.min(cut, days));
          const rest = daysInterestCents(
            principalCents,
            BY_DAYS.rateBps,
            on,
            days - Math.min(cut, days),
            basis,
          );
          const whole = plan.instalments[0]!.interestCents;
          // Two roundings instead of one.
          expect(Math.abs(planAccruedCents(plan, on) + rest - whole)).toBeLessThanOrEqual(1);
        },
      ),
    );
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
