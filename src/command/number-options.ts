// Whole numbers as options. Each parser throws what commander shows as usage.

import { InvalidArgumentError } from "commander";

/** A parser of whole numbers with bounds, both included. */
export function within(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    const bounds = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`expected a whole number ${bounds}`);
  };
}

export const count = within(1, Number.MAX_SAFE_INTEGER);
export const countOrZero = within(0, Number.MAX_SAFE_INTEGER);
