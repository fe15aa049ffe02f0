// At most one alarm an actor: the time at which it wants to be asked. The times are part of the
// shard's state, the ringing is not: an alarm rings until the actor clears or moves it.

import { assert } from "../money/assert.ts";

/** An alarm that rang and is still set rings again after this time. */
const RING_AGAIN_MS = 1_000;

export class Alarms {
  readonly #times = new Map<string, number>();
  /** No alarm is due before this; it may be earlier than the earliest. */
  #nextMs = Infinity;

  set(key: string, atMs: number | null): void {
    if (atMs === null) {
      this.#times.delete(key);
      return;
    }
    this.#times.set(key, atMs);
    if (atMs < this.#nextMs) this.#nextMs = atMs;
  }

  get nextMs(): number {
    return this.#nextMs;
  }

  /** Keys whose time has come. */
  takeDue(nowMs: number): string[] {
    if (nowMs < this.#nextMs) return [];
    const due: string[] = [];
    this.#nextMs = Infinity;
    for (const [key, atMs] of this.#times) {
      if (atMs <= nowMs) due.push(key);
      this.#nextMs = Math.min(this.#nextMs, Math.max(atMs, nowMs + RING_AGAIN_MS));
    }
    return due;
  }

  toSnapshot(): unknown[] {
    return [...this.#times].flat();
  }

  /** Times by key. */
  entries(): IterableIterator<[string, number]> {
    return this.#times.entries();
  }

  restore(values: readonly unknown[]): void {
    assert(values.length % 2 === 0, "alarms are pairs");
    for (let at = 0; at < values.length; at += 2) {
      this.set(values[at] as string, values[at + 1] as number);
    }
  }
}
