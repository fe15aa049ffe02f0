// The search against servers that are only a curve: p99 over rate, with and without noise.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findMax, type FindMaxOptions, type Probe } from "../../../load/run/find-max.ts";
import { seeded } from "../../../src/chance/chance.ts";

const OPTIONS: FindMaxOptions = {
  fromPerSecond: 1_000,
  targetP99Ms: 10,
  tolerance: 0.05,
  probesMax: 40,
  confirmations: 1,
};

/** A queue: latency grows without bound towards the capacity. */
function queue(capacity: number, baseMs = 1): (rate: number) => number {
  return (rate) => (rate >= capacity ? 60_000 : baseMs / (1 - rate / capacity));
}

function probing(p99Of: (rate: number) => number) {
  const rates: number[] = [];
  const probe = (ratePerSecond: number): Promise<Probe> => {
    rates.push(ratePerSecond);
    const p99Ms = p99Of(ratePerSecond);
    const passed = p99Ms <= OPTIONS.targetP99Ms;
    return Promise.resolve({
      ratePerSecond,
      p99Ms,
      answeredPerSecond: ratePerSecond,
      passed,
      because: passed ? "" : "p99",
      clientWasLimit: false,
      isFinal: false,
    });
  };
  return { rates, probe };
}

describe("findMax", () => {
  test("finds the rate at which p99 meets the target, to within the tolerance", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 100, max: 500_000 }),
        fc.integer({ min: 20, max: 100_000 }),
        async (capacity, fromPerSecond) => {
          const p99Of = queue(capacity);
          const { probe } = probing(p99Of);
          const found = await findMax({ ...OPTIONS, fromPerSecond }, probe);
          const exact = capacity * 0.9;
          expect(found.ratePerSecond).toBeLessThanOrEqual(exact);
          expect(found.ratePerSecond).toBeGreaterThan(exact / 1.06 - 1);
          // By the curve itself: 90 of 100 is at the limit, and beyond it by a rounding.
          expect(p99Of(found.failedAtPerSecond!)).toBeGreaterThan(OPTIONS.targetP99Ms);
          expect(found.p99Ms.every((p99Ms) => p99Ms <= 10)).toBe(true);
          expect(found.p99Ms.length).toBeGreaterThanOrEqual(2);
        },
      ),
      { numRuns: 50, examples: [[100, 20]] },
    );
  });

  test("asks for the same rates again when it is repeated", async () => {
    const one = probing(queue(33_000));
    const other = probing(queue(33_000));
    expect(await findMax(OPTIONS, one.probe)).toEqual(await findMax(OPTIONS, other.probe));
    expect(one.rates).toEqual(other.rates);
  });

  test("answers with no rate whose true p99 is beyond what noise can hide", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(10_000), async (seed) => {
        const random = seeded(seed);
        const exact = queue(20_000);
        const { probe } = probing((rate) => exact(rate) * (0.8 + 0.4 * random()));
        const found = await findMax(OPTIONS, probe);
        if (found.ratePerSecond === null) return;
        // 1.2 times too lucky is 8.33 ms: the most that noise can hide.
        expect(exact(found.ratePerSecond)).toBeLessThanOrEqual(10 / 0.8);
      }),
      { numRuns: 50 },
    );
  });

  test("tries the next lower rate when the one that was found does not pass again", async () => {
    const exact = queue(20_000);
    const seen = new Map<number, number>();
    const { probe } = probing((rate) => {
      const times = seen.get(rate) ?? 0;
      seen.set(rate, times + 1);
      // Everything above 15,000 passes once by luck, up to 18,000.
      return rate > 15_000 && times > 0 ? 60_000 : exact(rate);
    });
    const found = await findMax(OPTIONS, probe);
    expect(found.ratePerSecond).toBeLessThanOrEqual(15_000);
    expect(found.ratePerSecond).toBeGreaterThan(7_000);
  });

  test("answers with no rate when none passes, and says so", async () => {
    const found = await findMax(OPTIONS, probing(() => 1_000).probe);
    expect(found.ratePerSecond).toBeNull();
    expect(found.endedBecause).toContain("not even");
  });

  test("ends at the most probes, with the best so far", async () => {
    const found = await findMax({ ...OPTIONS, probesMax: 3 }, probing(queue(1e9)).probe);
    expect(found.ratePerSecond).toBe(4_000);
    expect(found.endedBecause).toBe("3 probes were made");
    expect(found.failedAtPerSecond).toBeNull();
  });

  test("never answers with a rate that it had no probe left to try", async () => {
    for (let probesMax = 1; probesMax < 15; probesMax++) {
      const times = new Map<number, number>();
      const { probe } = probing((rate) => {
        times.set(rate, (times.get(rate) ?? 0) + 1);
        return rate > 3_000 && times.get(rate)! > 1 ? 60_000 : queue(20_000)(rate);
      });
      const found = await findMax({ ...OPTIONS, probesMax }, probe);
      const of = found.probes.filter((one) => one.ratePerSecond === found.ratePerSecond);
      expect(of.length).toBeGreaterThan(0);
      expect(of.every(({ passed }) => passed)).toBe(true);
    }
  });

  test("ends at once when it is stopped", async () => {
    let probes = 0;
    const found = await findMax(OPTIONS, async (rate) => {
      probes++;
      const { probe } = probing(queue(50_000));
      return { ...(await probe(rate)), isFinal: probes === 2 };
    });
    expect(probes).toBe(2);
    expect(found.endedBecause).toBe("it was stopped");
  });

  test("keeps what it has when it is stopped before a probe has measured anything", async () => {
    const { rates, probe } = probing(queue(50_000));
    const found = await findMax(OPTIONS, async (rate) => {
      const made = await probe(rate);
      return rates.length > 1 ? null : made;
    });
    expect(rates).toEqual([1_000, 2_000]);
    expect(found).toMatchObject({ ratePerSecond: 1_000, endedBecause: "it was stopped" });
    expect(found.probes).toHaveLength(1);
  });
});
