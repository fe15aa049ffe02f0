// What a loan is lent on: how it takes bids, how it is repaid, and what that costs.

import { AMOUNT_CENTS_MAX } from "../../src/money/cents.ts";
import { proportionHalfUp } from "../../src/money/proportion.ts";
import { BPS_PER_ONE, isDailyRatePpm, isFeeBps, isRateBps } from "../../src/money/rate.ts";
import { businessDateAtMs } from "../../src/lending/business-date.ts";
import { DAY_COUNT_BASES, type DayCountBasis } from "../../src/lending/day-count.ts";
import { GRACE_DAYS_MAX } from "../../src/lending/overdue.ts";
import { refusalOfTerms, type RepaymentMethod } from "../../src/lending/terms.ts";
import type { AccountId } from "../address.ts";
import type { Refusal } from "../refusals.ts";

/** How the loan takes bids. */
export interface ListingTerms {
  readonly borrowerId: AccountId;
  readonly principalCents: number;
  readonly stepCents: number;
  readonly minBidCents: number;
  /** The most that one lender may lend; null for no cap. */
  readonly lenderCapCents: number | null;
  /** Bids before this instant are refused (a promotion); null when it opens at once. */
  readonly opensAtMs: number | null;
  /** When it is not full by then, it expires and every hold is voided. */
  readonly closesAtMs: number;
  readonly cancellable: boolean;
}

/** How the loan is repaid, and what it costs. Rates and fees in basis points. */
export interface LendingTerms {
  readonly method: RepaymentMethod;
  /** Months; days with the method bullet_days. */
  readonly term: number;
  /** Yearly. */
  readonly rateBps: number;
  /** 360, 364 or 365 days that bullet_days counts as a year; 0 stands for actual. */
  readonly basisDays: number;
  /** Of the principal, kept from the disbursement. */
  readonly originationFeeBps: number;
  /** Of the interest and penalty that a lender receives. */
  readonly serviceFeeBps: number;
  /** Of principal that is repaid before it is due. */
  readonly earlyFeeBps: number;
  /** Days past due that cost no penalty. */
  readonly graceDays: number;
  /** Of what is overdue, in millionths a day. */
  readonly penaltyPpm: number;
  /** Paid out as soon as it is full; otherwise an operator confirms. */
  readonly disbursesAtOnce: boolean;
}

export type LoanTerms = ListingTerms & LendingTerms;

/**
 * One literal, so that the terms of all loans have one hidden class. Merged by spreading, V8 gave
 * those of nearly every loan one of their own, and each look at them missed its inline cache.
 */
export function loanTermsOf(listing: ListingTerms, lending: LendingTerms): LoanTerms {
  return {
    borrowerId: listing.borrowerId,
    principalCents: listing.principalCents,
    stepCents: listing.stepCents,
    minBidCents: listing.minBidCents,
    lenderCapCents: listing.lenderCapCents,
    opensAtMs: listing.opensAtMs,
    closesAtMs: listing.closesAtMs,
    cancellable: listing.cancellable,
    method: lending.method,
    term: lending.term,
    rateBps: lending.rateBps,
    basisDays: lending.basisDays,
    originationFeeBps: lending.originationFeeBps,
    serviceFeeBps: lending.serviceFeeBps,
    earlyFeeBps: lending.earlyFeeBps,
    graceDays: lending.graceDays,
    penaltyPpm: lending.penaltyPpm,
    disbursesAtOnce: lending.disbursesAtOnce,
  };
}

/** What a listing means that names none of them: one year, free of interest and fees. */
export const LENDING_TERMS_DEFAULT: LendingTerms = {
  method: "equal_instalment",
  term: 12,
  rateBps: 0,
  basisDays: 365,
  originationFeeBps: 0,
  serviceFeeBps: 0,
  earlyFeeBps: 0,
  graceDays: 0,
  penaltyPpm: 0,
  disbursesAtOnce: false,
};

/** The fields of a listing out of a command or event that has more. */
export function listingIn(from: ListingTerms): ListingTerms {
  const { borrowerId, principalCents, stepCents, minBidCents } = from;
  const { lenderCapCents, opensAtMs, closesAtMs, cancellable } = from;
  return {
    borrowerId,
    principalCents,
    stepCents,
    minBidCents,
    lenderCapCents,
    opensAtMs,
    closesAtMs,
    cancellable,
  };
}

/** Lending terms as a listing may leave them out. */
export type LendingTermsAsked = {
  readonly [Name in keyof LendingTerms]: LendingTerms[Name] | null;
};

/** The defaults wherever nothing was asked for. */
export function lendingTermsOf(asked: LendingTermsAsked): LendingTerms {
  const without = LENDING_TERMS_DEFAULT;
  return {
    method: asked.method ?? without.method,
    term: asked.term ?? without.term,
    rateBps: asked.rateBps ?? without.rateBps,
    basisDays: asked.basisDays ?? without.basisDays,
    originationFeeBps: asked.originationFeeBps ?? without.originationFeeBps,
    serviceFeeBps: asked.serviceFeeBps ?? without.serviceFeeBps,
    earlyFeeBps: asked.earlyFeeBps ?? without.earlyFeeBps,
    graceDays: asked.graceDays ?? without.graceDays,
    penaltyPpm: asked.penaltyPpm ?? without.penaltyPpm,
    disbursesAtOnce: asked.disbursesAtOnce ?? without.disbursesAtOnce,
  };
}

/** The day count of `basisDays`; undefined when there is none of so many days. */
export function basisOf(basisDays: number): DayCountBasis | undefined {
  if (basisDays === 0) return "actual";
  return DAY_COUNT_BASES.find((basis) => basis === basisDays);
}

/**
 * Why a loan cannot be lent on these terms, or null: `rate_out_of_range` for rates and fees beyond
 * what money knows, `terms_out_of_range` for a schedule that lending would not compute,
 * `payoff_above_limit` for what no single payment would repay. `at` in ms: no loan is
 * disbursed before it is listed.
 */
export function refusalOfLendingTerms(
  principalCents: number,
  terms: LendingTerms,
  at: number,
): Refusal | null {
  const { method, term, rateBps, graceDays } = terms;
  const fees = [terms.originationFeeBps, terms.serviceFeeBps, terms.earlyFeeBps];
  if (!isRateBps(rateBps) || !fees.every(isFeeBps)) return "rate_out_of_range";
  if (!isDailyRatePpm(terms.penaltyPpm)) return "rate_out_of_range";
  if (graceDays > GRACE_DAYS_MAX) return "terms_out_of_range";
  const basis = basisOf(terms.basisDays);
  if (basis === undefined) return "terms_out_of_range";
  const common = { principalCents, rateBps, disbursedOn: businessDateAtMs(at) };
  const schedule =
    method === "bullet_days"
      ? { ...common, method, days: term, basis }
      : { ...common, method, months: term };
  if (refusalOfTerms(schedule) !== null) return "terms_out_of_range";
  return payoffCentsMax(principalCents, terms) > AMOUNT_CENTS_MAX ? "payoff_above_limit" : null;
}

/**
 * No less than what repays all of the loan on any day: principal, the interest on all of it for the
 * whole term with each period's rounded up, and the early fee. A loan within AMOUNT_CENTS_MAX can
 * be repaid by one payment, from one balance. Penalties are not in it: they are repaid with what is
 * due, in as many parts as one likes.
 */
export function payoffCentsMax(principalCents: number, terms: LendingTerms): number {
  const { method, term, rateBps, earlyFeeBps } = terms;
  const interestCents =
    method === "bullet_days"
      ? shareUp(principalCents, rateBps * term, BPS_PER_ONE * (terms.basisDays || DAYS_PER_YEAR))
      : shareUp(principalCents, rateBps, BPS_PER_ONE * MONTHS_PER_YEAR) * term;
  return principalCents + interestCents + bpsOf(principalCents, earlyFeeBps);
}

const MONTHS_PER_YEAR = 12;
/** Of the actual ones the shortest, in which a day bears most. */
const DAYS_PER_YEAR = 365;

/** Rounded up, of products beyond 2^53 as well. */
function shareUp(amountCents: number, numerator: number, denominator: number): number {
  const product = BigInt(amountCents) * BigInt(numerator);
  return Number((product + BigInt(denominator - 1)) / BigInt(denominator));
}

/** A share of an amount in basis points, rounded half up. */
export function bpsOf(amountCents: number, bps: number): number {
  return bps === 0 ? 0 : proportionHalfUp(amountCents, bps, BPS_PER_ONE);
}
