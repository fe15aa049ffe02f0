// What a client process writes down of each request when it sends it and when it is answered: the
// witness that the journal is held against. Records of one size in large blocks, outside of the
// heap, so that a million of them cost no collection.

import { assert } from "../../src/money/assert.ts";
import { requestIdFromBytes, type RequestId } from "../../actors/address.ts";
import { REQUEST_ID_BYTES } from "./request-ids.ts";

const AT = {
  operation: 0,
  flags: 1,
  error: 2,
  client: 4,
  loan: 8,
  position: 12,
  amount: 16,
  planned: 24,
  sent: 32,
  answered: 40,
  bidId: 48,
  filled: 56,
  rank: 64,
  remaining: 72,
  requestId: 80,
} as const;
const RECORD_BYTES = AT.requestId + REQUEST_ID_BYTES;
const RECORDS_PER_BLOCK = 1 << 14;

/** Bits of `flags`. */
export const FLAG = {
  /** fill: upTo. */
  upTo: 1,
  answered: 2,
  /** Refused; `error` is the number. */
  refused: 4,
  /** It carried a request id: only such have an effect. */
  mutating: 8,
  /** Its connection ended before it was answered. */
  cut: 16,
} as const;

/**
 * One request as its client knows it. Times are milliseconds from the start of the run. Of a
 * repayment `bidId` is the clearing, `filledCents` the principal, `rank` the cents of income and
 * `remainingCents` what came back; of a cancel `filledCents` is what was released.
 */
export interface LoggedRequest {
  operation: number;
  flags: number;
  errorNumber: number;
  client: number;
  loan: number;
  amountCents: number;
  plannedMs: number;
  sentMs: number;
  answeredMs: number;
  bidId: number;
  filledCents: number;
  rank: number;
  remainingCents: number;
  requestId: RequestId | null;
  /** `shard:epoch-seq` of the answer; empty when there is none. */
  position: string;
}

export class RequestLog {
  readonly #blocks: DataView[] = [];
  readonly #positions: string[] = [""];
  readonly #positionNumbers = new Map<string, number>([["", 0]]);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The number of the new record. */
  add(
    operation: number,
    flags: number,
    client: number,
    loan: number,
    amountCents: number,
    plannedMs: number,
  ): number {
    const at = this.#count++;
    if (at % RECORDS_PER_BLOCK === 0) {
      this.#blocks.push(new DataView(new ArrayBuffer(RECORDS_PER_BLOCK * RECORD_BYTES)));
    }
    const view = this.#view(at);
    const from = offset(at);
    view.setUint8(from + AT.operation, operation);
    view.setUint8(from + AT.flags, flags);
    view.setInt32(from + AT.client, client);
    view.setInt32(from + AT.loan, loan);
    view.setFloat64(from + AT.amount, amountCents);
    view.setFloat64(from + AT.planned, plannedMs);
    return at;
  }

  /** `requestId` is null for requests that change nothing. */
  sent(at: number, sentMs: number, requestId: Uint8Array | null, bidId = 0): void {
    const view = this.#view(at);
    const from = offset(at);
    view.setFloat64(from + AT.sent, sentMs);
    view.setFloat64(from + AT.bidId, bidId);
    if (requestId === null) return;
    for (let index = 0; index < REQUEST_ID_BYTES; index++) {
      view.setUint8(from + AT.requestId + index, requestId[index]!);
    }
  }

  answered(at: number, answeredMs: number, position: string): void {
    const view = this.#view(at);
    const from = offset(at);
    view.setFloat64(from + AT.answered, answeredMs);
    view.setUint32(from + AT.position, this.#positionNumber(position));
    this.mark(at, FLAG.answered);
  }

  placed(at: number, bidId: number, filledCents: number, rank: number, remaining: number): void {
    const view = this.#view(at);
    const from = offset(at);
    view.setFloat64(from + AT.bidId, bidId);
    view.setFloat64(from + AT.filled, filledCents);
    view.setFloat64(from + AT.rank, rank);
    view.setFloat64(from + AT.remaining, remaining);
  }

  refused(at: number, errorNumber: number): void {
    this.#view(at).setUint16(offset(at) + AT.error, errorNumber);
    this.mark(at, FLAG.refused);
  }

  loan(at: number): number {
    return this.#view(at).getInt32(offset(at) + AT.loan);
  }

  mark(at: number, flag: number): void {
    const view = this.#view(at);
    const from = offset(at) + AT.flags;
    view.setUint8(from, view.getUint8(from) | flag);
  }

  read(at: number): LoggedRequest {
    const view = this.#view(at);
    const from = offset(at);
    const flags = view.getUint8(from + AT.flags);
    const bytes = new Uint8Array(view.buffer, from + AT.requestId, REQUEST_ID_BYTES);
    return {
      operation: view.getUint8(from + AT.operation),
      flags,
      errorNumber: view.getUint16(from + AT.error),
      client: view.getInt32(from + AT.client),
      loan: view.getInt32(from + AT.loan),
      amountCents: view.getFloat64(from + AT.amount),
      plannedMs: view.getFloat64(from + AT.planned),
      sentMs: view.getFloat64(from + AT.sent),
      answeredMs: view.getFloat64(from + AT.answered),
      bidId: view.getFloat64(from + AT.bidId),
      filledCents: view.getFloat64(from + AT.filled),
      rank: view.getFloat64(from + AT.rank),
      remainingCents: view.getFloat64(from + AT.remaining),
      requestId: (flags & FLAG.mutating) === 0 ? null : requestIdFromBytes(bytes),
      position: this.#positions[view.getUint32(from + AT.position)]!,
    };
  }

  /** All of it as bytes, in parts that can be written one after another. */
  *encode(): Generator<Uint8Array> {
    const head = Buffer.from(JSON.stringify({ count: this.#count, positions: this.#positions }));
    const size = Buffer.alloc(4);
    size.writeUInt32BE(head.length);
    yield size;
    yield head;
    for (const [index, block] of this.#blocks.entries()) {
      const records = Math.min(RECORDS_PER_BLOCK, this.#count - index * RECORDS_PER_BLOCK);
      yield new Uint8Array(block.buffer, 0, records * RECORD_BYTES);
    }
  }

  static decode(bytes: Uint8Array): RequestLog {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const headSize = view.getUint32(0);
    const text = Buffer.from(bytes.subarray(4, 4 + headSize)).toString();
    const head = JSON.parse(text) as { count: number; positions: string[] };
    const recordsAt = 4 + headSize;
    assert(bytes.length === recordsAt + head.count * RECORD_BYTES, "a log is whole");
    const log = new RequestLog();
    log.#count = head.count;
    log.#positions.splice(0, 1, ...head.positions.slice(0, 1));
    for (const position of head.positions.slice(1)) log.#positions.push(position);
    for (let from = recordsAt; from < bytes.length; from += RECORDS_PER_BLOCK * RECORD_BYTES) {
      const block = new Uint8Array(RECORDS_PER_BLOCK * RECORD_BYTES);
      block.set(bytes.subarray(from, from + RECORDS_PER_BLOCK * RECORD_BYTES));
      log.#blocks.push(new DataView(block.buffer));
    }
    return log;
  }

  #view(at: number): DataView {
    return this.#blocks[Math.floor(at / RECORDS_PER_BLOCK)]!;
  }

  /** Many answers share a commit, and so a position. */
  #positionNumber(position: string): number {
    let number = this.#positionNumbers.get(position);
    if (number === undefined) {
      number = this.#positions.length;
      this.#positions.push(position);
      this.#positionNumbers.set(position, number);
    }
    return number;
  }
}

function offset(at: number): number {
  return (at % RECORDS_PER_BLOCK) * RECORD_BYTES;
}
