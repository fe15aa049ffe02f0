// What a client can be told, with units and defaults.

import type { BackoffLimits } from "./backoff.ts";
import type { EncodingName } from "./encoding.ts";
import { LoanloomError } from "./loanloom-error.ts";
import type { SocketConstructor } from "./web-socket.ts";

export type TokenSource = string | (() => string | Promise<string>);

export interface ClientOptions {
  /** `ws://` or `wss://`, with the path: `wss://example.org/v1/ws`. Never put a token in it. */
  readonly url: string;
  /** A signed JWT, or a function that is asked for one before each connection. */
  readonly token: TokenSource;
  /** msgpack is smaller and faster; json is easy to read in a browser's network view. */
  readonly encoding?: EncodingName | undefined;
  /** From asking to the answer, over all repetitions and reconnects. */
  readonly requestTimeoutMs?: number | undefined;
  /** How long one attempt to connect may take. */
  readonly connectTimeoutMs?: number | undefined;
  /** How long `connect` goes on trying before it gives up with `unreachable`. */
  readonly firstConnectTimeoutMs?: number | undefined;
  /** After so long without a word from the server it is pinged; after twice that, given up. */
  readonly keepAliveMs?: number | undefined;
  /** Requests sent and not answered yet; others wait in order. */
  readonly inFlightMax?: number | undefined;
  /** Requests not settled yet, sent or waiting; beyond it `queue_full`. */
  readonly unsettledMax?: number | undefined;
  readonly reconnect?: BackoffLimits | undefined;
  readonly retry?: BackoffLimits | undefined;
  /** Instead of the platform's WebSocket or `ws`. */
  readonly webSocket?: SocketConstructor | undefined;
}

export interface ClientLimits {
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly firstConnectTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly inFlightMax: number;
  readonly unsettledMax: number;
  readonly reconnect: BackoffLimits;
  readonly retry: BackoffLimits;
}

const CLIENT_DEFAULTS: ClientLimits = {
  requestTimeoutMs: 30_000,
  connectTimeoutMs: 5_000,
  firstConnectTimeoutMs: 15_000,
  keepAliveMs: 20_000,
  // Half of what the server takes from one session by default.
  inFlightMax: 128,
  unsettledMax: 10_000,
  reconnect: { delayMsFirst: 100, delayMsMax: 3_000 },
  retry: { delayMsFirst: 50, delayMsMax: 2_000 },
};

/** Fills in the defaults; throws `invalid_field` for what cannot work. */
export function clientLimits(options: ClientOptions): ClientLimits {
  const limits = {
    requestTimeoutMs: options.requestTimeoutMs ?? CLIENT_DEFAULTS.requestTimeoutMs,
    connectTimeoutMs: options.connectTimeoutMs ?? CLIENT_DEFAULTS.connectTimeoutMs,
    firstConnectTimeoutMs: options.firstConnectTimeoutMs ?? CLIENT_DEFAULTS.firstConnectTimeoutMs,
    keepAliveMs: options.keepAliveMs ?? CLIENT_DEFAULTS.keepAliveMs,
    inFlightMax: options.inFlightMax ?? CLIENT_DEFAULTS.inFlightMax,
    unsettledMax: options.unsettledMax ?? CLIENT_DEFAULTS.unsettledMax,
    reconnect: options.reconnect ?? CLIENT_DEFAULTS.reconnect,
    retry: options.retry ?? CLIENT_DEFAULTS.retry,
  };
  for (const [name, value] of Object.entries(limits)) {
    const numbers = typeof value === "number" ? [value] : Object.values(value as BackoffLimits);
    if (numbers.some((number) => !(number > 0))) {
      throw new LoanloomError("invalid_field", `${name} must be more than zero`);
    }
  }
  const { protocol, search, username, password } = urlOf(options.url);
  if (protocol !== "ws:" && protocol !== "wss:") {
    throw new LoanloomError("invalid_field", "url must begin with ws:// or wss://");
  }
  if (username !== "" || password !== "" || /token|bearer|jwt/i.test(search)) {
    throw new LoanloomError("invalid_field", "a token never goes into the url");
  }
  return limits;
}

function urlOf(text: string): URL {
  if (!URL.canParse(text)) throw new LoanloomError("invalid_field", "url is no URL");
  return new URL(text);
}
