// Fresh UUIDv7 request ids (RFC 9562) written as bytes into a frame. The time of an id matters: the
// server refuses ids older than what it remembers, so time is taken when the bid is sent.

import { randomBytes } from "node:crypto";

export const REQUEST_ID_BYTES = 16;

/**
 * Ids of one process. The first 62 bits behind the time are a counter, so that ids of one
 * millisecond are in order and never repeat; the counter starts at random, which keeps processes
 * apart. Random bits for each id would cost more than all other work on a frame.
 */
export class RequestIds {
  readonly #salt = randomBytes(4);
  #counterHigh = randomBytes(2).readUInt16BE() & 0x0fff;
  #counterLow = 0;

  /** Writes the id at `at`. `timeMs` must not go back between calls. */
  write(bytes: Uint8Array, at: number, timeMs: number): void {
    const high = Math.floor(timeMs / 0x100000000);
    const low = timeMs >>> 0;
    this.#counterLow = (this.#counterLow + 1) >>> 0;
    if (this.#counterLow === 0) this.#counterHigh = (this.#counterHigh + 1) & 0x0fff;
    const counterLow = this.#counterLow;
    bytes[at] = high >>> 8;
    bytes[at + 1] = high;
    bytes[at + 2] = low >>> 24;
    bytes[at + 3] = low >>> 16;
    bytes[at + 4] = low >>> 8;
    bytes[at + 5] = low;
    bytes[at + 6] = 0x70 | (this.#counterHigh >>> 8);
    bytes[at + 7] = this.#counterHigh;
    // 6 bits of the low counter stand beside the variant, the other 26 behind it.
    bytes[at + 8] = 0x80 | (counterLow >>> 26);
    bytes[at + 9] = counterLow >>> 18;
    bytes[at + 10] = counterLow >>> 10;
    bytes[at + 11] = counterLow >>> 2;
    bytes[at + 12] = ((counterLow & 3) << 6) | (this.#salt[0]! & 0x3f);
    bytes[at + 13] = this.#salt[1]!;
    bytes[at + 14] = this.#salt[2]!;
    bytes[at + 15] = this.#salt[3]!;
  }
}
