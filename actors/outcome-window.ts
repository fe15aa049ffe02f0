// Remembers what the last requests of an actor came to, so that each has an effect at most once:
// a repeat gets the first outcome, the same id with another body is refused, and an id older than
// what was forgotten is refused too. Memory is bounded; nothing is ever executed twice.

import { assert } from "../src/money/assert.ts";
import { requestTimeMs, type RequestId } from "./address.ts";
import type { Outcome } from "./outcomes.ts";

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
  /** In the order of arrival: the first key is the oldest. */
  readonly #entries = new Map<RequestId, OutcomeEntry>();
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
  open(requestId: RequestId, fingerprint: number): void {
    this.#remember({ requestId, fingerprint, outcome: undefined, waiter: undefined });
    this.#open++;
  }

  /** The outcome of a request that was opened before, or of one that is settled at once. */
  settle(requestId: RequestId, fingerprint: number, outcome: Outcome): void {
    let entry = this.#entries.get(requestId);
    if (entry === undefined) {
      entry = { requestId, fingerprint, outcome, waiter: undefined };
      this.#remember(entry);
    } else {
      assert(entry.outcome === undefined, "a request is settled once");
      entry.outcome = outcome;
      this.#open--;
    }
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
   * Forgets the oldest settled entries beyond the limit. One that still waits is kept whatever
   * its age; an actor's holds limit how many those can be.
   */
  #remember(entry: OutcomeEntry): void {
    assert(!this.#entries.has(entry.requestId), "a request is remembered once");
    this.#entries.set(entry.requestId, entry);
    if (this.#entries.size <= OUTCOMES_KEPT_MAX) return;
    for (const [requestId, oldest] of this.#entries) {
      if (oldest.outcome === undefined) continue;
      this.#entries.delete(requestId);
      const timeMs = requestTimeMs(requestId);
      if (timeMs > this.#watermarkMs) this.#watermarkMs = timeMs;
      break;
    }
  }

  toSnapshot(): unknown[] {
    const rows: unknown[] = [this.#watermarkMs];
    for (const entry of this.#entries.values()) {
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
      window.#entries.set(requestId, {
        requestId,
        fingerprint: rows[at + 1] as number,
        outcome,
        waiter: undefined,
      });
    }
    return window;
  }
}

const NONE: readonly OutcomeEntry[] = [];
