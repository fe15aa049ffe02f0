// Remembers what the last requests of an actor came to, so that each has an effect at most once:
// a repeat gets the first outcome, the same id with another body is refused, and an id not after
// one that was forgotten is refused too. Memory is bounded; nothing is ever executed twice.

import { assert } from "../src/money/assert.ts";
import type { RequestId } from "./address.ts";
import { OutcomeRows } from "./outcome-rows.ts";
import type { Outcome } from "./outcomes.ts";
import type { Refusal } from "./refusals.ts";

export interface OutcomeEntry {
  readonly requestId: RequestId;
  readonly fingerprint: number;
  /** Undefined while another actor still has to answer. */
  outcome: Outcome | undefined;
  /** For the shell only: who waits for the outcome. Never in a snapshot. */
  waiter: unknown;
}

/** So many that wait are looked through for one of them; more get an index. */
const OPEN_SCANNED_MAX = 32;

export class OutcomeWindow {
  /** In the order in which they were settled. */
  #settledRows = new OutcomeRows();
  /**
   * Those that still wait for another actor, in the order of arrival: kept whatever their age.
   * Nearly always they are few; what a server takes in limits how many they can be.
   */
  readonly #open: OutcomeEntry[] = [];
  /** The same by id, while they are many. */
  #openById: Map<RequestId, OutcomeEntry> | null = null;
  /** No id that is remembered is greater. */
  #greatest = "";
  /** Entries that evolve has settled since the shell last looked. */
  #settledNow: readonly OutcomeEntry[] = NONE;

  /** The entry itself while it waits; of a settled one a copy. */
  get(requestId: RequestId): OutcomeEntry | undefined {
    if (requestId > this.#greatest) return undefined;
    const opened = this.#opened(requestId);
    if (opened !== undefined) return opened;
    const rows = this.#settledRows;
    const place = rows.find(requestId);
    if (place < 0) return undefined;
    const fingerprint = rows.fingerprintAt(place);
    return { requestId, fingerprint, outcome: rows.outcomeAt(place), waiter: undefined };
  }

  /** Not remembered, and not after what was forgotten: it may have been executed. */
  isTooOld(requestId: RequestId): boolean {
    return this.#settledRows.isForgotten(requestId);
  }

  /** Whether some request still waits for another actor. */
  get hasOpen(): boolean {
    return this.#open.length > 0;
  }

  /** A request was accepted and waits for another actor. */
  open(requestId: RequestId, fingerprint: number): OutcomeEntry {
    assert(this.get(requestId) === undefined, "a request is remembered once");
    const entry = { requestId, fingerprint, outcome: undefined, waiter: undefined };
    this.#open.push(entry);
    if (this.#openById !== null) this.#openById.set(requestId, entry);
    else if (this.#open.length > OPEN_SCANNED_MAX) this.#indexOpen();
    this.#seen(requestId);
    return entry;
  }

  /** The outcome of a request that was opened before, or of one that is settled at once. */
  settle(requestId: RequestId, fingerprint: number, outcome: Outcome): void {
    const opened = this.#opened(requestId);
    if (opened !== undefined) {
      this.settleOpened(opened, outcome);
      return;
    }
    assert(this.get(requestId) === undefined, "a request is settled once");
    this.#seen(requestId);
    this.#settle({ requestId, fingerprint, outcome, waiter: undefined }, outcome);
  }

  /** The outcome of what `open` returned. */
  settleOpened(entry: OutcomeEntry, outcome: Outcome): void {
    const at = this.#open.indexOf(entry);
    assert(at >= 0, "a request is settled once");
    if (at === 0) this.#open.shift();
    else this.#open.splice(at, 1);
    if (this.#open.length === 0) this.#openById = null;
    else this.#openById?.delete(entry.requestId);
    entry.outcome = outcome;
    this.#settle(entry, outcome);
  }

  #settle(entry: OutcomeEntry, outcome: Outcome): void {
    // What it pushes out is too old from now on.
    this.#settledRows.add(entry.requestId, entry.fingerprint, outcome);
    const before = this.#settledNow;
    this.#settledNow = before === NONE ? [entry] : [...before, entry];
  }

  /** What was settled since the last call. */
  takeSettled(): readonly OutcomeEntry[] {
    const settled = this.#settledNow;
    this.#settledNow = NONE;
    return settled;
  }

  #opened(requestId: RequestId): OutcomeEntry | undefined {
    if (this.#openById !== null) return this.#openById.get(requestId);
    // From the latest on: that is the one which is asked for right after it came.
    let at = this.#open.length - 1;
    while (at >= 0 && this.#open[at]!.requestId !== requestId) at--;
    return this.#open[at];
  }

  #indexOpen(): void {
    this.#openById = new Map(this.#open.map((entry) => [entry.requestId, entry]));
  }

  /** All that is remembered, the settled ones in the order in which they were. */
  *entries(): Generator<OutcomeEntry> {
    for (const place of this.#settledRows.places()) {
      yield this.get(this.#settledRows.requestIdAt(place))!;
    }
    yield* this.#open;
  }

  toSnapshot(): unknown[] {
    const open = this.#open.flatMap(({ requestId, fingerprint }) => [requestId, fingerprint]);
    const [forgottenMs, ...rest] = this.#settledRows.forgotten;
    return [forgottenMs, ...this.#settledRows.toSnapshot(), open, ...rest];
  }

  static fromSnapshot(values: readonly unknown[]): OutcomeWindow {
    if (typeof values[1] !== "object") return OutcomeWindow.#fromEntries(values);
    const [forgottenMs, numbers, codes, others, open, middle, lower] = values as Snapshot;
    const window = new OutcomeWindow();
    window.#settledRows = OutcomeRows.restore(numbers, codes, others);
    window.#settledRows.restoreForgotten(forgottenMs, middle, lower);
    window.#seen(window.#settledRows.greatestId());
    for (let at = 0; at < open.length; at += 2) {
      window.open(open[at] as RequestId, open[at + 1] as number);
    }
    return window;
  }

  /**
   * From before there were rows: id, fingerprint and outcome of each, null while it
   * waits. They come in the order of arrival, and may be more than are kept now:
   * the oldest of those are too old.
   */
  static #fromEntries(values: readonly unknown[]): OutcomeWindow {
    const window = new OutcomeWindow();
    window.#settledRows.restoreForgotten(values[0] as number, undefined, undefined);
    for (let at = 1; at < values.length; at += 3) {
      const requestId = values[at] as RequestId;
      const fingerprint = values[at + 1] as number;
      const outcome = values[at + 2] as Outcome | null;
      if (outcome === null) {
        window.open(requestId, fingerprint);
        continue;
      }
      window.#seen(requestId);
      window.#settledRows.add(requestId, fingerprint, outcome);
    }
    return window;
  }

  #seen(requestId: string): void {
    if (requestId > this.#greatest) this.#greatest = requestId;
  }
}

/** The last two since the forgotten id is kept whole. */
type Snapshot = [
  forgottenMs: number,
  numbers: ArrayLike<number>,
  codes: Refusal[],
  others: unknown[],
  open: unknown[],
  middle: number | undefined,
  lower: number | undefined,
];

const NONE: readonly OutcomeEntry[] = [];
