// Things that get consecutive numbers when they come and leave in nearly the same order: messages
// under way, bids that wait for their loan. An array with a moving front instead of a map: nothing
// is hashed, nothing is allocated but now and then. One that stays behind is set aside, so that it
// holds up no memory but its own.

import { assert } from "../src/money/assert.ts";

/** The front is cut off when so many places before it are empty. */
const CUT_AT = 256;
/** Things still there when so many younger ones came are set aside. */
const SPAN_MAX = 8_192;

export class Numbered<T extends object | string> {
  /** The number of the first place. */
  #first: number;
  #places: (T | undefined)[] = [];
  /** Places before this one are empty. */
  #front = 0;
  readonly #aside = new Map<number, T>();
  #size = 0;

  constructor(firstNumber = 1) {
    this.#first = firstNumber;
  }

  get size(): number {
    return this.#size;
  }

  /** `number` is not below any that was added before; numbers may be left out. */
  add(number: number, thing: T): void {
    if (this.#size === 0) {
      this.#places.length = 0;
      this.#front = 0;
      this.#first = number;
    }
    const place = number - this.#first;
    assert(place >= this.#places.length, "numbers come in ascending order");
    while (this.#places.length < place) this.#places.push(undefined);
    this.#places.push(thing);
    this.#size++;
    if (this.#places.length - this.#front > SPAN_MAX) this.#setAside();
  }

  get(number: number): T | undefined {
    const place = number - this.#first;
    const thing = place >= 0 ? this.#places[place] : undefined;
    return thing ?? (this.#aside.size > 0 ? this.#aside.get(number) : undefined);
  }

  /** Takes it out; undefined when it is not there (any more). */
  take(number: number): T | undefined {
    const place = number - this.#first;
    const thing = place >= 0 ? this.#places[place] : undefined;
    if (thing === undefined) return this.#takeAside(number);
    this.#places[place] = undefined;
    this.#size--;
    if (place === this.#front) this.#advance();
    return thing;
  }

  #takeAside(number: number): T | undefined {
    const thing = this.#aside.get(number);
    if (thing === undefined) return undefined;
    this.#aside.delete(number);
    this.#size--;
    return thing;
  }

  #advance(): void {
    const { length } = this.#places;
    let front = this.#front;
    while (front < length && this.#places[front] === undefined) front++;
    this.#front = front;
    if (front >= CUT_AT && front * 2 >= length) {
      this.#places.splice(0, front);
      this.#first += front;
      this.#front = 0;
    }
  }

  #setAside(): void {
    const thing = this.#places[this.#front];
    assert(thing !== undefined, "the front is the oldest that is there");
    this.#aside.set(this.#first + this.#front, thing);
    this.#places[this.#front] = undefined;
    this.#advance();
  }

  /** Oldest first. */
  *entries(): Generator<[number: number, thing: T]> {
    const aside = [...this.#aside].sort(([a], [b]) => a - b);
    yield* aside;
    for (let place = this.#front; place < this.#places.length; place++) {
      const thing = this.#places[place];
      if (thing !== undefined) yield [this.#first + place, thing];
    }
  }
}
