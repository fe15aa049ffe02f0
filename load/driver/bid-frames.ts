// The bytes of bids and of their replies on the wire (loanloom.v1.msgpack). A bid's frame is built
// once; only the correlation id and the request id are patched in. The reader of replies looks at
// what a benchmark must know and throws at anything else: it must never take a reply for another.

import { assert } from "../../src/money/assert.ts";
import { encodeRequest } from "../../src/protocol/encode-request.ts";
import { errorByNumber } from "../../src/protocol/errors.ts";
import { MsgpackReader, NOT_AN_INTEGER } from "../../src/protocol/msgpack-reader.ts";
import { MsgpackWriter } from "../../src/protocol/msgpack-writer.ts";
import { REPLY_OFFSET } from "../../src/protocol/plans.ts";
import { OPERATIONS } from "../../src/protocol/table.ts";
import type { RequestIds } from "./request-ids.ts";
import { FrameError, OPCODE, encodeFrame } from "./websocket-frames.ts";

const BID = OPERATIONS["bid.place"].number;
const BID_REPLY = REPLY_OFFSET + BID;
const ERROR = 0;

const [FIRST, SECOND] = OPERATIONS["bid.place"].reply;
// The reader below is written for this order; the table of messages only ever adds at the end.
assert(FIRST.name === "bidId" && SECOND.name === "filledCents", "replies begin as they did");

/** Correlation ids are below it, and at least 2^16: they always take the same five bytes. */
export const CORRELATION_ID_END = 0x8000_0000;

/** Behind the header of the array, the operation's number and the mark of 32 bits. */
const CORRELATION_AT = 3;
/** Found again in the encoded bid, to know where request ids go. */
const MARK = "\x01\x02\x03\x04\x05\x06\x70\x08\x80\x0a\x0b\x0c\x0d\x0e\x0f\x10";

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
    const { loanId, amountCents } = bid;
    const fields = { requestId: MARK, loanId, amountCents, fill: "exact", minCents: null };
    encodeRequest(writer, "bid.place", CORRELATION_ID_END - 1, fields);
    this.bytes = encodeFrame(OPCODE.binary, writer.view());
    const headSize = this.bytes.length - writer.length;
    this.#correlationAt = headSize + CORRELATION_AT;
    this.#requestIdAt = this.bytes.indexOf(MARK, headSize, "latin1");
    const correlation = this.bytes.readUInt32BE(this.#correlationAt);
    assert(correlation === CORRELATION_ID_END - 1, "an id stands behind the operation");
    assert(this.#requestIdAt > 0, "a bid has a request id");
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
  readonly #reader = new MsgpackReader();

  /** Reads a reply to `bid.place`, an error, or an echo of the bid itself. False: a push. */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    const reader = this.#reader;
    reader.bytes = bytes;
    reader.at = from;
    reader.end = to;
    if (reader.arrayLength() < 2) throw new FrameError("a message is an array");
    const type = reader.integer();
    if (type < 0 && type !== NOT_AN_INTEGER) return false;
    this.correlationId = reader.integer();
    this.errorNumber = 0;
    this.filledCents = 0;
    if (type === BID_REPLY) {
      const positionSize = reader.stringLength();
      if (positionSize < 0) throw new FrameError("an answer has the position of its commit");
      reader.at += positionSize;
      reader.integer();
      this.filledCents = reader.integer();
    } else if (type === ERROR) {
      this.errorNumber = reader.integer();
    } else if (type !== BID) {
      throw new FrameError(`a message of type ${type} among the replies to bids`);
    }
    if (this.correlationId < 0 || this.errorNumber < 0 || this.filledCents < 0) {
      throw new FrameError("a message ends early, or has a field of another type");
    }
    return true;
  }
}

/** The name of an error, for people. */
export function errorName(number: number): string {
  return errorByNumber(number) ?? `error ${number}`;
}
