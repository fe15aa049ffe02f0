// Which plain number of which room is which metric. The rooms do not know Prometheus, and this
// does not know the rooms: their counters fit by shape, which the compiler checks in main.

import type { Metrics, Sample } from "./metrics.ts";
import type { KeyOfType } from "./metrics-table.ts";

type Target = readonly [
  key: KeyOfType<"counter" | "gauge">,
  labels?: Readonly<Record<string, string>>,
];

const GATEWAY_TARGETS = {
  connectionsOpen: ["connections"],
  verificationsPending: ["verificationsPending"],
  connectionsOpened: ["connectionsOpened"],
  httpConnectionsOpen: ["httpConnections"],
  connectionsCutOverLimit: ["connectionsCut", { reason: "connections" }],
  connectionsCutOverAddressRate: ["connectionsCut", { reason: "openings_of_address" }],
  handshakesMalformed: ["handshakesRefused", { reason: "malformed" }],
  handshakesOriginRefused: ["handshakesRefused", { reason: "origin" }],
  handshakesUnauthenticated: ["handshakesRefused", { reason: "unauthenticated" }],
  handshakesOverConnectionLimit: ["handshakesRefused", { reason: "connections" }],
  handshakesOverAddressLimit: ["handshakesRefused", { reason: "connections_of_address" }],
  handshakesOverAccountLimit: ["handshakesRefused", { reason: "connections_of_account" }],
  handshakesBusy: ["handshakesRefused", { reason: "busy" }],
  handshakesWhileDraining: ["handshakesRefused", { reason: "draining" }],
  handshakesStandingBy: ["handshakesRefused", { reason: "standing_by" }],
  handshakesAborted: ["handshakesRefused", { reason: "aborted" }],
  framesReceived: ["framesReceived"],
  framesSent: ["framesSent"],
  bytesReceived: ["receivedBytes"],
  framesMalformed: ["framesRefused", { reason: "malformed" }],
  framesTooLarge: ["framesRefused", { reason: "too_large" }],
  requestsAccepted: ["requestsAccepted"],
  requestsForbidden: ["requestsRefused", { reason: "forbidden" }],
  requestsNotOwned: ["requestsRefused", { reason: "not_owned" }],
  requestsUnauthenticated: ["requestsRefused", { reason: "unauthenticated" }],
  requestsRateLimited: ["requestsRefused", { reason: "rate_limited" }],
  requestsOverSessionLimit: ["requestsRefused", { reason: "in_flight_of_session" }],
  requestsOverTotalLimit: ["requestsRefused", { reason: "in_flight" }],
  requestsRejectedByRuntime: ["requestsRefused", { reason: "runtime" }],
  requestsWhileDraining: ["requestsRefused", { reason: "draining" }],
  watchesOverLimit: ["requestsRefused", { reason: "watches" }],
  answersReleased: ["answersReleased"],
  answersWithoutSession: ["answersWithoutSession"],
  entriesPushed: ["pushes", { kind: "entry" }],
  receiptsPushed: ["pushes", { kind: "receipt" }],
  receiptsFailed: ["receiptsFailed"],
  progressPublished: ["pushes", { kind: "progress" }],
  progressConflated: ["progressConflated"],
  sessionsClosedSlow: ["sessionsClosed", { reason: "slow" }],
  sessionsClosedBadFrames: ["sessionsClosed", { reason: "bad_frames" }],
  sessionsClosedRateLimited: ["sessionsClosed", { reason: "rate_limited" }],
  sessionsClosedUnauthenticated: ["sessionsClosed", { reason: "unauthenticated" }],
  sessionsClosedExpired: ["sessionsClosed", { reason: "expired" }],
  sessionsClosedRevoked: ["sessionsClosed", { reason: "revoked" }],
  sessionsClosedByReset: ["sessionsClosed", { reason: "reset" }],
  httpRequests: ["httpRequests"],
  httpRefused: ["httpFailures", { reason: "refused" }],
  httpTimeouts: ["httpFailures", { reason: "timeout" }],
} as const satisfies Record<string, Target>;

/** The gateway's counters, by shape. */
export type GatewayNumbers = { readonly [Name in keyof typeof GATEWAY_TARGETS]: number };

export function readGateway(metrics: Metrics, counters: GatewayNumbers): void {
  for (const [name, target] of Object.entries(GATEWAY_TARGETS) as [
    keyof GatewayNumbers,
    Target,
  ][]) {
    const [key, labels = {}] = target;
    metrics.read(key, () => [{ labels, value: counters[name] }]);
  }
}

/** The runtime's counters, by shape. */
export interface RuntimeNumbers {
  /** Answers to bids: "accepted" or a refusal's code. */
  readonly bids: ReadonlyMap<string, number>;
  readonly commits: number;
  readonly records: number;
  readonly legs: number;
  readonly decideErrors: number;
  readonly passivated: number;
  readonly loaded: number;
  readonly snapshotsWritten: number;
  readonly checkpoints: number;
  readonly recoveries: number;
  readonly lastRecoverySeconds: number;
  onCommit: (seconds: number, bytes: number) => void;
  onReply: (seconds: number) => void;
}

/** Also takes the runtime's `onCommit` and `onReply`: an addition or two each. */
export function readRuntime(metrics: Metrics, counters: RuntimeNumbers): void {
  const seconds = metrics.histogram("commitSeconds");
  const bytes = metrics.histogram("commitBytes");
  counters.onCommit = (commitSeconds, commitBytes) => {
    seconds.observe(commitSeconds);
    bytes.observe(commitBytes);
  };
  const replies = metrics.histogram("replySeconds");
  counters.onReply = (replySeconds) => replies.observe(replySeconds);
  metrics.read("bids", () => bidSamples(counters.bids));
  metrics.read("commits", () => counters.commits);
  metrics.read("records", () => counters.records);
  metrics.read("legs", () => counters.legs);
  metrics.read("decideErrors", () => counters.decideErrors);
  metrics.read("actorsPassivated", () => counters.passivated);
  metrics.read("actorsLoaded", () => counters.loaded);
  metrics.read("snapshots", () => counters.snapshotsWritten);
  metrics.read("checkpoints", () => counters.checkpoints);
  metrics.read("recoveries", () => counters.recoveries);
  metrics.read("recoverySeconds", () => counters.lastRecoverySeconds);
}

function bidSamples(bids: ReadonlyMap<string, number>): Sample[] {
  return Array.from(bids, ([outcome, value]) => ({
    labels:
      outcome === "accepted"
        ? { outcome: "accepted", reason: "" }
        : { outcome: "refused", reason: outcome },
    value,
  }));
}

/** The counters of documents over HTTP and of their store, by shape. */
export interface DocumentNumbers {
  readonly transfers: {
    readonly uploadsOpen: number;
    readonly downloadsOpen: number;
    readonly bufferedBytes: number;
    readonly bytesReceived: number;
    readonly bytesSent: number;
    readonly uploads: ReadonlyMap<string, number>;
    readonly downloads: ReadonlyMap<string, number>;
  };
  readonly files: {
    readonly kept: number;
    readonly discarded: number;
    readonly leftovers: number;
    readonly orphans: number;
    readonly found: number;
    readonly undecided: number;
    readonly unreadable: number;
  };
}

export function readDocuments(metrics: Metrics, { transfers, files }: DocumentNumbers): void {
  const byDirection = (up: number, down: number): Sample[] => [
    { labels: { direction: "up" }, value: up },
    { labels: { direction: "down" }, value: down },
  ];
  metrics.read("documentTransfers", () =>
    byDirection(transfers.uploadsOpen, transfers.downloadsOpen),
  );
  metrics.read("documentTransferBytes", () =>
    byDirection(transfers.bytesReceived, transfers.bytesSent),
  );
  metrics.read("documentTransfersEnded", () => [
    ...outcomeSamples("up", transfers.uploads),
    ...outcomeSamples("down", transfers.downloads),
  ]);
  metrics.read("documentBuffered", () => transfers.bufferedBytes);
  metrics.read("documentFiles", () => [
    { labels: { fate: "kept" }, value: files.kept },
    { labels: { fate: "discarded" }, value: files.discarded },
    { labels: { fate: "leftover" }, value: files.leftovers },
    { labels: { fate: "orphan" }, value: files.orphans },
    { labels: { fate: "found" }, value: files.found },
  ]);
  metrics.read("documentsUndecided", () => files.undecided);
  metrics.read("documentsUnreadable", () => files.unreadable);
}

function outcomeSamples(direction: string, outcomes: ReadonlyMap<string, number>): Sample[] {
  return Array.from(outcomes, ([outcome, value]) => ({ labels: { direction, outcome }, value }));
}
