// The door: one port for WebSocket and HTTP. It puts the parts of this room together, opens and
// drains. The outlet exists before the runtime does, because each needs the other.

import * as uWS from "uWebSockets.js";
import type { Label } from "../documents/sealed-format.ts";
import type { DocumentStore, Standing } from "../documents/store.ts";
import { assert } from "../money/assert.ts";
import { CLOSE } from "../protocol/connection.ts";
import { HTTP_DOORS } from "../protocol/http-doors.ts";
import type { Clock } from "../runtime/environment.ts";
import type { Outlet, Release, Runtime } from "../runtime/port.ts";
import { Admission } from "./admission.ts";
import type { Authenticator, Principal } from "./authenticator.ts";
import { checkGatewayConfig, type GatewayConfig } from "./config.ts";
import { Connections } from "./connections.ts";
import type { GatewayCounters } from "./counters.ts";
import type { DocumentCounters } from "./documents/counters.ts";
import { DocumentEndpoint } from "./documents/endpoint.ts";
import { checkDocumentLimits, type DocumentLimits } from "./documents/limits.ts";
import { FrameSender } from "./frame-sender.ts";
import { framed } from "./framing.ts";
import { HttpEndpoint, type HttpExtra } from "./http-endpoint.ts";
import { Intake } from "./intake.ts";
import type { GatewayLog } from "./log.ts";
import { MarketFeed } from "./market-feed.ts";
import { Questions } from "./questions.ts";
import { ReceiptPushes } from "./receipt-pushes.ts";
import { Releases } from "./releases.ts";
import { Seats } from "./seats.ts";
import { SocketEndpoint } from "./socket-endpoint.ts";
import { Subscriptions } from "./subscriptions.ts";

export interface GatewayOptions {
  readonly config: GatewayConfig;
  readonly metrics: GatewayCounters;
  readonly clock: Clock;
  readonly log: GatewayLog;
  readonly authenticator: Authenticator;
  /** Sockets that clients may have, of all that the process may open; left out: any number. */
  readonly socketsMax?: number;
  readonly httpExtra?: HttpExtra;
  /** Left out: no documents are taken or shown. */
  readonly documents?: GatewayDocuments;
  /**
   * The business date by the clock, in days since 1970, where dates
   * follow it; left out: they do not.
   */
  readonly today?: () => number;
}

export interface GatewayDocuments {
  readonly store: DocumentStore;
  readonly limits: DocumentLimits;
  readonly counters: DocumentCounters;
}

export interface Gateway {
  /** Where the runtime releases to. Nothing may be released before `attach`. */
  readonly outlet: Outlet;
  attach(runtime: Runtime): void;
  /** Opens the port and resolves with its number. */
  listen(): Promise<number>;
  /**
   * Says so to every client, takes nothing new, answers what was accepted, and closes all sessions
   * with 1012; at most `drainMsMax`.
   */
  drain(reason: string): Promise<void>;
  /** What the journal says of a document's bytes: for the store's sweep. */
  standingOf(label: Label): Promise<Standing>;
  /** Cuts everything at once. After it the gateway cannot be used again. */
  close(): void;
}

interface Attached {
  readonly runtime: Runtime;
  readonly releases: Releases;
  readonly intake: Intake;
  readonly http: HttpEndpoint;
  readonly documents: DocumentEndpoint | null;
  readonly receipts: ReceiptPushes;
}

const DRAIN_POLL_MS = 10;
/** This part of the transfers of documents is for accounts that have none under way. */
const TRANSFERS_KEPT_FOR_FIRST = 0.25;

export function createGateway(options: GatewayOptions): Gateway {
  return new Door(options);
}

/** Everything at once, for those whose runtime can do without an outlet until now. */
export async function startGateway(
  options: GatewayOptions & { readonly runtime: Runtime },
): Promise<Gateway & { readonly port: number }> {
  const gateway = new Door(options);
  gateway.attach(options.runtime);
  const port = await gateway.listen();
  return Object.assign(gateway, { port });
}

class Door implements Gateway {
  readonly outlet: Outlet;
  readonly #options: GatewayOptions;
  readonly #app = uWS.App();
  readonly #admission: Admission;
  readonly #connections: Connections;
  readonly #sender: FrameSender;
  readonly #feed: MarketFeed;
  #attached: Attached | undefined;
  #listenSocket: uWS.us_listen_socket | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  #revocationsSeen = 0;

  constructor(options: GatewayOptions) {
    const { config, metrics, authenticator, clock, socketsMax = Infinity } = options;
    checkGatewayConfig(config);
    this.#options = options;
    this.#admission = new Admission(config, metrics, authenticator);
    this.#connections = new Connections({
      ...{ config, counters: metrics, clock, socketsMax },
      sessions: () => this.#admission.seats.taken,
    });
    this.#sender = new FrameSender(metrics);
    const { marketFeedIntervalMs } = config;
    this.#feed = new MarketFeed(this.#app, this.#sender, metrics, marketFeedIntervalMs);
    this.outlet = {
      release: (position: string, releases: readonly Release[]) =>
        this.#parts.releases.release(position, releases),
      reset: (shard: number, reason: string) => this.#reset(shard, reason),
    };
  }

  get #parts(): Attached {
    assert(this.#attached !== undefined, "a runtime is attached first");
    return this.#attached;
  }

  attach(runtime: Runtime): void {
    assert(this.#attached === undefined, "one runtime is attached, once");
    const { config, metrics: counters, clock, log, httpExtra: extra = {}, today } = this.#options;
    const admission = this.#admission;
    const sender = this.#sender;
    const feed = this.#feed;
    const subscriptions = new Subscriptions(runtime, feed, config.watchesPerSessionMax);
    const questions = this.#questions(runtime);
    const receipts = new ReceiptPushes({ clock, counters, sender, questions, log });
    const releases = new Releases({ counters, sender, subscriptions, feed, receipts });
    const connections = this.#connections;
    const common = { config, counters, clock, admission, connections };
    const bank = extra.custodian === undefined ? {} : { custodian: extra.custodian };
    const dates = today === undefined ? {} : { today };
    const intake = new Intake({
      ...common,
      log,
      runtime,
      sender,
      subscriptions,
      ...bank,
      ...dates,
    });
    const http = new HttpEndpoint({ ...common, log, runtime, intake, extra });
    const sockets = new SocketEndpoint({ ...common, intake, subscriptions, receipts });
    const documents = this.#documents(runtime, intake);
    documents?.serve(this.#app);
    this.#app.filter((response, change) => connections.changed(response, change));
    this.#app.ws(HTTP_DOORS.socket.path, sockets.behavior()).any(
      "/*",
      framed(counters, (response, request) => http.handle(response, request)),
    );
    this.#attached = { runtime, releases, intake, http, documents, receipts };
  }

  #documents(runtime: Runtime, intake: Intake): DocumentEndpoint | null {
    const { config, metrics: counters, clock, log, documents } = this.#options;
    if (documents === undefined) return null;
    const { store, limits, counters: documentCounters } = documents;
    checkDocumentLimits(limits);
    const questions = this.#questions(runtime);
    const { transfersMax, transfersPerAccountMax } = limits;
    const keptForFirst = Math.floor(transfersMax * TRANSFERS_KEPT_FOR_FIRST);
    const seats = new Seats(transfersMax, transfersPerAccountMax, keptForFirst);
    const [admission, connections] = [this.#admission, this.#connections];
    const common = { config, counters, clock, log, admission, connections, intake };
    return new DocumentEndpoint({ ...common, limits, documentCounters, store, questions, seats });
  }

  #questions(runtime: Runtime): Questions {
    const { httpAnswerMsMax, busyRetryAfterMs } = this.#options.config;
    return new Questions(runtime, this.#options.clock, httpAnswerMsMax, busyRetryAfterMs);
  }

  async standingOf(label: Label): Promise<Standing> {
    return (await this.#attached?.documents?.standingOf(label)) ?? "unknown";
  }

  listen(): Promise<number> {
    assert(this.#attached !== undefined, "a runtime is attached before the port opens");
    const { host, port, sweepIntervalMs } = this.#options.config;
    this.#warnOfSockets();
    return new Promise((resolve, reject) => {
      const app = this.#app as unknown as ListensAlone;
      app.listen(host, port, EXCLUSIVE_PORT, (listenSocket) => {
        if (listenSocket === false) {
          reject(new Error(`cannot listen on ${host}:${port}: is the port in use?`));
          return;
        }
        this.#listenSocket = listenSocket;
        this.#sweeper = setInterval(() => this.#sweep(), sweepIntervalMs);
        const opened = uWS.us_socket_local_port(listenSocket as unknown as uWS.us_socket);
        this.#options.log.info({ host, port: opened }, "the gateway listens");
        resolve(opened);
      });
    });
  }

  /** Nothing breaks then, but fewer clients get in than the settings promise. */
  #warnOfSockets(): void {
    const { config, log, socketsMax = Infinity } = this.#options;
    const socketsWanted = config.connectionsMax + config.httpConnectionsMax;
    if (socketsWanted <= socketsMax) return;
    log.warn(
      { socketsMax, socketsWanted },
      "fewer connections fit than are allowed: raise the limit of open files (ulimit -n) or lower " +
        "LOANLOOM_CONNECTIONS_MAX and LOANLOOM_HTTP_CONNECTIONS_MAX",
    );
  }

  async drain(reason: string): Promise<void> {
    const { config, log, clock } = this.#options;
    const { intake, http, documents, receipts } = this.#parts;
    intake.isDraining = true;
    receipts.end();
    this.#stopListening();
    const notice = { reconnectAfterMs: config.reconnectAfterMs, url: config.reconnectUrl };
    for (const session of this.#admission.sessions) {
      this.#sender.push(session, "server.shutdown", notice);
    }
    const endsAtMs = clock.monotonicMs() + config.drainMsMax;
    while (this.#isBusy() && clock.monotonicMs() < endsAtMs) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
    if (this.#isBusy()) {
      const { inFlight } = this.#parts.runtime;
      log.warn({ inFlight }, "drained only in part: clients will ask for the outcomes");
    }
    http.failOpen("server_shutdown");
    documents?.end();
    this.#endSessions(reason);
  }

  close(): void {
    this.#stopListening();
    clearInterval(this.#sweeper);
    this.#feed.close();
    this.#app.close();
  }

  /** Something is in flight, or answered and still on its way to a client. */
  #isBusy(): boolean {
    const { runtime, http, documents } = this.#parts;
    if (runtime.inFlight > 0 || http.openCount > 0) return true;
    if (documents !== null && documents.openCount > 0) return true;
    for (const { socket } of this.#admission.sessions) {
      if (socket !== undefined && socket.getBufferedAmount() > 0) return true;
    }
    return false;
  }

  #stopListening(): void {
    if (this.#listenSocket === undefined) return;
    uWS.us_listen_socket_close(this.#listenSocket);
    this.#listenSocket = undefined;
  }

  /**
   * A shard forgot what it had not committed. Clients must not wait for answers that never come:
   * they reconnect, ask for outcomes and send again, under the same request ids.
   */
  #reset(shard: number, reason: string): void {
    const { log, metrics } = this.#options;
    log.warn({ shard, reason, sessions: this.#admission.sessions.size }, "sessions are reset");
    metrics.sessionsClosedByReset += this.#admission.sessions.size;
    this.#parts.http.failOpen("unavailable");
    this.#parts.documents?.failOpen();
    this.#parts.receipts.failOpen();
    this.#endSessions(reason);
  }

  #endSessions(reason: string): void {
    for (const session of this.#admission.sessions) {
      session.end(CLOSE.serviceRestart, reason.slice(0, CLOSE_REASON_MAX));
    }
  }

  /** Expiry, revocation, late tokens and late answers: looked at together, without a timer each. */
  #sweep(): void {
    const { config, clock } = this.#options;
    const { intake, http, documents, receipts } = this.#parts;
    const nowMs = clock.wallMs();
    const monotonicMs = clock.monotonicMs();
    const { revocationsVersion } = this.#admission;
    const mayBeRevoked = revocationsVersion !== this.#revocationsSeen;
    this.#revocationsSeen = revocationsVersion;
    for (const session of this.#admission.sessions) {
      const { principal, openedAtMs } = session;
      if (principal === null) {
        if (monotonicMs - openedAtMs >= config.authenticateMsMax) intake.timeOut(session);
      } else if (nowMs >= principal.expiresAtMs) intake.expire(session);
      else if (mayBeRevoked && this.#admission.isRevoked(principal)) intake.revoke(session);
    }
    if (mayBeRevoked) {
      const isRevoked = (principal: Principal): boolean => this.#admission.isRevoked(principal);
      http.endRevoked(isRevoked);
      documents?.endRevoked(isRevoked);
    }
    http.sweep(monotonicMs);
    documents?.sweep(monotonicMs);
    receipts.sweep(monotonicMs);
    this.#admission.sweep(nowMs);
    this.#connections.sweep(monotonicMs);
  }
}

/**
 * LIBUS_LISTEN_EXCLUSIVE_PORT. Without it two servers on one machine share a port, and
 * each gets a part of the connections. The types of the package know neither it nor the
 * call that takes it and a host.
 */
const EXCLUSIVE_PORT = 1;
interface ListensAlone {
  listen(
    host: string,
    port: number,
    options: typeof EXCLUSIVE_PORT,
    opened: (listenSocket: uWS.us_listen_socket | false) => void,
  ): void;
}

/** RFC 6455, 5.5: a close frame has at most 125 bytes, two of them the code. */
const CLOSE_REASON_MAX = 40;
