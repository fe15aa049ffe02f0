// Payouts on their way to the custodian. It holds what the runtime feeds it, sends a few at a time,
// and keeps on while the custodian is down; it never gives up by itself. It is memory only: orders
// are durable as events, and after a restart the runtime offers all that were not settled, again.
// So an order may be sent any number of times, which the reference makes harmless.

import { assert } from "../money/assert.ts";
import { backoffMs, type BackoffLimits, type Environment } from "./environment.ts";
import type { Custodian, PayoutOrder, PayoutReference, PayoutSent, Unknown } from "./port.ts";

export interface OutboxLimits {
  /** Orders that wait or are under way. */
  readonly ordersMax: number;
  /** Orders that are being sent at the same time. */
  readonly inFlightMax: number;
  /** Between two attempts of one order, besides what the custodian asks for. */
  readonly attempts: BackoffLimits;
}

export const OUTBOX_LIMITS: OutboxLimits = {
  ordersMax: 100_000,
  inFlightMax: 16,
  attempts: { delayMsFirst: 1_000, delayMsMax: 60_000 },
};

/** The end of an order's way through the outbox. */
export type PayoutSettled = Exclude<PayoutSent, Unknown>;

export type Offered =
  | "queued"
  /** The same order is here already. */
  | "already_queued"
  /** Another order is here under the same reference: a bug of whoever offers. */
  | "reference_conflict"
  /** `hasRoom` will be called. */
  | "outbox_full"
  | "closed";

export interface OutboxParts {
  readonly custodian: Pick<Custodian, "sendPayout">;
  readonly environment: Environment;
  readonly limits?: OutboxLimits;
  /** Called once for each order, when it is known what became of it; never after `close`. */
  settled(order: PayoutOrder, settled: PayoutSettled): void;
  /** Called when an offer was refused for want of room and half of the room is free again. */
  hasRoom?(): void;
}

interface Item {
  readonly order: PayoutOrder;
  failures: number;
}

/**
 * `flowing`: as many as allowed at once. `waiting`: the circuit is open, nothing is sent.
 * `probing`: one at a time, until one is settled.
 */
export type OutboxMode = "flowing" | "waiting" | "probing" | "closed";

export class PayoutOutbox {
  readonly #parts: OutboxParts;
  readonly #limits: OutboxLimits;
  readonly #items = new Map<PayoutReference, Item>();
  /** Items to be sent next: first those that the circuit turned away, then in order of coming. */
  readonly #turnedAway: Item[] = [];
  readonly #ready = new Set<Item>();
  readonly #cancels = new Set<() => void>();
  #mode: OutboxMode = "flowing";
  #inFlight = 0;
  #hasTurnedDown = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#limits = parts.limits ?? OUTBOX_LIMITS;
    assert(this.#limits.inFlightMax >= 1, "something may be in flight");
    assert(this.#limits.ordersMax >= this.#limits.inFlightMax, "ordersMax holds what is in flight");
  }

  /** Orders that wait or are under way. */
  get depth(): number {
    return this.#items.size;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get mode(): OutboxMode {
    return this.#mode;
  }

  offer(order: PayoutOrder): Offered {
    if (this.#mode === "closed") return "closed";
    const known = this.#items.get(order.reference);
    if (known !== undefined) {
      return isSame(known.order, order) ? "already_queued" : "reference_conflict";
    }
    if (this.#items.size >= this.#limits.ordersMax) {
      this.#hasTurnedDown = true;
      return "outbox_full";
    }
    const item = { order, failures: 0 };
    this.#items.set(order.reference, item);
    this.#ready.add(item);
    this.#pump();
    return "queued";
  }

  /**
   * Nothing is sent or told from now on. What was not settled is to be offered after the restart.
   */
  close(): void {
    this.#mode = "closed";
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  #pump(): void {
    for (;;) {
      if (this.#mode !== "flowing" && this.#mode !== "probing") return;
      const most = this.#mode === "probing" ? 1 : this.#limits.inFlightMax;
      if (this.#inFlight >= most) return;
      const item = this.#next();
      if (item === undefined) return;
      this.#inFlight++;
      void this.#send(item);
    }
  }

  #next(): Item | undefined {
    const turnedAway = this.#turnedAway.pop();
    if (turnedAway !== undefined) return turnedAway;
    const [item] = this.#ready;
    if (item !== undefined) this.#ready.delete(item);
    return item;
  }

  async #send(item: Item): Promise<void> {
    const sent = await this.#parts.custodian.sendPayout(item.order);
    this.#inFlight--;
    if (this.#mode === "closed") return;
    if (sent.kind === "unknown") this.#again(item, sent);
    else this.#settle(item, sent);
    this.#pump();
  }

  #again(item: Item, { fault, retryAfterMs }: Unknown): void {
    if (fault === "circuit_open") {
      this.#turnedAway.push(item);
      return this.#wait(retryAfterMs);
    }
    const { environment } = this.#parts;
    const ownMs = backoffMs(this.#limits.attempts, item.failures, environment.random());
    item.failures++;
    this.#after(Math.max(ownMs, retryAfterMs), () => void this.#ready.add(item));
  }

  #settle(item: Item, sent: PayoutSettled): void {
    if (this.#mode === "probing") this.#mode = "flowing";
    this.#items.delete(item.order.reference);
    this.#parts.settled(item.order, sent);
    if (this.#hasTurnedDown && this.#items.size <= this.#limits.ordersMax / 2) {
      this.#hasTurnedDown = false;
      this.#parts.hasRoom?.();
    }
  }

  #wait(delayMs: number): void {
    if (this.#mode === "waiting") return;
    this.#mode = "waiting";
    this.#after(delayMs, () => {
      this.#mode = "probing";
    });
  }

  #after(delayMs: number, task: () => void): void {
    const cancel = this.#parts.environment.timers.after(delayMs, () => {
      this.#cancels.delete(cancel);
      task();
      this.#pump();
    });
    this.#cancels.add(cancel);
  }
}

function isSame(one: PayoutOrder, other: PayoutOrder): boolean {
  return (
    one.accountId === other.accountId &&
    one.amountCents === other.amountCents &&
    one.beneficiary === other.beneficiary
  );
}
