// WebSocket framing (RFC 6455) for the load driver: bytes in, bytes out, no sockets. It is written
// by hand because a benchmark's client shares the machine with the server, and a general client
// costs more than the server that it measures. It never copies a frame that came whole.

import { createHash, randomBytes } from "node:crypto";
import { AssertionError, assert } from "../../src/money/assert.ts";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Replies are small; a longer frame means that the stream is out of step. */
const FRAME_BYTES_MAX = 64 * 1024 * 1024;

const FIN = 0x80;
const MASKED = 0x80;
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export class FrameError extends Error {}

/**
 * A client's frame with a zero mask key. RFC 6455 asks for a mask and for an unpredictable key, so
 * that browsers cannot be made to poison proxies; nothing stands between a benchmark and its
 * server, and with a key of zero the payload goes out as it was built.
 */
export function encodeFrame(opcode: number, payload: Uint8Array): Buffer {
  const size = payload.length;
  const head = size < 126 ? 6 : size < 0x10000 ? 8 : 14;
  const frame = Buffer.alloc(head + size);
  frame[0] = FIN | opcode;
  if (size < 126) {
    frame[1] = MASKED | size;
  } else if (size < 0x10000) {
    frame[1] = MASKED | 126;
    frame.writeUInt16BE(size, 2);
  } else {
    frame[1] = MASKED | 127;
    frame.writeBigUInt64BE(BigInt(size), 2);
  }
  frame.set(payload, head);
  return frame;
}

/** Bytes are valid only during the call: the next read overwrites them. */
export interface FrameSink {
  /** A whole message, text or binary: `bytes` from `from` up to `to`. */
  message(bytes: Uint8Array, from: number, to: number): void;
  control(opcode: number, payload: Uint8Array): void;
}

/** Cuts a server's byte stream into messages, wherever TCP has cut it. */
export class FrameParser {
  /** A frame of which only the beginning has come. */
  #partial = Buffer.alloc(1024);
  #partialSize = 0;
  /** Payloads of a fragmented message, until its last frame. */
  #fragments: Buffer[] | undefined;
  readonly #sink: FrameSink;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Takes the first `size` bytes of `chunk`. Throws FrameError when they are no frames. */
  push(chunk: Uint8Array, size: number): void {
    let at = this.#partialSize === 0 ? 0 : this.#completePartial(chunk, size);
    while (at < size) {
      const frameSize = frameSizeAt(chunk, at, size);
      if (frameSize < 0 || at + frameSize > size) {
        this.#keep(chunk, at, size);
        return;
      }
      this.#deliver(chunk, at, at + frameSize);
      at += frameSize;
    }
  }

  /** Whether the stream stands between two messages. */
  get isAtBoundary(): boolean {
    return this.#partialSize === 0 && this.#fragments === undefined;
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    const size = this.#partialSize + to - from;
    if (size > this.#partial.length) {
      const larger = Buffer.alloc(Math.max(size, this.#partial.length * 2));
      this.#partial.copy(larger, 0, 0, this.#partialSize);
      this.#partial = larger;
    }
    this.#partial.set(chunk.subarray(from, to), this.#partialSize);
    this.#partialSize = size;
  }

  /** Returns how many bytes of the chunk belonged to the frame begun before. */
  #completePartial(chunk: Uint8Array, size: number): number {
    let at = 0;
    for (;;) {
      const frameSize = frameSizeAt(this.#partial, 0, this.#partialSize);
      const missing =
        frameSize < 0
          ? headMissing(this.#partial, this.#partialSize)
          : frameSize - this.#partialSize;
      if (missing === 0) {
        this.#partialSize = 0;
        this.#deliver(this.#partial, 0, frameSize);
        return at;
      }
      if (at === size) return at;
      const taken = Math.min(missing, size - at);
      this.#keep(chunk, at, at + taken);
      at += taken;
    }
  }

  #deliver(bytes: Uint8Array, from: number, to: number): void {
    const first = bytes[from]!;
    const short = bytes[from + 1]!;
    const payloadAt = from + (short < 126 ? 2 : short === 126 ? 4 : 10);
    if ((first === (FIN | OPCODE.binary) || first === (FIN | OPCODE.text)) && !this.#fragments) {
      this.#sink.message(bytes, payloadAt, to);
      return;
    }
    const opcode = first & 0x0f;
    if (opcode >= OPCODE.close) {
      if ((first & FIN) === 0) throw new FrameError("a control frame is never fragmented");
      this.#sink.control(opcode, bytes.subarray(payloadAt, to));
      return;
    }
    this.#collect(first, bytes.subarray(payloadAt, to));
  }

  #collect(first: number, payload: Uint8Array): void {
    const starts = (first & 0x0f) !== OPCODE.continuation;
    if (starts === (this.#fragments !== undefined)) {
      throw new FrameError("a fragment without its beginning, or a beginning within a message");
    }
    this.#fragments ??= [];
    this.#fragments.push(Buffer.from(payload));
    if ((first & FIN) === 0) return;
    const whole = Buffer.concat(this.#fragments);
    this.#fragments = undefined;
    this.#sink.message(whole, 0, whole.length);
  }
}

/** Size of the frame at `at` with its head, or -1 when its head is not whole yet. */
function frameSizeAt(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 2) return -1;
  const short = bytes[at + 1]!;
  if ((bytes[at]! & 0x70) !== 0) throw new FrameError("reserved bits without an extension");
  if (short < 126) return 2 + short;
  if (short >= MASKED) throw new FrameError("servers do not mask");
  if (short === 126) {
    if (end - at < 4) return -1;
    return 4 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
  }
  if (end - at < 10) return -1;
  let size = 0;
  for (let index = 2; index < 10; index++) size = size * 256 + bytes[at + index]!;
  if (size > FRAME_BYTES_MAX) throw new FrameError(`a frame of ${size} bytes`);
  return 10 + size;
}

/** Bytes that a head still lacks; asked only when it lacks some. */
function headMissing(bytes: Uint8Array, size: number): number {
  if (size < 2) return 2 - size;
  return (bytes[1] === 126 ? 4 : 10) - size;
}

export interface Upgrade {
  readonly request: string;
  /** What the server must answer in Sec-WebSocket-Accept. */
  readonly accept: string;
}

/** The request that turns an HTTP connection into a WebSocket; no extensions are offered. */
export function upgradeRequest(
  host: string,
  path: string,
  subprotocols: readonly string[],
): Upgrade {
  assert(path.startsWith("/"), "a path begins with a slash");
  const key = randomBytes(16).toString("base64");
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${key}`,
  ];
  if (subprotocols.length > 0) lines.push(`Sec-WebSocket-Protocol: ${subprotocols.join(", ")}`);
  const accept = createHash("sha1")
    .update(key + ACCEPT_GUID)
    .digest("base64");
  return { request: `${lines.join("\r\n")}\r\n\r\n`, accept };
}

/** Where the frames begin, or -1 while the head is incomplete. Throws when it was refused. */
export function upgradeAnswerEnd(head: Buffer, accept: string): number {
  const end = head.indexOf("\r\n\r\n");
  if (end < 0) {
    if (head.length > 16 * 1024) throw new FrameError("the answer to the upgrade has no end");
    return -1;
  }
  const lines = head.toString("latin1", 0, end).split("\r\n");
  const status = lines[0] ?? "";
  if (!status.startsWith("HTTP/1.1 101")) throw new FrameError(`upgrade refused: ${status}`);
  const expected = `sec-websocket-accept: ${accept}`;
  const isAccepted = lines.some(
    (line) => line.toLowerCase().startsWith("sec-websocket-accept:") && line.endsWith(accept),
  );
  if (!isAccepted) throw new AssertionError(`the server did not answer ${expected}`);
  return end + 4;
}
