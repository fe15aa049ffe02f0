// Finds the one of payment, rate, term and amount that is not given, for equal instalments. Each
// search is a bisection over whole numbers on the exact, monotone instalment (level-instalment.ts),
// so the answer is the answer, not near it; the schedule is then made again from what was found.

import { assert } from "../money/assert.ts";
import { RATE_BPS_MAX, isRateBps, rateBps, type RateBps } from "../money/rate.ts";
import { businessDate } from "./business-date.ts";
import { BPS_MONTHS_PER_ONE } from "./interest.ts";
import { levelInstalmentCents } from "./level-instalment.ts";
import { scheduleOf } from "./schedule.ts";
import { SCHEDULE_PRINCIPAL_CENTS_MAX, TERM_MONTHS_MAX } from "./terms.ts";

export type Unknown = "payment" | "rate" | "term" | "amount";

export const UNKNOWNS: readonly Unknown[] = ["payment", "rate", "term", "amount"];

interface Quantities {
  readonly principalCents: number;
  readonly rateBps: RateBps;
  readonly months: number;
  /** What the borrower can pay each month. */
  readonly paymentCents: number;
}

export type SolveRequest =
  | ({ readonly unknown: "payment" } & Omit<Quantities, "paymentCents">)
  | ({ readonly unknown: "rate" } & Omit<Quantities, "rateBps">)
  | ({ readonly unknown: "term" } & Omit<Quantities, "months">)
  | ({ readonly unknown: "amount" } & Omit<Quantities, "principalCents">);

export type SolveRefusal =
  | "principal_out_of_range"
  | "rate_out_of_range"
  | "term_out_of_range"
  | "payment_out_of_range"
  /** It does not even pay the interest: the debt would never shrink. */
  | "payment_never_repays"
  /** Even without interest it does not repay the principal within the term. */
  | "payment_too_small"
  /** More than the highest rate, or the largest loan, would ask for. */
  | "payment_too_large"
  /** It repays, but not within the longest term. */
  | "term_too_long";

export interface Solution {
  readonly refused: null;
  readonly principalCents: number;
  readonly rateBps: RateBps;
  readonly months: number;
  /** The instalment of the schedule that was found: at most the payment that was given. */
  readonly instalmentCents: number;
  /** The last one takes up all rounding; on small loans with many periods it may be larger. */
  readonly lastInstalmentCents: number;
}

export type SolveResult = Solution | { readonly refused: SolveRefusal };

/**
 * payment: the instalment.
 * rate: of all rates, the highest instalment within the payment; the lowest rate that has it.
 * term: the fewest months whose instalment is within the payment.
 * amount: the largest principal whose instalment is within the payment.
 */
export function solve(request: SolveRequest): SolveResult {
  const refused = refusalOfRequest(request);
  if (refused !== null) return { refused };
  switch (request.unknown) {
    case "payment":
      return solutionOf(request.principalCents, request.rateBps, request.months);
    case "rate":
      return solveRate(request.principalCents, request.months, request.paymentCents);
    case "term":
      return solveTerm(request.principalCents, request.rateBps, request.paymentCents);
    case "amount":
      return solveAmount(request.rateBps, request.months, request.paymentCents);
  }
}

function refusalOfRequest(request: SolveRequest): SolveRefusal | null {
  const { unknown } = request;
  if (
    unknown !== "amount" &&
    !isIntegerWithin(request.principalCents, SCHEDULE_PRINCIPAL_CENTS_MAX)
  ) {
    return "principal_out_of_range";
  }
  if (unknown !== "rate" && !isRateBps(request.rateBps)) return "rate_out_of_range";
  if (unknown !== "term" && !isIntegerWithin(request.months, TERM_MONTHS_MAX)) {
    return "term_out_of_range";
  }
  if (unknown !== "payment" && !isIntegerWithin(request.paymentCents, Number.MAX_SAFE_INTEGER)) {
    return "payment_out_of_range";
  }
  return null;
}

function solveRate(principalCents: number, months: number, paymentCents: number): SolveResult {
  const instalmentAt = (rate: number): number =>
    levelInstalmentCents(principalCents, rateBps(rate), months);
  if (paymentCents < instalmentAt(0)) return { refused: "payment_too_small" };
  if (paymentCents > instalmentAt(RATE_BPS_MAX)) return { refused: "payment_too_large" };
  const affordable = lastWhere(0, RATE_BPS_MAX, (rate) => instalmentAt(rate) <= paymentCents);
  const instalmentCents = instalmentAt(affordable);
  const lower = lastWhere(
    -1,
    affordable,
    (rate) => rate < 0 || instalmentAt(rate) < instalmentCents,
  );
  return solutionOf(principalCents, rateBps(lower + 1), months);
}

function solveTerm(principalCents: number, rate: RateBps, paymentCents: number): SolveResult {
  // By the exact interest: rounded down, it could be covered for ever without being repaid.
  const paid = BigInt(paymentCents) * BigInt(BPS_MONTHS_PER_ONE);
  if (paid <= BigInt(principalCents) * BigInt(rate)) return { refused: "payment_never_repays" };
  const isTooShort = (months: number): boolean =>
    months < 1 || levelInstalmentCents(principalCents, rate, months) > paymentCents;
  if (isTooShort(TERM_MONTHS_MAX)) return { refused: "term_too_long" };
  return solutionOf(principalCents, rate, lastWhere(0, TERM_MONTHS_MAX - 1, isTooShort) + 1);
}

function solveAmount(rate: RateBps, months: number, paymentCents: number): SolveResult {
  const isAffordable = (principalCents: number): boolean =>
    principalCents < 1 || levelInstalmentCents(principalCents, rate, months) <= paymentCents;
  if (levelInstalmentCents(SCHEDULE_PRINCIPAL_CENTS_MAX, rate, months) < paymentCents) {
    return { refused: "payment_too_large" };
  }
  const principalCents = lastWhere(0, SCHEDULE_PRINCIPAL_CENTS_MAX, isAffordable);
  return principalCents < 1
    ? { refused: "payment_too_small" }
    : solutionOf(principalCents, rate, months);
}

/**
 * The last of `from` to `to` for which `holds`, which holds for `from` and, once false, stays so.
 */
function lastWhere(from: number, to: number, holds: (value: number) => boolean): number {
  let known = from;
  let end = to;
  while (known < end) {
    const middle = known + Math.ceil((end - known) / 2);
    if (holds(middle)) known = middle;
    else end = middle - 1;
  }
  return known;
}

function solutionOf(principalCents: number, rate: RateBps, months: number): Solution {
  const schedule = scheduleOf({
    method: "equal_instalment",
    principalCents,
    rateBps: rate,
    months,
    disbursedOn: businessDate(0),
  });
  const last = schedule.at(-1);
  assert(last !== undefined, "a schedule has instalments");
  return {
    refused: null,
    principalCents,
    rateBps: rate,
    months,
    instalmentCents: levelInstalmentCents(principalCents, rate, months),
    lastInstalmentCents: last.principalCents + last.interestCents,
  };
}

function isIntegerWithin(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= max;
}
