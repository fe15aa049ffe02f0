// The loans that rows of holds refer to by a small number: each has a place as long as it has an
// open hold of the account, and then the place is the next one's. So what is kept, and stands in
// each snapshot, grows with the loans that are bid on at a time, not with all that ever were.

import { assert } from "../../src/money/assert.ts";
import type { LoanId } from "../address.ts";

export class HeldLoans {
  /** By place; null for one that is free. */
  readonly #loans: (LoanId | null)[] = [];
  /** Open holds, by place. */
  readonly #open: number[] = [];
  /** Free places, the next one last. Which one is next is state: snapshots have it. */
  readonly #free: number[] = [];
  readonly #places = new Map<LoanId, number>();

  /** A hold for this loan is opened: the place for its row. */
  open(loanId: LoanId): number {
    let place = this.#places.get(loanId);
    if (place === undefined) {
      place = this.#free.pop() ?? this.#loans.length;
      this.#loans[place] = loanId;
      this.#open[place] = 0;
      this.#places.set(loanId, place);
    }
    this.#open[place]!++;
    return place;
  }

  /** A hold at this place is closed. */
  close(place: number): void {
    const loanId = this.at(place);
    assert(this.#open[place]! > 0, "a hold of the loan is open", loanId);
    if (--this.#open[place]! > 0) return;
    this.#places.delete(loanId);
    if (this.#places.size > 0) {
      this.#loans[place] = null;
      this.#free.push(place);
      return;
    }
    // None is open: as new.
    this.#loans.length = 0;
    this.#open.length = 0;
    this.#free.length = 0;
  }

  /** The loan of a hold that is open. */
  at(place: number): LoanId {
    const loanId = this.#loans[place];
    assert(loanId !== undefined && loanId !== null, "an open hold has its loan");
    return loanId;
  }

  /** Loans by place, null where it is free, and then the free places. */
  toSnapshot(): unknown[] {
    return [...this.#loans, ...this.#free];
  }

  /**
   * `openPlaces`: the place of each hold that is open. Snapshots from before hold all loans since
   * no hold was open: of those without any the places are free, the first one first.
   */
  static restore(values: readonly unknown[], openPlaces: Iterable<number>): HeldLoans {
    const held = new HeldLoans();
    for (const value of values) {
      if (typeof value === "number") held.#free.push(value);
      else held.#open[held.#loans.push(value as LoanId | null) - 1] = 0;
    }
    for (const place of openPlaces) held.#open[place]!++;
    for (let place = held.#loans.length - 1; place >= 0; place--) {
      const loanId = held.#loans[place]!;
      if (loanId === null) continue;
      if (held.#open[place]! > 0) {
        held.#places.set(loanId, place);
      } else {
        held.#loans[place] = null;
        held.#free.push(place);
      }
    }
    return held;
  }
}
