// Digests by digest: what is expected of each field of a shard, in 16 bytes a field, at most two
// places a field. A Map would take ten times as much, and one large table would hold up a turn each
// time it grows: so it is many small ones.

const SEGMENTS = 256;
const PLACES_FIRST = 8;

/** Open addressing, a key beside its value. No key and no value is 0. */
class Segment {
  #cells = new BigUint64Array(2 * PLACES_FIRST);
  #count = 0;

  get(key: bigint): bigint | undefined {
    const place = this.#placeOf(key);
    return this.#cells[place] === key ? this.#cells[place + 1] : undefined;
  }

  set(key: bigint, value: bigint): void {
    const place = this.#placeOf(key);
    if (this.#cells[place] === 0n) {
      if (++this.#count * 4 > this.#places * 3) {
        this.#grow();
        this.#put(key, value);
        return;
      }
      this.#cells[place] = key;
    }
    this.#cells[place + 1] = value;
  }

  get #places(): number {
    return this.#cells.length / 2;
  }

  get bytes(): number {
    return this.#cells.byteLength;
  }

  /** Where the key is, or else the empty place where it would be. */
  #placeOf(key: bigint): number {
    const last = this.#places - 1;
    let place = Number(key & 0xffff_ffffn) & last;
    for (;;) {
      const found = this.#cells[2 * place]!;
      if (found === key || found === 0n) return 2 * place;
      place = (place + 1) & last;
    }
  }

  #put(key: bigint, value: bigint): void {
    const place = this.#placeOf(key);
    this.#cells[place] = key;
    this.#cells[place + 1] = value;
  }

  #grow(): void {
    const before = this.#cells;
    this.#cells = new BigUint64Array(2 * before.length);
    for (let at = 0; at < before.length; at += 2) {
      if (before[at] !== 0n) this.#put(before[at]!, before[at + 1]!);
    }
  }
}

export class DigestTable {
  readonly #segments: (Segment | undefined)[] = new Array<undefined>(SEGMENTS);

  /** Undefined for a key that was never set. Keys are as good as random, and none is 0. */
  get(key: bigint): bigint | undefined {
    return this.#segments[Number(key >> 56n)]?.get(key);
  }

  set(key: bigint, value: bigint): void {
    const number = Number(key >> 56n);
    (this.#segments[number] ??= new Segment()).set(key, value);
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + (segment?.bytes ?? 0), 0);
  }
}
