import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LatencyRecorder, mergeLatencies } from "../../../load/driver/latency.ts";

function encoded(latenciesMs: readonly number[]): string {
  const recorder = new LatencyRecorder();
  for (const latencyMs of latenciesMs) recorder.record(latencyMs);
  return recorder.encode();
}

/** The smallest value that at least the given share of all values do not exceed. */
function exact(latenciesMs: readonly number[], share: number): number {
  const sorted = [...latenciesMs].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]!;
}

describe("Merged latencies", () => {
  test("are percentiles of all values of all processes", () => {
    const value = fc.oneof(
      fc.double({ min: 0, max: 20, noNaN: true }),
      fc.double({ min: 100, max: 5_000, noNaN: true }),
    );
    const processes = fc.array(fc.array(value, { maxLength: 300 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(processes, (values) => {
        const all = values.flat();
        fc.pre(all.length > 0);
        const merged = mergeLatencies(values.map(encoded));
        expect(merged.count).toBe(all.length);
        for (const [got, share] of [
          [merged.p50Ms, 0.5],
          [merged.p99Ms, 0.99],
          [merged.p999Ms, 0.999],
          [merged.maxMs, 1],
        ] as const) {
          const want = exact(all, share);
          // HDR keeps three digits; a microsecond is the unit.
          expect(Math.abs(got - want)).toBeLessThanOrEqual(0.002 + want * 0.002);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("are not averages of the processes' percentiles", () => {
    const slow = encoded(Array.from({ length: 10 }, () => 100));
    const fast = encoded(Array.from({ length: 990 }, () => 1));
    expect(mergeLatencies([slow, fast]).p50Ms).toBe(1);
    expect(mergeLatencies([slow, fast]).p999Ms).toBeCloseTo(100, 0);
  });

  test("keep what is beyond the recorder's finest range", () => {
    expect(mergeLatencies([encoded([0.01, 60_000])]).maxMs).toBeCloseTo(60_000, -2);
  });
});
