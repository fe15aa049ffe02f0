// Writes MessagePack straight into one growing buffer: no intermediate arrays, no allocation for
// each message. Replies and journal records are flat, and this is several times cheaper than a
// general packer. Nested or rare things (snapshots) go through msgpackr instead.

import { AssertionError } from "../money/assert.ts";

// In a browser, where the SDK writes its requests, there is no Buffer; on Node one is what sockets
// and Redis take.
const allocate: (sizeBytes: number) => Uint8Array =
  typeof Buffer === "undefined"
    ? (sizeBytes) => new Uint8Array(sizeBytes)
    : (sizeBytes) => Buffer.allocUnsafeSlow(sizeBytes);

const FLOAT = new DataView(new ArrayBuffer(8));
const UTF8 = new TextEncoder();

/** The longest view that is kept, in bytes. */
const VIEWS_KEPT_MAX = 255;

export class MsgpackWriter {
  #bytes: Uint8Array;
  /** Its length, kept apart: asking the array at every write costs more than the write. */
  #capacity: number;
  #at = 0;
  /** By length. */
  readonly #views: (Uint8Array | undefined)[] = [];

  constructor(sizeBytes = 64 * 1024) {
    this.#bytes = allocate(sizeBytes);
    this.#capacity = sizeBytes;
  }

  get length(): number {
    return this.#at;
  }

  /** Starts anew; what was written before is overwritten. */
  reset(): void {
    this.#at = 0;
  }

  /** What was written, valid until the next write. */
  view(): Uint8Array {
    const length = this.#at;
    if (length > VIEWS_KEPT_MAX) return this.#bytes.subarray(0, length);
    // Replies are short and of few lengths: one view of each is made once, not for each reply.
    return (this.#views[length] ??= this.#bytes.subarray(0, length));
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#capacity) return;
    this.#capacity = Math.max(this.#capacity * 2, this.#at + size);
    const larger = allocate(this.#capacity);
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
    this.#views.length = 0;
  }

  nil(): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = 0xc0;
  }

  bool(value: boolean): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value ? 0xc3 : 0xc2;
  }

  /** A safe integer. Those beyond 32 bits are written as float 64, which holds them exactly. */
  int(value: number): void {
    this.#reserve(9);
    const bytes = this.#bytes;
    let at = this.#at;
    // Comparing with the 32-bit form also sends fractions to #float, which asserts.
    if (value >>> 0 === value) {
      if (value < 0x80) {
        bytes[at++] = value;
      } else if (value < 0x100) {
        bytes[at++] = 0xcc;
        bytes[at++] = value;
      } else if (value < 0x10000) {
        bytes[at++] = 0xcd;
        bytes[at++] = value >>> 8;
        bytes[at++] = value;
      } else {
        bytes[at++] = 0xce;
        bytes[at++] = value >>> 24;
        bytes[at++] = value >>> 16;
        bytes[at++] = value >>> 8;
        bytes[at++] = value;
      }
    } else if ((value | 0) === value) {
      if (value >= -32) {
        bytes[at++] = value & 0xff;
      } else {
        bytes[at++] = 0xd2;
        bytes[at++] = value >> 24;
        bytes[at++] = value >> 16;
        bytes[at++] = value >> 8;
        bytes[at++] = value;
      }
    } else {
      at = this.#float(value);
    }
    this.#at = at;
  }

  #float(value: number): number {
    if (!Number.isSafeInteger(value)) throw new AssertionError(`not a safe integer: ${value}`);
    const at = this.#at;
    const bytes = this.#bytes;
    FLOAT.setFloat64(0, value);
    bytes[at] = 0xcb;
    for (let index = 0; index < 8; index++) bytes[at + 1 + index] = FLOAT.getUint8(index);
    return at + 9;
  }

  /** Text. ASCII, which nearly all of ours is, is written without a detour. */
  str(text: string): void {
    const length = text.length;
    this.#reserve(5 + length * 3);
    const bytes = this.#bytes;
    const head = length < 32 ? 1 : length < 256 ? 2 : 0;
    if (head !== 0) {
      let at = this.#at + head;
      let index = 0;
      for (; index < length; index++) {
        const code = text.charCodeAt(index);
        if (code >= 0x80) break;
        bytes[at++] = code;
      }
      if (index === length) {
        if (head === 1) {
          bytes[this.#at] = 0xa0 | length;
        } else {
          bytes[this.#at] = 0xd9;
          bytes[this.#at + 1] = length;
        }
        this.#at = at;
        return;
      }
    }
    this.#longStr(text);
  }

  #longStr(text: string): void {
    // A UTF-16 unit takes 3 bytes at most.
    this.#reserve(5 + text.length * 3);
    const bytes = this.#bytes;
    const at = this.#at;
    const size = UTF8.encodeInto(text, bytes.subarray(at + 5)).written;
    bytes[at] = 0xdb;
    bytes[at + 1] = size >>> 24;
    bytes[at + 2] = size >>> 16;
    bytes[at + 3] = size >>> 8;
    bytes[at + 4] = size;
    this.#at = at + 5 + size;
  }

  /** The bytes of a Latin-1 string, one for each character (request ids). At most 255. */
  binFromLatin1(text: string): void {
    const length = text.length;
    if (length > 255) throw new AssertionError("at most 255 bytes");
    this.#reserve(2 + length);
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = 0xc4;
    bytes[at++] = length;
    for (let index = 0; index < length; index++) bytes[at++] = text.charCodeAt(index);
    this.#at = at;
  }

  arrayHeader(items: number): void {
    this.#reserve(5);
    const bytes = this.#bytes;
    if (items < 16) {
      bytes[this.#at++] = 0x90 | items;
    } else if (items < 0x10000) {
      bytes[this.#at++] = 0xdc;
      bytes[this.#at++] = items >>> 8;
      bytes[this.#at++] = items;
    } else {
      bytes[this.#at++] = 0xdd;
      bytes[this.#at++] = items >>> 24;
      bytes[this.#at++] = items >>> 16;
      bytes[this.#at++] = items >>> 8;
      bytes[this.#at++] = items;
    }
  }

  /** Bytes that are MessagePack already. */
  raw(encoded: Uint8Array): void {
    this.#reserve(encoded.length);
    this.#bytes.set(encoded, this.#at);
    this.#at += encoded.length;
  }
}
