// Every bound of the runtime, with unit and default. Config fills them in; relations are asserted.

import { assert } from "../money/assert.ts";

export interface RuntimeLimits {
  /** Requests taken in and not yet answered; more are refused `server_busy`. */
  readonly inFlightMax: number;
  /** Items in one actor's inbox; more requests are refused `server_busy`. */
  readonly mailboxMax: number;
  /** Items that actors carry out in one turn of the event loop. */
  readonly turnItemsMax: number;
  /** Shares of repayments under way in a shard, about; further repayments wait. */
  readonly legsQueuedMax: number;
  /** Receivers of legs that a shard remembers, so that they need not be looked up by name. */
  readonly legReceiversMax: number;
  /** A batch is closed at this size at the latest, in bytes. */
  readonly batchBytesMax: number;
  /** Turns that a batch waits for messages under way before it is closed. */
  readonly sealTurnsMax: number;
  /** An actor that was not used for so long leaves memory, in ms. */
  readonly idleMs: number;
  /** After so long, in ms, a checkpoint begins if anything changed ... */
  readonly checkpointMs: number;
  /** ... and sooner when the journal grew by so many bytes: that is what a start has to replay. */
  readonly tailBytesMax: number;
  /** Bytes of snapshots encoded in one slice. */
  readonly snapshotSliceBytes: number;
  /** Whether the journal is kept whole, or trimmed to the last checkpoint. */
  readonly journalKeep: "all" | "checkpoint";
  /** Time that clients are told to wait when they are refused for load, in ms. */
  readonly retryAfterMs: number;
  /**
   * How far a request id may be ahead of the server's clock, in ms: it makes older ones too old.
   */
  readonly requestAheadMsMax: number;
}

export const RUNTIME_LIMITS: RuntimeLimits = {
  inFlightMax: 50_000,
  mailboxMax: 20_000,
  turnItemsMax: 2_048,
  legsQueuedMax: 16_384,
  legReceiversMax: 4_194_304,
  batchBytesMax: 224 * 1024,
  sealTurnsMax: 4,
  idleMs: 300_000,
  checkpointMs: 10_000,
  tailBytesMax: 32 * 1024 * 1024,
  snapshotSliceBytes: 128 * 1024,
  journalKeep: "checkpoint",
  retryAfterMs: 250,
  requestAheadMsMax: 60_000,
};

export function checkRuntimeLimits(limits: RuntimeLimits): RuntimeLimits {
  assert(limits.mailboxMax <= limits.inFlightMax, "mailboxMax is within inFlightMax");
  assert(limits.turnItemsMax >= 1 && limits.sealTurnsMax >= 0, "turns have room");
  assert(limits.batchBytesMax >= 16 * 1024, "a batch holds the largest record");
  return limits;
}
