// Books accepted payouts when their time has come. A payout that was accepted before a
// restart waits its whole time again.

import { assert } from "../../money/assert.ts";
import type { Environment } from "../environment.ts";
import type { BankPayout } from "./bank.ts";
import type { StoredBank } from "./stored-bank.ts";

interface Due {
  readonly payout: BankPayout;
  /** Monotonic. */
  readonly atMs: number;
}

export class Booker {
  readonly #stored: StoredBank;
  readonly #environment: Environment;
  readonly #delayMs: number;
  /** All wait equally long, so they are due in the order in which they came. */
  readonly #queue = new Set<Due>();
  #cancel: (() => void) | null = null;

  constructor(stored: StoredBank, delayMs: number, environment: Environment) {
    assert(delayMs >= 0, "a delay is not negative", delayMs);
    this.#stored = stored;
    this.#delayMs = delayMs;
    this.#environment = environment;
    for (const payout of stored.bank.pending) this.add(payout);
  }

  add(payout: BankPayout): void {
    const atMs = this.#environment.clock.monotonicMs() + this.#delayMs;
    this.#queue.add({ payout, atMs });
    if (this.#cancel === null) this.#schedule(this.#delayMs);
  }

  stop(): void {
    this.#cancel?.();
    this.#queue.clear();
  }

  #schedule(delayMs: number): void {
    this.#cancel = this.#environment.timers.after(delayMs, () => this.#bookDue());
  }

  #bookDue(): void {
    this.#cancel = null;
    for (const due of this.#queue) {
      const waitMs = due.atMs - this.#environment.clock.monotonicMs();
      if (waitMs > 0) return this.#schedule(waitMs);
      this.#queue.delete(due);
      this.#end(due.payout);
    }
  }

  #end({ reference, failsFor }: BankPayout): void {
    const { bank } = this.#stored;
    const atMs = Math.max(this.#environment.clock.wallMs(), bank.lastBookedAtMs);
    this.#stored.record(
      failsFor === null
        ? { type: "payout_booked", reference, bookedAtMs: atMs }
        : { type: "payout_failed", reference, reason: failsFor, failedAtMs: atMs },
    );
  }
}
