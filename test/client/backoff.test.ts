import fc from "fast-check";
import { expect, test } from "vitest";
import { backoffMs } from "../../src/client/backoff.ts";

const LIMITS = { delayMsFirst: 100, delayMsMax: 3_000 };
const jitter = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("Backoff stays between a tenth of its most and its most, for ever", () => {
  fc.assert(
    fc.property(fc.nat(10_000), jitter, (attempt, random) => {
      const most = Math.min(3_000, 100 * 2 ** Math.min(attempt, 30));
      const delayMs = backoffMs(LIMITS, attempt, random);
      expect(delayMs).toBeGreaterThanOrEqual(most / 10);
      expect(delayMs).toBeLessThanOrEqual(most);
    }),
  );
});

test("Backoff grows from the first delay to the most", () => {
  const delays = [0, 1, 2, 3, 4, 5, 6].map((attempt) => backoffMs(LIMITS, attempt, 1));
  expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_000, 3_000]);
});
