// What lending brought, on flows that can be worked out by hand.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entry } from "../../actors/account/entry-log.ts";
import { SimulationFailure } from "../../src/simulation/clients.ts";
import { Purses } from "../../src/simulation/purses.ts";
import { distributionOf, returnsOf } from "../../src/simulation/returns.ts";

const DAY = 20_000;

function entry(number: number, fields: object): Entry {
  return { entry: number, loanId: "l", availableCents: 0, ...fields } as unknown as Entry;
}

/** Ann lends 1,000.00 and is told of what comes back after a year. */
function lentForYear(backCents: number, principalCents: number): Purses {
  const purses = new Purses(DAY);
  purses.know("l", "bullet");
  purses.told("ann", entry(1, { kind: "hold_posted", amountCents: 1_000_00 }));
  purses.begin(DAY + 365);
  const parts = { principalCents, interestCents: backCents - principalCents, feeCents: 0 };
  if (backCents > 0) {
    purses.told("ann", entry(2, { kind: "repayment_received", amountCents: backCents, ...parts }));
  }
  return purses;
}

function returns(purses: Purses, isDefaulted = false) {
  return returnsOf(
    purses,
    ["ann"],
    DAY + 365,
    () => isDefaulted,
    () => "bullet",
  );
}

describe("Returns", () => {
  it("are 10 % for what came back with a tenth more after a year", () => {
    expect(returns(lentForYear(1_100_00, 1_000_00))).toMatchObject({
      allPpm: 100_000,
      byMethod: [{ method: "bullet", lentCents: 1_000_00, annualPpm: 100_000 }],
      lenders: { count: 1, leastPpm: 100_000, mostPpm: 100_000 },
      defaultedCents: 0,
    });
  });

  it("count what is outstanding at par, and for nothing in default", () => {
    const half = lentForYear(560_00, 500_00);
    expect(returns(half)).toMatchObject({ allPpm: 60_000, defaultedCents: 0 });
    expect(returns(half, true)).toMatchObject({ allPpm: -440_000, defaultedCents: 500_00 });
  });

  it("are none for who lost everything, and is told so", () => {
    const { lenders, allPpm } = returns(lentForYear(0, 0), true);
    expect(lenders).toMatchObject({ count: 0, undefinedCount: 1, leastPpm: null, decilesPpm: [] });
    expect(allPpm).toBeNull();
  });

  it("are spread in deciles that ascend between the least and the most", () => {
    const rates = fc.array(fc.integer({ min: -999_900, max: 10_000_000 }), { minLength: 1 });
    fc.assert(
      fc.property(rates, (drawn) => {
        const { leastPpm, decilesPpm, mostPpm } = distributionOf(drawn, drawn.length + 2);
        const all = [leastPpm!, ...decilesPpm, mostPpm!];
        expect(decilesPpm).toHaveLength(9);
        expect(all).toEqual([...all].sort((a, b) => a - b));
        expect(leastPpm).toBe(Math.min(...drawn));
        expect(mostPpm).toBe(Math.max(...drawn));
        decilesPpm.forEach((decile, nth) => {
          const upTo = drawn.filter((rate) => rate <= decile).length;
          expect(upTo * 10).toBeGreaterThanOrEqual((nth + 1) * drawn.length);
        });
      }),
    );
  });
});

describe("Purses", () => {
  it("take no entry twice, and none out of its order", () => {
    const purses = lentForYear(0, 0);
    const again = entry(1, { kind: "deposit", amountCents: 1 });
    const later = entry(3, { kind: "deposit", amountCents: 1 });
    expect(() => purses.told("ann", again)).toThrow(SimulationFailure);
    expect(() => purses.told("ann", later)).toThrow(/entry 3 where 2 is next/);
  });
});
