// Repayment before it is due: in full, or in part with the term or the instalment kept. A part pays
// the interest of the running period to that day, then principal with its early fee. The rest of
// the loan is then repaid as a new one of what remains would be over the remaining periods, but the
// running period bears interest only for the days that are left of it.

import { assert, assertNever } from "../money/assert.ts";
import { proportionHalfUp } from "../money/proportion.ts";
import { BPS_PER_ONE, type FeeBps } from "../money/rate.ts";
import type { BusinessDate } from "./business-date.ts";
import { BPS_MONTHS_PER_ONE, daysInterestCents, monthsInterestCents } from "./interest.ts";
import { levelInstalmentCents } from "./level-instalment.ts";
import {
  periodStartOf,
  planAccruedCents,
  plannedPrincipalCents,
  type RepaymentPlan,
} from "./plan.ts";
import { sharesOf, type Share } from "./schedule.ts";

/** What changes when a part is repaid early: smaller instalments, or fewer. */
export type Keep = "term" | "instalment";

export type EarlyRefusal =
  /** No principal is left that is not due yet. */
  | "nothing_outstanding"
  /** The day is before the running period, or an instalment is due: take that first. */
  | "outside_running_period"
  /** Not even the interest to that day and one cent of principal with its fee. */
  | "amount_too_small"
  /** All principal would be repaid: that is a repayment in full. */
  | "amount_repays_all"
  /** A loan whose principal comes at once, at the end, has no instalment to keep. */
  | "no_instalment_to_keep";

export interface EarlyParts {
  readonly principalCents: number;
  /** Of the running period, to that day. */
  readonly interestCents: number;
  readonly feeCents: number;
}

export type EarlyInFull =
  | { readonly refused: EarlyRefusal }
  | (EarlyParts & { readonly refused: null; readonly totalCents: number });

export type EarlyInPart =
  | { readonly refused: EarlyRefusal }
  | (EarlyParts & {
      readonly refused: null;
      /** 0, or 1 where principal and its rounded fee cannot use the amount up. */
      readonly remainderCents: number;
      readonly plan: RepaymentPlan;
    });

/** The fee on principal that is repaid early: principal * fee, rounded half up. */
export function earlyFeeCents(principalCents: number, fee: FeeBps): number {
  return proportionHalfUp(principalCents, fee, BPS_PER_ONE);
}

/** What repays all of the plan on that day. What is past due is not in it: it is owed besides. */
export function earlyInFull(plan: RepaymentPlan, on: BusinessDate, fee: FeeBps): EarlyInFull {
  const refused = refusalOn(plan, on);
  if (refused !== null) return { refused };
  const principalCents = plannedPrincipalCents(plan);
  const interestCents = planAccruedCents(plan, on);
  const feeCents = earlyFeeCents(principalCents, fee);
  const totalCents = principalCents + interestCents + feeCents;
  return { refused: null, principalCents, interestCents, feeCents, totalCents };
}

/**
 * Divides `amountCents` that is paid on that day, and gives the plan that is left. The principal is
 * the most that the amount can repay. Days already paid for accrue nothing again.
 */
export function earlyInPart(
  plan: RepaymentPlan,
  on: BusinessDate,
  amountCents: number,
  fee: FeeBps,
  keep: Keep,
): EarlyInPart {
  const refused = refusalOn(plan, on);
  if (refused !== null) return { refused };
  const { method } = plan.terms;
  if (keep === "instalment" && method !== "equal_instalment" && method !== "equal_principal") {
    return { refused: "no_instalment_to_keep" };
  }
  const interestCents = planAccruedCents(plan, on);
  const principalCents = principalWithin(amountCents - interestCents, fee);
  if (principalCents < 1) return { refused: "amount_too_small" };
  const outstandingCents = plannedPrincipalCents(plan);
  if (principalCents >= outstandingCents) return { refused: "amount_repays_all" };
  const feeCents = earlyFeeCents(principalCents, fee);
  return {
    refused: null,
    principalCents,
    interestCents,
    feeCents,
    remainderCents: amountCents - interestCents - principalCents - feeCents,
    plan: planAfter(plan, on, outstandingCents - principalCents, keep),
  };
}

function refusalOn(plan: RepaymentPlan, on: BusinessDate): EarlyRefusal | null {
  const next = plan.instalments[0];
  if (next === undefined || plannedPrincipalCents(plan) === 0) return "nothing_outstanding";
  return on < plan.accruesFrom || on >= next.due ? "outside_running_period" : null;
}

/** The most principal that fits together with its fee; 0 when none does. */
function principalWithin(availableCents: number, fee: FeeBps): number {
  if (availableCents < 1) return 0;
  // Fits always: with an exact fee it fits, and the rounded one is at most half a cent more.
  const floor = Number((BigInt(availableCents) * BigInt(BPS_PER_ONE)) / BigInt(BPS_PER_ONE + fee));
  const above = floor + 1;
  return above + earlyFeeCents(above, fee) <= availableCents ? above : floor;
}

function planAfter(
  plan: RepaymentPlan,
  on: BusinessDate,
  outstandingCents: number,
  keep: Keep,
): RepaymentPlan {
  const periods = plan.instalments.length;
  const { method, rateBps } = plan.terms;
  const instalmentCents =
    method === "equal_instalment" && keep === "term"
      ? levelInstalmentCents(outstandingCents, rateBps, periods)
      : plan.instalmentCents;
  const shares = sharesAfter({ ...plan, instalmentCents }, outstandingCents, keep);
  const instalments = shares.map((share, index) => {
    const { k, due } = plan.instalments[index]!;
    return { k, due, ...share };
  });
  const first = instalments[0];
  assert(first !== undefined, "something is left to repay");
  const interestCents = restInterestCents(plan, on, outstandingCents);
  return {
    ...plan,
    accruesFrom: on,
    instalmentCents,
    instalments: [{ ...first, interestCents }, ...instalments.slice(1)],
  };
}

/** One share for each instalment that stays, with interest as of whole periods. */
function sharesAfter(plan: RepaymentPlan, principalCents: number, keep: Keep): readonly Share[] {
  const { method, rateBps } = plan.terms;
  const periods = plan.instalments.length;
  switch (method) {
    case "bullet":
    case "bullet_days":
      return [{ principalCents, interestCents: 0 }];
    case "equal_principal":
      if (keep === "instalment") return keptPrincipals(plan, principalCents);
      return sharesOf({ method, principalCents, rateBps }, periods, null);
    case "interest_only":
      return sharesOf({ method, principalCents, rateBps }, periods, null);
    case "equal_instalment": {
      const shares = sharesOf({ method, principalCents, rateBps }, periods, plan.instalmentCents);
      if (keep === "term") return shares;
      const last = shares.findLastIndex((share) => share.principalCents > 0);
      return shares.slice(0, last + 1);
    }
    default:
      return assertNever(method);
  }
}

/**
 * equal_principal with its instalments kept: each repays what it would have, until all is repaid.
 */
function keptPrincipals(plan: RepaymentPlan, outstandingCents: number): readonly Share[] {
  const shares: Share[] = [];
  let leftCents = outstandingCents;
  for (const { principalCents } of plan.instalments) {
    if (leftCents === 0) break;
    const interestCents = monthsInterestCents(leftCents, plan.terms.rateBps, 1);
    const repaidCents = Math.min(principalCents, leftCents);
    shares.push({ principalCents: repaidCents, interestCents });
    leftCents -= repaidCents;
  }
  return shares;
}

/** Interest on what is outstanding from `on` to the end of the running period, rounded half up. */
function restInterestCents(
  plan: RepaymentPlan,
  on: BusinessDate,
  outstandingCents: number,
): number {
  const { terms } = plan;
  const next = plan.instalments[0]!;
  const restDays = next.due - on;
  if (terms.method === "bullet_days") {
    return daysInterestCents(outstandingCents, terms.rateBps, on, restDays, terms.basis);
  }
  const months = terms.method === "bullet" ? terms.months : 1;
  const periodDays = next.due - periodStartOf(plan, next);
  return proportionHalfUp(
    outstandingCents,
    terms.rateBps * months * restDays,
    BPS_MONTHS_PER_ONE * periodDays,
  );
}
