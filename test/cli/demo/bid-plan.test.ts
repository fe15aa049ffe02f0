// The plan of the demo's bids: the same for the same seed, and always enough to fill the loan.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BORROWER_ID,
  MIN_BID_CENTS,
  planBids,
  principalCentsMin,
  STEP_CENTS,
} from "../../../src/cli/demo/bid-plan.ts";

describe("Bid plan", () => {
  it("gives the borrower what interest and the fee will cost, and its own bid", () => {
    // 12 % a year over 12 months of 1,000,000.00 costs 66,185.45; 1 % is 10,000.00.
    const borrower = planBids(1_000, 1_000_000_00, 7).bidders.at(-1)!;
    expect(borrower).toMatchObject({ accountId: BORROWER_ID, depositCents: 76_285_45 });
  });

  it("is the same for the same seed, and another for another one", () => {
    expect(planBids(50, 100_000_00, 7)).toEqual(planBids(50, 100_000_00, 7));
    expect(planBids(50, 100_000_00, 7)).not.toEqual(planBids(50, 100_000_00, 8));
  });

  it("wants three times the loan, with bids that the listing takes and money to fill it", () => {
    const size = fc.record({
      lenders: fc.integer({ min: 1, max: 400 }),
      times: fc.integer({ min: 1, max: 50 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(size, ({ lenders, times, seed }) => {
        const principalCents = principalCentsMin(lenders) * times;
        const { bidders, bids, wantedCents } = planBids(lenders, principalCents, seed);
        expect(bidders).toHaveLength(lenders + 1);
        expect(new Set(bidders.map(({ accountId }) => accountId)).size).toBe(lenders + 1);
        expect(bidders.flatMap((bidder) => bidder.bids)).toHaveLength(bids);
        // Whole steps, and the minimum for the smallest: never far from three times.
        expect(wantedCents / principalCents).toBeGreaterThan(2.9);
        expect(wantedCents / principalCents).toBeLessThan(3.5);
        const lending = bidders.slice(0, -1);
        const amounts = lending.flatMap(({ bids: own }) => own.map((bid) => bid.amountCents));
        expect(Math.min(...amounts)).toBeGreaterThanOrEqual(MIN_BID_CENTS);
        expect(amounts.filter((amountCents) => amountCents % STEP_CENTS !== 0)).toEqual([]);
        expect(lending.filter(({ bids: own }) => own.at(-1)?.fill !== "upTo")).toEqual([]);
        const moneyCents = lending.reduce((sum, { depositCents }) => sum + depositCents, 0);
        expect(moneyCents).toBeGreaterThanOrEqual(principalCents);
      }),
      { numRuns: 60 },
    );
  });
});
