import { describe, expect, test } from "vitest";
import { Buckets } from "../../src/ops/buckets.ts";
import { watchEventLoopLag } from "../../src/ops/event-loop-lag.ts";

describe("Event loop lag", () => {
  test("a blocked loop is observed, once and about as long as it was blocked", async () => {
    const lag = new Buckets([0.05, 0.1, 0.2, 1]);
    const stop = watchEventLoopLag(lag);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const untilMs = performance.now() + 300;
    while (performance.now() < untilMs);
    await new Promise((resolve) => setTimeout(resolve, 50));
    stop();
    const [, , at200, at1000, all] = lag.cumulative();
    expect(at1000! - at200!).toBe(1);
    expect(all).toBeGreaterThan(1);
    const seen = all;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(lag.cumulative().at(-1)).toBe(seen);
  });
});
