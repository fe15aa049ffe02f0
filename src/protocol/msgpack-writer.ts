// Writes MessagePack straight into one growing buffer: no intermediate arrays, no allocation for
// each message. Replies and journal records are flat, and this is several times cheaper than a
// general packer. Nested or rare things (snapshots) go through msgpackr instead.

import { AssertionError } from "../money/assert.ts";

export class MsgpackWriter {
  #bytes: Buffer;
  #at = 0;

  constructor(sizeBytes = 64 * 1024) {
    this.#bytes = Buffer.allocUnsafeSlow(sizeBytes);
  }

  get length(): number {
    return this.#at;
  }

  /** Starts anew; what was written before is overwritten. */
  reset(): void {
    this.#at = 0;
  }

  /** Forgets what was written after `length`. */
  truncate(length: number): void {
    if (length < this.#at) this.#at = length;
  }

  /** The bytes from `from` on, valid until the next write. */
  view(from = 0): Uint8Array {
    return this.#bytes.subarray(from, this.#at);
  }

  /** A copy that later writes do not touch. */
  copy(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + size));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
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
    if (value >= 0) {
      if (value < 0x80) {
        bytes[at++] = value;
      } else if (value < 0x100) {
        bytes[at++] = 0xcc;
        bytes[at++] = value;
      } else if (value < 0x10000) {
        bytes[at++] = 0xcd;
        bytes[at++] = value >>> 8;
        bytes[at++] = value;
      } else if (value <= 0xffffffff) {
        bytes[at++] = 0xce;
        bytes[at++] = value >>> 24;
        bytes[at++] = value >>> 16;
        bytes[at++] = value >>> 8;
        bytes[at++] = value;
      } else {
        at = this.#float(value);
      }
    } else if (value >= -32) {
      bytes[at++] = value & 0xff;
    } else if (value >= -0x80000000) {
      bytes[at++] = 0xd2;
      bytes[at++] = value >> 24;
      bytes[at++] = value >> 16;
      bytes[at++] = value >> 8;
      bytes[at++] = value;
    } else {
      at = this.#float(value);
    }
    this.#at = at;
  }

  #float(value: number): number {
    if (!Number.isSafeInteger(value)) throw new AssertionError(`not a safe integer: ${value}`);
    const at = this.#at;
    this.#bytes[at] = 0xcb;
    this.#bytes.writeDoubleBE(value, at + 1);
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
    const size = Buffer.byteLength(text);
    this.#reserve(5 + size);
    const bytes = this.#bytes;
    bytes[this.#at] = 0xdb;
    bytes.writeUInt32BE(size, this.#at + 1);
    bytes.write(text, this.#at + 5);
    this.#at += 5 + size;
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
      bytes.writeUInt32BE(items, this.#at);
      this.#at += 4;
    }
  }

  /** Bytes that are MessagePack already. */
  raw(encoded: Uint8Array): void {
    this.#reserve(encoded.length);
    this.#bytes.set(encoded, this.#at);
    this.#at += encoded.length;
  }
}
