// A histogram that costs an addition or two for each observation: fixed buckets, plain numbers.
// Nothing is computed before somebody scrapes.

import { assert } from "../money/assert.ts";

export class Buckets {
  /** Upper bounds, ascending; one more bucket takes what is above the last. */
  readonly bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    assert(bounds.length > 0, "a histogram has buckets");
    for (let at = 1; at < bounds.length; at++) {
      assert(bounds[at]! > bounds[at - 1]!, "bounds ascend");
    }
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /**
   * A value that is no number, or negative, is a bug of the caller, but never one of the server's.
   */
  observe(value: number): void {
    const counted = value > 0 ? value : 0;
    const { bounds } = this;
    let at = 0;
    // From below: what happens often is small.
    while (at < bounds.length && counted > bounds[at]!) at++;
    this.#counts[at]! += 1;
    this.#sum += counted;
  }

  get sum(): number {
    return this.#sum;
  }

  /** Observations at or below each bound, and last all of them: as Prometheus wants them. */
  cumulative(): readonly number[] {
    let total = 0;
    return Array.from(this.#counts, (count) => (total += count));
  }
}
