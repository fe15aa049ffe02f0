// A closed loop without sockets, in the gateway's own process: what a peer does when nothing stands
// between it and its driver. It is the peer's direct figure, beside the one through the gateway.

import { LatencyRecorder } from "../driver/latency.ts";
import { RequestIds, REQUEST_ID_BYTES } from "../driver/request-ids.ts";
import type { PeerRequest, PeerStore } from "./store.ts";

export interface DirectJob {
  readonly accounts: readonly string[];
  readonly inFlightEach: number;
  readonly loanId: string;
  readonly amountCents: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

export interface DirectResult {
  /** Of the whole run, as the books must have it. */
  readonly acknowledged: number;
  readonly refused: number;
  readonly perSecond: number;
  readonly latencies: string;
}

const NO_FRAME = new Uint8Array(0);

export class DirectLanes {
  readonly #job: DirectJob;
  readonly #store: PeerStore;
  readonly #ids = new RequestIds();
  readonly #idBytes = Buffer.alloc(REQUEST_ID_BYTES);
  readonly #latency = new LatencyRecorder();
  #stage: "warmingUp" | "measuring" | "draining" = "warmingUp";
  #inFlight = 0;
  #acknowledged = 0;
  #refused = 0;
  #measured = 0;
  #flushes = false;
  #onDrained: () => void = () => undefined;

  constructor(job: DirectJob, store: PeerStore) {
    this.#job = job;
    this.#store = store;
  }

  async run(): Promise<DirectResult> {
    const { accounts, inFlightEach, warmUpMs, measuredMs } = this.#job;
    for (const account of accounts) {
      for (let one = 0; one < inFlightEach; one++) this.#send(account);
    }
    await pause(warmUpMs);
    this.#stage = "measuring";
    const fromMs = performance.now();
    await pause(measuredMs);
    const perSecond = (this.#measured * 1000) / (performance.now() - fromMs);
    this.#stage = "draining";
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#onDrained = resolve));
    return {
      acknowledged: this.#acknowledged,
      refused: this.#refused,
      perSecond,
      latencies: this.#latency.encode(),
    };
  }

  answered(request: PeerRequest): void {
    this.#inFlight--;
    if (request.errorNumber === 0) {
      this.#acknowledged++;
      if (this.#stage === "measuring") {
        this.#measured++;
        this.#latency.record(performance.now() - (request.from as number));
      }
    } else {
      this.#refused++;
    }
    if (this.#stage !== "draining") this.#send(request.accountId);
    else if (this.#inFlight === 0) this.#onDrained();
  }

  #send(accountId: string): void {
    const { loanId, amountCents } = this.#job;
    this.#inFlight++;
    this.#ids.write(this.#idBytes, 0, Date.now());
    this.#store.take({
      kind: "bid",
      accountId,
      loanId,
      amountCents,
      requestId: this.#idBytes.toString("latin1"),
      frame: NO_FRAME,
      errorNumber: 0,
      ordinal: 0,
      remainingCents: 0,
      from: performance.now(),
      correlationId: 0,
    });
    if (this.#flushes) return;
    this.#flushes = true;
    setImmediate(() => {
      this.#flushes = false;
      this.#store.flush();
    });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
