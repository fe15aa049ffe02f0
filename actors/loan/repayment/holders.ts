// Who holds a loan, and what each has got of it: the state of the splits. Three series are split
// apart, each by the principal shares: principal, interest, penalties.

import { assert } from "../../../src/money/assert.ts";
import { splitByShares } from "../../../src/money/split.ts";
import type { AccountId } from "../../address.ts";

export const SERIES = ["principal", "interest", "penalty"] as const;
export type Series = (typeof SERIES)[number];

/** Cents of each series. */
export type SeriesCents = Readonly<Record<`${Series}Cents`, number>>;

interface Paid {
  /** By holder. */
  readonly cents: Float64Array;
  sumCents: number;
}

/** What each holder gets of one clearing, by holder; null where the series has nothing. */
export type ClearingLegs = Readonly<Record<Series, Float64Array | null>>;

export class Holders {
  /** In the order of their bids, which decides ties. */
  readonly ids: readonly AccountId[];
  readonly #shares: Float64Array;
  readonly #totalCents: number;
  readonly #paid: Readonly<Record<Series, Paid>>;

  constructor(ids: readonly AccountId[], sharesCents: readonly number[]) {
    assert(ids.length === sharesCents.length, "each holder has a share");
    this.ids = ids;
    this.#shares = Float64Array.from(sharesCents);
    this.#totalCents = this.#shares.reduce((sum, share) => sum + share, 0);
    this.#paid = {
      principal: this.#nothing(),
      interest: this.#nothing(),
      penalty: this.#nothing(),
    };
  }

  #nothing(): Paid {
    return { cents: new Float64Array(this.ids.length), sumCents: 0 };
  }

  get count(): number {
    return this.ids.length;
  }

  get totalCents(): number {
    return this.#totalCents;
  }

  shareCents(holder: number): number {
    return this.#shares[holder]!;
  }

  paidCents(series: Series, holder: number): number {
    return this.#paid[series].cents[holder]!;
  }

  /** All that was split of a series. */
  splitCents(series: Series): number {
    return this.#paid[series].sumCents;
  }

  /** Splits a payment among all, books it, and tells what each one gets. */
  split(payment: SeriesCents): ClearingLegs {
    return {
      principal: this.#splitSeries("principal", payment.principalCents),
      interest: this.#splitSeries("interest", payment.interestCents),
      penalty: this.#splitSeries("penalty", payment.penaltyCents),
    };
  }

  #splitSeries(series: Series, amountCents: number): Float64Array | null {
    if (amountCents === 0) return null;
    const paid = this.#paid[series];
    const legs = new Float64Array(this.ids.length);
    splitByShares(this.#shares, paid.cents, this.#totalCents, paid.sumCents, amountCents, legs);
    for (let holder = 0; holder < legs.length; holder++) {
      paid.cents[holder] = paid.cents[holder]! + legs[holder]!;
    }
    paid.sumCents += amountCents;
    return legs;
  }

  toSnapshot(): unknown[] {
    const paid = SERIES.map((series) => this.#paid[series].cents.slice());
    return [this.ids, this.#shares.slice(), ...paid];
  }

  static restore(values: readonly unknown[]): Holders {
    const [ids, shares, ...paid] = values as [AccountId[], number[], ...number[][]];
    const holders = new Holders(ids, shares);
    SERIES.forEach((series, place) => {
      const restored = holders.#paid[series];
      restored.cents.set(paid[place]!);
      restored.sumCents = restored.cents.reduce((sum, each) => sum + each, 0);
    });
    return holders;
  }
}
