// HTTP on the port of the WebSocket: health, metrics, callbacks, and the same reads as JSON. Which
// paths there are stands in protocol/http-paths.ts and http-doors.ts, and with examples in
// PROTOCOL.md. Reads take the way of every request: authorisation, allowance, runtime, release.

import type * as uWS from "uWebSockets.js";
import { HTTP_DOORS } from "../protocol/http-doors.ts";
import type { Clock } from "../runtime/environment.ts";
import type { Runtime } from "../runtime/port.ts";
import type { Admission } from "./admission.ts";
import { CallbackDoor, type CustodianDoor } from "./callback-door.ts";
import { OPERATION_OF, ownAccountOf, refusalFor } from "./authorisation.ts";
import type { Principal } from "./authenticator.ts";
import type { GatewayConfig } from "./config.ts";
import type { Connections } from "./connections.ts";
import type { GatewayCounters } from "./counters.ts";
import { bearerOf, isOriginAllowed } from "./handshake.ts";
import { admitHttp } from "./http-admission.ts";
import { HttpExchange } from "./http-exchange.ts";
import { readOf, type HttpRead } from "./http-reads.ts";
import type { Intake } from "./intake.ts";
import { OPEN_LOANS_MAX } from "./own-answers.ts";
import type { GatewayLog } from "./log.ts";
import { addressOf } from "./network-address.ts";

/** What other rooms show on the same port. */
export interface HttpExtra {
  /** The metrics in Prometheus' text format. */
  readonly metrics?: () => string | Promise<string>;
  /** Without it there is no path for its callbacks, and nobody is paid out. */
  readonly custodian?: CustodianDoor;
}

export interface HttpParts {
  readonly config: GatewayConfig;
  readonly counters: GatewayCounters;
  readonly clock: Clock;
  readonly log: GatewayLog;
  readonly runtime: Runtime;
  readonly admission: Admission;
  readonly connections: Connections;
  readonly intake: Intake;
  readonly extra: HttpExtra;
}

const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export class HttpEndpoint {
  readonly #parts: HttpParts;
  readonly #open = new Set<HttpExchange>();
  readonly #callbacks: CallbackDoor | null;

  constructor(parts: HttpParts) {
    this.#parts = parts;
    const { config, counters, extra } = parts;
    const reader = extra.custodian?.callbacks;
    this.#callbacks =
      reader === undefined ? null : new CallbackDoor(reader, counters, config.busyRetryAfterMs);
  }

  handle(response: uWS.HttpResponse, request: uWS.HttpRequest): void {
    const { counters, clock, connections } = this.#parts;
    counters.httpRequests++;
    const method = request.getMethod();
    const exchange = new HttpExchange(response, method, clock.monotonicMs(), (ended) => {
      this.#open.delete(ended);
    });
    this.#open.add(exchange);
    if (connections.isCrowded) exchange.endsConnection();
    const path = request.getUrl();
    const isCallback = path === HTTP_DOORS.callbacks.path && method === "post";
    if (isCallback && this.#callbacks !== null) {
      const address = addressOf(response, request, this.#parts.config.clientAddressHeader);
      return this.#callback(exchange, this.#callbacks, request, address);
    }
    const serve = this.#serverOf(path, request);
    if (serve === undefined) return this.#refuse(exchange, "not_found");
    if (method !== "get" && method !== "head") {
      counters.httpRefused++;
      return exchange.send({
        status: "405 Method Not Allowed",
        contentType: "text/plain",
        body: "",
        headers: [["Allow", "GET, HEAD"]],
      });
    }
    serve(exchange);
  }

  /** What answers this path; the request may only be read now, not later. */
  #serverOf(
    path: string,
    request: uWS.HttpRequest,
  ): ((exchange: HttpExchange) => void) | undefined {
    const { config, extra } = this.#parts;
    const { health, readiness, metrics: scrape, socket } = HTTP_DOORS;
    if (path === health.path && config.healthExposed) {
      return (exchange) => exchange.json("200 OK", { status: "ok" });
    }
    if (path === readiness.path && config.healthExposed) {
      return (exchange) => this.#readiness(exchange);
    }
    const { metrics } = extra;
    if (path === scrape.path && config.metricsExposed && metrics !== undefined) {
      return (exchange) => void this.#metrics(exchange, metrics);
    }
    if (path === socket.path) return upgradeRequired;
    const read = readOf(path, request.getQuery());
    if (read === undefined) return undefined;
    const isOriginFine = isOriginAllowed(
      request.getHeader("origin"),
      request.getHeader("host"),
      config.originsAllowed,
    );
    if (!isOriginFine) return (exchange) => this.#refuse(exchange, "origin_not_allowed");
    const token = bearerOf(request.getHeader("authorization"));
    return (exchange) => void this.#read(exchange, token, read);
  }

  #callback(
    exchange: HttpExchange,
    door: CallbackDoor,
    request: uWS.HttpRequest,
    address: string,
  ): void {
    const { config, intake } = this.#parts;
    if (intake.isDraining) {
      return this.#refuse(exchange, "server_shutdown", null, config.reconnectAfterMs);
    }
    door.receive(exchange, request.getHeader(door.reader.signatureHeader), address);
  }

  #readiness(exchange: HttpExchange): void {
    const { runtime, intake } = this.#parts;
    const { ready, reason } = intake.isDraining
      ? { ready: false, reason: "draining" }
      : runtime.readiness;
    exchange.json(ready ? "200 OK" : "503 Service Unavailable", { ready, reason });
  }

  async #metrics(exchange: HttpExchange, metrics: () => string | Promise<string>): Promise<void> {
    try {
      const body = await metrics();
      exchange.send({ status: "200 OK", contentType: METRICS_TYPE, body });
    } catch (fault) {
      this.#parts.log.error({ fault: String(fault) }, "metrics could not be collected");
      this.#refuse(exchange, "internal_error");
    }
  }

  async #read(
    exchange: HttpExchange,
    token: string | null,
    read: HttpRead | string,
  ): Promise<void> {
    const admitted = await admitHttp(this.#parts, token);
    if (!exchange.isOpen) return;
    if (!admitted.ok) return this.#refuse(exchange, admitted.code, null, admitted.retryAfterMs);
    const { principal } = admitted;
    if (typeof read === "string") return this.#refuse(exchange, "invalid_field", read);
    const refusal = refusalFor(principal, read);
    if (refusal !== null) return this.#refuse(exchange, refusal);
    this.#submit(exchange, principal, read);
  }

  #submit(exchange: HttpExchange, principal: Principal, read: HttpRead): void {
    const { runtime, config, counters } = this.#parts;
    exchange.operation = OPERATION_OF[read.type];
    exchange.principal = principal;
    if (read.type === "GetMarket") {
      const { busyRetryAfterMs } = config;
      if (!runtime.isServing) return this.#refuse(exchange, "unavailable", null, busyRetryAfterMs);
      const loanIds = runtime.openLoans(OPEN_LOANS_MAX);
      return exchange.reply("market.loans", "", { loanIds });
    }
    if (runtime.inFlight >= config.inFlightMax) {
      counters.requestsOverTotalLimit++;
      return this.#refuse(exchange, "server_busy", null, config.busyRetryAfterMs);
    }
    const rejection = runtime.submit({
      command: read,
      correlationId: 0,
      session: exchange,
      self: ownAccountOf(principal),
    });
    if (rejection === undefined) counters.requestsAccepted++;
    else {
      counters.requestsRejectedByRuntime++;
      this.#refuse(exchange, rejection.code, null, rejection.retryAfterMs);
    }
  }

  /** The answers that are waited for will not come. */
  failOpen(code: "unavailable" | "server_shutdown"): void {
    const { busyRetryAfterMs } = this.#parts.config;
    for (const exchange of [...this.#open]) {
      this.#refuse(exchange, code, null, busyRetryAfterMs);
    }
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Who has been revoked since it asked gets no answer. */
  endRevoked(isRevoked: (principal: Principal) => boolean): void {
    for (const exchange of [...this.#open]) {
      const { principal } = exchange;
      if (principal !== null && isRevoked(principal)) this.#refuse(exchange, "unauthenticated");
    }
  }

  sweep(nowMonotonicMs: number): void {
    const { counters, config } = this.#parts;
    this.#callbacks?.sweep(nowMonotonicMs);
    for (const exchange of [...this.#open]) {
      if (nowMonotonicMs - exchange.startedAtMs < config.httpAnswerMsMax) return;
      counters.httpTimeouts++;
      this.#refuse(exchange, "unavailable", "no answer in time", config.busyRetryAfterMs);
    }
  }

  #refuse(exchange: HttpExchange, ...failure: Parameters<HttpExchange["fail"]>): void {
    this.#parts.counters.httpRefused++;
    exchange.fail(...failure);
  }
}

function upgradeRequired(exchange: HttpExchange): void {
  exchange.send({
    status: "426 Upgrade Required",
    contentType: "text/plain",
    body: "",
    headers: [["Upgrade", "websocket"]],
  });
}
