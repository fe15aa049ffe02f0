// The shape of every actor: a Decider (Chassaing). decide reads and answers; evolve writes and
// never judges. No clock, no randomness, no promise, no log, no vendor in this folder.

import type { Address, RequestId } from "./address.ts";
import type { OutcomeWindow } from "./outcome-window.ts";
import type { Refusal } from "./refusals.ts";
import type { RowSegment } from "./rows.ts";

export type Decision<Event> =
  | { readonly accepted: true; readonly events: readonly Event[] }
  | { readonly accepted: false; readonly refusal: Refusal };

export function accept<Event>(...events: Event[]): Decision<Event> {
  return { accepted: true, events };
}

export function refuse(refusal: Refusal): { accepted: false; refusal: Refusal } {
  return { accepted: false, refusal };
}

/** What names a client's request inside an actor: present on commands from outside, only there. */
export interface RequestStamp {
  readonly requestId: RequestId;
  /** 32-bit hash of the command's fields: tells a repeat from a reuse of the same id. */
  readonly fingerprint: number;
}

/** Names the in-transit account between the shards of an event's actor and another actor. */
export interface Transit {
  to(receiver: Address): string;
  from(sender: Address): string;
}

/** A change of the one alarm that an actor may have: a time in ms, or null to clear it. */
export type AlarmChange = number | null | undefined;

/**
 * Receives postings, one call a side: `code` and `owner` name the ledger account, a debit is
 * positive and a credit negative, in cents.
 */
export type PostingSink = (code: LedgerCode, owner: string, amountCents: number) => void;
export type LedgerCode = import("../src/ledger/chart.ts").LedgerCode;

/** State common to all actors; the shell reads nothing else of it. */
export interface ActorState {
  /** Outcomes of requests, so that a repeat gets the first answer. */
  readonly outcomes: OutcomeWindow;
}

/** An actor's state for the snapshot: plain values, and the numbered parts that changed. */
export interface StateSnapshot {
  readonly main: unknown[];
  readonly parts: readonly RowSegment[];
}
