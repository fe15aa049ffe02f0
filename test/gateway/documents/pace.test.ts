import { describe, expect, test } from "vitest";
import { Pace, PACE_WINDOW_MS } from "../../../src/gateway/documents/pace.ts";
import { Seats } from "../../../src/gateway/seats.ts";

/** Looks every 250 ms until the client is too slow; the time of that, null when it never is. */
function cutAt(bytesEach: number, maySend: (atMs: number) => boolean): number | null {
  const pace = new Pace(1_000, 0);
  for (let atMs = 250; atMs <= 60_000; atMs += 250) {
    pace.received(bytesEach);
    if (pace.isTooSlow(maySend(atMs), atMs)) return atMs;
  }
  return null;
}

describe("The pace of an upload", () => {
  test("is kept by who brings the least, and not by who brings a byte less", () => {
    expect(cutAt(250, () => true)).toBeNull();
    expect(cutAt(249, () => true)).toBe(PACE_WINDOW_MS);
    expect(cutAt(0, () => true)).toBe(PACE_WINDOW_MS);
  });

  test("counts no time in which nobody may send", () => {
    expect(cutAt(0, () => false)).toBeNull();
    expect(cutAt(0, (atMs) => atMs % 500 === 0)).toBe(2 * PACE_WINDOW_MS);
    expect(cutAt(0, (atMs) => atMs > 30_000)).toBe(30_000 + PACE_WINDOW_MS);
  });
});

describe("Seats", () => {
  test("that are kept for a first one go to who has none, and to nobody twice", () => {
    const seats = new Seats(8, 4, 2);
    const taken = (by: string, count: number) =>
      Array.from({ length: count }, () => seats.take(by) ?? "taken");
    expect(taken("a", 5)).toEqual(["taken", "taken", "taken", "taken", "address"]);
    expect(taken("b", 3)).toEqual(["taken", "taken", "total"]);
    expect(taken("c", 2)).toEqual(["taken", "total"]);
    expect(taken("d", 1)).toEqual(["taken"]);
    expect(taken("e", 1)).toEqual(["total"]);
    seats.giveBack("a");
    expect(taken("b", 1)).toEqual(["total"]);
    expect(taken("e", 1)).toEqual(["taken"]);
  });
});
