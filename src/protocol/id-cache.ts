// Turns the bytes of an id into a string without making a new one each time: on the way of a bid
// the same few loans come again and again. The string that comes back is the same object while it
// stays cached, so that its hash is computed once and maps find it by identity. Bounded: an id that
// falls on a taken slot takes it over.

import { ID_LENGTH_MAX, isId } from "../../actors/address.ts";

export class IdCache {
  readonly #slots: string[];
  readonly #mask: number;

  /** `slots`: a power of two. */
  constructor(slots: number) {
    this.#slots = new Array<string>(slots).fill("");
    this.#mask = slots - 1;
  }

  /** The id in these bytes, or undefined when they are none. Only ids are cached. */
  read(bytes: Uint8Array, start: number, length: number): string | undefined {
    if (length < 1 || length > ID_LENGTH_MAX) return undefined;
    let hash = length;
    for (let at = start; at < start + length; at++) hash = Math.imul(hash, 31) + bytes[at]!;
    const slot = (hash ^ (hash >>> 15)) & this.#mask;
    const known = this.#slots[slot]!;
    if (known.length === length) {
      let at = 0;
      while (at < length && known.charCodeAt(at) === bytes[start + at]) at++;
      if (at === length) return known;
    }
    const text = String.fromCharCode(...bytes.subarray(start, start + length));
    if (!isId(text)) return undefined;
    this.#slots[slot] = text;
    return text;
  }
}
