import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addDays, addMonths, businessDate } from "../../src/lending/business-date.ts";
import {
  earlyFeeCents,
  earlyInFull,
  earlyInPart,
  type EarlyInPart,
  type Keep,
} from "../../src/lending/early-repayment.ts";
import { levelInstalmentCents } from "../../src/lending/level-instalment.ts";
import {
  planAccruedCents,
  planOf,
  plannedPrincipalCents,
  takeDue,
  type RepaymentPlan,
} from "../../src/lending/plan.ts";
import { scheduleOf } from "../../src/lending/schedule.ts";
import type { MonthlyTerms, ScheduleTerms } from "../../src/lending/terms.ts";
import { feeBps, rateBps } from "../../src/money/rate.ts";
import { date } from "./reference/golden.ts";
import { someTerms } from "./some-terms.ts";

const LOAN: MonthlyTerms = {
  method: "equal_instalment",
  principalCents: 1_000_000,
  rateBps: rateBps(1_200),
  months: 12,
  disbursedOn: date("2026-01-31"),
};
const NO_FEE = feeBps(0);

type Done = Extract<EarlyInPart, { refused: null }>;

function done(result: EarlyInPart): Done {
  if (result.refused !== null) throw new Error(result.refused);
  return result;
}

/** The plan two weeks into its first period. */
const inPart = (
  terms: ScheduleTerms,
  amountCents: number,
  keep: "term" | "instalment",
  fee = NO_FEE,
): EarlyInPart => earlyInPart(planOf(terms), date("2026-02-14"), amountCents, fee, keep);

describe("Repaying early in full", () => {
  test("costs principal, interest to that day, and the fee on principal", () => {
    expect(earlyInFull(planOf(LOAN), date("2026-02-14"), feeBps(100))).toEqual({
      refused: null,
      principalCents: 1_000_000,
      interestCents: 5_000,
      feeCents: 10_000,
      totalCents: 1_015_000,
    });
  });

  test("on a due date, after what is due was taken, costs no interest", () => {
    const { plan } = takeDue(planOf(LOAN), date("2026-03-31"));
    expect(earlyInFull(plan, date("2026-03-31"), NO_FEE)).toMatchObject({
      principalCents: plannedPrincipalCents(plan),
      interestCents: 0,
    });
  });

  test("on the day of disbursement costs the principal", () => {
    expect(earlyInFull(planOf(LOAN), LOAN.disbursedOn, NO_FEE)).toMatchObject({
      totalCents: 1_000_000,
    });
  });

  test.each([
    ["2026-01-30", "outside_running_period"],
    ["2026-02-28", "outside_running_period"],
    ["2026-03-01", "outside_running_period"],
  ])("on %s is refused: %s", (on, refused) => {
    expect(earlyInFull(planOf(LOAN), date(on), NO_FEE)).toEqual({ refused });
  });

  test("of a plan with nothing left is refused", () => {
    const { plan } = takeDue(planOf(LOAN), addMonths(LOAN.disbursedOn, 12));
    expect(earlyInFull(plan, date("2027-02-01"), NO_FEE)).toEqual({
      refused: "nothing_outstanding",
    });
  });
});

describe("Repaying early in part", () => {
  test("keeping the term makes each instalment smaller", () => {
    const { plan, ...parts } = done(inPart(LOAN, 505_000, "term"));
    expect(parts).toEqual({
      refused: null,
      principalCents: 500_000,
      interestCents: 5_000,
      feeCents: 0,
      remainderCents: 0,
    });
    expect(plan.instalments).toHaveLength(12);
    expect(plan.instalmentCents).toBe(levelInstalmentCents(500_000, LOAN.rateBps, 12));
    // A loan of half as much, whose first period has half of its days left.
    const half = scheduleOf({ ...LOAN, principalCents: 500_000 });
    expect(plan.instalments).toEqual([{ ...half[0]!, interestCents: 2_500 }, ...half.slice(1)]);
  });

  test("keeping the instalment makes the term shorter", () => {
    const { plan } = done(inPart(LOAN, 505_000, "instalment"));
    expect(plan.instalmentCents).toBe(88_849);
    expect(plan.instalments).toHaveLength(6);
    const amounts = plan.instalments.map((each) => each.principalCents + each.interestCents);
    // The first one lacks the interest of the 14 days that are not left of 28: 2,500.
    expect(amounts[0]).toBe(88_849 - 2_500);
    expect(new Set(amounts.slice(1, -1))).toEqual(new Set([88_849]));
    expect(amounts.at(-1)).toBeLessThanOrEqual(88_849);
    expect(plannedPrincipalCents(plan)).toBe(500_000);
  });

  test("keeping the instalment of equal principal keeps its parts", () => {
    const terms: MonthlyTerms = { ...LOAN, method: "equal_principal", principalCents: 1_200_000 };
    const { plan } = done(inPart(terms, 456_000, "instalment"));
    expect(plan.instalments.map(({ principalCents }) => principalCents)).toEqual([
      100_000, 100_000, 100_000, 100_000, 100_000, 100_000, 100_000, 50_000,
    ]);
    expect(plan.instalments[1]!.interestCents).toBe(6_500);
  });

  test("of a loan that bears interest only lowers the interest", () => {
    const { plan } = done(inPart({ ...LOAN, method: "interest_only" }, 505_000, "term"));
    expect(plan.instalments.map(({ interestCents }) => interestCents)).toEqual([
      2_500,
      ...Array.from({ length: 11 }, () => 5_000),
    ]);
    expect(plan.instalments.at(-1)!.principalCents).toBe(500_000);
  });

  test("of a bullet leaves interest for the days to come", () => {
    const terms = { ...LOAN, method: "bullet_days", days: 100, basis: 360 } as const;
    const on = addDays(LOAN.disbursedOn, 40);
    // 40 days of 1,000,000 cost 13,333.33, 60 of 500,000 10,000.
    const { plan, ...parts } = done(earlyInPart(planOf(terms), on, 513_333, NO_FEE, "term"));
    expect(parts).toMatchObject({ interestCents: 13_333, principalCents: 500_000 });
    expect(plan.instalments).toMatchObject([{ principalCents: 500_000, interestCents: 10_000 }]);
  });

  test("of a bullet in months leaves interest for the part of the whole term to come", () => {
    const terms: MonthlyTerms = { ...LOAN, method: "bullet", disbursedOn: date("2026-03-01") };
    // 73 of 365 days of the year's 120,000, then 292 days at half of that.
    const on = addDays(terms.disbursedOn, 73);
    const { plan, ...parts } = done(earlyInPart(planOf(terms), on, 524_000, NO_FEE, "term"));
    expect(parts).toMatchObject({ interestCents: 24_000, principalCents: 500_000 });
    expect(plan.instalments).toMatchObject([{ principalCents: 500_000, interestCents: 48_000 }]);
    // And again: the period is still the whole term.
    const later = addDays(on, 146);
    const second = done(earlyInPart(plan, later, 274_000, NO_FEE, "term"));
    expect(second).toMatchObject({ interestCents: 24_000, principalCents: 250_000 });
    expect(second.plan.instalments[0]!.interestCents).toBe(12_000);
  });

  test("twice in one period bears interest for each day on what was owed on it", () => {
    const first = done(earlyInPart(planOf(LOAN), date("2026-02-07"), 502_500, NO_FEE, "term"));
    expect(first.interestCents).toBe(2_500); // 7 of 28 days on 1,000,000
    const second = done(earlyInPart(first.plan, date("2026-02-21"), 252_500, NO_FEE, "term"));
    expect(second.interestCents).toBe(2_500); // 14 of 28 days on 500,000
    expect(second.principalCents).toBe(250_000);
    expect(second.plan.instalments[0]!.interestCents).toBe(625); // 7 of 28 days on 250,000
  });

  test("pays the fee on the principal that it repays, and uses the amount up but for a cent", () => {
    const { principalCents, feeCents, remainderCents } = done(
      inPart(LOAN, 106_000, "term", feeBps(100)),
    );
    expect({ principalCents, feeCents, remainderCents }).toEqual({
      principalCents: 100_000,
      feeCents: 1_000,
      remainderCents: 0,
    });
  });

  test.each<[string, EarlyInPart, string]>([
    ["only the interest", inPart(LOAN, 5_000, "term"), "amount_too_small"],
    ["less than the interest", inPart(LOAN, 1, "term"), "amount_too_small"],
    ["a cent that the fee takes", inPart(LOAN, 5_001, "term", feeBps(10_000)), "amount_too_small"],
    ["all principal", inPart(LOAN, 1_005_000, "term"), "amount_repays_all"],
    ["more than all", inPart(LOAN, 9_000_000, "instalment"), "amount_repays_all"],
    [
      "keeping the instalment of a bullet",
      inPart({ ...LOAN, method: "bullet" }, 505_000, "instalment"),
      "no_instalment_to_keep",
    ],
    [
      "keeping the instalment of interest only",
      inPart({ ...LOAN, method: "interest_only" }, 505_000, "instalment"),
      "no_instalment_to_keep",
    ],
    [
      "on a due date before it was taken",
      earlyInPart(planOf(LOAN), date("2026-02-28"), 500_000, NO_FEE, "term"),
      "outside_running_period",
    ],
  ])("%s is refused", (_, result, refused) => expect(result).toEqual({ refused }));

  test("sums exactly, and leaves a sound plan, after any number of times", () => {
    const step = fc.record({
      days: fc.integer({ min: 0, max: 200 }),
      perMille: fc.integer({ min: 0, max: 1_000 }),
      fee: fc.constantFrom(0, 1, 50, 333, 10_000).map(feeBps),
      keep: fc.constantFrom("term" as const, "instalment" as const),
    });
    let repaid = 0;
    fc.assert(
      fc.property(someTerms, fc.array(step, { maxLength: 12 }), (terms, steps) => {
        let plan = planOf(terms);
        let on = terms.disbursedOn;
        for (const { days, perMille, fee, keep } of steps) {
          on = addDays(on, days);
          plan = takeDue(plan, on).plan;
          const full = earlyInFull(plan, on, fee);
          if (full.refused !== null) break;
          const amountCents = Math.floor(full.totalCents * (perMille / 1_000));
          const result = earlyInPart(plan, on, amountCents, fee, keep);
          if (result.refused !== null) continue;
          expectSound(plan, result, on, amountCents, keep);
          expect(result.feeCents).toBe(earlyFeeCents(result.principalCents, fee));
          const oneMore = result.principalCents + 1;
          const paidCents = result.interestCents + oneMore + earlyFeeCents(oneMore, fee);
          expect(paidCents).toBeGreaterThan(amountCents);
          plan = result.plan;
          repaid++;
        }
      }),
      { numRuns: 500 },
    );
    expect(repaid).toBeGreaterThan(500);
  });
});

function expectSound(
  before: RepaymentPlan,
  result: Done,
  on: number,
  amountCents: number,
  keep: Keep,
): void {
  const { principalCents, interestCents, feeCents, remainderCents, plan } = result;
  expect(principalCents + interestCents + feeCents + remainderCents).toBe(amountCents);
  expect([0, 1]).toContain(remainderCents);
  expect(interestCents).toBe(planAccruedCents(before, businessDate(on)));
  expect(plannedPrincipalCents(plan)).toBe(plannedPrincipalCents(before) - principalCents);
  expect(plan.accruesFrom).toBe(on);
  expect(plan.instalments.length).toBeLessThanOrEqual(before.instalments.length);
  plan.instalments.forEach((each, index) => {
    const old = before.instalments[index]!;
    expect([each.k, each.due]).toEqual([old.k, old.due]);
    expect(each.principalCents).toBeGreaterThanOrEqual(0);
    expect(each.interestCents).toBeGreaterThanOrEqual(0);
    // Where instalments are levelled anew, later ones may bear more than a short last one did.
    if (keep === "instalment" || index === 0) {
      expect(each.interestCents).toBeLessThanOrEqual(old.interestCents);
    }
  });
}
