// The one table of metrics: what operators can see, by the conventions of Prometheus: base units
// (seconds, bytes), counters end in _total, one meaning a name. Names are stable: dashboards and
// alarms depend on them.

import { counter, gauge, histogram, type MetricRow, type MetricType } from "./metric-row.ts";

// The commit takes 0.25 to 0.34 ms when all is well; seconds mean that Redis was away.
const LATENCY_SECONDS = [
  0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2.5, 5, 10,
  30,
];
const LAG_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const COMMIT_BYTES = [
  256, 1_024, 4_096, 16_384, 32_768, 65_536, 131_072, 262_144, 524_288, 1_048_576, 4_194_304,
];

export const METRICS = {
  // ---------------------------------------------------------------- business
  bids: counter("loanloom_bids_total", "bids", "Bids answered, by outcome and why refused.", [
    "outcome",
    "reason",
  ]),
  trialBalanceDifference: gauge(
    "loanloom_trial_balance_difference_cents",
    "cents",
    "Debits minus credits of a shard: anything but zero is an alarm.",
    ["shard"],
  ),

  // ---------------------------------------------------------------- latency
  replySeconds: histogram(
    "loanloom_reply_seconds",
    "seconds",
    "From a request taken in to its durable answer released.",
    LATENCY_SECONDS,
  ),
  commitSeconds: histogram(
    "loanloom_commit_seconds",
    "seconds",
    "From a commit's first record to its acknowledgement by Redis.",
    LATENCY_SECONDS,
  ),
  commitBytes: histogram(
    "loanloom_commit_bytes",
    "bytes",
    "Size of a commit's payload.",
    COMMIT_BYTES,
  ),
  eventLoopLag: histogram(
    "loanloom_event_loop_lag_seconds",
    "seconds",
    "How late the event loop runs a timer that is due.",
    LAG_SECONDS,
  ),

  // ---------------------------------------------------------------- runtime
  requestsInFlight: gauge(
    "loanloom_requests_in_flight",
    "requests",
    "Requests taken in and not yet answered.",
  ),
  mailboxDepth: gauge(
    "loanloom_mailbox_depth",
    "messages",
    "Messages and requests that wait in the mailboxes of a shard.",
    ["shard"],
  ),
  residentActors: gauge("loanloom_resident_actors", "actors", "Actors in memory.", ["shard"]),
  quarantinedActors: gauge(
    "loanloom_quarantined_actors",
    "actors",
    "Actors out of service after a bug: anything but zero is an alarm.",
  ),
  repayingLoans: gauge(
    "loanloom_repaying_loans",
    "loans",
    "Loans that are being repaid, written-off ones too, by how late the oldest instalment is.",
    ["bucket"],
  ),
  actorsLoaded: counter(
    "loanloom_actors_loaded_total",
    "actors",
    "Actors loaded into memory on first use.",
  ),
  actorsPassivated: counter(
    "loanloom_actors_passivated_total",
    "actors",
    "Idle actors that left memory.",
  ),
  decideErrors: counter(
    "loanloom_decide_errors_total",
    "commands",
    "Commands answered internal_error: each is a bug.",
  ),

  // ---------------------------------------------------------------- journal
  commits: counter("loanloom_commits_total", "commits", "Commits acknowledged by Redis."),
  commitsInFlight: gauge(
    "loanloom_commits_in_flight",
    "commits",
    "Commits sent to Redis and not yet acknowledged.",
    ["shard"],
  ),
  records: counter("loanloom_journal_records_total", "records", "Records committed."),
  legs: counter(
    "loanloom_repayment_legs_total",
    "legs",
    "Shares of repayments that are durably booked, one a lender.",
  ),
  legsQueued: gauge(
    "loanloom_repayment_legs_queued",
    "legs",
    "Shares of repayments under way to their lenders.",
    ["shard"],
  ),
  snapshots: counter("loanloom_snapshots_total", "snapshots", "Snapshots of actors written."),
  checkpoints: counter("loanloom_checkpoints_total", "checkpoints", "Checkpoints completed."),
  anchorLag: gauge(
    "loanloom_anchor_lag_seconds",
    "seconds",
    "For how long something acknowledged has not been in the shard's anchor outside of Redis.",
    ["shard"],
  ),
  anchorFailures: counter(
    "loanloom_anchor_failures_total",
    "writes",
    "Anchors that could not be written.",
  ),
  degraded: gauge(
    "loanloom_degraded",
    "flag",
    "1 while the server is not ready: the journal cannot be written, or a shard recovers.",
  ),
  standingBy: gauge(
    "loanloom_standing_by",
    "flag",
    "1 while another server has the shards, and this one waits for it to go.",
  ),
  recoveries: counter("loanloom_recoveries_total", "recoveries", "Recoveries of a shard."),
  recoverySeconds: gauge(
    "loanloom_recovery_seconds",
    "seconds",
    "How long the last recovery of a shard took.",
  ),

  // ---------------------------------------------------------------- documents
  documentTransfers: gauge(
    "loanloom_document_transfers",
    "transfers",
    "Documents that are being sent or fetched.",
    ["direction"],
  ),
  documentTransfersEnded: counter(
    "loanloom_document_transfers_total",
    "transfers",
    "Documents sent and fetched, by what it came to: stored, repeated, sent, aborted or an error.",
    ["direction", "outcome"],
  ),
  documentTransferBytes: counter(
    "loanloom_document_transfer_bytes_total",
    "bytes",
    "Bytes of documents received and sent.",
    ["direction"],
  ),
  documentBuffered: gauge(
    "loanloom_document_buffered_bytes",
    "bytes",
    "Bytes of uploads that were received and are not yet written.",
  ),
  documentFiles: counter(
    "loanloom_document_files_total",
    "files",
    "Files of documents, by what became of them: kept, discarded, leftover, orphan, found.",
    ["fate"],
  ),
  documentsUndecided: gauge(
    "loanloom_documents_undecided",
    "files",
    "Files of which the last sweep could not say whether an event knows them.",
  ),
  documentsUnreadable: counter(
    "loanloom_documents_unreadable_total",
    "reads",
    "Reads of documents that are missing or do not verify: anything but zero is an alarm.",
  ),

  // ---------------------------------------------------------------- Redis
  redisMemory: gauge("loanloom_redis_memory_bytes", "bytes", "Memory that Redis uses."),
  redisMemoryMax: gauge(
    "loanloom_redis_memory_max_bytes",
    "bytes",
    "Memory at which Redis refuses writes; 0: no limit.",
  ),
  redisRestarts: counter(
    "loanloom_redis_restarts_total",
    "restarts",
    "Deaths of the embedded Redis that were answered with a new process.",
  ),

  // ---------------------------------------------------------------- gateway
  connections: gauge("loanloom_connections", "connections", "WebSocket connections open."),
  connectionsOpened: counter(
    "loanloom_connections_opened_total",
    "connections",
    "WebSocket connections ever opened.",
  ),
  httpConnections: gauge(
    "loanloom_http_connections",
    "connections",
    "Connections open that are no WebSockets, or not yet.",
  ),
  connectionsCut: counter(
    "loanloom_connections_cut_total",
    "connections",
    "Connections cut as soon as they were accepted, by reason.",
    ["reason"],
  ),
  verificationsPending: gauge(
    "loanloom_token_verifications_pending",
    "tokens",
    "Tokens that are being verified.",
  ),
  handshakesRefused: counter(
    "loanloom_handshakes_refused_total",
    "handshakes",
    "Handshakes refused, by reason.",
    ["reason"],
  ),
  framesReceived: counter("loanloom_frames_received_total", "frames", "Frames from clients."),
  framesSent: counter("loanloom_frames_sent_total", "frames", "Frames to clients."),
  receivedBytes: counter("loanloom_received_bytes_total", "bytes", "Payload from clients."),
  framesRefused: counter(
    "loanloom_frames_refused_total",
    "frames",
    "Frames that were no message, by reason.",
    ["reason"],
  ),
  requestsAccepted: counter(
    "loanloom_requests_accepted_total",
    "requests",
    "Requests that the gateway passed on.",
  ),
  requestsRefused: counter(
    "loanloom_requests_refused_total",
    "requests",
    "Requests that the gateway refused, by reason.",
    ["reason"],
  ),
  answersReleased: counter("loanloom_answers_total", "answers", "Answers released to clients."),
  answersWithoutSession: counter(
    "loanloom_answers_without_session_total",
    "answers",
    "Answers whose client had gone.",
  ),
  receiptsFailed: counter(
    "loanloom_receipts_failed_total",
    "receipts",
    "Receipts of repayments that watchers wanted and were not told; they may ask for them.",
  ),
  pushes: counter("loanloom_pushes_total", "pushes", "Frames sent unasked, by kind.", ["kind"]),
  progressConflated: counter(
    "loanloom_progress_conflated_total",
    "changes",
    "Changes of watched loans that a later one overtook before they were published.",
  ),
  sessionsClosed: counter(
    "loanloom_sessions_closed_total",
    "sessions",
    "Sessions that the server closed, by reason.",
    ["reason"],
  ),
  httpRequests: counter("loanloom_http_requests_total", "requests", "HTTP requests."),
  httpFailures: counter(
    "loanloom_http_failures_total",
    "requests",
    "HTTP requests refused or not answered in time, by reason.",
    ["reason"],
  ),

  revocationsInForce: gauge(
    "loanloom_revocations_in_force",
    "revocations",
    "Revoked tokens and subjects that are known.",
  ),
  revocationsLag: gauge(
    "loanloom_revocations_lag_seconds",
    "seconds",
    "For how long the file of revocations was not read to its end with each line understood.",
  ),
  revocationFaults: counter(
    "loanloom_revocation_faults_total",
    "faults",
    "What kept revocations of the file from being in force, by fault: each is an alarm.",
    ["fault"],
  ),

  // ---------------------------------------------------------------- custodian bank
  withdrawalsUnderWay: gauge(
    "loanloom_withdrawals_under_way",
    "withdrawals",
    "Withdrawals that the custodian has not paid nor refused.",
  ),
  withdrawalsStuck: gauge(
    "loanloom_withdrawals_stuck",
    "withdrawals",
    "Withdrawals about which custodian and books disagree: anything but zero is an alarm.",
  ),
  custodianCircuitOpen: gauge(
    "loanloom_custodian_circuit_open",
    "flag",
    "1 while the custodian is down and is not called; bids and repayments go on.",
  ),
  custodianCircuitOpenings: counter(
    "loanloom_custodian_circuit_openings_total",
    "openings",
    "How often the custodian was given up for a while, failed probes included.",
  ),
  custodianMovements: counter(
    "loanloom_custodian_movements_total",
    "movements",
    "Movements that the custodian told and the books took down, by outcome.",
    ["outcome"],
  ),
  custodianContradictions: counter(
    "loanloom_custodian_contradictions_total",
    "notices",
    "What the custodian told and the books could not take down: each is an alarm.",
  ),
  custodianCalls: counter("loanloom_custodian_calls_total", "calls", "Calls to the custodian."),
  custodianFaults: counter(
    "loanloom_custodian_faults_total",
    "calls",
    "Calls to the custodian of which nobody knows what they did, by fault.",
    ["fault"],
  ),
  callbacksRefused: counter(
    "loanloom_callbacks_refused_total",
    "callbacks",
    "Callbacks that were not the custodian's, or made no sense, by reason.",
    ["reason"],
  ),

  // ---------------------------------------------------------------- itself
  scrapeErrors: counter(
    "loanloom_scrape_errors_total",
    "errors",
    "Sources of metrics that failed while they were read.",
  ),
} as const satisfies Record<string, MetricRow>;

export type MetricKey = keyof typeof METRICS;
export type KeyOfType<Type extends MetricType> = {
  [Key in MetricKey]: (typeof METRICS)[Key]["type"] extends Type ? Key : never;
}[MetricKey];
