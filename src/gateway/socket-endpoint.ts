// The WebSocket endpoint: handshakes, and the callbacks of uWebSockets.js. It decides nothing about
// messages.
//
// A handshake is answered before its handler returns, and its token is verified after that. An
// upgrade that waits would have to run inside `cork`, which in this version of uWebSockets.js may
// close the new socket (fixed upstream in uWebSockets pull request 1929; met here in one of eight
// fresh processes). It also serves browsers: their pages see a close code, but no HTTP status.

import type * as uWS from "uWebSockets.js";
import type { ErrorCode } from "../protocol/errors.ts";
import type { Clock } from "../runtime/environment.ts";
import type { Admission } from "./admission.ts";
import type { GatewayConfig } from "./config.ts";
import type { Connections } from "./connections.ts";
import type { GatewayCounters } from "./counters.ts";
import { framingFault, refuseUnframed } from "./framing.ts";
import { judgeHandshake, type HandshakeRefusal } from "./handshake.ts";
import { HttpExchange } from "./http-exchange.ts";
import type { Intake } from "./intake.ts";
import { addressOf } from "./network-address.ts";
import type { ReceiptPushes } from "./receipt-pushes.ts";
import { Session, type Socket, type SocketTag } from "./session.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** Set by uWebSockets.js when a frame exceeds twice `frameBytesMax`. */
const TOO_BIG = "Received too big message";

export interface SocketParts {
  readonly config: GatewayConfig;
  readonly counters: GatewayCounters;
  readonly clock: Clock;
  readonly admission: Admission;
  readonly connections: Connections;
  readonly intake: Intake;
  readonly subscriptions: Subscriptions;
  readonly receipts: Pick<ReceiptPushes, "closed">;
}

export class SocketEndpoint {
  readonly #parts: SocketParts;

  constructor(parts: SocketParts) {
    this.#parts = parts;
  }

  behavior(): uWS.WebSocketBehavior<SocketTag> {
    const { config, counters, admission, intake, subscriptions, receipts } = this.#parts;
    return {
      // Frames up to twice the limit still get a typed error; larger ones are not worth reading.
      maxPayloadLength: config.frameBytesMax * 2,
      maxBackpressure: config.backpressureBytesMax,
      closeOnBackpressureLimit: true,
      idleTimeout: config.idleTimeoutS,
      sendPingsAutomatically: true,
      upgrade: (response, request, context) => this.#upgrade(response, request, context),
      open: (socket) => {
        const { session } = socket.getUserData();
        session.socket = socket;
        admission.opened(session);
        const { token } = socket.getUserData();
        if (token !== null) intake.authenticate(session, null, token);
      },
      message: (socket, message, isBinary) =>
        intake.receive(socket.getUserData().session, message, isBinary),
      dropped: (socket) => {
        const { session } = socket.getUserData();
        if (session.isShort) return;
        session.isShort = true;
        counters.sessionsClosedSlow++;
      },
      close: (socket: Socket, _code, reason) => {
        const { session } = socket.getUserData();
        if (Buffer.from(reason).equals(TOO_BIG_BYTES)) counters.framesTooLarge++;
        session.socket = undefined;
        subscriptions.close(session);
        receipts.closed(session);
        admission.closed(session);
      },
    };
  }

  #upgrade(
    response: uWS.HttpResponse,
    request: uWS.HttpRequest,
    context: uWS.us_socket_context_t,
  ): void {
    const { config, counters, clock, admission, connections, intake } = this.#parts;
    const fault = framingFault(request);
    if (fault !== undefined) return refuseUnframed(response, counters, fault);
    if (intake.isDraining) {
      counters.handshakesWhileDraining++;
      return refuse(response, "server_shutdown", null, config.reconnectAfterMs);
    }
    if (intake.isStandingBy) {
      // Elsewhere is who can answer: the client should not settle here.
      counters.handshakesStandingBy++;
      return refuse(response, "unavailable", "this server stands by", config.reconnectAfterMs);
    }
    const handshake = judgeHandshake(
      {
        origin: request.getHeader("origin"),
        host: request.getHeader("host"),
        protocols: request.getHeader("sec-websocket-protocol"),
        authorization: request.getHeader("authorization"),
        version: request.getHeader("sec-websocket-version"),
      },
      config.originsAllowed,
    );
    if (!handshake.ok) return this.#refuseHandshake(response, handshake);
    if (handshake.token !== null && admission.isBusy) {
      counters.handshakesBusy++;
      return refuse(response, "server_busy", null, config.busyRetryAfterMs);
    }
    const address = addressOf(response, request, config.clientAddressHeader);
    const full = admission.seats.take(address);
    if (full !== undefined) {
      if (full === "total") counters.handshakesOverConnectionLimit++;
      else counters.handshakesOverAddressLimit++;
      return refuse(response, "too_many_connections", null, config.busyRetryAfterMs);
    }
    const { isBinary, subprotocol, token } = handshake;
    response.upgrade<SocketTag>(
      { session: new Session(isBinary, address, clock.monotonicMs()), token },
      request.getHeader("sec-websocket-key"),
      subprotocol,
      request.getHeader("sec-websocket-extensions"),
      context,
    );
    connections.upgraded();
  }

  #refuseHandshake(response: uWS.HttpResponse, { code, detail }: HandshakeRefusal): void {
    const { counters } = this.#parts;
    if (code === "origin_not_allowed") counters.handshakesOriginRefused++;
    else if (code === "unauthenticated") counters.handshakesUnauthenticated++;
    else counters.handshakesMalformed++;
    refuse(response, code, detail, null);
  }
}

const TOO_BIG_BYTES = Buffer.from(TOO_BIG);

function refuse(
  response: uWS.HttpResponse,
  code: ErrorCode,
  detail: string | null,
  retryAfterMs: number | null,
): void {
  const exchange = new HttpExchange(response, "get", 0, () => undefined);
  exchange.endsConnection();
  exchange.fail(code, detail, retryAfterMs);
}
