// A WebSocket peer that says what a test tells it to say, over real sockets. It plays the server
// where the server's misbehaviour is the point: lost answers, broken connections, gaps.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { decodeJsonRequest, decodeMsgpackRequest } from "../../src/protocol/decode-request.ts";
import {
  encodeError,
  encodePush,
  encodeReply,
  errorText,
  pushText,
  replyText,
} from "../../src/protocol/encode-reply.ts";
import type { ErrorCode } from "../../src/protocol/errors.ts";
import { MsgpackWriter } from "../../src/protocol/msgpack-writer.ts";
import {
  OPERATIONS,
  type Command,
  type OperationName,
  type PushName,
} from "../../src/protocol/table.ts";

const OPERATION_OF = new Map(
  Object.entries(OPERATIONS).map(([name, row]) => [row.command, name as OperationName]),
);

/** A request as it arrived. */
export interface Arrived {
  readonly peer: PeerSession;
  readonly id: number;
  readonly command: Command;
  reply(view: object): void;
  refuse(code: ErrorCode, retryAfterMs?: number | null): void;
}

class PeerSession {
  readonly protocols: readonly string[];
  readonly socket: WebSocket;
  readonly #json: boolean;

  constructor(socket: WebSocket, offered: string) {
    this.socket = socket;
    this.protocols = offered.split(/,\s*/);
    this.#json = socket.protocol.endsWith("json");
  }

  arrived(frame: Uint8Array): Arrived {
    const decoded = this.#json ? decodeJsonRequest(frame) : decodeMsgpackRequest(frame);
    if (!decoded.ok) throw new Error(`the client sent a bad frame: ${decoded.detail}`);
    const { id, command } = decoded;
    const operation = OPERATION_OF.get(command.type)!;
    return {
      peer: this,
      id,
      command,
      reply: (view) => {
        if (this.#json) this.socket.send(replyText(operation, id, "0:1-1", view));
        else this.#bytes((to) => encodeReply(to, operation, id, "0:1-1", view));
      },
      refuse: (code, retryAfterMs = null) => this.error(id, code, retryAfterMs),
    };
  }

  error(id: number | null, code: ErrorCode, retryAfterMs: number | null = null): void {
    if (this.#json) this.socket.send(errorText(id, code, null, retryAfterMs));
    else this.#bytes((to) => encodeError(to, id, code, null, retryAfterMs));
  }

  push(push: PushName, view: object): void {
    if (this.#json) this.socket.send(pushText(push, view));
    else this.#bytes((to) => encodePush(to, push, view));
  }

  /** Cuts the connection without a closing handshake, as a crash does. */
  cut(): void {
    this.socket.terminate();
  }

  #bytes(write: (to: MsgpackWriter) => void): void {
    const writer = new MsgpackWriter(256);
    write(writer);
    this.socket.send(Buffer.from(writer.view()));
  }
}

export interface Peer {
  readonly url: string;
  /** All requests so far, over all connections. */
  readonly arrived: readonly Arrived[];
  readonly sessions: readonly PeerSession[];
  close(): Promise<void>;
}

/** `script` is called for each request. `admit` may refuse the handshake with a status. */
export async function startPeer(
  script: (request: Arrived, nth: number) => void,
  options: {
    readonly port?: number;
    readonly admit?: () => number;
    /** Takes the first ping of each connection; otherwise it is answered and not counted. */
    readonly greet?: (ping: Arrived) => void;
  } = {},
): Promise<Peer> {
  const http = createServer();
  const upgrades = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => [...offered].find((one) => one.startsWith("loanloom.v1."))!,
  });
  const greet = options.greet ?? ((ping: Arrived) => ping.reply({ at: Date.now() }));
  const arrived: Arrived[] = [];
  const sessions: PeerSession[] = [];
  http.on("upgrade", (request, socket, head) => {
    const status = options.admit?.() ?? 101;
    if (status !== 101) {
      socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      const session = new PeerSession(webSocket, request.headers["sec-websocket-protocol"] ?? "");
      sessions.push(session);
      webSocket.on("message", (frame: Buffer) => {
        const one = session.arrived(frame);
        if (one.id === 0) return greet(one);
        arrived.push(one);
        script(one, arrived.length);
      });
    });
  });
  await new Promise<void>((resolve) => http.listen(options.port ?? 0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/v1/ws`,
    arrived,
    sessions,
    close: () => closeAll(http, sessions),
  };
}

function closeAll(http: Server, sessions: readonly PeerSession[]): Promise<void> {
  for (const session of sessions) session.cut();
  return new Promise((resolve) => {
    http.close(() => resolve());
    http.closeAllConnections();
  });
}
