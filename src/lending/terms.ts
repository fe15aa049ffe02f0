// What a repayment schedule is computed from, and its limits.

import { RATE_BPS_MAX, isRateBps, type RateBps } from "../money/rate.ts";
import { BUSINESS_DATE_MAX, isBusinessDate, type BusinessDate } from "./business-date.ts";
import { DAY_COUNT_BASES, type DayCountBasis } from "./day-count.ts";

/** Methods whose term is a number of months. */
export const MONTHLY_METHODS = [
  "equal_instalment",
  "equal_principal",
  "interest_only",
  "bullet",
] as const;

export type MonthlyMethod = (typeof MONTHLY_METHODS)[number];
export type RepaymentMethod = MonthlyMethod | "bullet_days";

export const REPAYMENT_METHODS: readonly RepaymentMethod[] = [...MONTHLY_METHODS, "bullet_days"];

interface CommonTerms {
  readonly principalCents: number;
  readonly rateBps: RateBps;
  /**
   * The disbursement date: interest runs from it, and its day of the month anchors all due dates.
   */
  readonly disbursedOn: BusinessDate;
}

export interface MonthlyTerms extends CommonTerms {
  readonly method: MonthlyMethod;
  readonly months: number;
}

export interface DailyTerms extends CommonTerms {
  readonly method: "bullet_days";
  readonly days: number;
  readonly basis: DayCountBasis;
}

export type ScheduleTerms = MonthlyTerms | DailyTerms;

export const TERM_MONTHS_MAX = 600;
export const TERM_DAYS_MAX = 3_660;
/**
 * 100,000,000,000.00. With the highest rate and the longest term a loan of it owes 501 times as
 * much, which is still a safe integer: no sum of a schedule can overflow.
 */
export const SCHEDULE_PRINCIPAL_CENTS_MAX = 10_000_000_000_000;

export type TermsRefusal =
  | "principal_out_of_range"
  | "rate_out_of_range"
  | "term_out_of_range"
  | "basis_unknown"
  | "date_out_of_range";

/** What each refusal wants, for people. */
export const TERMS_EXPECTED: Readonly<Record<TermsRefusal, string>> = {
  principal_out_of_range: `a principal from 1 to ${SCHEDULE_PRINCIPAL_CENTS_MAX} cents`,
  rate_out_of_range: `a yearly rate from 0 to ${RATE_BPS_MAX} basis points`,
  term_out_of_range: `a term from 1 to ${TERM_MONTHS_MAX} months, or 1 to ${TERM_DAYS_MAX} days`,
  basis_unknown: `a basis of ${DAY_COUNT_BASES.join(", ")}`,
  date_out_of_range: "a date from 1970-01-01 whose schedule ends by 9999-12-31",
};

/** The first thing that is wrong with terms that came from outside; null when they are sound. */
export function refusalOfTerms(terms: ScheduleTerms): TermsRefusal | null {
  const { principalCents, disbursedOn } = terms;
  if (!isIntegerWithin(principalCents, 1, SCHEDULE_PRINCIPAL_CENTS_MAX)) {
    return "principal_out_of_range";
  }
  if (!isRateBps(terms.rateBps)) return "rate_out_of_range";
  const daily = terms.method === "bullet_days";
  const term = daily ? terms.days : terms.months;
  if (!isIntegerWithin(term, 1, daily ? TERM_DAYS_MAX : TERM_MONTHS_MAX)) {
    return "term_out_of_range";
  }
  if (daily && !DAY_COUNT_BASES.includes(terms.basis)) return "basis_unknown";
  const longestDays = daily ? term : term * 31;
  if (!isBusinessDate(disbursedOn) || disbursedOn + longestDays > BUSINESS_DATE_MAX) {
    return "date_out_of_range";
  }
  return null;
}

function isIntegerWithin(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}
