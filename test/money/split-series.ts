// A series of splits that checks, at each, all that split.ts promises and the rule itself, in big
// integers and the slow, obvious way.

import { expect } from "vitest";
import { splitByShares } from "../../src/money/split.ts";

export class SplitSeries {
  readonly paidCents: Float64Array;
  readonly totalCents: number;
  cumulativeCents = 0;
  readonly #shares: Float64Array;

  constructor(shares: readonly number[]) {
    this.#shares = Float64Array.from(shares);
    this.paidCents = new Float64Array(shares.length);
    this.totalCents = shares.reduce((a, b) => a + b, 0);
  }

  /** Splits, checks, books; returns the legs. */
  split(amountCents: number): number[] {
    const legs = new Float64Array(this.#shares.length).fill(NaN);
    splitByShares(
      this.#shares,
      this.paidCents,
      this.totalCents,
      this.cumulativeCents,
      amountCents,
      legs,
    );
    this.cumulativeCents += amountCents;
    this.#checkRule([...legs], amountCents);
    legs.forEach((leg, h) => (this.paidCents[h]! += leg));
    this.#checkBounds([...legs], amountCents);
    return [...legs];
  }

  /** No leg is negative, the legs sum to the amount, and all are within one cent of C*p/P. */
  #checkBounds(legs: readonly number[], amountCents: number): void {
    const total = BigInt(this.totalCents);
    let sum = 0n;
    let strayed = "";
    legs.forEach((leg, h) => {
      sum += BigInt(leg);
      // |paid - C*p/P| < 1, times P.
      const distance =
        BigInt(this.paidCents[h]!) * total -
        BigInt(this.cumulativeCents) * BigInt(this.#shares[h]!);
      if (leg < 0 || Object.is(leg, -0) || distance >= total || -distance >= total) {
        strayed = `holder ${h}: leg ${leg}, paid ${this.paidCents[h]!}`;
      }
    });
    expect(strayed).toBe("");
    expect(sum).toBe(BigInt(amountCents));
  }

  /** Floors, then the earliest deadlines among those who are open for one more. */
  #checkRule(legs: readonly number[], amountCents: number): void {
    const total = BigInt(this.totalCents);
    const cumulative = BigInt(this.cumulativeCents);
    const expected = legs.map(() => 0n);
    const open: { h: number; next: bigint; share: bigint }[] = [];
    let left = BigInt(amountCents);
    this.#shares.forEach((each, h) => {
      const share = BigInt(each);
      const paid = BigInt(this.paidCents[h]!);
      const floor = (cumulative * share) / total;
      if (floor > paid) {
        expected[h] = floor - paid;
        left -= floor - paid;
      }
      const after = paid + expected[h]!;
      if (after * total < cumulative * share) open.push({ h, next: after + 1n, share });
    });
    // next * P / share, smallest first; equal ones stay in the order of bids.
    open.sort((a, b) => {
      const difference = a.next * b.share - b.next * a.share;
      return difference < 0n ? -1 : difference > 0n ? 1 : 0;
    });
    for (const { h } of open.slice(0, Number(left))) expected[h]! += 1n;
    expect(legs.map(BigInt)).toEqual(expected);
  }
}

/** Balinski and Young's own rule: who gets each of the first `units` units, one at a time. */
export function unitByUnit(shares: readonly number[], units: number): number[] {
  const total = BigInt(shares.reduce((a, b) => a + b, 0));
  const paid = shares.map(() => 0n);
  const given: number[] = [];
  for (let cumulative = 1n; cumulative <= BigInt(units); cumulative++) {
    let best = -1;
    shares.forEach((share, h) => {
      const isOpen = paid[h]! * total < cumulative * BigInt(share);
      if (!isOpen) return;
      const isEarlier =
        best < 0 || (paid[h]! + 1n) * BigInt(shares[best]!) < (paid[best]! + 1n) * BigInt(share);
      if (isEarlier) best = h;
    });
    paid[best]! += 1n;
    given.push(best);
  }
  return given;
}
