// Splits an amount among the holders of a loan by the quota rule. No leg is negative, the legs sum
// to the amount, at every moment each holder has got its exact entitlement to within one minor
// unit, above and below, and at the end all of it. The largest remainder of each payment would not
// do: it drifts.
//
// With shares p of P and C split so far, the entitlement is E = C*p/P. The j-th unit of a holder is
// open once E > j-1 and late unless given when E >= j: a window of moments C, from
// floor((j-1)*P/p) + 1 to ceil(j*P/p), its deadline. "Within one unit" says just that every unit is
// given in its window. The rule: give `amount` units with the earliest deadlines among
// the open ones. Floors less what was paid come first (their deadlines have come),
// then at most one unit a holder.
//
// Why it never fails, whatever the amounts. (1) If each cent were cut into p/P for each holder, all
// windows would be kept; that is a fractional flow of units into moments with whole capacities,
// so a whole one exists: the start can be carried on. (2) From a state that can be carried on,
// some way of doing so gives a set A now; the rule gives M. While they differ take u in M but
// not in A, and v in A but not in M. Deadline(u) <= deadline(v), and the way gives u at some
// later moment: swap them. v is open already, and that moment is not after u's deadline, nor
// after v's. So after M it can be carried on, too. (3) M has only open units (upper bound), and
// A had all whose deadline has come, which are the earliest, so M has them (lower bound). At C
// = P all entitlements are whole.
//
// Source: Balinski and Young, "The quota method of apportionment" (1975), which gives one unit at a
// time. Several at once need not go where one by one they would have gone: a unit that opens only
// late in the amount may have the earlier deadline. The bounds hold for both, and in any mixture.

import { assert } from "./assert.ts";
import { lostInProduct, upperHalf } from "./wide-product.ts";

export const SPLIT_HOLDERS_MAX = 1_000_000;
/**
 * Up to here two floats hold all that is needed; above, big integers take
 * over, some three times slower.
 */
const FLOATS_CENTS_MAX = 2 ** 50;
const SCRATCH_HOLDERS_KEPT_MAX = 16_384;

interface Scratch {
  /** Floor of each entitlement. */
  readonly floors: Float64Array;
  /** C*p mod P: what the floor leaves, in P-ths of a unit. */
  readonly remainders: Float64Array;
  /** Cents until the next unit's deadline, (P - remainder) / p; Infinity for who may get none. */
  readonly waits: Float64Array;
  readonly sorted: Float64Array;
}

let kept: Scratch = scratchFor(1_024);

/**
 * Writes into `legs` what each holder gets of `amountCents`, in minor units. Index = holder, in the
 * order of bids, which decides ties. `sharesCents` are the principal shares, summing to
 * `totalCents`; `paidCents` is what each got by earlier calls, summing to
 * `cumulativeBeforeCents`, which may pass the total (interest). Principal and interest are two
 * series: each with its own paid and cumulative.
 *
 * Asserts whole numbers, these sums, and that no holder got more than its ceiling: a series that
 * was not made by this function is a bug. Changes nothing but `legs`.
 */
export function splitByShares(
  sharesCents: Float64Array,
  paidCents: Float64Array,
  totalCents: number,
  cumulativeBeforeCents: number,
  amountCents: number,
  legs: Float64Array,
): void {
  const holders = sharesCents.length;
  assert(holders >= 1 && holders <= SPLIT_HOLDERS_MAX, "a split has holders", holders);
  assert(paidCents.length === holders && legs.length === holders, "one entry a holder");
  assert(Number.isSafeInteger(totalCents) && totalCents > 0, "a total is positive", totalCents);
  assert(isAmount(amountCents), "an amount is a whole number, 0 or more", amountCents);
  assert(isAmount(cumulativeBeforeCents), "a sum is a whole number", cumulativeBeforeCents);
  const cumulativeCents = cumulativeBeforeCents + amountCents;
  assert(Number.isSafeInteger(cumulativeCents), "a sum is a safe integer", cumulativeCents);

  const scratch = takeScratch(holders);
  assertSum(sharesCents, totalCents, "shares sum to the total, not to");
  assertSum(paidCents, cumulativeBeforeCents, "what was paid sums to what was split, not to");
  const inFloats = totalCents <= FLOATS_CENTS_MAX && cumulativeCents <= FLOATS_CENTS_MAX;
  (inFloats ? entitleByFloats : entitleByBigInts)(
    sharesCents,
    totalCents,
    cumulativeCents,
    scratch,
  );
  const { open, leftOverCents } = giveFloors(
    sharesCents,
    paidCents,
    totalCents,
    amountCents,
    scratch,
    legs,
  );
  assert(leftOverCents >= 0 && leftOverCents <= open, "the series is split by this rule alone");
  if (leftOverCents > 0) giveEarliest(open, leftOverCents, scratch, legs);
}

/**
 * Fills floors and remainders. With P and C up to 2^50: the quotient is off by less than 2^50 *
 * 2^-52, so its floor by at most one; the remainder before mending lies in [-P, 2P) and each
 * difference below is a whole number under 2^53, hence exact.
 */
function entitleByFloats(
  sharesCents: Float64Array,
  totalCents: number,
  cumulativeCents: number,
  { floors, remainders }: Scratch,
): void {
  const totalUpper = upperHalf(totalCents);
  const cumulativeUpper = upperHalf(cumulativeCents);
  for (let h = 0; h < sharesCents.length; h++) {
    const share = sharesCents[h]!;
    const product = cumulativeCents * share;
    let floor = Math.floor(product / totalCents);
    const back = floor * totalCents;
    let remainder =
      product -
      back +
      (lostInProduct(product, cumulativeCents, cumulativeUpper, share, upperHalf(share)) -
        lostInProduct(back, totalCents, totalUpper, floor, upperHalf(floor)));
    if (remainder < 0) {
      floor--;
      remainder += totalCents;
    } else if (remainder >= totalCents) {
      floor++;
      remainder -= totalCents;
    }
    floors[h] = floor;
    remainders[h] = remainder;
  }
}

function entitleByBigInts(
  sharesCents: Float64Array,
  totalCents: number,
  cumulativeCents: number,
  { floors, remainders }: Scratch,
): void {
  const total = BigInt(totalCents);
  const cumulative = BigInt(cumulativeCents);
  for (let h = 0; h < sharesCents.length; h++) {
    const product = cumulative * BigInt(sharesCents[h]!);
    floors[h] = Number(product / total);
    remainders[h] = Number(product % total);
  }
}

/** The legs by floor, who may get one unit more, and how many units are left for them. */
function giveFloors(
  sharesCents: Float64Array,
  paidCents: Float64Array,
  totalCents: number,
  amountCents: number,
  { floors, remainders, waits, sorted }: Scratch,
  legs: Float64Array,
): { open: number; leftOverCents: number } {
  let leftOverCents = amountCents;
  let open = 0;
  for (let h = 0; h < sharesCents.length; h++) {
    const lackCents = floors[h]! - paidCents[h]!;
    const remainder = remainders[h]!;
    const legCents = lackCents > 0 ? lackCents : 0;
    legs[h] = legCents;
    leftOverCents -= legCents;
    waits[h] = Infinity;
    if (remainder === 0) {
      assert(lackCents >= 0, "a holder never got more than its ceiling; index", h);
    } else if (lackCents >= 0) {
      waits[h] = sorted[open++] = (totalCents - remainder) / sharesCents[h]!;
    } else {
      assert(lackCents === -1, "a holder never got more than its ceiling; index", h);
    }
  }
  return { open, leftOverCents };
}

/**
 * One unit each to the `units` holders whose deadlines are the earliest; equal ones in the order of
 * bids. Waits are rounded quotients, yet equal only where the exact ones are: two
 * deadlines i*P/p and j*P/q that differ do so by P/(p*q) or more, the wait of the larger
 * share p is below P/p, so they differ by more than 1/q of it, and q <= P/2 < 2^52: more
 * than floats that are equal can hide.
 */
function giveEarliest(
  open: number,
  units: number,
  { waits, sorted }: Scratch,
  legs: Float64Array,
): void {
  const inOrder = sorted.subarray(0, open).sort();
  const lastWait = inOrder[units - 1]!;
  // Those who wait less than the last all get one; of those who wait as long, the first ones do.
  let tiedUnits = units - 1;
  while (tiedUnits > 0 && inOrder[tiedUnits - 1] === lastWait) tiedUnits--;
  tiedUnits = units - tiedUnits;
  for (let h = 0; h < legs.length; h++) {
    const wait = waits[h]!;
    if (wait < lastWait || (wait === lastWait && tiedUnits-- > 0)) legs[h]! += 1;
  }
}

function assertSum(amounts: Float64Array, sumCents: number, message: string): void {
  let sum = 0;
  for (let h = 0; h < amounts.length; h++) {
    const amount = amounts[h]!;
    assert(amount >= 0 && Math.floor(amount) === amount, "amounts are whole cents; index", h);
    sum += amount;
  }
  assert(sum === sumCents, message, sum);
}

function isAmount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Every entry that is read was written in the same call, so what is left in it does not matter. */
function takeScratch(holders: number): Scratch {
  if (holders <= kept.floors.length) return kept;
  const scratch = scratchFor(2 ** Math.ceil(Math.log2(holders)));
  if (holders <= SCRATCH_HOLDERS_KEPT_MAX) kept = scratch;
  return scratch;
}

function scratchFor(holders: number): Scratch {
  return {
    floors: new Float64Array(holders),
    remainders: new Float64Array(holders),
    waits: new Float64Array(holders),
    sorted: new Float64Array(holders),
  };
}
