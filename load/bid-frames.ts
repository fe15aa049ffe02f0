// The bytes of bids and of their replies on the wire (loanloom.v1.msgpack). A bid's frame is built
// once; only the correlation id and the request id are patched in. The reader of replies looks at
// what a benchmark must know and throws at anything else: it must never take a reply for another.

import { errorByNumber } from "../src/protocol/errors.ts";
import { MsgpackWriter } from "../src/protocol/msgpack-writer.ts";
import { FILLS, OPERATIONS } from "../src/protocol/table.ts";
import { REQUEST_ID_BYTES, type RequestIds } from "./request-ids.ts";
import { FrameError, OPCODE, encodeFrame } from "./websocket-frames.ts";

const BID = OPERATIONS["bid.place"].number;
const BID_REPLY = 128 + BID;
const ERROR = 0;

/** Correlation ids are below it, and at least 2^16: they always take the same five bytes. */
export const CORRELATION_ID_END = 0x8000_0000;

export interface Bid {
  readonly loanId: string;
  readonly amountCents: number;
}

export class BidFrame {
  readonly bytes: Buffer;
  readonly #correlationAt: number;
  readonly #requestIdAt: number;

  constructor(bid: Bid) {
    const writer = new MsgpackWriter(256);
    writer.arrayHeader(7);
    writer.int(BID);
    const correlationAt = writer.length + 1;
    writer.int(CORRELATION_ID_END - 1);
    const requestIdAt = writer.length + 2;
    writer.binFromLatin1("\0".repeat(REQUEST_ID_BYTES));
    writer.str(bid.loanId);
    writer.int(bid.amountCents);
    writer.int(FILLS.indexOf("exact"));
    writer.nil();
    this.bytes = encodeFrame(OPCODE.binary, writer.view());
    const headSize = this.bytes.length - writer.length;
    this.#correlationAt = headSize + correlationAt;
    this.#requestIdAt = headSize + requestIdAt;
  }

  /** Writes a fresh bid into `out` at `at` and returns where it ends. */
  write(out: Buffer, at: number, correlationId: number, ids: RequestIds, timeMs: number): number {
    const { bytes } = this;
    const size = bytes.length;
    // A copy of some sixty bytes in a loop is cheaper than a call into the runtime.
    for (let index = 0; index < size; index++) out[at + index] = bytes[index]!;
    const correlationAt = at + this.#correlationAt;
    out[correlationAt] = correlationId >>> 24;
    out[correlationAt + 1] = correlationId >>> 16;
    out[correlationAt + 2] = correlationId >>> 8;
    out[correlationAt + 3] = correlationId;
    ids.write(out, at + this.#requestIdAt, timeMs);
    return at + size;
  }
}

/** What came back for a bid. Filled by `read`, overwritten by the next: nothing is allocated. */
export class BidReply {
  correlationId = 0;
  /** 0 when it was filled; else the number of the error. */
  errorNumber = 0;
  filledCents = 0;
  #at = 0;

  /** Reads a reply to `bid.place`, an error, or an echo of the bid itself. False: a push. */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    const header = bytes[from]!;
    if ((header & 0xf0) !== 0x90) throw new FrameError("a message is an array");
    this.#at = from + 1;
    const type = this.#int(bytes);
    if (type !== BID_REPLY && type !== ERROR && type !== BID) {
      if (type >= 1 && type <= 9) return false;
      throw new FrameError(`a message of type ${type} among the replies to bids`);
    }
    this.correlationId = this.#int(bytes);
    this.errorNumber = 0;
    this.filledCents = 0;
    if (type === BID_REPLY) {
      this.#skipText(bytes);
      this.#int(bytes);
      this.filledCents = this.#int(bytes);
    } else if (type === ERROR) {
      this.errorNumber = this.#int(bytes);
    }
    if (this.#at > to) throw new FrameError("a message ends within a value");
    return true;
  }

  /** An integer as the server writes them: unsigned, or a float 64 beyond 32 bits. */
  #int(bytes: Uint8Array): number {
    const at = this.#at;
    const head = bytes[at]!;
    if (head < 0x80) {
      this.#at = at + 1;
      return head;
    }
    switch (head) {
      case 0xcc:
        this.#at = at + 2;
        return bytes[at + 1]!;
      case 0xcd:
        this.#at = at + 3;
        return (bytes[at + 1]! << 8) | bytes[at + 2]!;
      case 0xce:
        this.#at = at + 5;
        return (
          bytes[at + 1]! * 0x1000000 +
          ((bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!)
        );
      case 0xcb:
        this.#at = at + 9;
        return new DataView(bytes.buffer, bytes.byteOffset + at + 1, 8).getFloat64(0);
      case 0xcf:
        this.#at = at + 9;
        return Number(new DataView(bytes.buffer, bytes.byteOffset + at + 1, 8).getBigUint64(0));
      default:
        throw new FrameError(`no unsigned integer: 0x${head.toString(16)}`);
    }
  }

  #skipText(bytes: Uint8Array): void {
    const head = bytes[this.#at]!;
    if ((head & 0xe0) === 0xa0) this.#at += 1 + (head & 0x1f);
    else if (head === 0xd9) this.#at += 2 + bytes[this.#at + 1]!;
    else throw new FrameError(`no short text: 0x${head.toString(16)}`);
  }
}

/** The name of an error, for people. */
export function errorName(number: number): string {
  return errorByNumber(number) ?? `error ${number}`;
}
