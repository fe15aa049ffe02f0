import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { businessDate } from "../../src/lending/business-date.ts";
import {
  DUE_KINDS,
  allocate,
  isWaterfallOrder,
  sumOf,
  type Due,
  type DueKind,
  type Waterfall,
} from "../../src/lending/waterfall.ts";
import { date } from "./reference/golden.ts";

const owed = (k: number, due: string, parts: readonly [number, number, number, number]): Due => {
  const [penaltyCents, feeCents, interestCents, principalCents] = parts;
  return { k, due: date(due), penaltyCents, feeCents, interestCents, principalCents };
};

const ON = date("2026-05-15");
const DUES = [
  owed(1, "2026-03-31", [10, 5, 100, 1_000]),
  owed(2, "2026-04-30", [3, 0, 90, 1_010]),
  owed(3, "2026-05-15", [0, 7, 80, 1_020]),
];

function settledBy(amountCents: number, waterfall?: Waterfall): Record<number, number[]> {
  const { settled } = allocate(DUES, amountCents, ON, waterfall);
  return Object.fromEntries(
    settled.map((each) => [
      each.k,
      [each.penaltyCents, each.feeCents, each.interestCents, each.principalCents],
    ]),
  );
}

describe("A payment", () => {
  test("settles the oldest instalment first: penalty, fee, interest, principal", () => {
    expect(settledBy(12)).toEqual({ 1: [10, 2, 0, 0] });
    expect(settledBy(200)).toEqual({ 1: [10, 5, 100, 85] });
    expect(settledBy(1_200)).toEqual({ 1: [10, 5, 100, 1_000], 2: [3, 0, 82, 0] });
  });

  test("by kind, settles a kind of all that is past due before the next, and then what is not", () => {
    const byKind: Waterfall = { order: DUE_KINDS, by: "kind" };
    expect(settledBy(13, byKind)).toEqual({ 1: [10, 0, 0, 0], 2: [3, 0, 0, 0] });
    expect(settledBy(150, byKind)).toEqual({ 1: [10, 5, 100, 0], 2: [3, 0, 32, 0] });
    // 2,218 are past due; only then the fee of what is due today.
    expect(settledBy(2_218, byKind)[3]).toBeUndefined();
    expect(settledBy(2_220, byKind)[3]).toEqual([0, 2, 0, 0]);
  });

  test("follows another declared order", () => {
    const order: DueKind[] = ["principal", "interest", "fee", "penalty"];
    expect(settledBy(1_101, { order, by: "instalment" })).toEqual({ 1: [0, 1, 100, 1_000] });
  });

  test("beyond all that is owed leaves the rest", () => {
    expect(allocate(DUES, 10_000, ON).remainderCents).toBe(10_000 - 3_325);
    expect(allocate([], 5, ON)).toEqual({ settled: [], remainderCents: 5 });
    expect(allocate(DUES, 0, ON)).toEqual({ settled: [], remainderCents: 0 });
  });

  test("sums exactly, gives nothing more than it owes, and leaves none while anything is owed", () => {
    const someCents = fc.oneof(fc.constant(0), fc.nat(1_000), fc.nat(2 ** 40));
    const someDue = fc.tuple(fc.nat(400), someCents, someCents, someCents, someCents);
    const someOrder = fc.shuffledSubarray([...DUE_KINDS], { minLength: 4 });
    fc.assert(
      fc.property(
        fc.array(someDue, { maxLength: 12 }),
        fc.nat(2 ** 43),
        fc.nat(400),
        someOrder,
        fc.constantFrom("instalment" as const, "kind" as const),
        (rows, amountCents, day, order, by) => {
          const dues = rows
            .sort((a, b) => a[0] - b[0])
            .map(([due, penaltyCents, feeCents, interestCents, principalCents], index): Due => ({
              k: index + 1,
              due: businessDate(due),
              penaltyCents,
              feeCents,
              interestCents,
              principalCents,
            }));
          const on = businessDate(day);
          const { settled, remainderCents } = allocate(dues, amountCents, on, { order, by });
          const paidCents = settled.reduce((sum, each) => sum + sumOf(each), 0);
          const owedCents = dues.reduce((sum, each) => sum + sumOf(each), 0);
          expect(paidCents + remainderCents).toBe(amountCents);
          expect(paidCents).toBe(Math.min(amountCents, owedCents));
          let pastDueOpen = 0;
          let currentPaid = 0;
          for (const each of dues) {
            const got = settled.find(({ k }) => k === each.k);
            for (const kind of DUE_KINDS) {
              const cents = got?.[`${kind}Cents`] ?? 0;
              expect(cents).toBeGreaterThanOrEqual(0);
              expect(cents).toBeLessThanOrEqual(each[`${kind}Cents`]);
            }
            const gotCents = got === undefined ? 0 : sumOf(got);
            if (each.due < on) pastDueOpen += sumOf(each) - gotCents;
            else currentPaid += gotCents;
          }
          if (pastDueOpen > 0) expect(currentPaid).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("with dues that are out of order, or a debt below zero, is a bug", () => {
    expect(() => allocate([...DUES].reverse(), 1, ON)).toThrow(/order of their dates/);
    expect(() => allocate([{ ...DUES[0]!, feeCents: -1 }], 50, ON)).toThrow(/what is owed/);
    expect(() => allocate(DUES, -1, ON)).toThrow(/a payment/);
    expect(() => allocate(DUES, 1, ON, { order: ["fee"], by: "kind" })).toThrow(/each kind once/);
  });

  test("takes an order only with each kind once", () => {
    expect(isWaterfallOrder(["principal", "interest", "fee", "penalty"])).toBe(true);
    expect(isWaterfallOrder(["fee", "fee", "interest", "principal"])).toBe(false);
    expect(isWaterfallOrder(["penalty", "fee", "interest"])).toBe(false);
    expect(isWaterfallOrder([...DUE_KINDS, "fee"])).toBe(false);
  });
});
