import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addDays, businessDate } from "../../src/lending/business-date.ts";
import { XIRR_FLOWS_MAX, XIRR_PPM_MAX, xirr, type CashFlow } from "../../src/lending/xirr.ts";
import { date, goldenReturns } from "./reference/golden.ts";

const flow = (on: string, amountCents: number): CashFlow => ({ on: date(on), amountCents });

describe("The annualised return", () => {
  test("of 100.00 that is 112.00 a year later is 12 %", () => {
    const flows = [flow("2026-01-01", -10_000), flow("2027-01-01", 11_200)];
    expect(xirr(flows)).toEqual({ defined: true, annualPpm: 120_000 });
  });

  test("is, for loans, losses and staggered flows, what 60 decimal digits say", () => {
    const cases = goldenReturns();
    expect(cases.length).toBeGreaterThan(40);
    for (const { flows, annualPpm } of cases) {
      const result = xirr(flows);
      expect(result.defined && Math.abs(result.annualPpm - annualPpm)).toBeLessThanOrEqual(0.5);
    }
  });

  test("of money that comes back as it was is zero, on whatever days", () => {
    const flows = [flow("2026-01-01", -500), flow("2026-04-01", 200), flow("2031-01-01", 300)];
    expect(xirr(flows)).toEqual({ defined: true, annualPpm: 0 });
  });

  test("does not depend on the order of flows, nor on cutting one in two", () => {
    const flows = [
      flow("2026-01-01", -90_001),
      flow("2026-04-01", 47_000),
      flow("2026-07-01", 47_000),
    ];
    const cut = [flow("2026-07-01", 40_000), ...flows.slice(0, 2), flow("2026-07-01", 7_000)];
    expect(xirr(cut)).toEqual(xirr(flows));
  });

  test("brings the values of all flows to zero, for anything that pays out and then receives", () => {
    const some = fc.record({
      paidCents: fc.integer({ min: 10_000, max: 1_000_000_000 }),
      parts: fc.array(
        fc.record({
          days: fc.integer({ min: 1, max: 90 }),
          perMille: fc.integer({ min: 1, max: 500 }),
        }),
        { minLength: 1, maxLength: 40 },
      ),
    });
    let defined = 0;
    fc.assert(
      fc.property(some, ({ paidCents, parts }) => {
        let on = businessDate(20_000);
        const flows: CashFlow[] = [{ on, amountCents: -paidCents }];
        for (const { days, perMille } of parts) {
          on = addDays(on, days);
          flows.push({ on, amountCents: Math.ceil(paidCents * (perMille / 1_000)) });
        }
        const result = xirr(flows);
        if (!result.defined) return;
        defined++;
        // Below -100 % there is no rate to compare with.
        if (result.annualPpm === -1_000_000) return;
        const valueAt = (ppm: number): number =>
          flows.reduce(
            (sum, each) => sum + each.amountCents * (1 + ppm / 1e6) ** (-(each.on - 20_000) / 365),
            0,
          );
        // Value falls with the rate; half a millionth and what floats lose lie between.
        const slack = paidCents * 1e-12;
        expect(valueAt(result.annualPpm - 0.5)).toBeGreaterThanOrEqual(-slack);
        expect(valueAt(result.annualPpm + 0.5)).toBeLessThanOrEqual(slack);
      }),
      { numRuns: 150 },
    );
    expect(defined).toBeGreaterThan(75);
  });

  test("of flows with several rates is the one nearest to zero", () => {
    // Sums to zero at 10 % and at 30 % a year: -1, 2.4, -1.43.
    const flows = [
      flow("2025-01-01", -10_000),
      flow("2026-01-01", 24_000),
      flow("2027-01-01", -14_300),
    ];
    expect(xirr(flows)).toEqual({ defined: true, annualPpm: 100_000 });
  });

  test("of a borrower is that of the lender", () => {
    const lender = [
      flow("2026-01-01", -100_000),
      flow("2026-09-01", 60_000),
      flow("2027-09-01", 60_000),
    ];
    const borrower = lender.map(({ on, amountCents }) => ({ on, amountCents: -amountCents }));
    expect(xirr(borrower)).toEqual(xirr(lender));
  });

  test("over nine hundred years is still found", () => {
    const flows = [flow("2000-01-01", -1), flow("2900-01-01", Number.MAX_SAFE_INTEGER)];
    const result = xirr(flows);
    expect(result.defined && result.annualPpm).toBeGreaterThan(40_000);
  });

  test("is found where a day's growth over the years overflows, and the sum was nothing before", () => {
    // 1 % a day on 100 cents, repaid after a day; centuries later the same again.
    const flows = [
      flow("2000-01-01", -100),
      flow("2000-01-02", 101),
      flow("2900-01-01", -100),
      flow("2900-01-02", 101),
    ];
    const daily = 1.01 ** 365 - 1;
    const result = xirr(flows);
    expect(result.defined && Math.abs(result.annualPpm - daily * 1e6)).toBeLessThanOrEqual(1);
  });

  test.each<[string, CashFlow[], string]>([
    ["no flows", [], "no_sign_change"],
    ["only payments", [flow("2026-01-01", -1), flow("2026-02-01", -1)], "no_sign_change"],
    ["only receipts", [flow("2026-01-01", 1)], "no_sign_change"],
    ["all on one day", [flow("2026-01-01", -100), flow("2026-01-01", 112)], "no_sign_change"],
    ["flows of nothing", [flow("2026-01-01", 0), flow("2026-02-01", 0)], "no_sign_change"],
    ["a tenfold gain in a day", [flow("2026-01-01", -1), flow("2026-01-02", 10)], "no_rate_found"],
    [
      "flows that no rate brings to zero",
      [flow("2025-01-01", -10_000), flow("2026-01-01", 10_000), flow("2027-01-01", -10_000)],
      "no_rate_found",
    ],
    [
      "too many flows",
      Array.from({ length: XIRR_FLOWS_MAX + 1 }, () => flow("2026-01-01", 1)),
      "too_many_flows",
    ],
  ])("is not defined for %s", (_, flows, reason) => {
    expect(xirr(flows)).toEqual({ defined: false, reason });
  });

  test("is found up to its limits and not beyond", () => {
    const grown = (factor: number): CashFlow[] => [
      flow("2026-01-01", -1_000_000),
      flow("2027-01-01", 1_000_000 * factor),
    ];
    expect(xirr(grown(10_001))).toEqual({ defined: true, annualPpm: XIRR_PPM_MAX });
    expect(xirr(grown(10_002))).toEqual({ defined: false, reason: "no_rate_found" });
    expect(xirr(grown(0.0002))).toEqual({ defined: true, annualPpm: -999_800 });
    expect(xirr(grown(0.000_002))).toEqual({ defined: true, annualPpm: -999_998 });
    expect(xirr(grown(0.000_001))).toEqual({ defined: true, annualPpm: -999_999 });
    const ruin = [flow("2026-01-01", -1_000_000_000), flow("2027-01-01", 1)];
    expect(xirr(ruin)).toEqual({ defined: true, annualPpm: -1_000_000 });
    const soon = [flow("2026-01-01", -1_000_00), flow("2026-04-11", 10_00)];
    expect(xirr(soon)).toEqual({ defined: true, annualPpm: -1_000_000 });
  });

  test("of half a cent is a bug", () => {
    expect(() => xirr([flow("2026-01-01", 0.5)])).toThrow(/whole cents/);
  });
});
