// Who bids what in the demo: drawn from a seed, so that a run can be repeated. Pure.

import { seeded } from "../../chance/chance.ts";
import { costCents } from "./loan-terms.ts";

export const STEP_CENTS = 1_00;
export const MIN_BID_CENTS = 100_00;
/** The burst wants so many times the loan. */
const WANTED_TIMES = 3;
const BIDS_PER_LENDER_MAX = 12;
/** One lender in so many has less money than it bids: such bids are refused by its own account. */
const SHORT_ONE_IN = 10;

export interface PlannedBid {
  readonly amountCents: number;
  readonly fill: "exact" | "upTo";
}

export interface PlannedBidder {
  readonly accountId: string;
  readonly depositCents: number;
  readonly bids: readonly PlannedBid[];
}

export interface BidPlan {
  /** The lenders, and last the borrower, who tries to bid on its own loan. */
  readonly bidders: readonly PlannedBidder[];
  readonly bids: number;
  readonly wantedCents: number;
}

export const BORROWER_ID = "borrower";
/** What the borrower has at last, when interest and fees have taken all else that it brought. */
export const BORROWER_LEFT_CENTS = MIN_BID_CENTS;

/** The least principal for which every lender can bid the minimum and more. */
export function principalCentsMin(lenders: number): number {
  const cents = Math.ceil((lenders * MIN_BID_CENTS * 2) / WANTED_TIMES);
  return Math.ceil(cents / STEP_CENTS) * STEP_CENTS;
}

export function planBids(lenders: number, principalCents: number, seed: number): BidPlan {
  const random = seeded(seed);
  const share = (WANTED_TIMES * principalCents) / lenders / (MIN_BID_CENTS * 2);
  const bidsEach = Math.max(1, Math.min(BIDS_PER_LENDER_MAX, Math.floor(share)));
  const weights = Array.from({ length: lenders * bidsEach }, () => 0.4 + 1.2 * random());
  const weight = weights.reduce((sum, each) => sum + each, 0);
  const unitCents = (WANTED_TIMES * principalCents) / weight;
  let wantedCents = 0;
  const bidders: PlannedBidder[] = [];
  for (let lender = 0; lender < lenders; lender++) {
    const bids = weights.slice(lender * bidsEach, (lender + 1) * bidsEach).map((each, nth) => {
      const steps = Math.round((each * unitCents) / STEP_CENTS);
      const amountCents = Math.max(MIN_BID_CENTS, steps * STEP_CENTS);
      // Each lender's last bid takes what there is, so that the loan can fill to the cent.
      const upTo = nth === bidsEach - 1 || random() < 0.5;
      return { amountCents, fill: upTo ? "upTo" : "exact" } as const;
    });
    const bidCents = bids.reduce((sum, bid) => sum + bid.amountCents, 0);
    wantedCents += bidCents;
    const short = lender % SHORT_ONE_IN === SHORT_ONE_IN - 1;
    const depositCents = short ? Math.ceil(bidCents * 0.6) : bidCents;
    bidders.push({ accountId: lenderId(lender + 1), depositCents, bids });
  }
  const own = { amountCents: MIN_BID_CENTS, fill: "exact" } as const;
  const depositCents = BORROWER_LEFT_CENTS + costCents(principalCents);
  bidders.push({ accountId: BORROWER_ID, depositCents, bids: [own] });
  return { bidders, bids: lenders * bidsEach + 1, wantedCents };
}

function lenderId(number: number): string {
  return `lender-${String(number).padStart(4, "0")}`;
}
