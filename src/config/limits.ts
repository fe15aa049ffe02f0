// The limits of gateway and runtime as settings. Keys are those of the rooms' own types,
// so that main can hand a group over as it is, and the compiler sees it when one is missing.

import { DAY_MS, MINUTE_MS, SECOND_MS } from "../time/units.ts";
import { choice, flag, limit, optionalText, optionalUrl, origins, text } from "./setting.ts";

const KIB = 1_024;
const MIB = 1_048_576;
const MANY = 10_000_000;

// Gateway and runtime each guard this one, for what never reaches the other.
const IN_FLIGHT_MAX = limit(
  "LOANLOOM_IN_FLIGHT_MAX",
  50_000,
  "requests",
  [1, 1_000_000],
  "unanswered requests in total; beyond it: server_busy",
);
const RETRY_AFTER_MS = limit(
  "LOANLOOM_RETRY_AFTER_MS",
  250,
  "ms",
  [1, MINUTE_MS],
  "what clients are told to wait when they are refused for load",
);
export const BATCH_BYTES_MAX = limit(
  "LOANLOOM_BATCH_BYTES_MAX",
  224 * KIB,
  "bytes",
  [16 * KIB, 8 * MIB],
  "size at which a commit is closed",
);

export const GATEWAY_SETTINGS = {
  host: text({
    variable: "HOST",
    about: "address to listen on; 0.0.0.0 for every interface",
    fallback: "127.0.0.1",
    expected: "a host name or an IP address",
    pattern: /^[A-Za-z0-9.:_-]{1,253}$/,
  }),
  port: limit("PORT", 8080, "port", [0, 65_535], "of WebSocket and HTTP; 0 takes any free one"),
  frameBytesMax: limit(
    "LOANLOOM_FRAME_BYTES_MAX",
    8 * KIB,
    "bytes",
    [4_608, MIB],
    "the largest frame from a client",
  ),
  backpressureBytesMax: limit(
    "LOANLOOM_BACKPRESSURE_BYTES_MAX",
    256 * KIB,
    "bytes",
    [16 * KIB, 256 * MIB],
    "unsent bytes after which a slow connection is closed",
  ),
  idleTimeoutS: limit(
    "LOANLOOM_IDLE_TIMEOUT_S",
    60,
    "s",
    [8, 960],
    "silence after which a connection is pinged, then closed",
  ),
  authenticateMsMax: limit(
    "LOANLOOM_AUTHENTICATE_MS_MAX",
    3 * SECOND_MS,
    "ms",
    [100, MINUTE_MS],
    "time in which a new connection must show its token",
  ),
  verificationsMax: limit(
    "LOANLOOM_VERIFICATIONS_MAX",
    4_000,
    "tokens",
    [1, 1_000_000],
    "tokens that are being verified at once",
  ),
  connectionsMax: limit(
    "LOANLOOM_CONNECTIONS_MAX",
    20_000,
    "connections",
    [1, 1_000_000],
    "open WebSocket connections in total",
  ),
  httpConnectionsMax: limit(
    "LOANLOOM_HTTP_CONNECTIONS_MAX",
    10_000,
    "connections",
    [16, 1_000_000],
    "open connections that are no WebSockets, or not yet; more are cut at once",
  ),
  connectionsPerAddressMax: limit(
    "LOANLOOM_CONNECTIONS_PER_ADDRESS_MAX",
    2_000,
    "connections",
    [1, 1_000_000],
    "open connections from one network address",
  ),
  connectionsPerAccountMax: limit(
    "LOANLOOM_CONNECTIONS_PER_ACCOUNT_MAX",
    32,
    "connections",
    [1, 1_000_000],
    "open connections of one account",
  ),
  requestsPerSecondPerAccount: limit(
    "LOANLOOM_REQUESTS_PER_SECOND_MAX",
    1_000,
    "requests/s",
    [1, MANY],
    "steady allowance of one account, over all its connections",
  ),
  requestBurstPerAccount: limit(
    "LOANLOOM_REQUEST_BURST_MAX",
    2_000,
    "requests",
    [1, MANY],
    "requests of one account at once before the allowance counts",
  ),
  requestsPerSecondPerOperator: limit(
    "LOANLOOM_OPERATOR_REQUESTS_PER_SECOND_MAX",
    20_000,
    "requests/s",
    [1, MANY],
    "steady allowance of one operator",
  ),
  requestBurstPerOperator: limit(
    "LOANLOOM_OPERATOR_REQUEST_BURST_MAX",
    40_000,
    "requests",
    [1, MANY],
    "requests of one operator at once before the allowance counts",
  ),
  inFlightPerSessionMax: limit(
    "LOANLOOM_IN_FLIGHT_PER_SESSION_MAX",
    256,
    "requests",
    [1, 1_000_000],
    "unanswered requests of one connection",
  ),
  inFlightMax: IN_FLIGHT_MAX,
  watchesPerSessionMax: limit(
    "LOANLOOM_WATCHES_PER_SESSION_MAX",
    256,
    "watches",
    [1, 100_000],
    "accounts and loans that one connection may watch",
  ),
  badFramesInRowMax: limit(
    "LOANLOOM_BAD_FRAMES_IN_ROW_MAX",
    16,
    "frames",
    [1, 10_000],
    "undecodable frames in a row after which a connection is closed",
  ),
  heldFramesMax: limit(
    "LOANLOOM_HELD_FRAMES_MAX",
    64,
    "frames",
    [1, 10_000],
    "frames of a connection that wait while its token is verified",
  ),
  rateLimitedInRowMax: limit(
    "LOANLOOM_RATE_LIMITED_IN_ROW_MAX",
    2_000,
    "requests",
    [1, MANY],
    "requests beyond the allowance in a row after which a connection is closed",
  ),
  busyRetryAfterMs: RETRY_AFTER_MS,
  marketFeedIntervalMs: limit(
    "LOANLOOM_MARKET_FEED_INTERVAL_MS",
    100,
    "ms",
    [10, MINUTE_MS],
    "least time between two publications of one loan's progress",
  ),
  originsAllowed: origins({
    variable: "LOANLOOM_ORIGINS",
    about: "origins whose pages may connect besides the server's own; * for any",
  }),
  clientAddressHeader: optionalText({
    variable: "LOANLOOM_CLIENT_ADDRESS_HEADER",
    about: "header in which a trusted proxy gives the client's address; none: the socket's peer",
    expected: "a lower-case header name",
    pattern: /^[a-z][a-z0-9-]{0,63}$/,
  }),
  drainMsMax: limit(
    "LOANLOOM_DRAIN_MS_MAX",
    10 * SECOND_MS,
    "ms",
    [1, 10 * MINUTE_MS],
    "at a shutdown, the longest wait for answers under way",
  ),
  reconnectAfterMs: limit(
    "LOANLOOM_RECONNECT_AFTER_MS",
    SECOND_MS,
    "ms",
    [1, 10 * MINUTE_MS],
    "what clients are told to wait at a shutdown",
  ),
  reconnectUrl: optionalUrl({
    variable: "LOANLOOM_RECONNECT_URL",
    about: "where clients are sent at a shutdown; none: to the same server",
    protocols: ["ws:", "wss:"],
  }),
  httpAnswerMsMax: limit(
    "LOANLOOM_HTTP_ANSWER_MS_MAX",
    5 * SECOND_MS,
    "ms",
    [100, 10 * MINUTE_MS],
    "an HTTP read without an answer by then gets unavailable",
  ),
  directListing: flag({
    variable: "LOANLOOM_DIRECT_LISTING",
    about: "an operator alone may list a loan (loan.list); no: only what was reviewed and signed",
    fallback: true,
  }),
  depositsByHand: flag({
    variable: "LOANLOOM_DEPOSITS_BY_HAND",
    about: "an operator alone may book a deposit; no: only the custodian bank's word does",
    fallback: true,
  }),
  healthExposed: flag({
    variable: "LOANLOOM_EXPOSE_HEALTH",
    about: "serve /healthz and /readyz, which ask for no token, on the public port",
    fallback: true,
  }),
  metricsExposed: flag({
    variable: "LOANLOOM_EXPOSE_METRICS",
    about: "serve /metrics, which asks for no token, on the public port",
    fallback: true,
  }),
  sweepIntervalMs: limit(
    "LOANLOOM_SWEEP_INTERVAL_MS",
    250,
    "ms",
    [10, MINUTE_MS],
    "how often expiry, revocation and time limits of sessions are looked at",
  ),
} as const;

export const RUNTIME_SETTINGS = {
  inFlightMax: IN_FLIGHT_MAX,
  mailboxMax: limit(
    "LOANLOOM_MAILBOX_MAX",
    20_000,
    "messages",
    [16, 1_000_000],
    "messages that wait for one actor; beyond it: server_busy",
  ),
  turnItemsMax: limit(
    "LOANLOOM_TURN_ITEMS_MAX",
    2_048,
    "messages",
    [1, 100_000],
    "messages that actors carry out before input and output have their turn",
  ),
  legsQueuedMax: limit(
    "LOANLOOM_LEGS_QUEUED_MAX",
    16_384,
    "legs",
    [1, 10_000_000],
    "shares of repayments under way to lenders, about; further repayments wait",
  ),
  legReceiversMax: limit(
    "LOANLOOM_LEG_RECEIVERS_MAX",
    4_194_304,
    "legs",
    [0, 1_000_000_000],
    "legs whose receivers a shard remembers, 16 bytes each; a message counts as 32",
  ),
  batchBytesMax: BATCH_BYTES_MAX,
  sealTurnsMax: limit(
    "LOANLOOM_SEAL_TURNS_MAX",
    4,
    "turns",
    [0, 1_000],
    "turns that a commit waits for messages under way before it is closed",
  ),
  idleMs: limit(
    "LOANLOOM_IDLE_MS",
    5 * MINUTE_MS,
    "ms",
    [100, 7 * DAY_MS],
    "an actor that nobody used for so long leaves memory",
  ),
  checkpointMs: limit(
    "LOANLOOM_CHECKPOINT_MS",
    10 * SECOND_MS,
    "ms",
    [10, 10 * MINUTE_MS],
    "after so long a checkpoint begins, if anything changed",
  ),
  tailBytesMax: limit(
    "LOANLOOM_TAIL_BYTES_MAX",
    32 * MIB,
    "bytes",
    [64 * KIB, 1_024 * MIB],
    "a checkpoint begins sooner when the journal grew by so much: a start replays it",
  ),
  snapshotSliceBytes: limit(
    "LOANLOOM_SNAPSHOT_SLICE_BYTES",
    128 * KIB,
    "bytes",
    [4 * KIB, 16 * MIB],
    "snapshots that are written in one slice",
  ),
  journalKeep: choice({
    variable: "LOANLOOM_JOURNAL_KEEP",
    about: "checkpoint: trim what snapshots cover; all: keep every entry",
    choices: ["checkpoint", "all"],
    fallback: "checkpoint",
  }),
  requestAheadMsMax: limit(
    "LOANLOOM_REQUEST_AHEAD_MS_MAX",
    MINUTE_MS,
    "ms",
    [SECOND_MS, DAY_MS],
    "how far a request id may be ahead of the server's clock",
  ),
  retryAfterMs: RETRY_AFTER_MS,
} as const;
