// Connections that speak HTTP, from the moment that they are accepted: also those that never send a
// whole request, of which no handler ever hears. A handshake takes its connection out of this count
// and into the seats of sessions.
//
// uWebSockets.js tells of each that opens and of each that closes, but not which one closed, and
// lets none of them be found again. So these are bounded by what can be known: how many there
// are, how fast one address opens them (it cuts a connection that sends no whole request after
// 12 to 15 s, measured, so a rate is a number of them), and while more than half of all are
// taken an answer ends its connection.

import type * as uWS from "uWebSockets.js";
import type { Clock } from "../runtime/environment.ts";
import { Allowance } from "./allowances.ts";
import type { GatewayConfig } from "./config.ts";
import type { GatewayCounters } from "./counters.ts";
import { networkOf, peerOf } from "./network-address.ts";

/**
 * An address may open twice the sessions that it may have, or so many,
 * at once and every ten seconds.
 */
const OPENINGS_LEAST = 1_000;
const OPENINGS_PER_SESSION = 2;
const OPENINGS_MS = 10_000;

export interface ConnectionParts {
  readonly config: Pick<
    GatewayConfig,
    "httpConnectionsMax" | "connectionsPerAddressMax" | "clientAddressHeader"
  >;
  readonly counters: GatewayCounters;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Of sessions and HTTP together: what the files that may be open leave. */
  readonly socketsMax: number;
  /** Those that have become sessions, or are about to. */
  readonly sessions: () => number;
}

export class Connections {
  readonly #parts: ConnectionParts;
  readonly #openingsMax: number;
  readonly #openings = new Map<string, Allowance>();
  #open = 0;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    const { connectionsPerAddressMax } = parts.config;
    this.#openingsMax = Math.max(OPENINGS_LEAST, OPENINGS_PER_SESSION * connectionsPerAddressMax);
  }

  /** More than half of them are taken: an answer had better end its connection. */
  get isCrowded(): boolean {
    return this.#open * 2 > this.#parts.config.httpConnectionsMax;
  }

  /** What uWebSockets.js tells: one more, or one less. Who may not stay is cut without a word. */
  changed(response: uWS.HttpResponse, change: number): void {
    this.#add(change);
    if (change < 0) return;
    const { config, counters, socketsMax, sessions } = this.#parts;
    if (this.#open > config.httpConnectionsMax || this.#open + sessions() > socketsMax) {
      counters.connectionsCutOverLimit++;
    } else if (!this.#mayOpen(response)) counters.connectionsCutOverAddressRate++;
    else return;
    // It tells that there is one less before this returns.
    response.close();
  }

  /** One has become a session: of its end nothing is told here. */
  upgraded(): void {
    this.#add(-1);
  }

  /** Forgets addresses that may open their most again. */
  sweep(nowMonotonicMs: number): void {
    for (const [address, allowance] of this.#openings) {
      if (allowance.isFull(nowMonotonicMs)) this.#openings.delete(address);
    }
  }

  #add(change: number): void {
    this.#open += change;
    this.#parts.counters.httpConnectionsOpen = this.#open;
  }

  #mayOpen(response: uWS.HttpResponse): boolean {
    const { config, clock } = this.#parts;
    // Behind a proxy all come from one address: it is the proxy's part to tell them apart.
    if (config.clientAddressHeader !== null) return true;
    const address = networkOf(peerOf(response));
    const nowMs = clock.monotonicMs();
    let allowance = this.#openings.get(address);
    if (allowance === undefined) {
      const perSecond = (this.#openingsMax * 1_000) / OPENINGS_MS;
      allowance = new Allowance(address, perSecond, this.#openingsMax, nowMs);
      this.#openings.set(address, allowance);
    }
    return allowance.take(nowMs) === 0;
  }
}
