// A plain WebSocket client for tests of the gateway: sends requests or raw frames in either
// subprotocol, keeps everything that comes back in order, and never reconnects.

import { WebSocket, type ClientOptions } from "ws";
import { RequestIds } from "../../src/client/request-id.ts";
import { MsgpackWriter } from "../../src/protocol/msgpack-writer.ts";
import { decodeJsonReply, decodeMsgpackReply } from "../../src/protocol/decode-reply.ts";
import { encodeRequest, requestText } from "../../src/protocol/encode-request.ts";
import type { ServerMessage } from "../../src/protocol/decode-reply.ts";
import type { OperationName } from "../../src/protocol/table.ts";

export type Encoding = "msgpack" | "json";
export type Reply = Extract<ServerMessage, { kind: "reply" }>;
export type Failure = Extract<ServerMessage, { kind: "error" }>;
export type Pushed = Extract<ServerMessage, { kind: "push" }>;

export const requestIds = new RequestIds();

export interface ConnectOptions {
  readonly encoding?: Encoding;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  readonly query?: string;
}

export class HandshakeRefused extends Error {
  readonly status: number;
  readonly body: string;

  constructor(status: number, body: string) {
    super(`handshake refused: ${status} ${body}`);
    this.status = status;
    this.body = body;
  }
}

export class GatewayClient {
  readonly socket: WebSocket;
  readonly encoding: Encoding;
  readonly received: ServerMessage[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  #nextId = 1;
  readonly #waiting: { matches: (message: ServerMessage) => boolean; resolve: () => void }[] = [];
  #read = 0;

  private constructor(socket: WebSocket, encoding: Encoding) {
    this.socket = socket;
    this.encoding = encoding;
    socket.on("message", (frame: Buffer, isBinary) => {
      const message = isBinary ? decodeMsgpackReply(frame) : decodeJsonReply(frame.toString());
      if (isBinary !== (encoding === "msgpack")) throw new Error("an answer in another encoding");
      this.received.push(message);
      for (const waiter of [...this.#waiting]) {
        if (!waiter.matches(message)) continue;
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        waiter.resolve();
      }
    });
    this.closed = new Promise((resolve) =>
      socket.on("close", (code, reason) => {
        resolve({ code, reason: reason.toString() });
        // What is waited for will not come: the waiters find out.
        for (const waiter of this.#waiting.splice(0)) waiter.resolve();
      }),
    );
    socket.on("error", () => undefined);
  }

  /** Rejects with HandshakeRefused when the server answers with anything but an upgrade. */
  static connect(port: number, options: ConnectOptions = {}): Promise<GatewayClient> {
    const { encoding = "msgpack", token, headers = {}, query = "" } = options;
    const protocols = options.protocols ?? [`loanloom.v1.${encoding}`];
    const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const settings: ClientOptions = { headers: { ...bearer, ...headers } };
    const url = `ws://127.0.0.1:${port}/v1/ws${query}`;
    const socket = new WebSocket(url, [...protocols], settings);
    const client = new GatewayClient(socket, encoding);
    return new Promise((resolve, reject) => {
      socket.on("open", () => resolve(client));
      socket.on("error", reject);
      socket.on("unexpected-response", (request, response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => (body += chunk.toString()));
        response.on("end", () => {
          request.destroy();
          reject(new HandshakeRefused(response.statusCode ?? 0, body));
        });
      });
    });
  }

  /** Sends without waiting; returns the id of the request. */
  send(operation: OperationName, fields: object = {}): number {
    const id = this.#nextId++;
    if (this.encoding === "json") this.socket.send(requestText(operation, id, fields));
    else {
      const writer = new MsgpackWriter(256);
      encodeRequest(writer, operation, id, fields);
      this.socket.send(Buffer.from(writer.view()));
    }
    return id;
  }

  /** The reply or error that answers the request. */
  async ask(operation: OperationName, fields: object = {}): Promise<Reply | Failure> {
    return this.answerTo(this.send(operation, fields));
  }

  async answerTo(id: number): Promise<Reply | Failure> {
    const isAnswer = (message: ServerMessage): boolean =>
      (message.kind === "reply" || message.kind === "error") && message.id === id;
    return (await this.first(isAnswer)) as Reply | Failure;
  }

  /** The reply's view; throws on an error, for steps that are no subject of the test. */
  async must(operation: OperationName, fields: object = {}): Promise<Reply["view"]> {
    const answer = await this.ask(operation, fields);
    if (answer.kind === "error") throw new Error(`${operation}: ${answer.code} ${answer.detail}`);
    return answer.view;
  }

  async refusal(operation: OperationName, fields: object = {}): Promise<Failure> {
    const answer = await this.ask(operation, fields);
    if (answer.kind !== "error") throw new Error(`${operation} was not refused`);
    return answer;
  }

  /** The first message of all received and to come that matches. */
  async first(matches: (message: ServerMessage) => boolean): Promise<ServerMessage> {
    const known = this.received.find(matches);
    if (known !== undefined) return known;
    await this.#arrival(matches);
    const arrived = this.received.find(matches);
    if (arrived === undefined) throw new Error("the session closed before the answer came");
    return arrived;
  }

  /** The next message in order, also if it has come already. */
  async next(): Promise<ServerMessage> {
    const at = this.#read++;
    if (this.received.length <= at) await this.#arrival(() => this.received.length > at);
    const message = this.received[at];
    if (message === undefined) throw new Error("the session closed before the message came");
    return message;
  }

  async #arrival(matches: (message: ServerMessage) => boolean): Promise<void> {
    if (this.socket.readyState >= WebSocket.CLOSING) await this.closed;
    else await new Promise<void>((resolve) => this.#waiting.push({ matches, resolve }));
  }

  pushes(push: Pushed["push"]): Pushed[] {
    return this.received.filter(
      (message): message is Pushed => message.kind === "push" && message.push === push,
    );
  }

  close(): void {
    this.socket.terminate();
  }
}
