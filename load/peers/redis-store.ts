// Redis behind a gateway: a function call for each request, or one for all waiting bids of a loan;
// and the floor, a bare append of the frame. All of a turn of the event loop leaves in one write.

import { RedisPipe, redisCommand, type RedisReply } from "./redis-pipe.ts";
import { placesOf, type PeerRequest, type PeerStore, type StoreEvents } from "./store.ts";
import type { StoreSettings } from "./store.ts";

/** Lua's stack takes some 8,000 values; a bid is two of them in the widest call. */
const BATCH_MAX = 1_024;

abstract class RedisStore implements PeerStore {
  protected readonly pipe: RedisPipe;
  protected readonly events: StoreEvents;

  constructor(pipe: RedisPipe, events: StoreEvents) {
    this.pipe = pipe;
    this.events = events;
  }

  abstract take(request: PeerRequest): void;

  flush(): void {
    this.pipe.flush();
  }

  close(): Promise<void> {
    this.pipe.close();
    return Promise.resolve();
  }

  protected ordinal(request: PeerRequest, reply: RedisReply | Error | undefined): void {
    if (typeof reply !== "number") {
      this.events.fail(reply instanceof Error ? reply : new Error(`Redis answered ${reply}`));
      return;
    }
    if (reply < 0) request.errorNumber = -reply;
    else request.ordinal = reply;
    this.events.answer(request);
  }
}

/** One call a request, or, for bids, one call for all that waits at the same loan. */
export class RedisScript extends RedisStore {
  readonly #accounts: ReadonlyMap<string, number>;
  readonly #loans: ReadonlyMap<string, number>;
  readonly #callsInFlightMax: number | null;
  readonly #waiting = new Map<string, PeerRequest[]>();

  /** `callsInFlightMax` null: a call for each bid, as many as there are. */
  constructor(
    settings: StoreSettings,
    pipe: RedisPipe,
    callsInFlightMax: number | null,
    events: StoreEvents,
  ) {
    super(pipe, events);
    this.#accounts = placesOf(settings.accounts);
    this.#loans = placesOf(settings.loans);
    this.#callsInFlightMax = callsInFlightMax;
  }

  take(request: PeerRequest): void {
    if (request.kind === "repayment") return this.#repay(request);
    if (this.#callsInFlightMax === null) return this.#bid(request);
    const waiting = this.#waiting.get(request.loanId);
    if (waiting === undefined) this.#waiting.set(request.loanId, [request]);
    else waiting.push(request);
  }

  override flush(): void {
    const most = this.#callsInFlightMax ?? 0;
    for (const [loanId, waiting] of this.#waiting) {
      while (waiting.length > 0 && this.pipe.inFlight < most) {
        this.#bids(loanId, waiting.splice(0, BATCH_MAX));
      }
      if (waiting.length === 0) this.#waiting.delete(loanId);
    }
    super.flush();
  }

  #keys(loanId: string): readonly string[] {
    const loan = this.#loans.get(loanId) ?? -1;
    return [`loan:${loan}`, `bids:${loan}`, "available", "held"];
  }

  #account(request: PeerRequest): number {
    return this.#accounts.get(request.accountId) ?? -1;
  }

  #bid(request: PeerRequest): void {
    const { loanId, requestId, amountCents } = request;
    const body = [requestId, this.#account(request), amountCents];
    const command = redisCommand(["FCALL", "bid", 4, ...this.#keys(loanId), ...body]);
    this.pipe.send(command, (reply) => this.ordinal(request, reply));
  }

  #bids(loanId: string, batch: readonly PeerRequest[]): void {
    const bodies: (string | number)[] = [];
    for (const each of batch) bodies.push(each.requestId, this.#account(each), each.amountCents);
    const command = redisCommand(["FCALL", "bids", 4, ...this.#keys(loanId), ...bodies]);
    this.pipe.send(command, (reply) => {
      batch.forEach((request, at) => {
        this.ordinal(request, Array.isArray(reply) ? (reply as RedisReply[])[at] : reply);
      });
      this.flush();
    });
  }

  #repay(request: PeerRequest): void {
    const { loanId, requestId, amountCents } = request;
    const loan = this.#loans.get(loanId) ?? -1;
    const keys = ["loan", "holders", "notes", "clearings"].map((each) => `${each}:${loan}`);
    const body = [requestId, this.#account(request), amountCents];
    const command = redisCommand(["FCALL", "repay", 5, ...keys, "available", ...body]);
    this.pipe.send(command, (reply) => this.ordinal(request, reply));
  }
}

/** The floor: the same bytes, appended and on disk, and nothing thought about them. */
export class RedisAppend extends RedisStore {
  take(request: PeerRequest): void {
    const bytes = Buffer.from(request.frame).toString("latin1");
    this.pipe.send(redisCommand(["XADD", "floor", "*", "b", bytes]), (reply) => {
      if (reply instanceof Error) this.events.fail(reply);
      else this.events.answer(request);
    });
  }
}
