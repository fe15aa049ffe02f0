// The job of a bid as Restate's experts would write it: an account and a loan are virtual objects,
// which take one call at a time, and their state is Restate's. An account asks the loan, and holds
// what it took. A process of its own, as a service of Restate is. It does not outlive its parent.

import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import * as restate from "@restatedev/restate-sdk";

// The SDK uses what Node has only from version 22 on.
if (!("withResolvers" in Promise)) {
  Object.assign(Promise, {
    withResolvers: () => {
      let resolve: unknown;
      let reject: unknown;
      const promise = new Promise((onDone, onFailed) => {
        resolve = onDone;
        reject = onFailed;
      });
      return { promise, resolve, reject };
    },
  });
}

export interface RestateLoan {
  readonly leftCents: number;
  readonly raisedCents: number;
  readonly bids: number;
}

export interface RestateAccount {
  readonly availableCents: number;
  readonly heldCents: number;
}

/** 0, or the number of the protocol's error. */
export interface RestateOutcome {
  readonly error: number;
  readonly rank: number;
  readonly remainingCents: number;
}

const refused = (error: number): RestateOutcome => ({ error, rank: 0, remainingCents: 0 });

const loan = restate.object({
  name: "loan",
  handlers: {
    open: (context: restate.ObjectContext, principalCents: number): Promise<void> => {
      context.set("loan", { leftCents: principalCents, raisedCents: 0, bids: 0 });
      return Promise.resolve();
    },
    fill: async (context: restate.ObjectContext, amountCents: number): Promise<RestateOutcome> => {
      const state = await context.get<RestateLoan>("loan");
      if (state === null) return refused(402);
      if (amountCents > state.leftCents) return refused(414);
      const leftCents = state.leftCents - amountCents;
      const bids = state.bids + 1;
      context.set("loan", { leftCents, raisedCents: state.raisedCents + amountCents, bids });
      return { error: 0, rank: bids, remainingCents: leftCents };
    },
    books: (context: restate.ObjectContext): Promise<RestateLoan | null> => context.get("loan"),
  },
});

interface Bid {
  readonly loanId: string;
  readonly amountCents: number;
}

const account = restate.object({
  name: "account",
  handlers: {
    open: (context: restate.ObjectContext, availableCents: number): Promise<void> => {
      context.set("account", { availableCents, heldCents: 0 });
      return Promise.resolve();
    },
    bid: async (context: restate.ObjectContext, bid: Bid): Promise<RestateOutcome> => {
      const { loanId, amountCents } = bid;
      const state = await context.get<RestateAccount>("account");
      if (state === null || amountCents > state.availableCents) return refused(303);
      const outcome = await context
        .objectClient<typeof loan>({ name: "loan" }, loanId)
        .fill(amountCents);
      if (outcome.error !== 0) return outcome;
      context.set("account", {
        availableCents: state.availableCents - amountCents,
        heldCents: state.heldCents + amountCents,
      });
      return outcome;
    },
    books: (context: restate.ObjectContext): Promise<RestateAccount | null> =>
      context.get("account"),
  },
});

const server = createServer(
  // Nobody but the server on this machine can reach it; the log would only cost.
  restate.createEndpointHandler({ services: [loan, account], logger: () => undefined }),
);
server.listen(0, "127.0.0.1", () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.once("disconnect", () => process.exit(0));
