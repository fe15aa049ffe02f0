// Every limit of the gateway, with its unit in the name; defaults are settings (`config`). It never
// reads the environment: main passes a config in, tests change single fields.

import { assert } from "../money/assert.ts";

export interface GatewayConfig {
  readonly host: string;
  /** 0: any free port; `listen` tells which. */
  readonly port: number;

  /** Larger frames get `frame_too_large`; twice as large ones end the connection. */
  readonly frameBytesMax: number;
  /** Unsent bytes of one socket before it is closed as a slow consumer. */
  readonly backpressureBytesMax: number;
  /** A socket without any traffic is pinged before, and closed after, that long. 8 to 960. */
  readonly idleTimeoutS: number;
  /** A socket that came without a token must present one by then. */
  readonly authenticateMsMax: number;
  /** Tokens being verified at once, for handshakes, sessions and HTTP together. */
  readonly verificationsMax: number;
  /** Frames of a session that wait while its first token is verified; bytes: of four large ones. */
  readonly heldFramesMax: number;

  /** Sessions: connections that have become WebSockets. */
  readonly connectionsMax: number;
  /** Connections that are none, or not yet. */
  readonly httpConnectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly connectionsPerAccountMax: number;
  /** Allowance of one account over all its sessions: a token bucket. */
  readonly requestsPerSecondPerAccount: number;
  readonly requestBurstPerAccount: number;
  readonly requestsPerSecondPerOperator: number;
  readonly requestBurstPerOperator: number;
  readonly inFlightPerSessionMax: number;
  readonly inFlightMax: number;
  /** Accounts and loans that one session may watch. */
  readonly watchesPerSessionMax: number;
  /** Undecodable frames in a row before the session is closed (4400). */
  readonly badFramesInRowMax: number;
  /** Requests refused by the allowance in a row before the session is closed (4429). */
  readonly rateLimitedInRowMax: number;
  /** What `server_busy` and `too_many_connections` ask clients to wait. */
  readonly busyRetryAfterMs: number;

  /** A watched loan is published at most once in that time. */
  readonly marketFeedIntervalMs: number;
  /** Origins of pages that may connect besides those this server serves itself; `*` is any. */
  readonly originsAllowed: readonly string[];
  /** Header in which a trusted proxy appends the client's address; null: the socket's peer. */
  readonly clientAddressHeader: string | null;

  /** Operators may list a loan that nobody has applied for; else what was signed is published. */
  readonly directListing: boolean;
  /** Operators may book deposits; else the custodian bank's word alone does. */
  readonly depositsByHand: boolean;

  /** How long a drain waits for what is in flight. */
  readonly drainMsMax: number;
  /** Told to clients at a shutdown: how long to wait, and where else to go. */
  readonly reconnectAfterMs: number;
  readonly reconnectUrl: string | null;

  /** An HTTP read without an answer by then gets `unavailable`. */
  readonly httpAnswerMsMax: number;
  /** /healthz and /readyz, which need no token. */
  readonly healthExposed: boolean;
  /** /metrics, which needs no token. */
  readonly metricsExposed: boolean;
  /** How often expiry, revocation and timeouts are looked at. */
  readonly sweepIntervalMs: number;
}

/** The longest frame that must pass: session.authenticate with a token of 4,096 characters. */
const FRAME_BYTES_LEAST = 4_096 + 512;

/** Relations between limits. A config that breaks one is a mistake of whoever starts the server. */
export function checkGatewayConfig(config: GatewayConfig): void {
  for (const [name, value] of Object.entries(config)) {
    if (typeof value !== "number" || name === "port") continue;
    assert(Number.isSafeInteger(value) && value > 0, `${name} is a positive whole number`);
  }
  assert(config.frameBytesMax >= FRAME_BYTES_LEAST, "frameBytesMax leaves room for a token");
  assert(
    config.backpressureBytesMax >= 2 * config.frameBytesMax,
    "backpressureBytesMax holds at least two frames",
  );
  assert(config.idleTimeoutS >= 8 && config.idleTimeoutS <= 960, "idleTimeoutS is 8 to 960");
  assert(
    config.inFlightPerSessionMax <= config.inFlightMax,
    "one session cannot have more in flight than all of them",
  );
  assert(
    config.connectionsPerAccountMax <= config.connectionsPerAddressMax &&
      config.connectionsPerAddressMax <= config.connectionsMax,
    "connections: account <= address <= total",
  );
  assert(
    config.requestBurstPerAccount >= config.inFlightPerSessionMax,
    "the burst of an account fills one session's pipeline",
  );
}
