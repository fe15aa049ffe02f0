// Compares what clients were told with what the journal says. The clients' own logs are the
// witness: the server's word is never asked.

import type { RequestId } from "../../actors/address.ts";
import { formatRequestId } from "../../actors/address.ts";
import type { AccountEvent } from "../../actors/account/events.ts";
import { comparePositions, tryParsePosition } from "../journal/position.ts";
import { ERRORS, type ErrorCode } from "../protocol/errors.ts";
import type { ClientTotals } from "./report.ts";
import type { RequestFact } from "./request-book.ts";
import type { World } from "./world.ts";

/** A bid as its client sent it, and what the client was told. Written down by the client itself. */
export interface ClientRequest {
  readonly requestId: RequestId;
  readonly accountId: string;
  readonly loanId: string;
  readonly amountCents: number;
  readonly fill: "exact" | "upTo";
  /** When it was first sent, in ms; resending it keeps this and the request id. */
  readonly sentAt: number;
  /** Undefined when no answer came. */
  readonly outcome?: ClientOutcome | undefined;
  readonly acknowledgedAt?: number | undefined;
  /** `shard:epoch-seq` of the reply: up to there, the client was told, all of it is durable. */
  readonly position?: string | undefined;
}

export type ClientOutcome =
  | {
      readonly type: "BidPlaced";
      readonly bidId: number;
      readonly filledCents: number;
      readonly rank: number;
      readonly remainingCents: number;
    }
  | { readonly type: "Refused"; readonly code: ErrorCode };

/** Refusals that leave no trace by design: of absent actors, and of ids that are not taken up. */
const NOT_JOURNALED: ReadonlySet<string> = new Set([
  "account_not_found",
  "request_id_reused",
  "request_id_too_old",
]);

interface Tally {
  accepted: number;
  unanswered: number;
  lost: number;
  doubled: number;
  readonly refused: Record<string, number>;
  readonly turnedAway: Record<string, number>;
}

export function compareClientRequests(
  world: World,
  requests: readonly ClientRequest[],
): ClientTotals {
  world.findings.stand(null, null);
  const tally: Tally = {
    accepted: 0,
    unanswered: 0,
    lost: 0,
    doubled: 0,
    refused: {},
    turnedAway: {},
  };
  const known = new Set<string>();
  const loans = new Set<string>();
  for (const request of requests) {
    known.add(request.requestId);
    loans.add(request.loanId);
    compareOne(world, request, tally);
  }
  expectKnown(world, known, loans);
  return { requests: requests.length, ...tally };
}

function compareOne(world: World, request: ClientRequest, tally: Tally): void {
  const { findings } = world;
  const name = `request ${formatRequestId(request.requestId)} of ${request.accountId}`;
  const facts = world.requests.of(request.requestId);
  const effects = facts.filter(({ event }) => event.type !== "RequestRefused");
  if (facts.length > 1 || effects.length > 1) {
    tally.doubled++;
    findings.add("client_doubled", `${name} is in the journal ${facts.length} times`);
  }
  const fact = facts[0];
  if (fact !== undefined) {
    expectSameBid(world, request, fact, name);
    expectDurable(world, request, fact, name);
  }
  const { outcome } = request;
  if (outcome === undefined) {
    tally.unanswered++;
  } else if (outcome.type === "BidPlaced") {
    tally.accepted++;
    compareAccepted(world, request, outcome, fact, name, tally);
  } else if (ERRORS[outcome.code].number < 200) {
    // Said by the gateway: the last attempt was turned away, an earlier one may have got through.
    count(tally.turnedAway, outcome.code);
  } else {
    count(tally.refused, outcome.code);
    compareRefused(world, outcome.code, fact, name, tally, "BidPlaced");
  }
}

function compareAccepted(
  world: World,
  request: ClientRequest,
  outcome: Extract<ClientOutcome, { type: "BidPlaced" }>,
  fact: RequestFact | undefined,
  name: string,
  tally: Tally,
): void {
  const { findings } = world;
  const result = fact?.result;
  if (result === undefined || result.type === "pending") {
    tally.lost++;
    findings.add("client_lost", `${name}: acknowledged as a bid, the journal has none`);
    return;
  }
  const same =
    result.type === "BidPlaced" &&
    result.bidId === outcome.bidId &&
    result.filledCents === outcome.filledCents &&
    result.rank === outcome.rank &&
    result.remainingCents === outcome.remainingCents;
  if (!same) {
    if (result.type !== "BidPlaced") tally.lost++;
    findings.add(
      result.type === "BidPlaced" ? "client_differs" : "client_lost",
      `${name}: told ${JSON.stringify(outcome)}, journaled ${JSON.stringify(result)}`,
    );
    return;
  }
  // The account's word and the loan's must be one: the loan's book has the bid at its rank.
  const bid = world.loans.get(request.loanId)?.bids.get(outcome.rank);
  const stands =
    bid?.accountId === request.accountId &&
    bid.holdNo === outcome.bidId &&
    bid.filledCents === outcome.filledCents;
  if (stands) return;
  tally.lost++;
  findings.add("client_lost", `${name}: ${request.loanId} has no such bid at ${outcome.rank}`);
}

export function compareRefused(
  world: World,
  code: ErrorCode,
  fact: RequestFact | undefined,
  name: string,
  tally: { lost: number },
  effect: "BidPlaced" | "done",
): void {
  const { findings } = world;
  if (fact === undefined) {
    if (NOT_JOURNALED.has(code)) return;
    tally.lost++;
    findings.add("client_lost", `${name}: refused for ${code}, the journal has no such refusal`);
    return;
  }
  if (fact.result.type === effect) {
    findings.add("client_refused_but_effective", `${name}: told ${code}, but it was done`);
  } else if (fact.result.type !== "Refused" || fact.result.code !== code) {
    findings.add(
      "client_differs",
      `${name}: told ${code}, journaled ${JSON.stringify(fact.result)}`,
    );
  }
}

/** What was journaled under the id is what the client sent. */
function expectSameBid(
  world: World,
  request: ClientRequest,
  { actor, event }: RequestFact,
  name: string,
): void {
  const own = actor === `account:${request.accountId}`;
  const refused = event.type === "RequestRefused";
  const same =
    own &&
    (refused ||
      (event.type === "HoldPlaced" &&
        event.loanId === request.loanId &&
        event.amountCents === request.amountCents &&
        event.fill === request.fill));
  world.findings.expect(
    same,
    "client_differs",
    () => `${name} asked for ${request.amountCents}; journaled: ${event.type} of ${actor}`,
  );
}

/** The result stands in the journal at the position that came with the answer, or before it. */
export function expectDurable(
  world: World,
  request: { readonly outcome?: object | undefined; readonly position?: string | undefined },
  { settledAt }: RequestFact,
  name: string,
): void {
  if (request.outcome === undefined || request.position === undefined) return;
  const [shard, told] = request.position.split(":");
  const toldAt = tryParsePosition(told ?? "");
  const isAt = settledAt?.position == null ? undefined : tryParsePosition(settledAt.position);
  const durable =
    toldAt !== undefined &&
    isAt !== undefined &&
    Number(shard) === settledAt?.shard &&
    comparePositions(isAt, toldAt) <= 0;
  world.findings.expect(
    durable,
    "client_told_early",
    () => `${name} was told at ${request.position}, it stands at ${settledAt?.position}`,
  );
}

/** Nobody else bid on the loans that the logs are about. */
function expectKnown(world: World, known: ReadonlySet<string>, loans: ReadonlySet<string>): void {
  for (const [requestId, facts] of world.requests.entries()) {
    if (known.has(requestId)) continue;
    for (const { actor, event } of facts) {
      if (!isBidOn(event, loans)) continue;
      world.findings.add(
        "client_unknown",
        `${actor} bid ${event.amountCents} on ${event.loanId}, and no client asked for it`,
      );
    }
  }
}

function isBidOn(
  event: RequestFact["event"],
  loans: ReadonlySet<string>,
): event is Extract<AccountEvent, { type: "HoldPlaced" }> {
  return event.type === "HoldPlaced" && loans.has(event.loanId);
}

function count(counts: Record<string, number>, code: string): void {
  counts[code] = (counts[code] ?? 0) + 1;
}
