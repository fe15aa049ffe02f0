// What each client request came to, according to the journal alone.

import type { AccountEvent } from "../../actors/account/events.ts";
import type { LoanEvent } from "../../actors/loan/events.ts";
import type { AccountModel } from "./account-model.ts";
import type { Findings, Place } from "./report.ts";

export type RequestResult =
  | { readonly type: "pending" }
  | { readonly type: "done" }
  | { readonly type: "Refused"; readonly code: string }
  | {
      readonly type: "BidPlaced";
      readonly bidId: number;
      readonly filledCents: number;
      readonly rank: number;
      readonly remainingCents: number;
    };

/** A request that an actor has taken up. */
export interface RequestFact {
  /** `account:ann` or `loan:spring`; `loan:spring (borrower)` for what its borrower asked of it. */
  readonly actor: string;
  readonly event: AccountEvent | LoanEvent;
  result: RequestResult;
  /** The entry that the result stands in. */
  settledAt: Place | null;
}

export class RequestBook {
  /** All that was journaled for an id. One, if everything is right. */
  readonly #facts = new Map<string, RequestFact[]>();

  of(requestId: string): readonly RequestFact[] {
    return this.#facts.get(requestId) ?? [];
  }

  entries(): Iterable<[string, readonly RequestFact[]]> {
    return this.#facts;
  }

  /** Looks at an event before the account's model changes. */
  note(
    actor: string,
    event: AccountEvent | LoanEvent,
    account: AccountModel | undefined,
    findings: Findings,
  ): void {
    if ("fingerprint" in event) {
      this.#takeUp(`${actor}${partyOf(event.type)}`, event, findings);
      return;
    }
    if (event.type === "BidConfirmed" || event.type === "BidRefused") {
      const hold = account?.holds.get(event.holdNo);
      if (hold !== undefined) this.#settle(actor, hold.requestId, resultOf(event), findings);
    } else if (event.type === "RepaymentConfirmed" || event.type === "RepaymentReturned") {
      // What the calendar collected, nobody asked for.
      const requestId = account?.paying.get(event.paymentNo);
      if (requestId !== undefined) this.#settle(actor, requestId, resultOf(event), findings);
    } else if (event.type === "BidCancelled") {
      this.#settle(actor, event.requestId, { type: "done" }, findings);
    } else if (event.type === "ApplicationConfirmed") {
      this.#settle(actor, event.requestId, { type: "done" }, findings);
    } else if (event.type === "CancelRefused" || event.type === "ApplicationRefused") {
      const result = { type: "Refused", code: event.refusal } as const;
      this.#settle(actor, event.requestId, result, findings);
    }
  }

  #takeUp(
    actor: string,
    event: Extract<AccountEvent | LoanEvent, { fingerprint: number }>,
    findings: Findings,
  ): void {
    const { requestId } = event;
    const facts = this.#facts.get(requestId) ?? [];
    // Another actor may know the same id: it is the client's, and clients are not each other.
    const before = facts.find((fact) => fact.actor === actor);
    findings.expect(
      before === undefined,
      "request_effect_twice",
      () => `${actor}: ${event.type} for a request that was ${before?.event.type} before`,
    );
    const result = firstResult(event);
    const settledAt = result.type === "pending" ? null : findings.place;
    facts.push({ actor, event, result, settledAt });
    this.#facts.set(requestId, facts);
  }

  #settle(actor: string, requestId: string, result: RequestResult, findings: Findings): void {
    const fact = this.of(requestId).find((known) => known.actor === actor);
    const waits = fact?.result.type === "pending";
    findings.expect(
      waits,
      "request_effect_twice",
      () =>
        `${actor}: a request is settled that ${fact === undefined ? "never was" : "was before"}`,
    );
    if (fact === undefined || !waits) return;
    fact.result = result;
    fact.settledAt = findings.place;
  }
}

const OF_BORROWERS: ReadonlySet<string> = new Set([
  "ApplicationUpdated",
  "DocumentAttached",
  "ApplicationSubmitted",
  "ApplicationWithdrawn",
  "ContractSigned",
  "BorrowerRequestRefused",
]);

/** Borrower and staff choose their ids without knowing of each other: two lines of one loan. */
function partyOf(type: string): string {
  return OF_BORROWERS.has(type) ? " (borrower)" : "";
}

function firstResult(
  event: Extract<AccountEvent | LoanEvent, { fingerprint: number }>,
): RequestResult {
  switch (event.type) {
    case "RequestRefused":
    case "BorrowerRequestRefused":
      return { type: "Refused", code: event.refusal };
    case "HoldPlaced":
    case "CancelAsked":
    case "RepaymentSent":
    case "ApplicationAsked":
      return { type: "pending" };
    default:
      return { type: "done" };
  }
}

function resultOf(
  event: Extract<
    AccountEvent,
    { type: "BidConfirmed" | "BidRefused" | "RepaymentConfirmed" | "RepaymentReturned" }
  >,
): RequestResult {
  if (event.type === "RepaymentConfirmed") return { type: "done" };
  if (event.type === "BidRefused" || event.type === "RepaymentReturned")
    return { type: "Refused", code: event.refusal };
  const { holdNo, filledCents, bidNo, remainingCents } = event;
  return { type: "BidPlaced", bidId: holdNo, filledCents, rank: bidNo, remainingCents };
}
