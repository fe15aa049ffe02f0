// The gateway before every peer: bare uWebSockets.js, requests handed over as they come, answers
// grouped by socket with one corked write each, which is what made the
// most of it in our own gateway.

import { App, us_socket_local_port, type WebSocket } from "uWebSockets.js";
import { SUBPROTOCOLS } from "../../src/protocol/connection.ts";
import { answerFrame, pongFrame, readFrame, subjectOf } from "./gateway-frames.ts";
import type { PeerRequest, PeerStore } from "./store.ts";

interface Session {
  readonly accountId: string;
  answered: PeerRequest[];
  /** Null when it is closed: a closed socket of uWebSockets.js may not be touched. */
  socket: WebSocket<Session> | null;
}

export class PeerGateway {
  readonly #keepsFrames: boolean;
  readonly #legsOfRepayment: number;
  #store: PeerStore | undefined;
  #flushes = false;
  #answered: Session[] = [];
  #repayments = 0;

  /** `keepsFrames`: requests bear their bytes, which are also their answer. */
  constructor(keepsFrames: boolean, legsOfRepayment: number) {
    this.#keepsFrames = keepsFrames;
    this.#legsOfRepayment = legsOfRepayment;
  }

  /** Resolves with the port, on loopback. */
  listen(store: PeerStore): Promise<number> {
    this.#store = store;
    return new Promise((resolve, reject) => {
      App()
        .ws<Session>("/*", {
          maxPayloadLength: 64 * 1024,
          idleTimeout: 0,
          upgrade: (response, request, context) => {
            const protocols = request.getHeader("sec-websocket-protocol");
            const session = { accountId: subjectOf(protocols), answered: [], socket: null };
            response.upgrade(
              session,
              request.getHeader("sec-websocket-key"),
              SUBPROTOCOLS.msgpack,
              request.getHeader("sec-websocket-extensions"),
              context,
            );
          },
          open: (socket) => {
            socket.getUserData().socket = socket;
          },
          message: (socket, message) => this.#message(socket.getUserData(), Buffer.from(message)),
          close: (socket) => {
            socket.getUserData().socket = null;
          },
        })
        // What the fan-out benchmark asks of every server: legs that are on disk by now.
        .get("/metrics", (response) => {
          const legs = this.#repayments * this.#legsOfRepayment;
          response.end(`loanloom_repayment_legs_total ${legs}\n`);
        })
        .listen("127.0.0.1", 0, (listening) => {
          if (!listening) return reject(new Error("a peer's gateway cannot listen"));
          // The package types a listening socket apart from sockets; underneath it is one.
          type Port = Parameters<typeof us_socket_local_port>[0];
          resolve(us_socket_local_port(listening as Port));
        });
    });
  }

  /** Answers leave when all that became durable at the same time is collected. */
  answer(request: PeerRequest): void {
    const session = request.from as Session;
    if (request.kind === "repayment" && request.errorNumber === 0) this.#repayments++;
    if (session.answered.length === 0) {
      if (this.#answered.length === 0) queueMicrotask(() => this.#send());
      this.#answered.push(session);
    }
    session.answered.push(request);
  }

  #message(session: Session, bytes: Buffer): void {
    const request = readFrame(bytes, session.accountId, session, this.#keepsFrames);
    if (request.kind === "ping") {
      session.socket?.send(pongFrame(request), true);
      return;
    }
    this.#store!.take(request);
    if (this.#flushes) return;
    this.#flushes = true;
    // Behind all sockets that were readable in this turn.
    setImmediate(() => {
      this.#flushes = false;
      this.#store!.flush();
    });
  }

  #send(): void {
    const sessions = this.#answered;
    this.#answered = [];
    for (const session of sessions) {
      const { answered, socket } = session;
      session.answered = [];
      socket?.cork(() => {
        for (const request of answered) socket.send(answerFrame(request), true);
      });
    }
  }
}
