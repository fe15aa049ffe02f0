import { describe, expect, it } from "vitest";
import { TurnClock } from "../../src/runtime/environment.ts";

describe("TurnClock", () => {
  it("tells one time until what is to be done soon is done, then a new one", () => {
    let nowMs = 1_000;
    let asked = 0;
    const soon: (() => void)[] = [];
    const clock = new TurnClock(
      { wallMs: () => (asked++, nowMs), monotonicMs: () => nowMs / 2 },
      { soon: (task) => void soon.push(task), after: () => () => undefined },
    );
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([1_000, 500]);
    nowMs = 1_007;
    expect([clock.monotonicMs(), clock.wallMs()]).toEqual([500, 1_000]);
    expect(asked).toBe(1);
    for (const task of soon.splice(0)) task();
    expect([clock.monotonicMs(), clock.wallMs()]).toEqual([503.5, 1_007]);
    expect(soon).toHaveLength(1);
  });
});
