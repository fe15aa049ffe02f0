// Time that moves only when it is told to, and a wall clock with whims.

import { describe, expect, it } from "vitest";
import { Chance } from "../../src/chance/chance.ts";
import { VirtualTime } from "../../src/simulation/virtual-time.ts";
import { DAY_MS, HOUR_MS } from "../../src/time/units.ts";

const DAY = 20_000;

describe("Virtual time", () => {
  it("runs timers in the order of their time, then of asking, and none that was called off", () => {
    const time = new VirtualTime(DAY, null);
    const ran: string[] = [];
    time.after(2, () => ran.push("second"));
    time.after(2, () => ran.push("third"));
    time.after(1, () => ran.push("first"));
    const callOff = time.after(1, () => ran.push("never"));
    callOff();
    time.tick();
    expect(ran).toEqual(["first"]);
    time.tick();
    expect(ran).toEqual(["first", "second", "third"]);
  });

  it("a timer that asks for another one does not hold the moment", () => {
    const time = new VirtualTime(DAY, null);
    let ran = 0;
    const again = (): void => {
      ran++;
      time.after(0, again);
    };
    time.after(0, again);
    for (let ms = 0; ms < 5; ms++) time.tick();
    expect(ran).toBe(5);
  });

  it("a day begins at its first instant; what has passed before goes on", () => {
    const time = new VirtualTime(DAY, null);
    for (let ms = 0; ms < 7; ms++) time.tick();
    expect(time.wallMs()).toBe(DAY * DAY_MS + 7);
    time.begin(DAY + 3);
    expect(time.wallMs()).toBe((DAY + 3) * DAY_MS);
    expect(time.monotonicMs()).toBe(7);
  });

  it("with whims, the wall clock is an hour off, stands still and is right; the others never are", () => {
    const time = new VirtualTime(DAY, new Chance(1));
    const seen = new Set<string>();
    let beforeMs = time.wallMs();
    for (let ms = 1; ms <= 5_000; ms++) {
      time.tick();
      const wallMs = time.wallMs();
      expect(time.trueMs).toBe(DAY * DAY_MS + ms);
      expect(time.monotonicMs()).toBe(ms);
      if (wallMs === beforeMs) seen.add("frozen");
      else if (wallMs === time.trueMs + HOUR_MS) seen.add("fast");
      else if (wallMs === time.trueMs - HOUR_MS) seen.add("slow");
      else if (wallMs === time.trueMs) seen.add("right");
      if (wallMs < beforeMs) seen.add("back");
      beforeMs = wallMs;
    }
    expect([...seen].sort()).toEqual(["back", "fast", "frozen", "right", "slow"]);
    expect(time.jumps).toBeGreaterThan(50);
  });
});
