// Zipf's law over n things: the k-th is drawn in proportion to 1/k^s. With s = 0 all are alike.

import { assert } from "../../src/money/assert.ts";

export class Zipf {
  readonly #cumulative: Float64Array;

  constructor(count: number, exponent: number) {
    assert(count > 0, "something can be drawn");
    this.#cumulative = new Float64Array(count);
    let total = 0;
    for (let at = 0; at < count; at++) {
      total += 1 / (at + 1) ** exponent;
      this.#cumulative[at] = total;
    }
  }

  /** Which one, from 0, for a number from 0 to, not including, 1. */
  at(share: number): number {
    const wanted = share * this.#cumulative.at(-1)!;
    let low = 0;
    let high = this.#cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#cumulative[middle]! > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
