// What a loan owes and pays from its disbursement on, told day by day: instalments fall due, late
// ones cost a penalty, payments settle the oldest first. It must never use the server's decide,
// evolve, lending or splitting.

import type { LoanMessage } from "../../actors/loan/loan.ts";
import type { RepaymentEvent } from "../../actors/loan/repayment/events.ts";
import type { LoanTerms } from "../../actors/loan/terms.ts";
import { halfUp } from "./exact.ts";
import type { HolderBook } from "./holder-book.ts";
import type { Findings } from "./report.ts";
import type { WriteOffModel } from "./write-off-model.ts";
import { early, plannedCents, type SlowPlan } from "./slow-schedule.ts";

/** An instalment that fell due and is not paid in full. */
interface DueModel {
  readonly k: number;
  readonly due: number;
  interestCents: number;
  principalCents: number;
  penaltyCents: number;
  /** All penalty so far, exactly, in millionths of a cent; and what of it was charged. */
  exactMillionths: bigint;
  chargedCents: number;
}

export interface RepaymentModel {
  plan: SlowPlan;
  dues: DueModel[];
  readonly holders: HolderBook;
  workedThrough: number;
  /** The borrower's account was asked, and has not answered. */
  isCollecting: boolean;
  readonly writeOff: WriteOffModel;
}

/** A loan as far as its repayment goes. */
export interface RepayingModel {
  readonly id: string;
  readonly terms: LoanTerms;
  readonly status: string;
  readonly repayment: RepaymentModel | null;
}

type Repay = Extract<LoanMessage, { type: "Repay" }>;
type Taken = Extract<RepaymentEvent, { type: "RepaymentTaken" }>;

/** A loan is in default when its oldest unpaid instalment is later than this. */
export const DEFAULT_AFTER_DAYS = 90;

function owedCents({ dues }: Pick<RepaymentModel, "dues">): number {
  return dues.reduce((sum, due) => sum + openCents(due), 0);
}

function openCents({ penaltyCents, interestCents, principalCents }: DueModel): number {
  return penaltyCents + interestCents + principalCents;
}

export function outstandingCents({ plan, dues }: RepaymentModel): number {
  return dues.reduce((sum, { principalCents }) => sum + principalCents, plannedCents(plan));
}

/** Nothing is owed and nothing is to come. */
export function isPaid({ plan, dues }: RepaymentModel): boolean {
  return (
    dues.length === 0 &&
    plan.instalments.every((each) => each.principalCents + each.interestCents === 0)
  );
}

/** Days that the oldest unpaid instalment is late. */
export function lateDays({ dues, workedThrough }: RepaymentModel): number {
  return dues[0] === undefined ? 0 : workedThrough - dues[0].due;
}

/** The next day that brings anything; null when none does. */
function nextDay({ plan, dues, workedThrough }: RepaymentModel): number | null {
  if (dues.length > 0) return workedThrough + 1;
  return plan.instalments[0]?.due ?? null;
}

/** A payment counts for the last day whose work is done. */
function paymentDay(repayment: RepaymentModel, day: number): number {
  if (repayment.isCollecting) return repayment.workedThrough;
  const next = nextDay(repayment);
  if (next === null || day < next) return day;
  return Math.max(repayment.workedThrough, next - 1);
}

/** An instalment fell due on a day before this one, of which the loan was not told. */
export function hasMissedDays(repayment: RepaymentModel, day: number): boolean {
  const next = nextDay(repayment);
  return next !== null && day > next;
}

/** One day after the other up to `day`: what falls due, and what being late costs. */
function workDays(
  repayment: RepaymentModel,
  { graceDays, penaltyPpm }: LoanTerms,
  day: number,
): { readonly newDues: number; readonly newPenaltyCents: number } {
  let newDues = 0;
  let newPenaltyCents = 0;
  for (let on = repayment.workedThrough + 1; on <= day; on++) {
    for (const due of repayment.dues) {
      if (on <= due.due + graceDays) continue;
      const overdueCents = due.interestCents + due.principalCents;
      due.exactMillionths += BigInt(overdueCents) * BigInt(penaltyPpm);
      const chargedCents = halfUp(due.exactMillionths, 1_000_000n);
      newPenaltyCents += chargedCents - due.chargedCents;
      due.penaltyCents += chargedCents - due.chargedCents;
      due.chargedCents = chargedCents;
    }
    for (let next = repayment.plan.instalments[0]; next?.due === on;) {
      const { k, due, interestCents, principalCents } = next;
      const instalments = repayment.plan.instalments.slice(1);
      repayment.plan = { ...repayment.plan, accruesFrom: due, instalments };
      newDues++;
      if (interestCents + principalCents > 0) {
        const unpaid = { penaltyCents: 0, exactMillionths: 0n, chargedCents: 0 };
        repayment.dues.push({ k, due, interestCents, principalCents, ...unpaid });
      }
      next = instalments[0];
    }
    repayment.workedThrough = on;
  }
  return { newDues, newPenaltyCents };
}

export function applyDayWorked(
  { id, terms, repayment }: RepayingModel & { readonly repayment: RepaymentModel },
  event: Extract<RepaymentEvent, { type: "DayWorked" }>,
  findings: Findings,
): void {
  const { day } = event;
  const wanted = nextDay(repayment);
  findings.expect(
    wanted !== null && day >= wanted && !repayment.isCollecting,
    "accrued_twice",
    () => `${id}: day ${day} is worked, worked through ${repayment.workedThrough}, next ${wanted}`,
  );
  const { newDues, newPenaltyCents } = workDays(repayment, terms, day);
  const owed = owedCents(repayment);
  repayment.isCollecting = owed > 0;
  const wakeOn = nextDay(repayment);
  findings.expect(
    event.newDues === newDues &&
      event.newPenaltyCents === newPenaltyCents &&
      event.owedCents === owed &&
      event.wakeOn === wakeOn &&
      event.borrowerId === terms.borrowerId,
    "owed_wrong",
    () =>
      `${id}, day ${day}: ${event.newDues} due, ${event.newPenaltyCents} penalty, ` +
      `${event.owedCents} owed, next ${event.wakeOn}; right are ` +
      `${newDues}, ${newPenaltyCents}, ${owed}, ${wakeOn}`,
  );
}

/** What became of a payment: its parts, and what it leaves; or every reason to decline it. */
interface Division {
  readonly parts: Pick<
    Taken,
    | "penaltyCents"
    | "interestCents"
    | "principalCents"
    | "feeCents"
    | "returnedCents"
    | "instalment"
    | "day"
  >;
  readonly plan: SlowPlan;
  readonly dues: DueModel[];
}

export function divide(
  loan: RepayingModel | undefined,
  { accountId, mode, amountCents }: Pick<Repay, "accountId" | "mode" | "amountCents">,
  shardDay: number,
): Division | { readonly reasons: readonly string[] } {
  if (loan === undefined) return { reasons: ["loan_not_found"] };
  const { repayment, terms } = loan;
  if (repayment === null) return { reasons: ["loan_not_repaying"] };
  const reasons: string[] = [];
  if (accountId !== terms.borrowerId) reasons.push("not_the_borrower");
  if (loan.status === "settled") reasons.push("loan_settled");
  if (reasons.length > 0) return { reasons };
  const day = paymentDay(repayment, shardDay);
  if (mode === "due" || mode === "collected") {
    const owed = owedCents(repayment);
    if (owed === 0) return { reasons: ["nothing_due"] };
    if (mode === "due" && amountCents > owed) return { reasons: ["exceeds_owed"] };
    const isAll = amountCents === owed;
    if (mode === "due" && !isAll && amountCents < leastCents(repayment, LEAST_FOR_EACH_CENTS)) {
      return { reasons: ["below_minimum_payment"] };
    }
    return waterfall(repayment, amountCents, day);
  }
  if (repayment.dues.length > 0) return { reasons: ["instalment_is_due"] };
  const paid = early(terms, repayment.plan, mode, amountCents, day);
  if ("reasons" in paid) return paid;
  if (mode !== "early_full" && amountCents < leastCents(repayment, LEAST_EARLY_CENTS)) {
    return { reasons: ["below_minimum_payment"] };
  }
  const { plan, ...parts } = paid;
  const instalment = repayment.plan.instalments[0]!.k;
  return { parts: { ...parts, penaltyCents: 0, instalment, day }, plan, dues: [] };
}

/** 0.10 for each lender, and a part before it is due 100.00; loans of rules 1 take every cent. */
const LEAST_FOR_EACH_CENTS = 10;
const LEAST_EARLY_CENTS = 10_000;

function leastCents({ plan, holders }: RepaymentModel, atLeastCents: number): number {
  if (plan.rules === 1) return 0;
  return Math.max(holders.holders.size * LEAST_FOR_EACH_CENTS, atLeastCents);
}

/** Penalty, interest, principal of the oldest instalment, then of the next. */
function waterfall(repayment: RepaymentModel, amountCents: number, day: number): Division {
  let leftCents = amountCents;
  const paid = { penaltyCents: 0, interestCents: 0, principalCents: 0 };
  const dues = repayment.dues.map((due) => ({ ...due }));
  const instalment = dues[0]!.k;
  for (const due of dues) {
    for (const part of ["penaltyCents", "interestCents", "principalCents"] as const) {
      const cents = Math.min(due[part], leftCents);
      due[part] -= cents;
      paid[part] += cents;
      leftCents -= cents;
    }
  }
  return {
    parts: { ...paid, feeCents: 0, returnedCents: leftCents, instalment, day },
    plan: repayment.plan,
    dues: dues.filter((due) => openCents(due) > 0),
  };
}

export function applyTaken(
  loan: RepayingModel & { readonly repayment: RepaymentModel },
  event: Taken,
  shardDay: number,
  findings: Findings,
): void {
  const { repayment, id } = loan;
  const name = `${id}, clearing ${event.clearingNo}`;
  const { principalCents, interestCents, penaltyCents, feeCents, returnedCents } = event;
  const sumCents = principalCents + interestCents + penaltyCents + feeCents + returnedCents;
  findings.expect(
    sumCents === event.amountCents,
    "division_wrong",
    () => `${name}: parts sum to ${sumCents} of ${event.amountCents}`,
  );
  const cents = { principal: principalCents, interest: interestCents, penalty: penaltyCents };
  repayment.holders.take(event.clearingNo, event.instalment, cents, findings);
  const division = divide(loan, event, shardDay);
  if (event.mode === "collected") {
    const { isCollecting } = repayment;
    findings.expect(isCollecting, "event_impossible", () => `${name} was not asked for`);
    repayment.isCollecting = false;
  }
  if ("reasons" in division) {
    findings.add("division_wrong", `${name} was taken, though ${division.reasons.join(", ")}`);
    return;
  }
  for (const [part, right] of Object.entries(division.parts)) {
    const said = event[part as keyof Division["parts"]];
    findings.expect(
      said === right,
      "division_wrong",
      () => `${name}: ${part} ${said}, not ${right}`,
    );
  }
  repayment.plan = division.plan;
  repayment.dues = division.dues;
  repayment.workedThrough = Math.max(repayment.workedThrough, division.parts.day);
  const next = repayment.isCollecting ? repayment.workedThrough : nextDay(repayment);
  expectWakeOn(name, event.wakeOn, isPaid(repayment) ? null : next, findings);
}

/** The borrower's account had nothing, or what it gave was no longer owed. */
export function applyNothingCollected(
  { id, status, repayment }: RepayingModel & { readonly repayment: RepaymentModel },
  wakeOn: number | null,
  findings: Findings,
): void {
  findings.expect(repayment.isCollecting, "event_impossible", () => `${id}: it was not asked for`);
  repayment.isCollecting = false;
  expectWakeOn(id, wakeOn, status === "settled" ? null : nextDay(repayment), findings);
}

function expectWakeOn(
  name: string,
  said: number | null,
  right: number | null,
  findings: Findings,
): void {
  findings.expect(said === right, "owed_wrong", () => `${name}: next on ${said}, not ${right}`);
}
