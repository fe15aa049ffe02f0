// Where the custodian bank's callbacks come in: the whole body, bounded, and the header with its
// signature go to whoever understands them. This room checks no signature and books nothing; it
// answers when it is told to, which is after what the callback says is durable.
//
// Anybody may knock here, so nobody may hold the door: who has no signature is refused before
// its body is read, a place among those that wait for a commit is taken by whole bodies
// alone, and where too many bodies are coming the one that has taken longest makes way. A
// bank sends some 300 bytes at once.

import { STATUS_CODES } from "node:http";
import { assert } from "../money/assert.ts";
import type { GatewayCounters } from "./counters.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { Seats } from "./seats.ts";

/** Callbacks that wait for their commit. */
export const CALLBACKS_MAX = 512;
/** Callbacks whose bodies are still coming, in total and from one address. */
const BODIES_COMING_MAX = 512;
export const BODIES_COMING_PER_ADDRESS_MAX = 64;
/** By then a body must be there. */
export const BODY_MS_MAX = 2_000;

export interface CallbackAnswer {
  readonly status: number;
  readonly fields: object;
}

/** Implemented by the custodian's room, wired in main. */
export interface CallbackReader {
  readonly signatureHeader: string;
  readonly bodyBytesMax: number;
  /** The answer to a callback that its signature alone gives away: there is none, or it is none. */
  screen(signature: string | undefined): CallbackAnswer | undefined;
  /** Never rejects. Does not resolve when what it began was lost: then the exchange is failed. */
  take(signature: string | undefined, body: Uint8Array): Promise<CallbackAnswer>;
}

/** The custodian bank as this room sees it. */
export interface CustodianDoor {
  readonly callbacks: CallbackReader;
  /** False while so many withdrawals are under way that no more are taken. */
  readonly hasRoom: boolean;
}

interface Coming {
  readonly exchange: HttpExchange;
  readonly address: string;
}

export class CallbackDoor {
  readonly reader: CallbackReader;
  readonly #counters: Pick<GatewayCounters, "httpRefused" | "httpTimeouts">;
  readonly #retryAfterMs: number;
  /** In the order in which they came. */
  readonly #coming = new Set<Coming>();
  readonly #seats = new Seats(BODIES_COMING_MAX, BODIES_COMING_PER_ADDRESS_MAX);
  #underWay = 0;

  constructor(
    reader: CallbackReader,
    counters: Pick<GatewayCounters, "httpRefused" | "httpTimeouts">,
    retryAfterMs: number,
  ) {
    this.reader = reader;
    this.#counters = counters;
    this.#retryAfterMs = retryAfterMs;
  }

  /** `signature`: the header's value, empty when there was none. */
  receive(exchange: HttpExchange, signature: string, address: string): void {
    const refusal = this.reader.screen(signature || undefined);
    if (refusal !== undefined) {
      this.#counters.httpRefused++;
      return answer(exchange, refusal);
    }
    const coming = { exchange, address };
    this.#sit(coming);
    exchange.onEnd(() => this.#leave(coming));
    exchange.readBody(this.reader.bodyBytesMax, (body) => {
      this.#leave(coming);
      if (this.#underWay >= CALLBACKS_MAX) return this.#refuseBusy(exchange);
      this.#underWay++;
      exchange.onEnd(() => void this.#underWay--); // Instead of the one before: it has left.
      void this.#take(exchange, signature, body);
    });
  }

  sweep(nowMonotonicMs: number): void {
    for (const { exchange } of this.#coming) {
      if (nowMonotonicMs - exchange.startedAtMs < BODY_MS_MAX) return;
      this.#counters.httpTimeouts++;
      answer(exchange, { status: 408, fields: { error: "body_too_late" } });
    }
  }

  #sit(coming: Coming): void {
    const full = this.#seats.take(coming.address);
    if (full !== undefined) {
      for (const oldest of this.#coming) {
        if (full === "address" && oldest.address !== coming.address) continue;
        this.#leave(oldest);
        this.#refuseBusy(oldest.exchange);
        break;
      }
      const stillFull = this.#seats.take(coming.address);
      assert(stillFull === undefined, "who makes way leaves a seat that may be taken");
    }
    this.#coming.add(coming);
  }

  #leave(coming: Coming): void {
    if (this.#coming.delete(coming)) this.#seats.giveBack(coming.address);
  }

  #refuseBusy(exchange: HttpExchange): void {
    this.#counters.httpRefused++;
    exchange.fail("server_busy", null, this.#retryAfterMs);
  }

  async #take(exchange: HttpExchange, signature: string, body: Uint8Array | null): Promise<void> {
    // One byte too many says as much as all of them.
    const shown = body ?? new Uint8Array(this.reader.bodyBytesMax + 1);
    answer(exchange, await this.reader.take(signature || undefined, shown));
  }
}

function answer(exchange: HttpExchange, { status, fields }: CallbackAnswer): void {
  exchange.json(`${status} ${STATUS_CODES[status] ?? ""}`, fields);
}
