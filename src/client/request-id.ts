// Makes UUIDs of version 7 (RFC 9562) for requests: unique, and growing within one process, so that
// a server that forgets old requests by time never takes a newer one for older.

import { requestIdFromBytes, type RequestId } from "../../actors/address.ts";

/** Random bytes are fetched for so many ids at once: a call for each costs more than the id. */
const POOL_IDS = 128;
const RANDOM_BYTES = 10;
const COUNTER_MAX = 0xfff;

export interface IdSource {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  fill(bytes: Uint8Array): void;
}

export const SYSTEM: IdSource = {
  nowMs: () => Date.now(),
  fill: (bytes) => void globalThis.crypto.getRandomValues(bytes),
};

/**
 * Method 1 of RFC 9562, 6.2: the 12 bits behind the version count up within a millisecond, from a
 * random start; when they run out, or the clock goes back, the time goes on from the last one.
 */
export class RequestIds {
  readonly #source: IdSource;
  readonly #pool = new Uint8Array(POOL_IDS * RANDOM_BYTES);
  readonly #bytes = new Uint8Array(16);
  #poolAt = this.#pool.length;
  #timeMs = 0;
  #counter = 0;

  constructor(source: IdSource = SYSTEM) {
    this.#source = source;
  }

  next(): RequestId {
    if (this.#poolAt === this.#pool.length) {
      this.#source.fill(this.#pool);
      this.#poolAt = 0;
    }
    const random = this.#pool.subarray(this.#poolAt, this.#poolAt + RANDOM_BYTES);
    this.#poolAt += RANDOM_BYTES;
    const nowMs = this.#source.nowMs();
    if (nowMs > this.#timeMs) {
      this.#timeMs = nowMs;
      // The upper bit starts at zero: at least 2,048 ids fit into the millisecond.
      this.#counter = ((random[8]! << 8) | random[9]!) & (COUNTER_MAX >> 1);
    } else if (++this.#counter > COUNTER_MAX) {
      this.#timeMs++;
      this.#counter = 0;
    }
    const bytes = this.#bytes;
    let time = this.#timeMs;
    for (let at = 5; at >= 0; at--) {
      bytes[at] = time % 0x100;
      time = Math.floor(time / 0x100);
    }
    bytes[6] = 0x70 | (this.#counter >> 8);
    bytes[7] = this.#counter & 0xff;
    for (let at = 0; at < 8; at++) bytes[8 + at] = random[at]!;
    bytes[8] = 0x80 | (bytes[8]! & 0x3f);
    return requestIdFromBytes(bytes);
  }
}

/** One for the process: ids of all its clients grow together. */
export const requestIds = new RequestIds();
