// Answers schedule.preview: arithmetic alone, so that no actor is asked. What it
// costs is bounded by the terms that lending accepts, and what is searched for is
// charged to the account's allowance.

import { businessDate } from "../lending/business-date.ts";
import { DAY_COUNT_BASES, type DayCountBasis } from "../lending/day-count.ts";
import { scheduleOf } from "../lending/schedule.ts";
import { solve, type SolveRefusal, type SolveRequest } from "../lending/solve.ts";
import { refusalOfTerms, type ScheduleTerms, type TermsRefusal } from "../lending/terms.ts";
import type { RateBps } from "../money/rate.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import type { CommandOf, ReplyOf } from "../protocol/table.ts";

export type PreviewCommand = CommandOf<"schedule.preview">;
export type PreviewReply = ReplyOf<"schedule.preview">;

/** `detail` says what of the request is wrong, for people. */
export type Preview =
  | { readonly ok: true; readonly view: PreviewReply }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string | null };

const BASIS_DAYS_DEFAULT = 365;
const SEARCH_TOKENS = 20;

/**
 * Requests that an answer counts as. A search of 600 months takes up to 1.3 ms where a schedule
 * takes 0.1 ms (lending/README.md).
 */
export function previewTokens({ paymentCents }: PreviewCommand): number {
  return paymentCents === null ? 1 : SEARCH_TOKENS;
}

/** `today`: the business date, in days since 1970. */
export function previewOf(command: PreviewCommand, today: number): Preview {
  const { paymentCents } = command;
  if (paymentCents === null) return scheduleFor(command, today);
  const request = solveRequestOf(command, paymentCents);
  if (typeof request === "string") return refused("invalid_field", request);
  const solution = solve(request);
  if (solution.refused !== null) return refused(SOLVE_CODES[solution.refused], null);
  const { principalCents, rateBps, months } = solution;
  return scheduleFor({ ...command, principalCents, rateBps, term: months }, today);
}

function refused(code: ErrorCode, detail: string | null): Preview {
  return { ok: false, code, detail };
}

const SOLVE_CODES: Readonly<Record<SolveRefusal, ErrorCode>> = {
  principal_out_of_range: "terms_out_of_range",
  rate_out_of_range: "rate_out_of_range",
  term_out_of_range: "terms_out_of_range",
  payment_out_of_range: "terms_out_of_range",
  payment_never_repays: "payment_never_repays",
  payment_too_small: "payment_too_small",
  payment_too_large: "payment_too_large",
  term_too_long: "term_too_long",
};

/** The search that is asked for; a text when none or several are. */
function solveRequestOf(command: PreviewCommand, paymentCents: number): SolveRequest | string {
  const { principalCents, rateBps, term: months, method } = command;
  if (method !== null && method !== "equal_instalment") {
    return "method: with paymentCents it can only be equal_instalment";
  }
  // What is no rate is told by `solve`, which knows the limits.
  const rate = rateBps as RateBps | null;
  if (principalCents !== null && rate !== null && months === null) {
    return { unknown: "term", principalCents, rateBps: rate, paymentCents };
  }
  if (principalCents !== null && rate === null && months !== null) {
    return { unknown: "rate", principalCents, months, paymentCents };
  }
  if (principalCents === null && rate !== null && months !== null) {
    return { unknown: "amount", rateBps: rate, months, paymentCents };
  }
  return "paymentCents: with two of principalCents, rateBps and term; the third is found";
}

function scheduleFor(command: PreviewCommand, today: number): Preview {
  const { principalCents, rateBps, term } = command;
  if (principalCents === null || rateBps === null || term === null) {
    return refused(
      "invalid_field",
      "principalCents, rateBps and term: one may be left out with paymentCents",
    );
  }
  const terms = termsOf(command, principalCents, rateBps, term, today);
  if (terms === null) return refused("terms_out_of_range", "basisDays");
  const refusal = refusalOfTerms(terms);
  if (refusal !== null) return refused(codeOf(refusal), refusal);
  const instalments = scheduleOf(terms).map(({ k, due, ...parts }) => {
    return {
      k,
      dueOn: due,
      principalCents: parts.principalCents,
      interestCents: parts.interestCents,
    };
  });
  const interestCents = instalments.reduce((sum, each) => sum + each.interestCents, 0);
  const totalCents = principalCents + interestCents;
  const view = { principalCents, rateBps, term, interestCents, totalCents, instalments };
  return { ok: true, view };
}

function codeOf(refusal: TermsRefusal): ErrorCode {
  return refusal === "rate_out_of_range" ? "rate_out_of_range" : "terms_out_of_range";
}

/** Null for a basis that there is none of. Whether the rest is sound is asked of lending. */
function termsOf(
  { method, basisDays, startOn }: PreviewCommand,
  principalCents: number,
  rateBps: number,
  term: number,
  today: number,
): ScheduleTerms | null {
  const disbursedOn = businessDate(startOn ?? today);
  // Cast, not made: `refusalOfTerms` says politely what a constructor would assert.
  const common = { principalCents, rateBps: rateBps as RateBps, disbursedOn };
  if (method !== "bullet_days") {
    return { ...common, method: method ?? "equal_instalment", months: term };
  }
  const basis = basisOf(basisDays ?? BASIS_DAYS_DEFAULT);
  return basis === undefined ? null : { ...common, method, days: term, basis };
}

function basisOf(basisDays: number): DayCountBasis | undefined {
  return basisDays === 0 ? "actual" : DAY_COUNT_BASES.find((basis) => basis === basisDays);
}
