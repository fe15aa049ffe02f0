// Compares what clients were told of cancels and repayments with what the journal says: the same
// witness as for bids, who never asks the server.

import { formatRequestId, type RequestId } from "../../actors/address.ts";
import { ERRORS, type ErrorCode } from "../protocol/errors.ts";
import { compareRefused, expectDurable } from "./client-log.ts";
import type { RequestFact } from "./request-book.ts";
import type { World } from "./world.ts";

/** A cancel or a repayment as its client sent it, and what the client was told. */
export type ClientAction = {
  readonly requestId: RequestId;
  readonly accountId: string;
  /** Undefined when no answer came. */
  readonly outcome?:
    { readonly type: "Done" } | { readonly type: "Refused"; readonly code: ErrorCode } | undefined;
  /** `shard:epoch-seq` of the reply. */
  readonly position?: string | undefined;
} & (
  | { readonly kind: "cancel"; readonly bidId: number }
  | { readonly kind: "repay"; readonly loanId: string; readonly amountCents: number }
);

/** What these requests came to, measured against the journal. */
export interface ActionTotals {
  readonly requests: number;
  readonly done: number;
  readonly lost: number;
  readonly doubled: number;
}

export function compareClientActions(world: World, actions: readonly ClientAction[]): ActionTotals {
  const totals = { requests: actions.length, done: 0, lost: 0, doubled: 0 };
  world.findings.stand(null, null);
  const known = new Set<string>();
  const actors = new Set<string>();
  for (const action of actions) {
    known.add(action.requestId);
    actors.add(`account:${action.accountId}`);
    compareOne(world, action, totals);
  }
  for (const [requestId, facts] of world.requests.entries()) {
    if (known.has(requestId)) continue;
    for (const { actor, event } of facts) {
      if (!actors.has(actor)) continue;
      if (event.type !== "CancelAsked" && event.type !== "RepaymentSent") continue;
      world.findings.add("client_unknown", `${actor}: ${event.type}, and no client asked for it`);
    }
  }
  return totals;
}

function compareOne(
  world: World,
  action: ClientAction,
  totals: { done: number; lost: number; doubled: number },
): void {
  const { findings } = world;
  const name = `${action.kind} ${formatRequestId(action.requestId)} of ${action.accountId}`;
  const facts = world.requests.of(action.requestId);
  const fact = facts[0];
  if (facts.length > 1) {
    totals.doubled++;
    findings.add("client_doubled", `${name} is in the journal ${facts.length} times`);
  }
  if (fact !== undefined) {
    findings.expect(
      isSame(action, fact),
      "client_differs",
      () => `${name}: journaled as ${fact.event.type} of ${fact.actor}`,
    );
    expectDurable(world, action, fact, name);
  }
  const { outcome } = action;
  if (outcome === undefined) return;
  if (outcome.type === "Done") {
    totals.done++;
    if (fact?.result.type === "done") return;
    totals.lost++;
    const says = fact?.result.type ?? "nothing";
    findings.add("client_lost", `${name}: told that it is done, the journal says ${says}`);
    return;
  }
  const { code } = outcome;
  // Said by the gateway: the last attempt was turned away, an earlier one may have got through.
  if (ERRORS[code].number < 200) return;
  compareRefused(world, code, fact, name, totals, "done");
}

/** What was journaled under the id is what the client sent. */
function isSame(action: ClientAction, { actor, event }: RequestFact): boolean {
  if (actor !== `account:${action.accountId}`) return false;
  if (event.type === "RequestRefused") return true;
  if (action.kind === "cancel") {
    return event.type === "CancelAsked" && event.holdNo === action.bidId;
  }
  return (
    event.type === "RepaymentSent" &&
    event.loanId === action.loanId &&
    event.amountCents === action.amountCents
  );
}
