// What a borrower is to repay and when, derived once more from what the five methods are
// (lending/schedule.ts says it in words): one instalment after the other, in exact fractions. It
// must never use the server's schedules or plans.

import type { LoanTerms } from "../../actors/loan/terms.ts";
import { bpsShareOf, daysInterest, monthsAfter, shareOf } from "./exact.ts";

interface SlowInstalment {
  readonly k: number;
  readonly due: number;
  readonly principalCents: number;
  readonly interestCents: number;
}

/** What is to come: not due yet, oldest first. */
export interface SlowPlan {
  /** The version of the rules of its disbursement, 1 or 2. */
  readonly rules: number;
  readonly disbursedOn: number;
  /** The interest of the next instalment runs from here. */
  readonly accruesFrom: number;
  /** A of equal_instalment; 0 for other methods. */
  readonly levelCents: number;
  readonly instalments: readonly SlowInstalment[];
}

const MONTHS_BPS = 120_000;

/**
 * The instalment whose present values at the monthly rate R/D (D = 120,000) sum to the principal:
 * A = P / sum of (D/(D+R))^k for k = 1..n.
 */
function levelOf(principalCents: number, rateBps: number, months: number): number {
  const one = BigInt(MONTHS_BPS);
  const grown = one + BigInt(rateBps);
  let sum = 0n;
  let all = 1n;
  for (let k = 1; k <= months; k++) {
    // The sum over the common denominator grown^k.
    sum = sum * grown + one ** BigInt(k);
    all *= grown;
  }
  return shareOf(principalCents, all, sum);
}

type Amounts = Pick<SlowInstalment, "principalCents" | "interestCents">;

/** `principalCents` over whole months, as a new loan. */
function amountsOf(
  { method, rateBps }: Pick<LoanTerms, "method" | "rateBps">,
  principalCents: number,
  months: number,
  levelCents: number,
): Amounts[] {
  const amounts: Amounts[] = [];
  let leftCents = principalCents;
  let repaidCents = 0;
  for (let k = 1; k <= months; k++) {
    const interestCents = shareOf(leftCents, rateBps, MONTHS_BPS);
    let wantedCents = 0;
    if (method === "equal_instalment") wantedCents = levelCents - interestCents;
    if (method === "equal_principal") {
      // What should be repaid by now less what was.
      wantedCents = shareOf(principalCents, k, months) - repaidCents;
    }
    if (k === months) wantedCents = leftCents;
    const cents = Math.min(wantedCents, leftCents);
    amounts.push({ principalCents: cents, interestCents });
    leftCents -= cents;
    repaidCents += cents;
  }
  return amounts;
}

/** The plan on the day of disbursement. */
export function slowPlan(terms: LoanTerms, disbursedOn: number, rules: number): SlowPlan {
  const { method, term, rateBps, principalCents, basisDays } = terms;
  const start = { rules, disbursedOn, accruesFrom: disbursedOn, levelCents: 0 };
  if (method === "bullet_days") {
    const interestCents = daysInterest(principalCents, rateBps, disbursedOn, term, basisDays);
    const only = { k: 1, due: disbursedOn + term, principalCents, interestCents };
    return { ...start, instalments: [only] };
  }
  if (method === "bullet") {
    const interestCents = shareOf(principalCents, BigInt(rateBps) * BigInt(term), MONTHS_BPS);
    const only = { k: 1, due: monthsAfter(disbursedOn, term), principalCents, interestCents };
    return { ...start, instalments: [only] };
  }
  const levelCents = method === "equal_instalment" ? levelOf(principalCents, rateBps, term) : 0;
  const instalments = amountsOf(terms, principalCents, term, levelCents).map((amounts, at) => {
    return { k: at + 1, due: monthsAfter(disbursedOn, at + 1), ...amounts };
  });
  return { ...start, levelCents, instalments };
}

export function plannedCents(plan: SlowPlan): number {
  return plan.instalments.reduce((sum, { principalCents }) => sum + principalCents, 0);
}

/**
 * Interest of the running period up to a day, by days. That of bullet_days is reckoned as DOMAIN
 * reckons its interest, for the days so far; by rules 1 it was a part of the period's.
 */
function accrued(terms: LoanTerms, plan: SlowPlan, on: number): number {
  const { rules, accruesFrom, instalments } = plan;
  const next = instalments[0]!;
  if (terms.method === "bullet_days" && rules > 1) {
    const { rateBps, basisDays } = terms;
    return daysInterest(plannedCents(plan), rateBps, accruesFrom, on - accruesFrom, basisDays);
  }
  return shareOf(next.interestCents, on - accruesFrom, next.due - accruesFrom);
}

export interface Early {
  readonly principalCents: number;
  readonly interestCents: number;
  readonly feeCents: number;
  readonly returnedCents: number;
  readonly plan: SlowPlan;
}

type EarlyMode = "early_full" | "early_keep_term" | "early_keep_instalment";

/** What an early repayment comes to, or every reason for which it may be refused. */
export function early(
  terms: LoanTerms,
  plan: SlowPlan,
  mode: EarlyMode,
  amountCents: number,
  on: number,
): Early | { readonly reasons: readonly string[] } {
  const next = plan.instalments[0];
  const allCents = plannedCents(plan);
  if (next === undefined || allCents === 0) return { reasons: ["loan_settled"] };
  if (on < plan.accruesFrom || on >= next.due) return { reasons: ["instalment_is_due"] };
  const interestCents = accrued(terms, plan, on);
  if (mode === "early_full") {
    const feeCents = bpsShareOf(allCents, terms.earlyFeeBps);
    const returnedCents = amountCents - allCents - interestCents - feeCents;
    if (returnedCents < 0) return { reasons: ["below_payoff"] };
    const nothing = { ...plan, accruesFrom: on, instalments: [] };
    return { principalCents: allCents, interestCents, feeCents, returnedCents, plan: nothing };
  }
  const hasInstalments = terms.method === "equal_instalment" || terms.method === "equal_principal";
  if (mode === "early_keep_instalment" && !hasInstalments) {
    return { reasons: ["no_instalment_to_keep"] };
  }
  const principalCents = mostWithFee(amountCents - interestCents, terms.earlyFeeBps);
  if (principalCents < 1) return { reasons: ["amount_too_small"] };
  if (principalCents >= allCents) return { reasons: ["repays_all"] };
  const feeCents = bpsShareOf(principalCents, terms.earlyFeeBps);
  const returnedCents = amountCents - interestCents - principalCents - feeCents;
  const keepsTerm = mode === "early_keep_term";
  const after = planWithout(terms, plan, principalCents, on, keepsTerm);
  return { principalCents, interestCents, feeCents, returnedCents, plan: after };
}

/** The largest principal that fits together with its rounded fee, found by halving. */
function mostWithFee(cents: number, feeBps: number): number {
  let [fits, beyond] = [0, Math.max(cents, 0) + 1];
  while (beyond - fits > 1) {
    const middle = Math.floor((fits + beyond) / 2);
    if (middle + bpsShareOf(middle, feeBps) <= cents) fits = middle;
    else beyond = middle;
  }
  return fits;
}

/** What is left to come when some principal was repaid early. */
function planWithout(
  terms: LoanTerms,
  plan: SlowPlan,
  repaidCents: number,
  on: number,
  keepsTerm: boolean,
): SlowPlan {
  const leftCents = plannedCents(plan) - repaidCents;
  const months = plan.instalments.length;
  const levelCents =
    terms.method === "equal_instalment" && keepsTerm
      ? levelOf(leftCents, terms.rateBps, months)
      : plan.levelCents;
  let amounts = [{ principalCents: leftCents, interestCents: 0 }];
  if (terms.method === "equal_principal" && !keepsTerm) {
    amounts = keptPrincipals(terms, plan, leftCents);
  } else if (terms.method !== "bullet" && terms.method !== "bullet_days") {
    amounts = amountsOf(terms, leftCents, months, levelCents);
    if (terms.method === "equal_instalment" && !keepsTerm) {
      while (amounts.at(-1)!.principalCents === 0) amounts.pop();
    }
  }
  const next = plan.instalments[0]!;
  amounts[0] = { ...amounts[0]!, interestCents: restInterest(terms, plan, leftCents, on) };
  const instalments = amounts.map((each, at) => {
    const { k, due } = at === 0 ? next : plan.instalments[at]!;
    return { k, due, ...each };
  });
  return { ...plan, accruesFrom: on, levelCents, instalments };
}

function keptPrincipals(terms: LoanTerms, plan: SlowPlan, principalCents: number): Amounts[] {
  const amounts: Amounts[] = [];
  let leftCents = principalCents;
  for (const instalment of plan.instalments) {
    if (leftCents === 0) break;
    const cents = Math.min(instalment.principalCents, leftCents);
    const interestCents = shareOf(leftCents, terms.rateBps, MONTHS_BPS);
    amounts.push({ principalCents: cents, interestCents });
    leftCents -= cents;
  }
  return amounts;
}

/** Interest on what is left, for the days that are left of the running period. */
function restInterest(terms: LoanTerms, plan: SlowPlan, leftCents: number, on: number): number {
  const { rateBps, method, term, basisDays } = terms;
  const { k, due } = plan.instalments[0]!;
  if (method === "bullet_days") return daysInterest(leftCents, rateBps, on, due - on, basisDays);
  const months = method === "bullet" ? term : 1;
  const began = monthsAfter(plan.disbursedOn, k - 1);
  const part = BigInt(rateBps) * BigInt(months) * BigInt(due - on);
  return shareOf(leftCents, part, BigInt(MONTHS_BPS) * BigInt(due - began));
}
