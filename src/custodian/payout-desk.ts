// Carries out withdrawals: sends those that are durable, takes down how they end, and asks the
// custodian about those of which nothing is heard. It knows what to do from the journal alone:
// after a restart it is told of all that have not ended, and sends them again under the same
// references. It never decides that a withdrawal has failed: only the custodian's word ends one.

import { withdrawalReference, type AccountId } from "../../actors/address.ts";
import { cents } from "../money/cents.ts";
import {
  countTaken,
  wordOfStatus,
  type Books,
  type CustodianCounters,
  type CustodianLog,
  type Word,
} from "./books.ts";
import type { CircuitStateName } from "./circuit.ts";
import type { Environment } from "./environment.ts";
import { PayoutOutbox, type OutboxLimits, type PayoutSettled } from "./outbox.ts";
import type { Custodian, PayoutOrder, PayoutReference } from "./port.ts";

/** A withdrawal is to be carried out, or (`payout` null) it has ended. Both are durable. */
export interface PayoutChange {
  readonly accountId: AccountId;
  readonly withdrawalNo: number;
  readonly payout: { readonly amountCents: number; readonly beneficiary: string } | null;
}

interface DeskLimits {
  readonly outbox: OutboxLimits;
  /** An accepted payout of which nothing is heard for so long is asked about. */
  readonly pollMs: number;
  readonly pollsInFlightMax: number;
  /** What our books could not take down, or lost, is said again after so long. */
  readonly noteAgainMs: number;
}

export interface DeskParts {
  readonly custodian: Pick<Custodian, "sendPayout" | "findPayout"> & {
    readonly circuitState: CircuitStateName;
  };
  readonly environment: Environment;
  readonly books: Books;
  readonly limits: DeskLimits;
  readonly counters: CustodianCounters;
  readonly log: CustodianLog;
}

type Stage =
  /** No room in the outbox. */
  | "waiting"
  | "sending"
  /** The custodian has it; due: when it is asked about. */
  | "accepted"
  /** Its end is being taken down; due: when that is tried again. */
  | "ending"
  /** A person must look: the custodian has another order, or contradicts the books. */
  | "stuck";

interface Item {
  readonly order: PayoutOrder;
  readonly withdrawalNo: number;
  stage: Stage;
  /** Monotonic. */
  dueMs: number;
  word: Word | null;
  isPolled: boolean;
}

const TICK_MS = 250;

export class PayoutDesk {
  readonly #parts: DeskParts;
  readonly #outbox: PayoutOutbox;
  readonly #items = new Map<PayoutReference, Item>();
  #polls = 0;
  #circuit: CircuitStateName = "closed";
  #cancelTick: () => void;
  #isClosed = false;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.#outbox = new PayoutOutbox({
      custodian: parts.custodian,
      environment: parts.environment,
      limits: parts.limits.outbox,
      settled: (order, settled) => this.#settled(order, settled),
      hasRoom: () => this.#offerWaiting(),
    });
    this.#cancelTick = this.#tickLater();
  }

  /** Withdrawals that have not ended. */
  get depth(): number {
    return this.#items.size;
  }

  get stuck(): number {
    let stuck = 0;
    for (const { stage } of this.#items.values()) if (stage === "stuck") stuck++;
    return stuck;
  }

  /** Whether new withdrawals may be taken in. What is durable already is never turned away. */
  get hasRoom(): boolean {
    return this.#items.size < this.#parts.limits.outbox.ordersMax;
  }

  changed({ accountId, withdrawalNo, payout }: PayoutChange): void {
    const reference = withdrawalReference(accountId, withdrawalNo) as PayoutReference;
    if (payout === null) {
      this.#items.delete(reference);
      return;
    }
    const known = this.#items.get(reference);
    // Told again after a recovery: what was being taken down may have been lost with it.
    if (known !== undefined) {
      if (known.word !== null) this.#note(known, known.word);
      return;
    }
    const { amountCents, beneficiary } = payout;
    const order = { reference, accountId, amountCents: cents(amountCents), beneficiary };
    const item: Item = {
      order,
      withdrawalNo,
      stage: "waiting",
      dueMs: 0,
      word: null,
      isPolled: false,
    };
    this.#items.set(reference, item);
    this.#offer(item);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTick();
    this.#outbox.close();
  }

  #offer(item: Item): boolean {
    const offered = this.#outbox.offer(item.order);
    if (offered === "reference_conflict") {
      this.#stick(item, "another order is under way with this reference");
      return true;
    }
    item.stage = offered === "outbox_full" ? "waiting" : "sending";
    return offered !== "outbox_full";
  }

  #offerWaiting(): void {
    for (const item of this.#items.values()) {
      if (item.stage === "waiting" && !this.#offer(item)) return;
    }
  }

  #settled({ reference }: PayoutOrder, settled: PayoutSettled): void {
    const item = this.#items.get(reference);
    // It ended by a callback while it was being sent, or its end is being taken down.
    if (item === undefined || item.stage !== "sending") return;
    switch (settled.kind) {
      case "conflict":
        this.#parts.counters.contradictions++;
        return this.#stick(item, "the custodian has another order with this reference");
      case "refused":
        return this.#reached(item, { status: "refused", reason: settled.reason });
      case "accepted":
        return this.#reached(item, settled.payout);
    }
  }

  #reached(item: Item, payout: Parameters<typeof wordOfStatus>[2]): void {
    const word = wordOfStatus(item.order, item.withdrawalNo, payout);
    if (word !== undefined) return this.#note(item, word);
    item.stage = "accepted";
    item.dueMs = this.#nowMs() + this.#parts.limits.pollMs;
  }

  #note(item: Item, word: Word): void {
    const { books, counters, limits } = this.#parts;
    item.stage = "ending";
    item.word = word;
    item.dueMs = this.#nowMs() + limits.noteAgainMs;
    const rejection = books.note(word, (taken) => {
      countTaken(counters, word, taken);
      // What is noted leaves by the change that its commit tells; what was known before tells none.
      if (taken.type === "Noted") {
        if (!taken.isNew) this.#items.delete(item.order.reference);
      } else if (taken.type === "Refused") this.#stick(item, taken.code);
      else this.#noteLater(item, taken.retryAfterMs);
    });
    if (rejection !== undefined) this.#noteLater(item, rejection.retryAfterMs);
  }

  #noteLater(item: Item, retryAfterMs: number | null): void {
    item.dueMs = this.#nowMs() + (retryAfterMs ?? this.#parts.limits.noteAgainMs);
  }

  #stick(item: Item, why: string): void {
    item.stage = "stuck";
    item.word = null;
    const { reference } = item.order;
    this.#parts.log.error({ reference, why }, "a withdrawal is stuck: a person must look");
  }

  #nowMs(): number {
    return this.#parts.environment.clock.monotonicMs();
  }

  #tickLater(): () => void {
    return this.#parts.environment.timers.after(TICK_MS, () => this.#tick());
  }

  #tick(): void {
    this.#watchCircuit();
    const nowMs = this.#nowMs();
    for (const item of this.#items.values()) {
      if (item.dueMs > nowMs) continue;
      if (item.stage === "accepted") void this.#poll(item);
      else if (item.stage === "ending" && item.word !== null) this.#note(item, item.word);
    }
    this.#cancelTick = this.#tickLater();
  }

  /** Notices get lost; the custodian knows. */
  async #poll(item: Item): Promise<void> {
    const { custodian, limits, counters } = this.#parts;
    if (item.isPolled || this.#polls >= limits.pollsInFlightMax) return;
    item.isPolled = true;
    this.#polls++;
    counters.polls++;
    const found = await custodian.findPayout(item.order.reference);
    this.#polls--;
    item.isPolled = false;
    if (this.#isClosed || item.stage !== "accepted") return;
    switch (found.kind) {
      case "found":
        return this.#reached(item, found.payout);
      case "not_found":
        // It said that it has it. Sent again, it has it for sure, and once.
        this.#offer(item);
        return;
      case "unknown":
        item.dueMs = this.#nowMs() + Math.max(found.retryAfterMs, limits.pollMs);
    }
  }

  /** Withdrawals wait while the bank is down; all else goes on, and this says so. */
  #watchCircuit(): void {
    const { circuitState } = this.#parts.custodian;
    const was = this.#circuit;
    this.#circuit = circuitState;
    const facts = { withdrawals: this.depth };
    if (circuitState === "open" && was === "closed") {
      this.#parts.log.warn(facts, "the custodian does not answer: withdrawals wait");
    } else if (circuitState === "closed" && was !== "closed") {
      this.#parts.log.info(facts, "the custodian answers again");
    }
  }
}
