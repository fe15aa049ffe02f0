// Products of two whole numbers that do not fit a float, as an unevaluated sum of two floats:
// high = the rounded product, low = what the rounding lost. Veltkamp's splitting and Dekker's
// product ("A floating-point technique for extending the available precision", 1971): exact for all
// safe integers, with additions and multiplications only, so the same on every machine.

/** 2^27 + 1: cuts the 53 bits of a float into two halves whose products are exact. */
const SPLITTER = 134_217_729;

/** The upper half of `value`; the lower half is `value - upperHalf(value)`. */
export function upperHalf(value: number): number {
  const scaled = SPLITTER * value;
  return scaled - (scaled - value);
}

/** What `high`, the float product a * b, lost. `aUpper` and `bUpper` are the upper halves. */
export function lostInProduct(
  high: number,
  a: number,
  aUpper: number,
  b: number,
  bUpper: number,
): number {
  const aLower = a - aUpper;
  const bLower = b - bUpper;
  return aLower * bLower - (high - aUpper * bUpper - aLower * bUpper - aUpper * bLower);
}
