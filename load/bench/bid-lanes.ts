// The closed loop: n sockets with k bids in flight on each; an answered bid is replaced at once.
// Every reply is held against what was sent: a second answer to a bid, or one to a bid that was
// never sent, stops the run. It must never spend on a message what the server could have used.

import { CORRELATION_ID_END, BidFrame, BidReply, type Bid } from "../driver/bid-frames.ts";
import { LatencyRecorder } from "../driver/latency.ts";
import {
  openSocket,
  type Endpoint,
  type RawSocket,
  type SocketEvents,
} from "../driver/raw-socket.ts";
import { RequestIds } from "../driver/request-ids.ts";
import { FrameError } from "../driver/websocket-frames.ts";

export type Stage = "idle" | "warmingUp" | "measuring" | "draining";

/** A correlation id is 15 bits of turn and 16 bits of slot. */
const IN_FLIGHT_MAX = 0x1_0000;
const TURN_MASK = 0x7fff;
const OUT_BYTES = 64 * 1024;

export interface LaneResult {
  /** Sums of the whole run, warm-up and draining included: what the loans must show. */
  readonly filledCentsByLoan: readonly number[];
  readonly acknowledged: number;
  readonly refusedByError: Readonly<Record<number, number>>;
  /** Within the measured time only. */
  readonly measuredAcknowledged: number;
  readonly measuredRefused: number;
  readonly measuredMs: number;
  readonly latencies: string;
}

/** What the lanes of one process share. */
export class LaneGroup {
  stage: Stage = "idle";
  /** Milliseconds since the epoch, of the read that is being handled. */
  nowMs = 0;
  inFlight = 0;
  out: Buffer = Buffer.allocUnsafeSlow(OUT_BYTES);
  readonly ids = new RequestIds();
  readonly reply = new BidReply();
  readonly frames: readonly BidFrame[];
  readonly filledCents: Float64Array;
  readonly lanes: Lane[] = [];
  #acknowledged = 0;
  #measuredAcknowledged = 0;
  #measuredRefused = 0;
  #measuredFromMs = 0;
  #measuredMs = 0;
  readonly #refused = new Map<number, number>();
  readonly #latency = new LatencyRecorder();
  #failure: Error | undefined;
  #onSettled: ((failure: Error | undefined) => void) | undefined;

  constructor(bids: readonly Bid[]) {
    this.frames = bids.map((bid) => new BidFrame(bid));
    this.filledCents = new Float64Array(bids.length);
  }

  start(): void {
    this.stage = "warmingUp";
    for (const lane of this.lanes) lane.start();
  }

  startMeasuring(): void {
    this.stage = "measuring";
    this.#measuredFromMs = performance.now();
  }

  stopMeasuring(): void {
    this.stage = "draining";
    this.#measuredMs = performance.now() - this.#measuredFromMs;
  }

  /** Resolves when every bid in flight is answered; rejects when a connection fails before. */
  settled(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${this.inFlight} bids were not answered in ${timeoutMs} ms`));
      }, timeoutMs);
      this.#onSettled = (failure) => {
        clearTimeout(timer);
        if (failure) reject(failure);
        else resolve();
      };
      if (this.#failure !== undefined || this.inFlight === 0) this.#onSettled(this.#failure);
    });
  }

  /** A bid was answered after `latencyMs`; `bidAt` tells which of the bids it was. */
  answered(bidAt: number, latencyMs: number): void {
    const { errorNumber, filledCents } = this.reply;
    this.inFlight--;
    const isMeasured = this.stage === "measuring";
    if (errorNumber === 0) {
      this.#acknowledged++;
      this.filledCents[bidAt] = this.filledCents[bidAt]! + filledCents;
      if (isMeasured) {
        this.#measuredAcknowledged++;
        this.#latency.record(latencyMs);
      }
    } else {
      this.#refused.set(errorNumber, (this.#refused.get(errorNumber) ?? 0) + 1);
      if (isMeasured) this.#measuredRefused++;
    }
    if (this.inFlight === 0 && this.stage === "draining") this.#onSettled?.(undefined);
  }

  fail(failure: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.stage = "draining";
    this.#onSettled?.(failure);
  }

  result(): LaneResult {
    return {
      filledCentsByLoan: Array.from(this.filledCents),
      acknowledged: this.#acknowledged,
      refusedByError: Object.fromEntries(this.#refused),
      measuredAcknowledged: this.#measuredAcknowledged,
      measuredRefused: this.#measuredRefused,
      measuredMs: this.#measuredMs,
      latencies: this.#latency.encode(),
    };
  }
}

/** One socket with its slots. */
class Lane implements SocketEvents {
  readonly #group: LaneGroup;
  readonly #inFlight: number;
  readonly #sentAtMs: Float64Array;
  /** What the slot's bid must be answered with; 0 when nothing is in flight. */
  readonly #correlation: Int32Array;
  readonly #bidAt: Uint32Array;
  #turn = 1;
  #nextBid: number;
  #outAt = 0;
  #readAtMs = 0;
  socket: RawSocket | undefined;

  constructor(group: LaneGroup, inFlight: number, firstBid: number) {
    this.#group = group;
    this.#inFlight = inFlight;
    this.#sentAtMs = new Float64Array(inFlight);
    this.#correlation = new Int32Array(inFlight);
    this.#bidAt = new Uint32Array(inFlight);
    this.#nextBid = firstBid % group.frames.length;
  }

  start(): void {
    this.onBeforeRead();
    for (let slot = 0; slot < this.#inFlight; slot++) this.#send(slot);
    this.onRead();
  }

  onBeforeRead(): void {
    // One look at the clock for all that came in one read.
    this.#readAtMs = performance.now();
    this.#group.nowMs = Date.now();
  }

  onMessage(bytes: Uint8Array, from: number, to: number): void {
    const group = this.#group;
    const { reply } = group;
    if (!reply.read(bytes, from, to)) return;
    const slot = reply.correlationId & (IN_FLIGHT_MAX - 1);
    if (this.#correlation[slot] !== reply.correlationId) {
      throw new FrameError(`an answer to no bid in flight: ${reply.correlationId}`);
    }
    this.#correlation[slot] = 0;
    group.answered(this.#bidAt[slot]!, this.#readAtMs - this.#sentAtMs[slot]!);
    if (group.stage === "warmingUp" || group.stage === "measuring") this.#send(slot);
  }

  onRead(): void {
    if (this.#outAt === 0) return;
    const group = this.#group;
    const socket = this.socket!;
    socket.send(group.out.subarray(0, this.#outAt));
    this.#outAt = 0;
    // The kernel nearly always takes all at once; else the bytes belong to the socket.
    if (socket.isSending) group.out = Buffer.allocUnsafeSlow(OUT_BYTES);
  }

  onClose(reason: string): void {
    if (this.#group.stage !== "idle")
      this.#group.fail(new Error(`a bidding connection: ${reason}`));
  }

  #send(slot: number): void {
    const group = this.#group;
    const bidAt = this.#nextBid;
    const frame = group.frames[bidAt]!;
    if (this.#outAt + frame.bytes.length > OUT_BYTES) this.onRead();
    this.#nextBid = bidAt + 1 === group.frames.length ? 0 : bidAt + 1;
    this.#turn = this.#turn === TURN_MASK ? 1 : this.#turn + 1;
    const correlationId = (this.#turn * IN_FLIGHT_MAX + slot) % CORRELATION_ID_END;
    this.#correlation[slot] = correlationId;
    this.#bidAt[slot] = bidAt;
    this.#sentAtMs[slot] = this.#readAtMs;
    group.inFlight++;
    this.#outAt = frame.write(group.out, this.#outAt, correlationId, group.ids, group.nowMs);
  }
}

/** Opens one lane for each list of subprotocols; all start when the group does. */
export async function openLanes(
  group: LaneGroup,
  endpoint: Endpoint,
  subprotocolsBySocket: readonly (readonly string[])[],
  inFlight: number,
  firstBid: number,
): Promise<void> {
  for (const [at, subprotocols] of subprotocolsBySocket.entries()) {
    const lane = new Lane(group, inFlight, firstBid + at);
    lane.socket = await openSocket(endpoint, subprotocols, lane);
    group.lanes.push(lane);
  }
}

export function closeLanes(group: LaneGroup): void {
  group.stage = "idle";
  for (const lane of group.lanes) lane.socket?.close();
}
