// What a server must show at the end, by its clients' logs alone: sums of what they were told.
// Plain arithmetic on the logs; no rule of the server is in it.

import { FLAG, type RequestLog } from "../driver/request-log.ts";
import { OPERATIONS } from "../scenarios/scenario.ts";
import type { RequestId } from "../../actors/address.ts";

/** A request with an effect whose client never learned what came of it. */
interface OpenRequest {
  readonly requestId: RequestId;
  readonly operation: "bid" | "cancel" | "repay";
  readonly client: number;
  readonly loan: number;
  readonly amountCents: number;
  readonly bidId: number;
}

export interface Expectations {
  /** By loan of the market; HOT_LOAN is the hot one. */
  readonly raisedCents: Map<number, number>;
  /** By lender. */
  readonly heldCents: Map<number, number>;
  /** By paid-out loan. */
  readonly repaid: Map<number, { clearings: number; principalCents: number; paidCents: number }>;
  readonly open: OpenRequest[];
  /** Each bid that stood: to know whose a cancel is. By `client/bidId`. */
  readonly bids: Map<string, { loan: number; filledCents: number }>;
  readonly findings: string[];
}

export function expectationsOf(logs: readonly RequestLog[]): Expectations {
  const expected: Expectations = {
    raisedCents: new Map(),
    heldCents: new Map(),
    repaid: new Map(),
    open: [],
    bids: new Map(),
    findings: [],
  };
  // Bids of all first: a cancel is only known by the bid that it withdraws.
  for (const log of logs) eachOf(log, "bid", (request) => expectBid(expected, request));
  for (const log of logs) eachOf(log, "cancel", (request) => expectCancel(expected, request));
  for (const log of logs) eachOf(log, "repay", (request) => expectRepayment(expected, request));
  return expected;
}

type Logged = ReturnType<RequestLog["read"]>;

function eachOf(
  log: RequestLog,
  operation: OpenRequest["operation"],
  visit: (request: Logged) => void,
): void {
  for (let at = 0; at < log.count; at++) {
    const request = log.read(at);
    if (request.requestId !== null && OPERATIONS[request.operation] === operation) visit(request);
  }
}

/** True when nothing is known of it; such a request is asked about. */
function isOpen(expected: Expectations, request: Logged): boolean {
  const { flags, requestId, client, loan, amountCents, bidId } = request;
  if ((flags & FLAG.answered) !== 0) return false;
  const operation = OPERATIONS[request.operation] as OpenRequest["operation"];
  expected.open.push({ requestId: requestId!, operation, client, loan, amountCents, bidId });
  return true;
}

function expectBid(expected: Expectations, request: Logged): void {
  const { flags, client, loan, bidId, filledCents, amountCents } = request;
  if (isOpen(expected, request) || (flags & FLAG.refused) !== 0) return;
  if (filledCents < 0 || filledCents > amountCents) {
    expected.findings.push(`a bid of ${amountCents} was filled with ${filledCents}`);
  }
  addBid(expected, client, loan, bidId, filledCents);
}

/** A bid that stands; also one of which `request.outcome` told later. */
export function addBid(
  { bids, findings, raisedCents, heldCents }: Expectations,
  client: number,
  loan: number,
  bidId: number,
  filledCents: number,
): void {
  const key = `${client}/${bidId}`;
  if (bids.has(key)) findings.push(`lender ${client} was told of bid ${bidId} twice`);
  bids.set(key, { loan, filledCents });
  add(raisedCents, loan, filledCents);
  add(heldCents, client, filledCents);
}

function expectCancel(expected: Expectations, request: Logged): void {
  const { flags, client, bidId, filledCents } = request;
  if (isOpen(expected, request) || (flags & FLAG.refused) !== 0) return;
  cancelBid(expected, client, bidId, filledCents);
}

export function cancelBid(
  { bids, findings, raisedCents, heldCents }: Expectations,
  client: number,
  bidId: number,
  releasedCents: number | null,
): void {
  const key = `${client}/${bidId}`;
  const bid = bids.get(key);
  if (bid === undefined || (releasedCents !== null && releasedCents !== bid.filledCents)) {
    const was = bid === undefined ? "nothing" : bid.filledCents;
    findings.push(`a cancel of lender ${client} released ${releasedCents} of ${was}`);
    return;
  }
  bids.delete(key);
  add(raisedCents, bid.loan, -bid.filledCents);
  add(heldCents, client, -bid.filledCents);
}

function expectRepayment(expected: Expectations, request: Logged): void {
  const { flags, client, filledCents, rank, remainingCents, amountCents } = request;
  if (isOpen(expected, request) || (flags & FLAG.refused) !== 0) return;
  // Of a repayment the log has principal, income and what came back in these fields.
  if (filledCents + rank + remainingCents !== amountCents) {
    expected.findings.push(
      `a repayment of ${amountCents} came to ${filledCents} + ${rank}, ${remainingCents} came back`,
    );
  }
  const of = expected.repaid.get(client) ?? { clearings: 0, principalCents: 0, paidCents: 0 };
  of.clearings++;
  of.principalCents += filledCents;
  of.paidCents += filledCents + rank;
  expected.repaid.set(client, of);
}

function add(sums: Map<number, number>, key: number, cents: number): void {
  sums.set(key, (sums.get(key) ?? 0) + cents);
}
