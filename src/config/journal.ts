// The limits of the journal as settings, keyed as the journal's own type is.

import { DAY_MS, MINUTE_MS, SECOND_MS } from "../time/units.ts";
import { BATCH_BYTES_MAX } from "./limits.ts";
import { limit } from "./setting.ts";

const MIB = 1_048_576;

export const JOURNAL_SETTINGS = {
  inFlightMax: limit(
    "LOANLOOM_COMMITS_IN_FLIGHT_MAX",
    3,
    "commits",
    [1, 4],
    "commits sent to Redis and not yet acknowledged",
  ),
  batchBytesMax: BATCH_BYTES_MAX,
  retryForMs: limit(
    "LOANLOOM_RETRY_MS_MAX",
    MINUTE_MS,
    "ms",
    [SECOND_MS, DAY_MS],
    "the longest time that a commit is tried again before its shard halts",
  ),
  replicasMin: limit(
    "LOANLOOM_REPLICAS_MIN",
    0,
    "replicas",
    [0, 8],
    "replicas of Redis that must have a commit before anybody is told of it",
  ),
  degradedAfterMs: limit(
    "LOANLOOM_DEGRADED_AFTER_MS",
    200,
    "ms",
    [1, 2 * SECOND_MS],
    "a lost Redis that is back within this is not announced",
  ),
  keepAcknowledgedMs: limit(
    "LOANLOOM_KEEP_ACKNOWLEDGED_MS",
    10 * SECOND_MS,
    "ms",
    [0, 10 * MINUTE_MS],
    "how long acknowledged commits stay in memory, to heal a rewound Redis",
  ),
  keepAcknowledgedBytesMax: limit(
    "LOANLOOM_KEEP_ACKNOWLEDGED_BYTES_MAX",
    256 * MIB,
    "bytes",
    [0, 16_384 * MIB],
    "the most that these commits may be",
  ),
  leaseMs: limit(
    "LOANLOOM_LEASE_MS",
    3 * SECOND_MS,
    "ms",
    [300, 10 * MINUTE_MS],
    "a server that is silent so long may be replaced",
  ),
  anchorMs: limit(
    "LOANLOOM_ANCHOR_MS",
    SECOND_MS,
    "ms",
    [10, 10 * MINUTE_MS],
    "how often a shard writes its anchor; what Redis loses after the last is not found",
  ),
  closeWaitMs: limit(
    "LOANLOOM_CLOSE_WAIT_MS",
    5 * SECOND_MS,
    "ms",
    [0, 10 * MINUTE_MS],
    "at a shutdown, the longest wait for commits in flight",
  ),
} as const;
