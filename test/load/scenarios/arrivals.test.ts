import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Arrivals } from "../../../load/scenarios/arrivals.ts";
import { SCENARIOS } from "../../../load/scenarios/catalogue.ts";
import { planOf, plannedRequests, type Plan } from "../../../load/scenarios/plan.ts";
import { emptyRequest, Requests, type PlannedRequest } from "../../../load/scenarios/requests.ts";
import { Zipf } from "../../../load/scenarios/zipf.ts";

interface Planned {
  readonly atMs: number;
  readonly segment: number;
}

function arrivalsOf(plan: Plan, part = 0, parts = 1): readonly Planned[] {
  const arrivals = new Arrivals(plan, part, parts);
  const all: Planned[] = [];
  const next = { atMs: 0, segment: 0 };
  while (arrivals.next(next)) all.push({ ...next });
  return all;
}

function requestsOf(plan: Plan, part = 0, parts = 1): readonly PlannedRequest[] {
  const requests = new Requests(plan, part, parts);
  const all: PlannedRequest[] = [];
  const next = emptyRequest();
  while (requests.next(next)) all.push({ ...next });
  return all;
}

const scenarios = fc.constantFrom(...SCENARIOS);
const plans = fc
  .record({
    scenario: scenarios,
    seed: fc.nat(0xffff),
    ratePerSecond: fc.integer({ min: 50, max: 2_000 }),
    durationMs: fc.integer({ min: 500, max: 4_000 }),
    warmUpMs: fc.constantFrom(0, 100, 1_000),
    arrivals: fc.constantFrom("poisson" as const, "constant" as const),
  })
  .map(({ scenario, ...options }) => planOf(scenario, options));

describe("Planned send times", () => {
  test("ascend, lie in their segments, and come to the planned number", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const all = arrivalsOf(plan);
        let lastMs = 0;
        for (const { atMs, segment } of all) {
          expect(atMs).toBeGreaterThanOrEqual(lastMs);
          const { fromMs, toMs } = plan.segments[segment]!;
          expect(atMs).toBeGreaterThanOrEqual(fromMs);
          expect(atMs).toBeLessThan(toMs + 1e-6);
          lastMs = atMs;
        }
        const planned = plannedRequests(plan);
        // Six times the root: a Poisson count is that far off once in hundreds of millions.
        const slack = plan.arrivals === "constant" ? 1 : 6 * Math.sqrt(planned) + 1;
        expect(Math.abs(all.length - planned)).toBeLessThanOrEqual(slack);
      }),
      { numRuns: 60 },
    );
  });

  test("are the same for the same seed, and others for another", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        expect(arrivalsOf(plan)).toEqual(arrivalsOf(plan));
        if (plan.arrivals === "constant") return;
        const other = { ...plan, seed: plan.seed + 1 };
        expect(arrivalsOf(other).slice(0, 5)).not.toEqual(arrivalsOf(plan).slice(0, 5));
      }),
      { numRuns: 20 },
    );
  });

  test("of several processes are evenly spaced together when they are constant", () => {
    fc.assert(
      fc.property(plans, fc.integer({ min: 1, max: 5 }), (drawn, parts) => {
        const plan: Plan = { ...drawn, arrivals: "constant" };
        const whole = arrivalsOf(plan).map(({ atMs }) => atMs);
        const together = Array.from({ length: parts }, (_, part) => arrivalsOf(plan, part, parts))
          .flat()
          .map(({ atMs }) => atMs)
          .sort((a, b) => a - b);
        expect(together).toEqual(whole);
      }),
      { numRuns: 20 },
    );
  });

  test("of several processes keep the whole rate when they are Poisson", () => {
    const plan = planOf(SCENARIOS[0]!, { seed: 3, ratePerSecond: 2_000, durationMs: 10_000 });
    const counts = [0, 1, 2, 3].map((part) => arrivalsOf(plan, part, 4).length);
    const planned = plannedRequests(plan);
    const total = counts.reduce((sum, count) => sum + count, 0);
    expect(Math.abs(total - planned)).toBeLessThan(6 * Math.sqrt(planned));
    for (const count of counts) expect(Math.abs(count - planned / 4)).toBeLessThan(planned / 20);
  });

  test("are exponential when they are Poisson: mean and spread of the gaps are one", () => {
    const flat = SCENARIOS.find(({ name }) => name === "market")!;
    const plan = planOf(flat, { seed: 11, ratePerSecond: 5_000, durationMs: 20_000, warmUpMs: 0 });
    const times = arrivalsOf(plan).map(({ atMs }) => atMs);
    const gaps = times.slice(1).map((atMs, at) => (atMs - times[at]!) * 5);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    expect(mean).toBeCloseTo(1, 1);
    expect(Math.sqrt(variance)).toBeCloseTo(1, 1);
  });
});

describe("Planned requests", () => {
  test("are the same for the same seed, with amounts that every listing takes", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const all = requestsOf(plan);
        expect(requestsOf(plan)).toEqual(all);
        for (const { amountCents, operation, segment } of all) {
          expect(amountCents % 100).toBe(0);
          expect(amountCents).toBeGreaterThanOrEqual(10_000);
          expect(amountCents).toBeLessThanOrEqual(100_000);
          const { cumulativeMix } = plan.segments[segment]!;
          const share = cumulativeMix[operation]! - (cumulativeMix[operation - 1] ?? 0);
          expect(share).toBeGreaterThan(0);
        }
      }),
      { numRuns: 20 },
    );
  });

  test("go to clients of their own process only", () => {
    fc.assert(
      fc.property(plans, fc.integer({ min: 1, max: 4 }), (plan, parts) => {
        for (let part = 0; part < parts; part++) {
          for (const { client } of requestsOf(plan, part, parts)) expect(client % parts).toBe(part);
        }
      }),
      { numRuns: 20 },
    );
  });

  test("want a hot loan as often as the demand says", () => {
    const burst = SCENARIOS.find(({ name }) => name === "burst")!;
    const plan = planOf(burst, { seed: 5, ratePerSecond: 5_000, durationMs: 10_000, demand: 3 });
    const wanted = requestsOf(plan)
      .filter(({ loan, atMs }) => loan < 0 && atMs >= plan.opensAtMs!)
      .reduce((sum, { amountCents }) => sum + amountCents, 0);
    expect(wanted / plan.hotCents).toBeCloseTo(3, 1);
  });
});

describe("Zipf", () => {
  test("draws the n-th in proportion to 1/n", () => {
    const zipf = new Zipf(100, 1);
    const counts = new Array<number>(100).fill(0);
    for (let at = 0; at < 100_000; at++) counts[zipf.at((at + 0.5) / 100_000)]!++;
    expect(counts[0]! / counts[1]!).toBeCloseTo(2, 1);
    expect(counts[0]! / counts[9]!).toBeCloseTo(10, 0);
    expect(counts.every((count) => count > 0)).toBe(true);
  });

  test("never draws outside, whatever the number", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (count, exponent, share) => {
          const at = new Zipf(count, exponent).at(share);
          expect(at).toBeGreaterThanOrEqual(0);
          expect(at).toBeLessThan(count);
        },
      ),
    );
  });
});
