// A whole number of 1 or more, as an option of a command line.

import { InvalidArgumentError } from "commander";

/** Throws InvalidArgumentError for anything else, which commander tells with exit code 1. */
export function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("1 or more");
  return value;
}
