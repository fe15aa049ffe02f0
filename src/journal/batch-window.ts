// The last batches of an owner, in order: those in flight, and those acknowledged a short while
// ago, which can be appended again when Redis goes back in time. Bounded in time and in bytes. A
// batch, once here, is never changed.

import { assert } from "../money/assert.ts";
import type { PayloadMemory } from "./payload-memory.ts";
import type { Position } from "./position.ts";

export interface Batch<Cargo> {
  readonly position: Position;
  readonly mac: Buffer;
  /** What the head of the shard is once this is committed, and what it must be before. */
  readonly head: string;
  readonly previousHead: string;
  readonly payload: Buffer;
  /** Null once it was told to be committed: only the bytes may be needed again. */
  cargo: Cargo | null;
  releasedAtMs: number;
}

export class BatchWindow<Cargo> {
  readonly #memory: PayloadMemory;
  /** Those before `#first` were dropped; the array is cut now and then, not each time. */
  #batches: Batch<Cargo>[] = [];
  #first = 0;
  /** Redis has all before it. May go back, in a rewind. */
  #confirmed = 0;
  /** The world knows all before it. Never goes back. */
  #released = 0;
  #bytes = 0;

  /** Gives `memory` back each payload that nobody will ask for again. */
  constructor(memory: PayloadMemory) {
    this.#memory = memory;
  }

  push(batch: Batch<Cargo>): void {
    const last = this.#batches.at(-1);
    assert(last === undefined || last.head === batch.previousHead, "batches are contiguous");
    this.#batches.push(batch);
    this.#bytes += batch.payload.length;
  }

  /** Sent, or waiting to be sent, and not yet released. */
  get inFlight(): number {
    return this.#batches.length - this.#released;
  }

  /** Redis went back, and what it lost is not all appended again. */
  get isRewound(): boolean {
    return this.#confirmed < this.#released;
  }

  get hasUnconfirmed(): boolean {
    return this.#confirmed < this.#batches.length;
  }

  /** The first of those that Redis is not known to have, in order. */
  unconfirmed(countMax: number): readonly Batch<Cargo>[] {
    return this.#batches.slice(this.#confirmed, this.#confirmed + countMax);
  }

  get lastHead(): string | undefined {
    return this.#batches.at(-1)?.head;
  }

  /** The lowest number that is still known; undefined before anything was ever confirmed. */
  get oldestSeq(): number | undefined {
    return this.#released === 0 ? undefined : this.#batches[this.#first]!.position.seq;
  }

  /**
   * How many batches of the window a head stands behind: 0 for the head that the first one
   * follows. Undefined for a head that this owner does not know, or no longer.
   */
  prefixOf(head: string): number | undefined {
    for (let at = this.#batches.length - 1; at >= this.#first; at--) {
      if (this.#batches[at]!.head === head) return at + 1;
    }
    return this.#batches[this.#first]?.previousHead === head ? this.#first : undefined;
  }

  /** The prefix that ends with this batch; one that was dropped is before everything. */
  prefixThrough(batch: Batch<Cargo>): number {
    return Math.max(this.#batches.lastIndexOf(batch) + 1, this.#first);
  }

  isConfirmedBeyond(prefix: number): boolean {
    return this.#confirmed > prefix;
  }

  /** True when this confirms anything new. */
  confirm(prefix: number): boolean {
    if (prefix <= this.#confirmed) return false;
    this.#confirmed = prefix;
    return true;
  }

  /** Redis has less than was thought. */
  rewind(prefix: number): void {
    assert(prefix < this.#confirmed, "a rewind goes back");
    this.#confirmed = prefix;
  }

  /** The next batch that may be told to the world, or undefined. */
  release(nowMs: number): Batch<Cargo> | undefined {
    if (this.#released >= this.#confirmed) return undefined;
    const batch = this.#batches[this.#released]!;
    this.#released++;
    batch.releasedAtMs = nowMs;
    return batch;
  }

  /** Drops what was released before `sinceMs`, and the oldest beyond `bytesMax`. */
  drop(sinceMs: number, bytesMax: number): void {
    // The last released one stays: its head is what the next in flight follows.
    const end = Math.min(this.#released, this.#confirmed) - 1;
    while (this.#first < end) {
      const oldest = this.#batches[this.#first]!;
      if (oldest.releasedAtMs >= sinceMs && this.#bytes <= bytesMax) break;
      this.#bytes -= oldest.payload.length;
      // Emptied at once: the array itself is cut later, and must not keep the bytes.
      this.#batches[this.#first] = undefined as never;
      this.#first++;
      this.#memory.release(oldest.payload);
    }
    if (this.#first > 1024 && this.#first * 2 > this.#batches.length) this.#cut();
  }

  #cut(): void {
    this.#batches.splice(0, this.#first);
    this.#confirmed -= this.#first;
    this.#released -= this.#first;
    this.#first = 0;
  }
}
