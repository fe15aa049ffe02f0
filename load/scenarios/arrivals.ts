// Planned send times of an open loop: when each request is due, whatever became of those before it.
// Exact for rates that change: times are drawn at rate one and mapped through the inverse of the
// planned number of requests up to each moment (inversion; Cinlar 1975).

import { assert } from "../../src/money/assert.ts";
import { seeded } from "../../src/chance/chance.ts";
import type { Plan } from "./plan.ts";

/** One request that is due. */
export interface Arrival {
  /** Milliseconds from the start of the run. */
  atMs: number;
  /** Index of the plan's segment. */
  segment: number;
}

export class Arrivals {
  readonly #plan: Plan;
  readonly #part: number;
  readonly #parts: number;
  readonly #random: () => number;
  /** Requests planned up to now, of all parts together. */
  #due = 0;
  #drawn = 0;
  #segment = 0;
  /** Requests planned before the segment. */
  #before = 0;

  /**
   * The share of one of several processes. Constant: every `parts`-th of the whole, so that all
   * together are evenly spaced. Poisson: of their own, for the sum of such is Poisson again.
   */
  constructor(plan: Plan, part: number, parts: number) {
    assert(part >= 0 && part < parts, "a part is one of all");
    this.#plan = plan;
    this.#part = part;
    this.#parts = parts;
    this.#random = seeded((plan.seed ^ 0x5eed) + part * 0x9e3779b1);
  }

  /** The next one in `into`; false when the run is over. */
  next(into: Arrival): boolean {
    if (this.#plan.arrivals === "constant") {
      this.#due = this.#drawn * this.#parts + this.#part + 0.5;
    } else {
      // 1 - u is never 0.
      this.#due -= Math.log(1 - this.#random()) * this.#parts;
    }
    this.#drawn++;
    const { segments } = this.#plan;
    for (; this.#segment < segments.length; this.#segment++) {
      const { fromMs, toMs, perSecond } = segments[this.#segment]!;
      const count = ((toMs - fromMs) * perSecond) / 1_000;
      if (this.#due < this.#before + count) {
        into.atMs = fromMs + ((this.#due - this.#before) * 1_000) / perSecond;
        into.segment = this.#segment;
        return true;
      }
      this.#before += count;
    }
    return false;
  }
}
