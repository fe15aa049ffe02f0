// Keeps one connection up: connects, waits with growing jittered pauses, connects again, and tells
// when going on is useless. It knows nothing of requests; it is swept, and sets no timer.
//
// A server answers the handshake before it has verified the token, and holds back only so much of
// what comes meanwhile. So a connection counts as up when the server has answered a first ping.

import { CLOSE } from "../protocol/connection.ts";
import type { ServerMessage } from "../protocol/decode-reply.ts";
import { backoffMs } from "./backoff.ts";
import { Connection } from "./connection.ts";
import type { Encoding } from "./encoding.ts";
import { LoanloomError } from "./loanloom-error.ts";
import type { ClientLimits, TokenSource } from "./options.ts";
import { platformSocket, type SocketConstructor } from "./web-socket.ts";

export interface LinkListener {
  up(connection: Connection): void;
  received(message: ServerMessage): void;
  /** Nothing was heard for `keepAliveMs`: time to ask whether the server is there. */
  quiet(): void;
  /** The connection, which had been up, is gone. */
  down(code: number, reason: string): void;
  /** There will be no connection any more. */
  lost(error: LoanloomError): void;
}

/** Id of the first ping; those of requests begin at 1. */
const GREETING_ID = 0;
/** A token function may repair a refused token; after so many in a row it did not. */
const AUTH_FAILURES_MAX = 3;
/** How long a server that announced its end may take to close. */
const SHUTDOWN_GRACE_MS = 10_000;
/** Reconnects after an announced end are spread over this, so that they do not come at once. */
const SHUTDOWN_SPREAD_MS = 500;

/**
 * The most that one sweep counts as silence. When this process itself was not running (a busy
 * machine, a closed laptop), what the server sent meanwhile is still to be read.
 */
const SWEEP_MS_MAX = 100;

type State = "waiting" | "connecting" | "up" | "closed";

export class Link {
  readonly #url: string;
  readonly #encoding: Encoding;
  readonly #limits: ClientLimits;
  readonly #webSocket: SocketConstructor | undefined;
  readonly #listener: LinkListener;
  #token: TokenSource;
  #state: State = "waiting";
  #connection: Connection | null = null;
  /** Counts attempts, so that an answer to an older one is known as such. */
  #generation = 0;
  #failures = 0;
  #authFailures = 0;
  /** In state waiting: when to connect. In state connecting: when to give up the attempt. */
  #dueAtMs = 0;
  #quietMs = 0;
  #askedIfThere = false;
  #sweptAtMs = 0;
  #everUp = false;
  readonly #startedAtMs = performance.now();
  /** The last error that named no request: why the server is about to close, as a rule. */
  #serverSaid: string | null = null;
  #shutdown: { afterMs: number; url: string | null; graceUntilMs: number } | null = null;

  constructor(
    url: string,
    token: TokenSource,
    encoding: Encoding,
    limits: ClientLimits,
    webSocket: SocketConstructor | undefined,
    listener: LinkListener,
  ) {
    this.#url = url;
    this.#token = token;
    this.#encoding = encoding;
    this.#limits = limits;
    this.#webSocket = webSocket;
    this.#listener = listener;
  }

  get isUp(): boolean {
    return this.#state === "up";
  }

  /** For the next connections. */
  useToken(token: TokenSource): void {
    this.#token = token;
  }

  sweep(nowMs: number): void {
    const sinceMs = Math.min(nowMs - this.#sweptAtMs, SWEEP_MS_MAX);
    this.#sweptAtMs = nowMs;
    if (this.#state === "waiting" && nowMs >= this.#dueAtMs) this.#connect(nowMs);
    if (this.#state === "connecting" && nowMs >= this.#dueAtMs) {
      this.#failed("the attempt to connect took too long");
    }
    if (this.#state !== "up") return;
    if (this.#shutdown !== null && nowMs >= this.#shutdown.graceUntilMs) {
      this.#connection?.giveUp("the server announced its end");
    } else {
      this.#listen(sinceMs);
    }
  }

  /** A connection is given up for silence only when the server was asked, and had its time. */
  #listen(sinceMs: number): void {
    const { keepAliveMs } = this.#limits;
    this.#quietMs += sinceMs;
    if (this.#quietMs < keepAliveMs) return;
    if (!this.#askedIfThere) {
      this.#quietMs = keepAliveMs;
      this.#askedIfThere = true;
      this.#listener.quiet();
    } else if (this.#quietMs >= 2 * keepAliveMs) {
      this.#connection?.giveUp("the server is silent");
    }
  }

  #heard(): void {
    this.#quietMs = 0;
    this.#askedIfThere = false;
  }

  /** The server said when to come back, and where. */
  announced(reconnectAfterMs: number, url: string | null): void {
    const graceUntilMs = performance.now() + SHUTDOWN_GRACE_MS;
    this.#shutdown = { afterMs: reconnectAfterMs, url: this.#safeUrl(url), graceUntilMs };
  }

  close(): void {
    this.#state = "closed";
    this.#generation++;
    this.#connection?.close();
    this.#connection = null;
  }

  /** Another address is followed only if it is no less protected: the token goes there. */
  #safeUrl(url: string | null): string | null {
    if (url === null || !URL.canParse(url)) return null;
    const { protocol } = new URL(url);
    const kept = protocol === "wss:" || protocol === new URL(this.#url).protocol;
    return kept ? url : null;
  }

  #connect(nowMs: number): void {
    this.#state = "connecting";
    this.#dueAtMs = nowMs + this.#limits.connectTimeoutMs;
    const generation = ++this.#generation;
    const url = this.#shutdown?.url ?? this.#url;
    this.#shutdown = null;
    const socketClass = this.#webSocket ?? platformSocket();
    const token = typeof this.#token === "string" ? this.#token : askFor(this.#token);
    Promise.all([socketClass, token]).then(
      ([webSocket, text]) => {
        if (generation === this.#generation) this.#dial(generation, webSocket, url, text);
      },
      (error: unknown) => {
        if (generation === this.#generation) this.#failed(`no token: ${String(error)}`);
      },
    );
  }

  #dial(generation: number, webSocket: SocketConstructor, url: string, token: string): void {
    const current = () => generation === this.#generation;
    this.#connection = new Connection(webSocket, url, token, this.#encoding, {
      opened: (connection) => {
        if (current()) connection.send("session.ping", GREETING_ID, {});
      },
      received: (message) => {
        if (current()) this.#received(message);
      },
      ended: (code, reason, failure) => {
        if (current()) this.#ended(code, reason, failure);
      },
    });
  }

  #received(message: ServerMessage): void {
    this.#heard();
    if (message.kind === "reply") this.#failures = this.#authFailures = 0;
    if (message.kind === "error" && message.id === null) {
      this.#serverSaid = message.detail ?? message.code;
    }
    if (this.#state === "up") return this.#listener.received(message);
    if (message.kind === "reply" && message.id === GREETING_ID) {
      this.#state = "up";
      this.#everUp = true;
      this.#listener.up(this.#connection!);
    } else if (message.kind === "error" && message.id === GREETING_ID) {
      this.#serverSaid = message.detail ?? message.code;
      // Whoever may not even ping is about to be closed, with a code that says why.
      if (message.code !== "unauthenticated") this.#failed(message.code);
    }
  }

  #ended(code: number, reason: string, failure: string | null): void {
    const wasUp = this.#state === "up";
    // `ws` tells the status of a refused handshake in its error; browsers tell nothing.
    const status = /server response: (\d{3})/.exec(failure ?? "")?.[1];
    this.#connection = null;
    if (code === CLOSE.unauthenticated || status === "401") this.#authFailures++;
    this.#failed(failure ?? `${code} ${reason}`.trim(), wasUp ? { code, reason } : undefined);
    if (this.#state === "closed") return;
    if (status === "403") this.#lose("origin_not_allowed", "the server refuses this origin");
    const allowed = typeof this.#token === "string" ? 1 : AUTH_FAILURES_MAX;
    if (this.#authFailures >= allowed) {
      this.#lose("unauthenticated", this.#serverSaid ?? "the token is not accepted");
    }
  }

  /** Plans the next attempt, then tells of the end of what had been up. */
  #failed(why: string, end?: { code: number; reason: string }): void {
    const nowMs = performance.now();
    this.#generation++;
    this.#connection?.giveUp(why);
    this.#connection = null;
    this.#state = "waiting";
    const random = Math.random();
    if (this.#shutdown !== null) {
      this.#dueAtMs = nowMs + this.#shutdown.afterMs + random * SHUTDOWN_SPREAD_MS;
    } else {
      this.#dueAtMs = nowMs + backoffMs(this.#limits.reconnect, this.#failures++, random);
    }
    if (end !== undefined) this.#listener.down(end.code, end.reason);
    const { firstConnectTimeoutMs } = this.#limits;
    if (!this.#everUp && nowMs - this.#startedAtMs >= firstConnectTimeoutMs) {
      this.#lose("unreachable", `no connection in ${firstConnectTimeoutMs} ms: ${why}`);
    }
  }

  #lose(code: "unreachable" | "unauthenticated" | "origin_not_allowed", detail: string): void {
    if (this.#state === "closed") return;
    this.close();
    this.#listener.lost(new LoanloomError(code, detail));
  }
}

async function askFor(token: () => string | Promise<string>): Promise<string> {
  return token();
}
