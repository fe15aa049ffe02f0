// Money is an integer number of minor units (fen for CNY), never a float.

import { AssertionError } from "./assert.ts";

declare const brand: unique symbol;

/** Minor units. A safe integer; negative only where a difference is meant. */
export type Cents = number & { readonly [brand]: "Cents" };

/** The most that one request names, and so the most that one payment is: 10 billion yuan. */
export const AMOUNT_CENTS_MAX = 1_000_000_000_000;

/** The only way to make Cents: asserts a safe integer, and never lets -0 through. */
export function cents(value: number): Cents {
  if (!Number.isSafeInteger(value)) throw new AssertionError(`not an amount: ${value}`);
  return (value + 0) as Cents;
}

export const ZERO_CENTS = cents(0);
