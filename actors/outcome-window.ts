// Remembers what the last requests of an actor came to, so that each has an effect at most once:
// a repeat gets the first outcome, the same id with another body is refused, and an id older than
// what was forgotten is refused too. Memory is bounded; nothing is ever executed twice.

import { assert } from "../src/money/assert.ts";
import { requestTimeMs, type RequestId } from "./address.ts";
import type { Outcome } from "./outcomes.ts";
import { RequestTable } from "./request-table.ts";

export interface OutcomeEntry {
  readonly requestId: RequestId;
  readonly fingerprint: number;
  /** Undefined while another actor still has to answer. */
  outcome: Outcome | undefined;
  /** For the shell only: who waits for the outcome. Never in a snapshot. */
  waiter: unknown;
}

export const OUTCOMES_KEPT_MAX = 128;

export class OutcomeWindow {
  readonly #entries = new RequestTable<OutcomeEntry>();
  /** The same in the order of arrival, from `#front` on: finding the oldest costs nothing. */
  readonly #order: OutcomeEntry[] = [];
  #front = 0;
  /** The latest time of a forgotten id, in ms. Ids not after it are refused unless remembered. */
  #watermarkMs = 0;
  #open = 0;
  /** Entries that evolve has settled since the shell last looked. */
  #settled: OutcomeEntry[] = [];

  get(requestId: RequestId): OutcomeEntry | undefined {
    return this.#entries.get(requestId);
  }

  isTooOld(requestId: RequestId): boolean {
    return requestTimeMs(requestId) <= this.#watermarkMs;
  }

  /** Whether some request still waits for another actor. */
  get hasOpen(): boolean {
    return this.#open > 0;
  }

  /** A request was accepted and waits for another actor. */
  open(requestId: RequestId, fingerprint: number): OutcomeEntry {
    const entry = { requestId, fingerprint, outcome: undefined, waiter: undefined };
    this.#remember(entry);
    this.#open++;
    return entry;
  }

  /** The outcome of a request that was opened before, or of one that is settled at once. */
  settle(requestId: RequestId, fingerprint: number, outcome: Outcome): void {
    const opened = this.#entries.get(requestId);
    if (opened !== undefined) {
      this.settleOpened(opened, outcome);
      return;
    }
    const entry = { requestId, fingerprint, outcome, waiter: undefined };
    this.#remember(entry);
    this.#settled.push(entry);
  }

  /** The outcome of what `open` returned. */
  settleOpened(entry: OutcomeEntry, outcome: Outcome): void {
    assert(entry.outcome === undefined, "a request is settled once");
    entry.outcome = outcome;
    this.#open--;
    this.#settled.push(entry);
  }

  /** What was settled since the last call. */
  takeSettled(): readonly OutcomeEntry[] {
    if (this.#settled.length === 0) return NONE;
    const settled = this.#settled;
    this.#settled = [];
    return settled;
  }

  /**
   * Forgets the oldest settled entry beyond the limit. One that still waits is kept whatever its
   * age; an actor's holds limit how many those can be.
   */
  #remember(entry: OutcomeEntry): void {
    this.#entries.add(entry);
    this.#order.push(entry);
    if (this.#entries.size > OUTCOMES_KEPT_MAX) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const order = this.#order;
    let at = this.#front;
    while (at < order.length && order[at]!.outcome === undefined) at++;
    const oldest = order[at];
    if (oldest === undefined) return;
    // Those that wait before it move up by one; nearly always there are none.
    if (at > this.#front) order.copyWithin(this.#front + 1, this.#front, at);
    this.#front++;
    if (this.#front >= OUTCOMES_KEPT_MAX) {
      order.splice(0, this.#front);
      this.#front = 0;
    }
    this.#entries.remove(oldest);
    const timeMs = requestTimeMs(oldest.requestId);
    if (timeMs > this.#watermarkMs) this.#watermarkMs = timeMs;
  }

  toSnapshot(): unknown[] {
    const rows: unknown[] = [this.#watermarkMs];
    for (let at = this.#front; at < this.#order.length; at++) {
      const entry = this.#order[at]!;
      rows.push(entry.requestId, entry.fingerprint, entry.outcome ?? null);
    }
    return rows;
  }

  static fromSnapshot(rows: readonly unknown[]): OutcomeWindow {
    const window = new OutcomeWindow();
    window.#watermarkMs = rows[0] as number;
    for (let at = 1; at < rows.length; at += 3) {
      const requestId = rows[at] as RequestId;
      const outcome = (rows[at + 2] as Outcome | null) ?? undefined;
      if (outcome === undefined) window.#open++;
      const fingerprint = rows[at + 1] as number;
      const entry = { requestId, fingerprint, outcome, waiter: undefined };
      window.#entries.add(entry);
      window.#order.push(entry);
    }
    return window;
  }
}

const NONE: readonly OutcomeEntry[] = [];
