// One connection from its opening to its end. It knows frames and messages, not what they are for;
// it reports its end exactly once and nothing after it.

import { BEARER_ENTRY } from "../protocol/connection.ts";
import type { ServerMessage } from "../protocol/decode-reply.ts";
import type { OperationName } from "../protocol/table.ts";
import type { Encoding } from "./encoding.ts";
import type { Socket, SocketConstructor } from "./web-socket.ts";

export interface ConnectionListener {
  opened(connection: Connection): void;
  received(message: ServerMessage): void;
  /** `failure`: what the platform tells of a connection that did not come about, if anything. */
  ended(code: number, reason: string, failure: string | null): void;
}

const OPEN = 1;
/** RFC 6455, 7.4.1: what a close event has when there was no close frame. */
const ABNORMAL = 1006;
/** Close code of the client for a connection that it gives up by itself. */
const GIVEN_UP = 4000;
const CLOSE_GRACE_MS = 1_000;

export class Connection {
  readonly #socket: Socket;
  readonly #encoding: Encoding;
  readonly #listener: ConnectionListener;
  #failure: string | null = null;
  #everOpen = false;
  #ended = false;
  #closing: ReturnType<typeof setTimeout> | undefined;

  /** The token goes as a subprotocol entry, which browsers can set and logs of URLs do not show. */
  constructor(
    socketClass: SocketConstructor,
    url: string,
    token: string | null,
    encoding: Encoding,
    listener: ConnectionListener,
  ) {
    this.#encoding = encoding;
    this.#listener = listener;
    const protocols = [encoding.subprotocol];
    if (token !== null) protocols.push(BEARER_ENTRY + token);
    const socket = new socketClass(url, protocols);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#opened();
    socket.onmessage = (event) => {
      if (!this.#ended) listener.received(encoding.decode(event.data as ArrayBuffer | string));
    };
    socket.onerror = (event: { message?: unknown }) => {
      if (typeof event.message === "string") this.#failure = event.message;
      // The WebSocket of Node 22 tells of a failed attempt by this alone, without a close event.
      if (!this.#everOpen) this.#end(ABNORMAL, "");
    };
    socket.onclose = ({ code, reason }) => this.#end(code, reason);
  }

  get isOpen(): boolean {
    return !this.#ended && this.#socket.readyState === OPEN;
  }

  send(operation: OperationName, id: number, fields: object): void {
    this.#socket.send(this.#encoding.encode(operation, id, fields));
  }

  /** Starts the closing handshake, and does not wait long for the other side to finish it. */
  close(): void {
    this.#socket.close(1000);
    this.#closing = setTimeout(() => this.giveUp("the server does not close"), CLOSE_GRACE_MS);
  }

  /** Ends it now, whatever the other side does: a dead peer answers no closing handshake. */
  giveUp(reason: string): void {
    if (this.#ended) return;
    if (this.#socket.terminate !== undefined) this.#socket.terminate();
    else this.#socket.close(GIVEN_UP, reason);
    this.#end(GIVEN_UP, reason);
  }

  #opened(): void {
    if (this.#ended) return;
    this.#everOpen = true;
    if (this.#socket.protocol !== this.#encoding.subprotocol) {
      this.giveUp("the server did not choose the subprotocol");
      return;
    }
    this.#listener.opened(this);
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#closing);
    this.#listener.ended(code, reason, this.#failure);
  }
}
