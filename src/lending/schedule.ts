// Repayment schedules by five methods. P is the principal, r the rate of a month, n the months;
// "round" is half up to the cent, once.
//
//   equal_instalment  A = P*r*(1+r)^n / ((1+r)^n - 1), rounded (P/n where r is 0);
//                     interest = round(outstanding*r), principal = A - interest; the last one
//                     repays what is outstanding
//   equal_principal   principal = round(P*k/n) - round(P*(k-1)/n); interest = round(outstanding*r)
//   interest_only     interest = round(P*r); the principal with the last one
//   bullet            one payment: P and round(P*r*n)
//   bullet_days       one payment: P and round(P*rate*days/basis)
//
// 10,000.00 at 12 % over 12 months in equal instalments: 888.49 a month, the last one 888.47.

import { assert, assertNever } from "../money/assert.ts";
import { proportionHalfUp } from "../money/proportion.ts";
import { addDays, addMonths, type BusinessDate } from "./business-date.ts";
import { daysInterestCents, monthsInterestCents } from "./interest.ts";
import { levelInstalmentCents } from "./level-instalment.ts";
import { refusalOfTerms, type MonthlyTerms, type ScheduleTerms } from "./terms.ts";

/** One due repayment; `k` counts from 1. */
export interface Instalment {
  readonly k: number;
  readonly due: BusinessDate;
  readonly principalCents: number;
  readonly interestCents: number;
}

/** An instalment without its place in the calendar. */
export interface Share {
  readonly principalCents: number;
  readonly interestCents: number;
}

/**
 * All instalments, in order; their principal sums to the loan's. There are always as many as the
 * term has (one for a bullet), even where a loan of a few cents leaves some of them empty.
 * Asserts terms that `refusalOfTerms` accepts.
 */
export function scheduleOf(terms: ScheduleTerms): readonly Instalment[] {
  const refusal = refusalOfTerms(terms);
  assert(refusal === null, "terms are sound", refusal ?? undefined);
  const { principalCents, rateBps, disbursedOn } = terms;
  if (terms.method === "bullet_days") {
    const { days, basis } = terms;
    const interestCents = daysInterestCents(principalCents, rateBps, disbursedOn, days, basis);
    return [{ k: 1, due: addDays(disbursedOn, days), principalCents, interestCents }];
  }
  if (terms.method === "bullet") {
    const interestCents = monthsInterestCents(principalCents, rateBps, terms.months);
    return [{ k: 1, due: addMonths(disbursedOn, terms.months), principalCents, interestCents }];
  }
  const instalmentCents = levelOf(terms);
  return sharesOf(terms, terms.months, instalmentCents).map((share, index) => ({
    k: index + 1,
    due: addMonths(disbursedOn, index + 1),
    ...share,
  }));
}

/** The rounded A of equal_instalment; null for methods that have none. */
export function levelOf(terms: ScheduleTerms): number | null {
  if (terms.method !== "equal_instalment") return null;
  return levelInstalmentCents(terms.principalCents, terms.rateBps, terms.months);
}

/** `principalCents` over `periods` whole months; `instalmentCents` is the A of equal_instalment. */
export function sharesOf(
  { method, principalCents, rateBps }: Pick<MonthlyTerms, "method" | "principalCents" | "rateBps">,
  periods: number,
  instalmentCents: number | null,
): Share[] {
  const shares: Share[] = [];
  let outstandingCents = principalCents;
  for (let k = 1; k <= periods; k++) {
    const interestCents = monthsInterestCents(outstandingCents, rateBps, 1);
    const plannedCents = plannedPrincipalCents(k, interestCents);
    assert(plannedCents >= 0, "an instalment covers its interest");
    // A is rounded up at times, and may then repay all before the end.
    const repaidCents = k === periods ? outstandingCents : Math.min(plannedCents, outstandingCents);
    shares.push({ principalCents: repaidCents, interestCents });
    outstandingCents -= repaidCents;
  }
  return shares;

  function plannedPrincipalCents(k: number, interestCents: number): number {
    switch (method) {
      case "equal_instalment":
        // Never negative: A was at least P*r before both were rounded, and interest only falls.
        return instalmentCents! - interestCents;
      case "equal_principal":
        return (
          proportionHalfUp(principalCents, k, periods) -
          proportionHalfUp(principalCents, k - 1, periods)
        );
      case "interest_only":
      case "bullet":
        return 0;
      default:
        return assertNever(method);
    }
  }
}
