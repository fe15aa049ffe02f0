// Lenders that bid their share of loans before anything is measured: each connects for its own.

import { eachAtOnce } from "./at-once.ts";
import type { Endpoint } from "./raw-socket.ts";
import { RequestPipe } from "./request-pipe.ts";

export interface BidsToPlace {
  readonly endpoint: Endpoint;
  readonly subprotocolsOf: (lender: string) => readonly string[];
  /** Each lender with the names of the loans that it bids on. */
  readonly lenders: Iterable<readonly [lender: string, loans: readonly string[]]>;
  /** Each bid is for just so many. */
  readonly amountCents: number;
  readonly lendersAtOnce: number;
  /** Bids of one lender on their way at the same time. */
  readonly inFlight: number;
  readonly onLender?: () => void;
}

/** Who bids on which, the other way round. */
export function loansByLender(
  loans: Iterable<readonly [loanId: string, lenders: readonly string[]]>,
): ReadonlyMap<string, readonly string[]> {
  const byLender = new Map<string, string[]>();
  for (const [loanId, lenders] of loans) {
    for (const lender of lenders) {
      const list = byLender.get(lender);
      if (list === undefined) byLender.set(lender, [loanId]);
      else list.push(loanId);
    }
  }
  return byLender;
}

/** Rejects when a bid is refused. */
export async function placeBids(bids: BidsToPlace): Promise<void> {
  const { endpoint, subprotocolsOf, amountCents, inFlight, onLender } = bids;
  await eachAtOnce(bids.lenders, bids.lendersAtOnce, async ([lender, loans]) => {
    const pipe = await RequestPipe.open(endpoint, subprotocolsOf(lender), inFlight);
    await pipe.send({
      operation: "bid.place",
      count: loans.length,
      fields: (at) => ({ loanId: loans[at]!, amountCents, fill: "exact", minCents: null }),
    });
    pipe.close();
    onLender?.();
  });
}
