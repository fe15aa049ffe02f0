// The limits of a journal, each with its unit and default. Relations between them are asserted
// when a journal starts, so that a bad combination is found by the first start, not by a fault.

import { assert } from "../money/assert.ts";

export interface JournalLimits {
  /** Commits sent and not yet acknowledged. 2 to 4 keep core and disk busy at the same time. */
  readonly inFlightMax: number;
  /** Payload of a batch, in bytes, at which whoever fills it should send it. */
  readonly batchBytesMax: number;
  /** Payload of an entry, in bytes, that is never exceeded: one turn may overshoot a batch. */
  readonly entryBytesMax: number;
  /** After so long without progress the journal halts, in ms. */
  readonly retryForMs: number;
  /** Replicas that must have a commit before anything that rests on it is released. */
  readonly replicasMin: number;
  /** How long Redis waits for them before it says how many have it, in ms. */
  readonly replicaWaitMs: number;
  /** A refused commit is tried again after this, in ms, doubling ... */
  readonly retryDelayMsMin: number;
  /** ... up to this. */
  readonly retryDelayMsMax: number;
  /** A lost connection that is made up for within this is not announced, in ms. */
  readonly degradedAfterMs: number;
  /** How long acknowledged batches are kept, to be appended again after a rewind, in ms ... */
  readonly keepAcknowledgedMs: number;
  /** ... but never more than this, in bytes of payload. */
  readonly keepAcknowledgedBytesMax: number;
  /** For how long a lease is taken, in ms. It is renewed three times as often. */
  readonly leaseMs: number;
  /** The least time between two anchors, in ms. */
  readonly anchorMs: number;
  /** How long `close` waits for what is in flight, in ms. */
  readonly closeWaitMs: number;
  /** Entries that one call of a trim may remove. Redis ignores limits below 100. */
  readonly trimSliceEntries: number;
  /** Pause between two slices of a trim, in ms, so that commits come between. */
  readonly trimPauseMs: number;
  /** Bytes of snapshots in one call. */
  readonly snapshotCallBytesMax: number;
  /** Bytes of journal that one read asks for, as far as can be known before. */
  readonly readChunkBytes: number;
}

export const DEFAULT_JOURNAL_LIMITS: JournalLimits = {
  inFlightMax: 3,
  batchBytesMax: 256 * 1024,
  entryBytesMax: 16 * 1024 * 1024,
  retryForMs: 60_000,
  replicasMin: 0,
  replicaWaitMs: 500,
  retryDelayMsMin: 10,
  retryDelayMsMax: 500,
  degradedAfterMs: 200,
  keepAcknowledgedMs: 10_000,
  keepAcknowledgedBytesMax: 256 * 1024 * 1024,
  leaseMs: 3_000,
  anchorMs: 1_000,
  closeWaitMs: 5_000,
  trimSliceEntries: 500,
  trimPauseMs: 2,
  snapshotCallBytesMax: 256 * 1024,
  readChunkBytes: 2 * 1024 * 1024,
};

/** Defaults for what is not given. Throws when the limits contradict each other. */
export function journalLimits(given: Partial<JournalLimits>): JournalLimits {
  const limits = { ...DEFAULT_JOURNAL_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) {
    assert(Number.isSafeInteger(value) && value >= 0, `${name} is a counting number`);
  }
  assert(limits.inFlightMax >= 1, "at least one commit may be in flight");
  assert(limits.batchBytesMax <= limits.entryBytesMax, "a full batch fits into an entry");
  assert(limits.entryBytesMax < 512 * 1024 * 1024, "an entry fits into a value of Redis");
  assert(limits.retryDelayMsMin <= limits.retryDelayMsMax, "delays grow");
  assert(limits.retryDelayMsMax < limits.retryForMs, "there is a second try");
  assert(limits.degradedAfterMs < limits.retryForMs, "degraded comes before halted");
  // Redis says nothing while it waits, and a silent connection counts as lost after 1 s. No time
  // at all would be for ever.
  assert(limits.replicaWaitMs >= 1 && limits.replicaWaitMs <= 800, "the wait is no silence");
  assert(limits.leaseMs >= 30, "a lease outlives its renewals");
  assert(limits.trimSliceEntries > 100, "Redis trims nothing when told less than 100 entries");
  assert(limits.readChunkBytes >= 1, "a read asks for something");
  return limits;
}
