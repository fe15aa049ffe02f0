// One WebSocket connection of the load driver over node:net, with as little work for a message as
// Node allows: one shared buffer to read into, one write for all that a read has led to. It must
// never hide a failure: any close that was not asked for reaches `onClose` with its reason.

import { connect, type Socket } from "node:net";
import {
  FrameError,
  FrameParser,
  OPCODE,
  encodeFrame,
  upgradeAnswerEnd,
  upgradeRequest,
} from "./websocket-frames.ts";

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

export interface SocketEvents {
  /** Bytes came; `message` follows for each whole message among them, then `onRead`. */
  onBeforeRead(): void;
  /** Bytes are valid only during the call. */
  onMessage(bytes: Uint8Array, from: number, to: number): void;
  /** All messages of this read are handled: the moment to send what they led to. */
  onRead(): void;
  /** The connection is gone, whoever closed it; called once. */
  onClose(reason: string): void;
}

const READ_BYTES = 256 * 1024;
/** Callbacks run one after another on one thread, so all sockets can read into one buffer. */
const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);
const CONNECT_TIMEOUT_MS = 10_000;

export class RawSocket {
  readonly #socket: Socket;
  #closing = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Whether bytes given to `send` before are still needed unchanged. */
  get isSending(): boolean {
    return this.#socket.writableLength > 0;
  }

  /** Sends whole frames. The bytes must stay as they are while `isSending`. */
  send(frames: Uint8Array): void {
    this.#socket.write(frames);
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#socket.end(encodeFrame(OPCODE.close, Uint8Array.of(0x03, 0xe8)));
  }

  /** Reads nothing more: what the server sends fills the kernel's buffers, and then its own. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Cuts the connection without a word. */
  destroy(): void {
    this.#closing = true;
    this.#socket.destroy();
  }
}

/** Connects and upgrades. Rejects with the server's answer when it refuses. */
export function openSocket(
  endpoint: Endpoint,
  subprotocols: readonly string[],
  events: SocketEvents,
): Promise<RawSocket> {
  const { host, port, path } = endpoint;
  const { request, accept } = upgradeRequest(`${host}:${port}`, path, subprotocols);
  return new Promise((resolve, reject) => {
    let head: Buffer | undefined = Buffer.alloc(0);
    let reason = "the connection was lost";
    const parser = new FrameParser({
      message: (bytes, from, to) => events.onMessage(bytes, from, to),
      control: (opcode, payload) => {
        if (opcode === OPCODE.ping) net.write(encodeFrame(OPCODE.pong, payload));
        if (opcode === OPCODE.close) reason = closeReason(payload);
      },
    });
    const read = (size: number, bytes: Uint8Array): boolean => {
      try {
        if (head === undefined) {
          events.onBeforeRead();
          parser.push(bytes, size);
          events.onRead();
          return true;
        }
        head = Buffer.concat([head, bytes.subarray(0, size)]);
        const end = upgradeAnswerEnd(head, accept);
        if (end < 0) return true;
        const rest = head.subarray(end);
        head = undefined;
        net.setTimeout(0);
        resolve(raw);
        if (rest.length > 0) read(rest.length, rest);
      } catch (error) {
        net.destroy(error instanceof Error ? error : new FrameError(String(error)));
      }
      return true;
    };
    const net = connect({
      host,
      port,
      noDelay: true,
      onread: { buffer: readBuffer, callback: read },
    });
    const raw = new RawSocket(net);
    net.setTimeout(CONNECT_TIMEOUT_MS, () => net.destroy(new Error("no answer in 10 s")));
    net.once("connect", () => net.write(request));
    net.once("error", (error) => (reason = error.message));
    net.once("close", () => {
      if (head !== undefined) reject(new Error(`cannot connect to ${host}:${port}: ${reason}`));
      else events.onClose(reason);
    });
  });
}

function closeReason(payload: Uint8Array): string {
  if (payload.length < 2) return "the server closed the connection without a code";
  const code = (payload[0]! << 8) | payload[1]!;
  return `the server closed the connection: ${code} ${Buffer.from(payload.subarray(2)).toString()}`;
}
