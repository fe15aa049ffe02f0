// What a lender has in each loan: lent, and got back so far. Rows of numbers, one a loan.

import { assert } from "../../src/money/assert.ts";
import type { LoanId } from "../address.ts";

const COLUMNS = 4;
const COLUMN = { lent: 0, principal: 1, income: 2, fees: 3 } as const;

export interface Position {
  readonly loanId: LoanId;
  readonly lentCents: number;
  /** Principal that came back. */
  readonly principalCents: number;
  /** Interest and penalties received, before the service fee. */
  readonly incomeCents: number;
  readonly feesCents: number;
}

export class Positions {
  readonly #index = new Map<LoanId, number>();
  readonly #loans: LoanId[] = [];
  readonly #numbers: number[] = [];

  get count(): number {
    return this.#loans.length;
  }

  /** A hold was posted: the money is the loan's now. */
  lend(loanId: LoanId, amountCents: number): void {
    let place = this.#index.get(loanId);
    if (place === undefined) {
      place = this.#loans.push(loanId) - 1;
      this.#index.set(loanId, place);
      for (let column = 0; column < COLUMNS; column++) this.#numbers.push(0);
    }
    this.#numbers[place * COLUMNS + COLUMN.lent]! += amountCents;
  }

  /** Where the position in a loan is, for ever; the loan must be one that was lent to. */
  placeOf(loanId: LoanId): number {
    const place = this.#index.get(loanId);
    assert(place !== undefined, "who receives has lent", loanId);
    return place;
  }

  receive(place: number, principalCents: number, incomeCents: number, feesCents: number): void {
    const row = place * COLUMNS;
    const numbers = this.#numbers;
    const repaidCents = numbers[row + COLUMN.principal]! + principalCents;
    assert(repaidCents <= numbers[row + COLUMN.lent]!, "no more comes back than was lent");
    numbers[row + COLUMN.principal] = repaidCents;
    numbers[row + COLUMN.income]! += incomeCents;
    numbers[row + COLUMN.fees]! += feesCents;
  }

  *all(): Generator<Position> {
    for (let place = 0; place < this.#loans.length; place++) {
      const row = place * COLUMNS;
      yield {
        loanId: this.#loans[place]!,
        lentCents: this.#numbers[row + COLUMN.lent]!,
        principalCents: this.#numbers[row + COLUMN.principal]!,
        incomeCents: this.#numbers[row + COLUMN.income]!,
        feesCents: this.#numbers[row + COLUMN.fees]!,
      };
    }
  }

  toSnapshot(): unknown[] {
    return [this.#loans, new Float64Array(this.#numbers)];
  }

  static restore(values: readonly unknown[]): Positions {
    const positions = new Positions();
    const [loans, numbers] = values as [LoanId[], number[]];
    assert(numbers.length === loans.length * COLUMNS, "a position has all its numbers");
    for (const loanId of loans) {
      positions.#index.set(loanId, positions.#loans.push(loanId) - 1);
    }
    for (const number of numbers) positions.#numbers.push(number);
    return positions;
  }
}
