// Writes the anchor of a shard for its owner: after what was acknowledged, never before, and never
// on the way of a commit or an answer. An anchor that cannot be written stops nothing; it is told
// when that begins and when it ends, and is tried again.

import type { Anchors } from "./anchor.ts";
import type { Clock, Timers } from "./clock.ts";
import { JournalError } from "./errors.ts";
import type { ChainPoint } from "./mac-chain.ts";

/** Of all shards, as plain numbers: read when somebody looks. */
export interface AnchorCounters {
  failures: number;
  /** By shard, on the monotonic clock: since when something acknowledged is not in its anchor. */
  readonly behindSinceMs: Map<number, number>;
}

export function createAnchorCounters(): AnchorCounters {
  return { failures: 0, behindSinceMs: new Map() };
}

export interface AnchorOptions {
  readonly anchors: Anchors;
  readonly counters: AnchorCounters;
  /** The journal is not empty, and there is no anchor, or none that can be read: it is served. */
  onUnanchored(detail: string): void;
  /** Anchors cannot be written from now on, and why; null: they can again. */
  onFault(detail: string | null): void;
}

interface KeeperOptions extends AnchorOptions {
  readonly shard: number;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** The longest that a close waits for the last anchor, in ms. */
const CLOSE_WAIT_MS_MAX = 1_000;

export class AnchorKeeper {
  readonly #o: KeeperOptions;
  /** Acknowledged, and not in the anchor. */
  #wanted: ChainPoint | undefined;
  #writing: Promise<void> | undefined;
  #offNext: (() => void) | undefined;
  #lastMs = -Infinity;
  /** What of ours is in the counters, if anything is. */
  #behindSinceMs: number | undefined;
  #isFaulty = false;
  #closed = false;

  constructor(options: KeeperOptions) {
    this.#o = options;
  }

  /** The journal is acknowledged up to here. Called at each commit. */
  moved(point: ChainPoint): void {
    const wasCurrent = this.#wanted === undefined;
    this.#wanted = point;
    if (!wasCurrent || this.#closed) return;
    this.#behindSince(this.#o.clock.nowMs());
    this.#writeLater();
  }

  #behindSince(atMs: number): void {
    this.#behindSinceMs = atMs;
    this.#o.counters.behindSinceMs.set(this.#o.shard, atMs);
  }

  #writeLater(): void {
    const { clock, timers, everyMs } = this.#o;
    const delayMs = Math.max(0, Math.ceil(this.#lastMs + everyMs - clock.nowMs()));
    this.#offNext = timers.after(delayMs, () => {
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
        if (this.#wanted !== undefined && !this.#closed) this.#writeLater();
      });
    });
  }

  async #write(): Promise<void> {
    const { anchors, counters, shard, clock } = this.#o;
    const point = this.#wanted;
    if (point === undefined) return;
    this.#lastMs = clock.nowMs();
    try {
      await anchors.write(shard, point);
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      counters.failures++;
      this.#tell(error.message);
      return;
    }
    this.#tell(null);
    if (this.#wanted === point) {
      this.#wanted = undefined;
      counters.behindSinceMs.delete(shard);
    } else if (!this.#closed) this.#behindSince(this.#lastMs);
  }

  #tell(fault: string | null): void {
    const isFaulty = fault !== null;
    if (isFaulty === this.#isFaulty) return;
    this.#isFaulty = isFaulty;
    this.#o.onFault(fault);
  }

  /** One last time, if anything is not in the anchor; waits for it, but not for long. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#offNext?.();
    const { timers, counters, shard } = this.#o;
    const last = (this.#writing ?? Promise.resolve()).then(() => this.#write());
    await new Promise<void>((resolve, reject) => {
      const off = timers.after(CLOSE_WAIT_MS_MAX, resolve);
      last.then(() => (off(), resolve()), reject);
    });
    // The next life of the shard may have begun by now: what it says stands.
    if (counters.behindSinceMs.get(shard) === this.#behindSinceMs) {
      counters.behindSinceMs.delete(shard);
    }
  }
}
