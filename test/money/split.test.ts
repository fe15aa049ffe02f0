import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitByShares } from "../../src/money/split.ts";
import { SplitSeries, unitByUnit } from "./split-series.ts";

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Shares of every kind: equal, one giant among cents, spread over all sizes, some of zero. */
const someShares = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 }),
  fc
    .array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 12 })
    .filter((s) => sum(s) > 0),
  fc
    .tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 40 }))
    .map(([share, holders]) => Array.from({ length: holders }, () => share)),
  fc
    .tuple(fc.integer({ min: 1, max: 2 ** 52 }), fc.integer({ min: 1, max: 40 }))
    .map(([giant, holders]) => [giant, ...Array.from({ length: holders }, () => 1)]),
  fc.array(fc.integer({ min: 1, max: 10_000_000 }), { minLength: 2, maxLength: 60 }),
  fc.array(fc.integer({ min: 2 ** 44, max: 2 ** 48 }), { minLength: 2, maxLength: 30 }),
);

/** Fractions of the total: turned into amounts that stop where the series does. */
const someAmounts = fc.array(
  fc.oneof(
    fc.constant(0),
    fc.constantFrom(1e-9, 1e-6, 1e-3),
    fc.integer({ min: 0, max: 300 }).map((perMille) => perMille / 1_000),
  ),
  { minLength: 1, maxLength: 30 },
);

function amountOf(part: number, totalCents: number): number {
  return part === 0 ? 0 : Math.max(1, Math.floor(part * totalCents));
}

describe("Splitting by shares", () => {
  test("keeps every holder within one cent of its entitlement at every moment, whatever the amounts", () => {
    fc.assert(
      fc.property(someShares, someAmounts, (shares, parts) => {
        const series = new SplitSeries(shares);
        for (const part of parts) {
          const amountCents = amountOf(part, series.totalCents);
          if (series.cumulativeCents + amountCents > series.totalCents) break;
          series.split(amountCents);
        }
        series.split(series.totalCents - series.cumulativeCents);
        expect([...series.paidCents]).toEqual(shares);
      }),
      { numRuns: 600 },
    );
  });

  test("goes on beyond the total, as interest does", () => {
    fc.assert(
      fc.property(someShares, someAmounts, (shares, parts) => {
        const series = new SplitSeries(shares);
        for (const part of parts) {
          const amountCents = amountOf(part * 3, series.totalCents);
          if (series.cumulativeCents + amountCents > Number.MAX_SAFE_INTEGER) break;
          series.split(amountCents);
        }
      }),
      { numRuns: 400 },
    );
  });

  test("one cent at a time, it is the rule of the obvious twin, cent for cent", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 9 }),
        (shares) => {
          const series = new SplitSeries(shares);
          const given = unitByUnit(shares, 2 * series.totalCents + 7);
          for (const holder of given) {
            expect(series.split(1).indexOf(1)).toBe(holder);
          }
        },
      ),
      { numRuns: 80 },
    );
  });

  test("several cents at once may go elsewhere than one by one, and both keep the bounds", () => {
    let differed = 0;
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 3, maxLength: 6 }),
        fc.integer({ min: 2, max: 5 }),
        (shares, amountCents) => {
          const together = new SplitSeries(shares);
          const apart = new SplitSeries(shares);
          while (together.cumulativeCents + amountCents <= together.totalCents) {
            together.split(amountCents);
            for (let unit = 0; unit < amountCents; unit++) apart.split(1);
            if (together.paidCents.join() !== apart.paidCents.join()) differed++;
          }
          // Whatever way it came to where it is, it can be carried on in the other.
          while (together.cumulativeCents < together.totalCents) together.split(1);
          expect([...together.paidCents]).toEqual(shares);
        },
      ),
      { numRuns: 300 },
    );
    expect(differed).toBeGreaterThan(0);
  });

  test("1 cent over 1,000 holders a thousand times gives each exactly one", () => {
    const series = new SplitSeries(Array.from({ length: 1_000 }, () => 1));
    for (let n = 0; n < 1_000; n++) {
      const legs = series.split(1);
      expect(legs.indexOf(1), "ties go to the earlier bid").toBe(n);
    }
    expect(new Set(series.paidCents)).toEqual(new Set([1]));
  });

  test("1 cent over 1,000 unequal holders, a thousand times and more", () => {
    const series = new SplitSeries(
      Array.from({ length: 1_000 }, (_, h) => 10_000 + ((h * 7919) % 4_001)),
    );
    for (let n = 0; n < 1_500; n++) series.split(1);
  });

  test("shares whose sum is the largest safe integer", () => {
    const share = Math.floor(Number.MAX_SAFE_INTEGER / 1_000);
    const shares = Array.from({ length: 1_000 }, (_, h) => share - (h % 7));
    const series = new SplitSeries(shares);
    const amounts = [1, 2, 999, 1_000, 1_001, 12_345_678_901_234, 1, 3];
    for (const amountCents of amounts) series.split(amountCents);
    series.split(series.totalCents - series.cumulativeCents);
    expect([...series.paidCents]).toEqual(shares);
  });

  test.each([2 ** 50, 2 ** 50 - 1, 2 ** 50 + 1, 2 ** 49 + 12_345])(
    "a total of %d, where floats give way to big integers",
    (totalCents) => {
      const shares = [3, totalCents - 333_337, 333_333, 1];
      const series = new SplitSeries(shares);
      for (let n = 0; n < 40; n++) series.split(Math.floor(totalCents / 41) + n);
      series.split(totalCents - series.cumulativeCents);
      expect([...series.paidCents]).toEqual(shares);
    },
  );

  test("one giant and 999 holders of a cent", () => {
    const shares = [10_000_000_000_000, ...Array.from({ length: 999 }, () => 1)];
    const series = new SplitSeries(shares);
    const step = Math.floor(series.totalCents / 97);
    for (let n = 0; n < 97; n++) series.split(step);
    series.split(series.totalCents - series.cumulativeCents);
    expect([...series.paidCents]).toEqual(shares);
  });

  test("holders whose deadlines are as close as they can be", () => {
    // Two shares of nearly half: their deadlines differ by some 4 / P.
    for (const half of [2 ** 48, 2 ** 51]) {
      const series = new SplitSeries([half + 1, half, half - 3]);
      for (let n = 0; n < 300; n++) series.split(n % 4);
      for (let n = 0; n < 20; n++) series.split(Math.floor(half / 41) + n);
    }
  });

  test.each([
    ["one less than the quotient", 47_880_857_351, 537_989_313_195_836, 986_856_594_635_308],
    [
      "more than a float's product has",
      6_619_346_647_444_790,
      6_842_641_415_116_275,
      6_235_606_973_790_911,
    ],
    [
      "more than it has, again",
      6_754_077_867_644_968,
      6_968_737_069_130_018,
      6_185_045_584_622_251,
    ],
  ])("a float's quotient is %s", (_, share, totalCents, cumulativeCents) => {
    const series = new SplitSeries([share, totalCents - share]);
    series.split(cumulativeCents);
    for (const amountCents of [1, 1, 2, 0, 3]) series.split(amountCents);
  });

  test("a single holder gets everything, and nothing of nothing", () => {
    const series = new SplitSeries([77]);
    expect(series.split(0)).toEqual([0]);
    expect(series.split(50)).toEqual([50]);
    expect(series.split(5_000)).toEqual([5_000]);
  });

  test("a holder without a share gets nothing", () => {
    const series = new SplitSeries([0, 5, 0]);
    for (let n = 0; n < 12; n++) expect(series.split(1)).toEqual([0, 1, 0]);
  });

  test("what is left in memory from a larger split does not matter", () => {
    const large = new SplitSeries(Array.from({ length: 3_000 }, (_, h) => h + 1));
    large.split(123_456);
    const small = new SplitSeries([1, 1, 1]);
    expect(small.split(2)).toEqual([1, 1, 0]);
    expect(small.split(1)).toEqual([0, 0, 1]);
  });

  test.each<[string, number[], number[], number, number, number, RegExp]>([
    ["shares that are not the total", [1, 2], [0, 0], 4, 0, 1, /shares sum to the total/],
    ["payments that are not the sum", [1, 2], [1, 0], 3, 0, 1, /what was paid sums/],
    ["a negative amount", [1, 2], [0, 0], 3, 0, -1, /an amount is a whole number/],
    ["half a cent", [1, 2], [0, 0], 3, 0, 0.5, /an amount is a whole number/],
    ["no total", [0, 0], [0, 0], 0, 0, 0, /a total is positive/],
    ["no holders", [], [], 1, 0, 1, /a split has holders/],
    ["a sum that is not safe", [1], [2 ** 52], 1, 2 ** 52, 2 ** 52, /a sum is a safe integer/],
    ["a fractional share", [1.5, 1.5], [0, 0], 3, 0, 1, /amounts are whole cents/],
    ["not a number", [NaN, 3], [0, 0], 3, 0, 1, /amounts are whole cents/],
    ["a holder that got too much", [5, 5], [4, 0], 10, 4, 1, /more than its ceiling/],
    ["a holder that was left behind", [4, 4, 4], [3, 3, 0], 12, 6, 1, /by this rule alone/],
    ["too much, where all is whole", [5, 5], [2, 0], 10, 2, 0, /more than its ceiling/],
  ])("asserts against %s", (_, shares, paid, totalCents, before, amountCents, says) => {
    const run = (): void =>
      splitByShares(
        Float64Array.from(shares),
        Float64Array.from(paid),
        totalCents,
        before,
        amountCents,
        new Float64Array(shares.length),
      );
    expect(run).toThrow(says);
  });

  test("asserts one entry a holder", () => {
    const two = new Float64Array([1, 2]);
    const none = new Float64Array(2);
    expect(() => splitByShares(two, none, 3, 0, 1, new Float64Array(1))).toThrow(
      /one entry a holder/,
    );
    expect(() => splitByShares(two, new Float64Array(3), 3, 0, 1, none)).toThrow(/one entry/);
  });
});
