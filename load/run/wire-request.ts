// What a planned request is on the wire: its operation and fields, given what its client knows.

import type { OperationName } from "../../src/protocol/table.ts";
import type { PlannedRequest } from "../scenarios/requests.ts";
import { OPERATIONS, type Sizes } from "../scenarios/scenario.ts";
import type { Names } from "../scenarios/world.ts";
import type { Session } from "./session.ts";

export interface WireRequest {
  readonly operation: OperationName;
  /** All but the request id. */
  readonly fields: object;
  /** It has an effect, and so a request id. */
  readonly mutates: boolean;
  readonly amountCents: number;
  /** Of a cancel: the bid. */
  readonly bidId: number;
}

/** Of a share of 10,000,000: more than the interest of three days, so that principal is left. */
const LEG_CENTS_MIN = 10_000;

export function wireRequest(
  { operation, client, loan, amountCents, fill }: PlannedRequest,
  session: Session,
  names: Names,
  sizes: Sizes,
): WireRequest {
  const kind = OPERATIONS[operation]!;
  const reads = { mutates: false, amountCents, bidId: 0 };
  switch (kind) {
    case "bid": {
      const fields = { amountCents, fill: fill === 0 ? "exact" : "upTo", minCents: null };
      return {
        operation: "bid.place",
        fields: { loanId: names.loan(loan), ...fields },
        mutates: true,
        amountCents,
        bidId: 0,
      };
    }
    case "cancel": {
      const bidId = session.bids.pop();
      // Nothing to cancel yet: the client looks at its account, and the log has no request id.
      if (bidId === undefined) break;
      return { operation: "bid.cancel", fields: { bidId }, mutates: true, amountCents, bidId };
    }
    case "account":
      break;
    case "loan":
      return { operation: "loan.get", fields: { loanId: names.loan(loan) }, ...reads };
    case "watch": {
      const { watched } = session;
      const loanId = watched ?? names.loan(loan);
      session.watched = watched === null ? loanId : null;
      const name = watched === null ? "loan.watch" : "loan.unwatch";
      return { operation: name, fields: { loanId }, ...reads };
    }
    case "repay": {
      const leastCents = sizes.lendersPerLoan * LEG_CENTS_MIN;
      // At most two thousandths of the loan: it bears hundreds of repayments.
      const repaidCents = leastCents + (amountCents % leastCents);
      return {
        operation: "loan.repay",
        fields: {
          loanId: names.paidOutLoan(client),
          amountCents: repaidCents,
          mode: "early_keep_term",
        },
        mutates: true,
        amountCents: repaidCents,
        bidId: 0,
      };
    }
  }
  return { operation: "account.get", fields: { accountId: null }, ...reads };
}
