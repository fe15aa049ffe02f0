// Memory for the payloads of batches, which live for ten seconds and are as many as a hundred
// kilobytes each: taken from the system one by one they cost twice the MAC, in page faults and
// in the allocator's tidying up. So they are copied into slabs, one behind the other, and a slab is
// used again when all in it were released.
//
// A payload must not be released before nothing can want to send it again.

import { assert } from "../money/assert.ts";

export const SLAB_BYTES = 4 * 1024 * 1024;
/** Slabs that wait to be used again, at most; more go back to the system. */
const FREE_MAX = 8;

interface Slab {
  readonly memory: Buffer;
  at: number;
  /** Payloads in it that were not released. */
  live: number;
}

export class PayloadMemory {
  readonly #slabs = new Map<ArrayBufferLike, Slab>();
  readonly #free: Slab[] = [];
  #current: Slab | undefined;

  /** A copy of its own of the bytes; larger ones than a slab are no part of any. */
  copyOf(bytes: Uint8Array): Buffer {
    if (bytes.length > SLAB_BYTES) return Buffer.from(bytes);
    const slab = this.#withRoomFor(bytes.length);
    const payload = slab.memory.subarray(slab.at, slab.at + bytes.length);
    payload.set(bytes);
    slab.at += bytes.length;
    slab.live++;
    return payload;
  }

  /** Once for each payload, which is not read any more from now on; others' are let pass. */
  release(payload: Uint8Array): void {
    const slab = this.#slabs.get(payload.buffer);
    if (slab === undefined) return;
    slab.live--;
    assert(slab.live >= 0, "a payload is released once");
    if (slab.live === 0 && slab !== this.#current) this.#retire(slab);
  }

  /** Bytes of all slabs, in use or not. */
  get sizeBytes(): number {
    return this.#slabs.size * SLAB_BYTES;
  }

  #withRoomFor(bytes: number): Slab {
    const full = this.#current;
    if (full !== undefined && full.at + bytes <= SLAB_BYTES) return full;
    const next = this.#free.pop() ?? this.#add();
    next.at = 0;
    this.#current = next;
    if (full?.live === 0) this.#retire(full);
    return next;
  }

  #add(): Slab {
    const slab = { memory: Buffer.allocUnsafeSlow(SLAB_BYTES), at: 0, live: 0 };
    this.#slabs.set(slab.memory.buffer, slab);
    return slab;
  }

  #retire(slab: Slab): void {
    if (this.#free.length < FREE_MAX) this.#free.push(slab);
    else this.#slabs.delete(slab.memory.buffer);
  }
}
