// Finds what is remembered of a request by its id. Ids are random bytes already, so a table of one
// array with linear probing is all that is needed: a general map would hash the text anew and
// allocate as ids come and go.

import { assert } from "../src/money/assert.ts";
import type { RequestId } from "./address.ts";

const SLOTS_LEAST = 16;

export class RequestTable<Entry extends { readonly requestId: RequestId }> {
  #slots: (Entry | undefined)[] = new Array<Entry | undefined>(SLOTS_LEAST).fill(undefined);
  #mask = SLOTS_LEAST - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(requestId: RequestId): Entry | undefined {
    const slots = this.#slots;
    for (let slot = hashOf(requestId) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = slots[slot];
      if (entry === undefined || entry.requestId === requestId) return entry;
    }
  }

  add(entry: Entry): void {
    assert(this.get(entry.requestId) === undefined, "a request is remembered once");
    if (++this.#size * 2 > this.#slots.length) this.#grow();
    this.#put(entry);
  }

  #put(entry: Entry): void {
    let slot = hashOf(entry.requestId) & this.#mask;
    while (this.#slots[slot] !== undefined) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = entry;
  }

  #grow(): void {
    const entries = this.#slots;
    const length = entries.length * 2;
    this.#slots = new Array<Entry | undefined>(length).fill(undefined);
    this.#mask = length - 1;
    for (const entry of entries) if (entry !== undefined) this.#put(entry);
  }

  remove(entry: Entry): void {
    const slots = this.#slots;
    let empty = hashOf(entry.requestId) & this.#mask;
    while (slots[empty] !== entry) {
      assert(slots[empty] !== undefined, "what is removed is there");
      empty = (empty + 1) & this.#mask;
    }
    slots[empty] = undefined;
    this.#size--;
    // Those behind that were pushed past this slot move up, so that no search ends too early.
    for (let slot = (empty + 1) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const behind = slots[slot];
      if (behind === undefined) return;
      const home = hashOf(behind.requestId) & this.#mask;
      const isBetween = ((slot - home) & this.#mask) < ((slot - empty) & this.#mask);
      if (isBetween) continue;
      slots[empty] = behind;
      slots[slot] = undefined;
      empty = slot;
    }
  }
}

/**
 * Mixes the last eight bytes of an id, random or counting in a UUIDv7: generators differ in which.
 * A client that chooses them slows only itself.
 */
function hashOf(id: RequestId): number {
  const upper =
    (id.charCodeAt(8) << 24) |
    (id.charCodeAt(9) << 16) |
    (id.charCodeAt(10) << 8) |
    id.charCodeAt(11);
  const lower =
    (id.charCodeAt(12) << 24) |
    (id.charCodeAt(13) << 16) |
    (id.charCodeAt(14) << 8) |
    id.charCodeAt(15);
  return Math.imul(upper ^ Math.imul(lower, 0x85ebca6b), 0x9e3779b1) >>> 12;
}
