// What passes between the tool and its client processes: a job, a start, short notices of how far
// it is, and the result. The log of all requests goes through a file.

import type { Identity } from "../driver/identities.ts";
import type { Endpoint } from "../driver/raw-socket.ts";
import type { Plan } from "../scenarios/plan.ts";

export interface ClientJob {
  /**
   * Those that bid and read are apart from the crowd, so that the work of ten thousand handshakes
   * makes nobody late.
   */
  readonly role: "traffic" | "crowd";
  readonly plan: Plan;
  readonly part: number;
  readonly parts: number;
  readonly endpoint: Endpoint;
  readonly identity: Identity;
  /** Of all names of this run. */
  readonly prefix: string;
  /**
   * Null: open loop. Else so many requests in flight on each connection, replaced when answered.
   */
  readonly closedInFlight: number | null;
  readonly intervalMs: number;
  readonly drainMs: number;
  readonly logFile: string;
}

export type ToClient =
  | { readonly type: "job"; readonly job: ClientJob }
  /** Milliseconds since the epoch. */
  | { readonly type: "go"; readonly startsAtMs: number }
  /** Send nothing more and wait for what is in flight. */
  | { readonly type: "stop" }
  /** All clients are drained: nothing more will be pushed, so logs and watches are whole. */
  | { readonly type: "report" };

export type FromClient =
  | { readonly type: "ready" }
  | { readonly type: "progress"; readonly progress: ClientProgress }
  /** The plan is over, and what was in flight is answered or given up. */
  | { readonly type: "drained" }
  | { readonly type: "done"; readonly result: ClientResult }
  | { readonly type: "failed"; readonly reason: string };

export interface ClientProgress {
  readonly sent: number;
  readonly answered: number;
  readonly refused: number;
  readonly connections: number;
}

/** What a watched account was pushed. */
export interface WatchRecord {
  readonly accountId: string;
  entries: number;
  legs: number;
  gaps: number;
  lastEntry: number;
  availableCents: number;
  heldCents: number;
  /** The connection ended before the run did: what came later is unknown. */
  cut: boolean;
}

/** Figures of a part of the measured requests; histograms are compressed and in base64. */
export interface Tally {
  sent: number;
  answered: number;
  /** Answers that did what was asked. */
  accepted: number;
  refused: number;
  turnedAway: number;
  unanswered: number;
  latency: string;
}

export interface ClientResult {
  readonly role: ClientJob["role"];
  readonly measuredFromMs: number;
  /** When the last request was due, or the run was stopped; from the start of the run. */
  readonly measuredToMs: number;
  readonly all: Tally;
  /** From the moment of sending; beside `all`, which counts from the planned one. */
  readonly serviceLatency: string;
  /** How late requests were sent. */
  readonly lateness: string;
  readonly byOperation: Readonly<Record<string, Tally>>;
  readonly bySegment: readonly Tally[];
  readonly intervals: readonly (Tally & { readonly fromMs: number })[];
  /** By the number of the error. */
  readonly refusals: Readonly<Record<number, number>>;
  /** User and system time while requests were measured. */
  readonly cpuMs: number;
  readonly cpuOverMs: number;
  readonly watches: readonly WatchRecord[];
  readonly pushes: number;
  readonly pushLag: string;
  readonly crowd: CrowdResult;
  readonly violations: readonly string[];
  readonly connectionsLost: number;
}

export interface CrowdResult {
  readonly opened: number;
  /** Slow consumers that the server closed. */
  readonly closedByServer: number;
  /** From the cut to the first answer on the new connection, refused attempts included. */
  readonly reconnect: string;
  readonly reconnected: number;
  readonly attempts: number;
  readonly failed: number;
}

/** Of clients that are no crowd. */
export const NO_CROWD: CrowdResult = {
  opened: 0,
  closedByServer: 0,
  reconnect: "",
  reconnected: 0,
  attempts: 0,
  failed: 0,
};

/** Of clients that watch nothing. */
export const NO_WATCHES = { watches: [], pushes: 0, pushLag: "" } as const;
