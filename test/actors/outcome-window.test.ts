import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RequestId } from "../../actors/address.ts";
import { OUTCOMES_KEPT_MAX } from "../../actors/outcome-rows.ts";
import { OutcomeWindow } from "../../actors/outcome-window.ts";
import type { Outcome } from "../../actors/outcomes.ts";
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

  it("what was forgotten is too old, and so is whatever is not after it", () => {
    const window = new OutcomeWindow();
    for (let n = 1; n <= OUTCOMES_KEPT_MAX + 3; n++) settle(window, n);
    expect(window.isTooOld(request(3, START + 3).requestId)).toBe(true);
    expect(window.isTooOld(request(2, START + 3).requestId)).toBe(true);
    expect(window.isTooOld(request(999, START + 2).requestId)).toBe(true);
    expect(window.isTooOld(request(4, START + 3).requestId)).toBe(false);
    expect(window.isTooOld(request(1, START + 4).requestId)).toBe(false);
  });

  it("ids of one millisecond, made one after the other, are never too old in that order", () => {
    const window = new OutcomeWindow();
    for (let n = 1; n <= OUTCOMES_KEPT_MAX * 3; n++) {
      const { requestId, fingerprint } = request(n, START);
      expect(window.get(requestId)).toBeUndefined();
      expect(window.isTooOld(requestId)).toBe(false);
      window.settle(requestId, fingerprint, DONE);
    }
    expect(window.isTooOld(request(1, START).requestId)).toBe(true);
  });

  it("reads what was written when only the time of what was forgotten was kept", () => {
    const window = OutcomeWindow.fromSnapshot([START, [], [], [], []]);
    expect(window.isTooOld(request(2 ** 40, START).requestId)).toBe(true);
    expect(window.isTooOld(request(0, START + 1).requestId)).toBe(false);
    const again = OutcomeWindow.fromSnapshot(window.toSnapshot());
    expect(again.isTooOld(request(2 ** 40, START).requestId)).toBe(true);
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

  it("reads what was written before there were rows", () => {
    const { requestId: settled } = request(1, START + 1);
    const { requestId: open } = request(2, START + 2);
    const refused = { type: "Refused", code: "loan_full" } as const;
    const window = OutcomeWindow.fromSnapshot([START, settled, 7, refused, open, 8, null]);
    expect(window.get(settled)).toMatchObject({ fingerprint: 7, outcome: refused });
    expect(window.get(open)).toMatchObject({ fingerprint: 8, outcome: undefined });
    expect(window.isTooOld(request(3, START).requestId)).toBe(true);
    expect(window.isTooOld(settled)).toBe(false);
    expect(OutcomeWindow.fromSnapshot([0]).hasOpen).toBe(false);
  });

  it("forgets none of what was written before there were rows without calling it too old", () => {
    const rows = Array.from({ length: OUTCOMES_KEPT_MAX + 72 }, (_, n) => [
      request(n, START + n).requestId,
      n,
      DONE,
    ]);
    const window = OutcomeWindow.fromSnapshot([0, ...rows.flat()]);
    for (let n = 0; n < rows.length; n++) {
      const { requestId } = request(n, START + n);
      const isRemembered = window.get(requestId) !== undefined;
      expect([n, window.isTooOld(requestId)]).toEqual([n, !isRemembered]);
      expect(isRemembered).toBe(n >= rows.length - OUTCOMES_KEPT_MAX);
    }
  });

  it("remembers what a list of all requests would, in whatever order ids come", () => {
    const step = fc.record({
      id: fc.nat(6_000),
      fingerprint: fc.nat(0xffffffff),
      outcome: fc.oneof(
        fc.constant<Outcome>({ type: "AccountOpened" }),
        fc.constantFrom<Outcome>(
          { type: "Refused", code: "loan_full" },
          { type: "Refused", code: "exceeds_available" },
        ),
        fc.nat(2 ** 31).map<Outcome>((number) => ({
          type: "BidPlaced",
          bidId: number,
          filledCents: number * 1_000,
          rank: number,
          remainingCents: number * 77,
        })),
      ),
      opensFirst: fc.boolean(),
      settles: fc.nat(),
      restores: fc.nat(40).map((n) => n === 0),
    });
    fc.assert(
      fc.property(
        fc.noBias(fc.array(step, { minLength: 1_500, maxLength: 1_800, size: "max" })),
        (steps) => {
          let window = new OutcomeWindow();
          const open: { id: number; fingerprint: number; outcome: Outcome }[] = [];
          let settled: { id: number; fingerprint: number; outcome: Outcome }[] = [];
          let greatest = "";
          const idOf = (id: number): RequestId => request(id, START + (id >> 2)).requestId;
          const settleOne = (any: number): void => {
            if (open.length === 0) return;
            const [one] = open.splice(any % open.length, 1);
            const { id, fingerprint, outcome } = one!;
            window.settle(idOf(id), fingerprint, outcome);
            settled.push({ id, fingerprint, outcome });
          };
          for (const { id, fingerprint, outcome, opensFirst, settles, restores } of steps) {
            const requestId = idOf(id);
            const waits = open.find((each) => each.id === id);
            const known = waits ?? settled.find((each) => each.id === id);
            const found = window.get(requestId);
            expect(found?.fingerprint).toBe(known?.fingerprint);
            expect(found?.outcome).toEqual(waits === undefined ? known?.outcome : undefined);
            if (settles % 2 === 0) settleOne(settles >> 1);
            if (known !== undefined) {
              // A repeat: nothing is done.
            } else if (opensFirst) {
              window.open(requestId, fingerprint);
              open.push({ id, fingerprint, outcome });
            } else {
              window.settle(requestId, fingerprint, outcome);
              settled.push({ id, fingerprint, outcome });
            }
            const forgotten = settled.slice(0, -OUTCOMES_KEPT_MAX);
            settled = settled.slice(-OUTCOMES_KEPT_MAX);
            for (const { id } of forgotten) if (idOf(id) > greatest) greatest = idOf(id);
            expect(window.isTooOld(requestId)).toBe(requestId <= greatest);
            window.takeSettled();
            if (restores) window = OutcomeWindow.fromSnapshot(window.toSnapshot());
          }
          expect(greatest).not.toBe("");
          const all = [...settled, ...open.map((each) => ({ ...each, outcome: undefined }))];
          expect(
            [...window.entries()].map(({ requestId, outcome }) => [requestId, outcome]),
          ).toEqual(all.map(({ id, outcome }) => [idOf(id), outcome]));
          expect(window.hasOpen).toBe(open.length > 0);
        },
      ),
      { numRuns: 12, endOnFailure: true },
    );
  });
});
