// Things that get consecutive numbers when they come and leave in nearly the same order: messages
// under way, bids that wait for their loan. A ring instead of a map: nothing is hashed, nothing is
// allocated but now and then. One that stays behind is set aside, so that it holds up no memory but
// its own.

import { assert } from "../src/money/assert.ts";

const PLACES_LEAST = 4;
/** Things still there when a number so much higher comes are set aside. A power of two. */
const PLACES_MAX = 8_192;

export class Numbered<T extends object | string> {
  /** By the lowest bits of the number; empty places are undefined. Grows by doubling. */
  #places: (T | undefined)[] = [];
  #mask = 0;
  /** Numbers in the ring are from here on ... */
  #front: number;
  /** ... and below this one. */
  #next: number;
  #inRing = 0;
  /** Nearly always empty, and there are two for each account: made when it is needed. */
  #aside: Map<number, T> | null = null;

  constructor(firstNumber = 1) {
    this.#front = firstNumber;
    this.#next = firstNumber;
  }

  get size(): number {
    return this.#inRing + (this.#aside?.size ?? 0);
  }

  /** `number` is not below any that was added before; numbers may be left out. */
  add(number: number, thing: T): void {
    assert(number >= this.#next, "numbers come in ascending order");
    if (this.#inRing === 0) this.#front = number;
    if (number - this.#front >= this.#places.length) this.#makeRoom(number);
    this.#places[number & this.#mask] = thing;
    this.#next = number + 1;
    this.#inRing++;
  }

  get(number: number): T | undefined {
    if (number >= this.#front && number < this.#next) return this.#places[number & this.#mask];
    return this.#aside?.get(number);
  }

  /** Takes it out; undefined when it is not there (any more). */
  take(number: number): T | undefined {
    if (number < this.#front || number >= this.#next) return this.#takeAside(number);
    const place = number & this.#mask;
    const thing = this.#places[place];
    if (thing === undefined) return undefined;
    this.#places[place] = undefined;
    this.#inRing--;
    if (number === this.#front) this.#advance();
    return thing;
  }

  #takeAside(number: number): T | undefined {
    const thing = this.#aside?.get(number);
    if (thing !== undefined) this.#aside!.delete(number);
    return thing;
  }

  #advance(): void {
    let front = this.#front;
    if (this.#inRing === 0) front = this.#next;
    else while (this.#places[front & this.#mask] === undefined) front++;
    this.#front = front;
  }

  #makeRoom(number: number): void {
    while (this.#inRing > 0 && number - this.#front >= PLACES_MAX) this.#setAside();
    if (this.#inRing === 0) this.#front = number;
    let places = Math.max(PLACES_LEAST, this.#places.length);
    while (number - this.#front >= places) places *= 2;
    if (places === this.#places.length) return;
    const ring = new Array<T | undefined>(places).fill(undefined);
    for (let each = this.#front; each < this.#next; each++) {
      ring[each & (places - 1)] = this.#places[each & this.#mask];
    }
    this.#places = ring;
    this.#mask = places - 1;
  }

  #setAside(): void {
    const place = this.#front & this.#mask;
    const thing = this.#places[place];
    assert(thing !== undefined, "the front is the oldest that is there");
    this.#aside ??= new Map();
    this.#aside.set(this.#front, thing);
    this.#places[place] = undefined;
    this.#inRing--;
    this.#advance();
  }

  /** Oldest first. */
  *entries(): Generator<[number: number, thing: T]> {
    const aside = [...(this.#aside ?? [])].sort(([a], [b]) => a - b);
    yield* aside;
    for (let number = this.#front; number < this.#next; number++) {
      const thing = this.#places[number & this.#mask];
      if (thing !== undefined) yield [number, thing];
    }
  }
}
