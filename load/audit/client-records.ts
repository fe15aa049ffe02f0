// The clients' logs as the auditor takes them: bids, and cancels and repayments.

import type { ClientAction } from "../../src/history/client-actions.ts";
import type { ClientRequest } from "../../src/history/client-log.ts";
import { assert } from "../../src/money/assert.ts";
import { errorByNumber, type ErrorCode } from "../../src/protocol/errors.ts";
import { FLAG, type LoggedRequest, type RequestLog } from "../driver/request-log.ts";
import { OPERATIONS } from "../scenarios/scenario.ts";
import type { Names } from "../scenarios/world.ts";

export interface ClientRecords {
  readonly bids: readonly ClientRequest[];
  readonly actions: readonly ClientAction[];
}

/** Only what was sent and may have an effect: the rest has nothing to be held against. */
export function recordsOf(logs: readonly RequestLog[], names: Names): ClientRecords {
  const bids: ClientRequest[] = [];
  const actions: ClientAction[] = [];
  for (const log of logs) {
    for (let at = 0; at < log.count; at++) {
      const request = log.read(at);
      if (request.requestId === null) continue;
      const { requestId } = request;
      const kind = OPERATIONS[request.operation]!;
      if (kind === "bid") bids.push(bidOf(request, requestId, names));
      else actions.push(actionOf(request, requestId, kind, names));
    }
  }
  return { bids, actions };
}

function bidOf(
  request: LoggedRequest,
  requestId: ClientRequest["requestId"],
  names: Names,
): ClientRequest {
  const { client, loan, amountCents, flags, sentMs, answeredMs, position } = request;
  const isAnswered = (flags & FLAG.answered) !== 0;
  const { bidId, filledCents, rank, remainingCents } = request;
  return {
    requestId,
    accountId: names.lender(client),
    loanId: names.loan(loan),
    amountCents,
    fill: (flags & FLAG.upTo) === 0 ? "exact" : "upTo",
    sentAt: sentMs,
    ...(isAnswered && {
      acknowledgedAt: answeredMs,
      ...(position !== "" && { position }),
      outcome:
        (flags & FLAG.refused) === 0
          ? { type: "BidPlaced", bidId, filledCents, rank, remainingCents }
          : { type: "Refused", code: codeOf(request) },
    }),
  };
}

function actionOf(
  request: LoggedRequest,
  requestId: ClientAction["requestId"],
  kind: string,
  names: Names,
): ClientAction {
  const { client, amountCents, bidId, flags, position } = request;
  const told = {
    ...(position !== "" && { position }),
    ...((flags & FLAG.answered) !== 0 && {
      outcome:
        (flags & FLAG.refused) === 0
          ? ({ type: "Done" } as const)
          : ({ type: "Refused", code: codeOf(request) } as const),
    }),
  };
  if (kind === "cancel") {
    return { kind, requestId, accountId: names.lender(client), bidId, ...told };
  }
  assert(kind === "repay", "what has a request id is a bid, a cancel or a repayment", kind);
  const loanId = names.paidOutLoan(client);
  return { kind, requestId, accountId: names.borrower(client), loanId, amountCents, ...told };
}

function codeOf({ errorNumber }: LoggedRequest): ErrorCode {
  const code = errorByNumber(errorNumber);
  assert(code !== undefined, "a client writes down errors that it knows", errorNumber);
  return code;
}
