// A loan that was paid out, and is repaid: what is planned, what is owed, and who gets it.

import { businessDate } from "../../../src/lending/business-date.ts";
import {
  accruePenalty,
  daysPastDue,
  newPenaltyMeter,
  type PenaltyMeter,
} from "../../../src/lending/overdue.ts";
import {
  planOf,
  plannedPrincipalCents,
  takeDue,
  type RepaymentPlan,
} from "../../../src/lending/plan.ts";
import type { LendingRules } from "../../../src/lending/rules.ts";
import type { Instalment } from "../../../src/lending/schedule.ts";
import type { MonthlyMethod, ScheduleTerms } from "../../../src/lending/terms.ts";
import type { Due, Settled } from "../../../src/lending/waterfall.ts";
import { assert } from "../../../src/money/assert.ts";
import { dailyRatePpm, rateBps } from "../../../src/money/rate.ts";
import type { Lender } from "../bid-book.ts";
import { wasPaidOut, type LoanState } from "../loan.ts";
import { basisOf, type LoanTerms } from "../terms.ts";
import { newWriteOff, type WriteOff } from "../write-off/write-off.ts";
import { Holders, type ClearingLegs, type SeriesCents } from "./holders.ts";

/** An instalment that is due and not yet paid in full. */
export interface OpenDue {
  readonly k: number;
  readonly due: number;
  interestCents: number;
  principalCents: number;
  /** Penalties charged and not yet paid. */
  penaltyCents: number;
  meter: PenaltyMeter;
}

/** One division of a payment among the holders. */
export interface Clearing extends SeriesCents {
  /** 1, 2, 3 ... */
  readonly clearingNo: number;
  readonly day: number;
  /** The first instalment that it settles a part of. */
  readonly instalment: number;
  /** Kept from the payment: the early fee. */
  readonly feeCents: number;
}

/** A clearing whose legs are not all told yet; `next` is the first holder to tell. */
export interface OpenClearing {
  readonly clearingNo: number;
  readonly instalment: number;
  readonly legs: ClearingLegs;
  next: number;
}

export interface Repayment {
  readonly disbursedOn: number;
  /** Instalments to come. */
  plan: RepaymentPlan;
  /** Oldest first. */
  dues: OpenDue[];
  readonly holders: Holders;
  /** What happens by the calendar has happened up to this day. */
  workedThrough: number;
  /** The day on which something is to be done next; null when nothing is. */
  wakeOn: number | null;
  /** The borrower's account was asked for what is due and has not answered. */
  isCollecting: boolean;
  readonly clearings: Clearing[];
  readonly openClearings: OpenClearing[];
  readonly writeOff: WriteOff;
}

export function scheduleTermsOf(terms: LoanTerms, day: number): ScheduleTerms {
  const common = {
    principalCents: terms.principalCents,
    rateBps: rateBps(terms.rateBps),
    disbursedOn: businessDate(day),
  };
  if (terms.method !== "bullet_days") {
    return { ...common, method: terms.method satisfies MonthlyMethod, months: terms.term };
  }
  const basis = basisOf(terms.basisDays);
  assert(basis !== undefined, "a listed loan has a basis");
  return { ...common, method: terms.method, days: terms.term, basis };
}

/** `lenders` in the order that decides ties. */
export function startRepayment(
  terms: LoanTerms,
  lenders: readonly Lender[],
  day: number,
  rules: LendingRules,
): Repayment {
  const plan = planOf(scheduleTermsOf(terms, day), rules);
  return {
    disbursedOn: day,
    plan,
    dues: [],
    holders: new Holders(
      lenders.map(({ accountId }) => accountId),
      lenders.map(({ lentCents }) => lentCents),
    ),
    workedThrough: day,
    wakeOn: plan.instalments[0]?.due ?? null,
    isCollecting: false,
    clearings: [],
    openClearings: [],
    writeOff: newWriteOff(),
  };
}

/** The day that a payment counts for: not a day whose work is still to be done. */
export function paymentDay({ wakeOn, workedThrough }: Repayment, day: number): number {
  return wakeOn !== null && day >= wakeOn ? Math.max(workedThrough, wakeOn - 1) : day;
}

/** Whether days were missed while it was out of service: an instalment fell due, unseen by it. */
export function hasMissedDays({ wakeOn }: Repayment, day: number): boolean {
  return wakeOn !== null && day > wakeOn;
}

/** What the calendar does to the loan up to a day: instalments fall due, penalties accrue. */
export interface DayWork {
  readonly plan: RepaymentPlan;
  readonly dues: readonly OpenDue[];
  readonly newDues: number;
  readonly newPenaltyCents: number;
}

export function workOf(repayment: Repayment, terms: LoanTerms, day: number): DayWork {
  const { due: newlyDue, plan } = takeDue(repayment.plan, businessDate(day));
  const rule = { graceDays: terms.graceDays, ratePpm: dailyRatePpm(terms.penaltyPpm) };
  let newPenaltyCents = 0;
  const all: OpenDue[] = [
    ...repayment.dues,
    ...newlyDue
      .filter(({ principalCents, interestCents }) => principalCents + interestCents > 0)
      .map(({ k, due, principalCents, interestCents }) => ({
        k,
        due,
        principalCents,
        interestCents,
        penaltyCents: 0,
        meter: newPenaltyMeter(due),
      })),
  ];
  const dues = all.map((each) => {
    const overdueCents = each.principalCents + each.interestCents;
    const due = businessDate(each.due);
    const meter = accruePenalty(each.meter, rule, due, overdueCents, businessDate(day));
    const chargedCents = meter.chargedCents - each.meter.chargedCents;
    newPenaltyCents += chargedCents;
    return { ...each, meter, penaltyCents: each.penaltyCents + chargedCents };
  });
  return { plan, dues, newDues: newlyDue.length, newPenaltyCents };
}

/** For the waterfall. */
export function duesOf(repayment: Repayment): Due[] {
  return repayment.dues.map(({ k, due, penaltyCents, interestCents, principalCents }) => ({
    k,
    due: businessDate(due),
    penaltyCents,
    feeCents: 0,
    interestCents,
    principalCents,
  }));
}

/** What is still owed after a payment that settled these parts. */
export function duesAfter(dues: readonly OpenDue[], settled: readonly Settled[]): OpenDue[] {
  const paid = new Map(settled.map((each) => [each.k, each]));
  return dues
    .map((due) => {
      const part = paid.get(due.k);
      if (part === undefined) return due;
      return {
        ...due,
        penaltyCents: due.penaltyCents - part.penaltyCents,
        interestCents: due.interestCents - part.interestCents,
        principalCents: due.principalCents - part.principalCents,
      };
    })
    .filter((due) => due.penaltyCents + due.interestCents + due.principalCents > 0);
}

export function owedOf(dues: readonly OpenDue[]): number {
  return dues.reduce(
    (sum, { penaltyCents, interestCents, principalCents }) =>
      sum + penaltyCents + interestCents + principalCents,
    0,
  );
}

/** Instalments to come that bring something: of a few cents over many months some are empty. */
export function instalmentsToPay({ plan }: Pick<Repayment, "plan">): Instalment[] {
  return plan.instalments.filter(
    ({ principalCents, interestCents }) => principalCents + interestCents > 0,
  );
}

/** Principal that is not repaid: the borrower's debt, and the sum of all claims. */
export function outstandingCents({ plan, dues }: Pick<Repayment, "plan" | "dues">): number {
  const dueCents = dues.reduce((sum, { principalCents }) => sum + principalCents, 0);
  return plannedPrincipalCents(plan) + dueCents;
}

/** Days that the oldest unpaid instalment is late. */
export function lateDays({ dues, workedThrough }: Repayment): number {
  const oldest = dues[0];
  if (oldest === undefined) return 0;
  return daysPastDue(businessDate(oldest.due), businessDate(workedThrough));
}

/** When the oldest unpaid instalment fell due; null for every loan that owes nothing now. */
export function overdueSince(loan: LoanState): number | null {
  if (!wasPaidOut(loan) || loan.status === "settled") return null;
  return loan.repayment.dues[0]?.due ?? null;
}

/** The next day with something to do when this is owed and that is planned. */
export function nextWakeOn(
  plan: RepaymentPlan,
  dues: readonly OpenDue[],
  workedThrough: number,
): number | null {
  if (dues.length > 0) return workedThrough + 1;
  return plan.instalments[0]?.due ?? null;
}
