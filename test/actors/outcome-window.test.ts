import { describe, expect, it } from "vitest";
import { OUTCOMES_KEPT_MAX, OutcomeWindow } from "../../actors/outcome-window.ts";
import { request } from "../support/given.ts";

const DONE = { type: "AccountOpened" } as const;
const START = 1_700_000_000_000;

function settle(window: OutcomeWindow, number: number): void {
  const { requestId, fingerprint } = request(number, START + number);
  window.settle(requestId, fingerprint, DONE);
}

describe("OutcomeWindow", () => {
  it("remembers the first outcome and forgets the oldest beyond the limit", () => {
    const window = new OutcomeWindow();
    for (let n = 1; n <= OUTCOMES_KEPT_MAX + 3; n++) settle(window, n);
    expect(window.get(request(3, START + 3).requestId)).toBeUndefined();
    expect(window.get(request(4, START + 4).requestId)?.outcome).toEqual(DONE);
  });

  it("what was forgotten is too old, and so is whatever is not younger than it", () => {
    const window = new OutcomeWindow();
    for (let n = 1; n <= OUTCOMES_KEPT_MAX + 3; n++) settle(window, n);
    expect(window.isTooOld(request(3, START + 3).requestId)).toBe(true);
    expect(window.isTooOld(request(999, START + 3).requestId)).toBe(true);
    expect(window.isTooOld(request(999, START + 4).requestId)).toBe(false);
  });

  it("never forgets what still waits, nor lets it be overtaken by the watermark", () => {
    const window = new OutcomeWindow();
    const { requestId, fingerprint } = request(0, START);
    window.open(requestId, fingerprint);
    for (let n = 1; n <= OUTCOMES_KEPT_MAX * 2; n++) settle(window, n);
    expect(window.get(requestId)).toMatchObject({ outcome: undefined, fingerprint });
    expect(window.hasOpen).toBe(true);
    window.settle(requestId, fingerprint, DONE);
    expect(window.hasOpen).toBe(false);
    expect(() => window.settle(requestId, fingerprint, DONE)).toThrow(/once/);
  });

  it("survives a snapshot", () => {
    const window = new OutcomeWindow();
    for (let n = 1; n <= OUTCOMES_KEPT_MAX + 3; n++) settle(window, n);
    const { requestId } = request(5_000, START + 5_000);
    window.open(requestId, 5);
    const restored = OutcomeWindow.fromSnapshot(window.toSnapshot());
    expect(restored.toSnapshot()).toEqual(window.toSnapshot());
    expect(restored.hasOpen).toBe(true);
    expect(restored.isTooOld(request(1, START + 3).requestId)).toBe(true);
  });
});
