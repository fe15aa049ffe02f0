// What a loan answers once it was paid out.

import { businessDate } from "../../../src/lending/business-date.ts";
import { earlyInFull, earlyInPart } from "../../../src/lending/early-repayment.ts";
import { leastDuePartCents, leastEarlyPartCents } from "../../../src/lending/least-payment.ts";
import { isInDefault } from "../../../src/lending/overdue.ts";
import type { RepaymentPlan } from "../../../src/lending/plan.ts";
import { allocate, type Settled } from "../../../src/lending/waterfall.ts";
import { assert } from "../../../src/money/assert.ts";
import { feeBps } from "../../../src/money/rate.ts";
import { LEG, LEG_ITEMS } from "../../account/legs.ts";
import type { AccountId } from "../../address.ts";
import { accept, type Decision } from "../../decider.ts";
import type { Refusal } from "../../refusals.ts";
import type { LoanEvent } from "../events.ts";
import {
  isOnMarket,
  wasPaidOut,
  type LoanMessage,
  type LoanState,
  type RepayingLoan,
} from "../loan.ts";
import { bpsOf } from "../terms.ts";
import type { RepaymentEvent } from "./events.ts";
import {
  duesAfter,
  duesOf,
  hasMissedDays,
  instalmentsToPay,
  nextWakeOn,
  owedOf,
  paymentDay,
  workOf,
  type OpenClearing,
  type OpenDue,
  type Repayment,
} from "./repayment.ts";

type Repay = Extract<LoanMessage, { type: "Repay" }>;
type Taken = Extract<RepaymentEvent, { type: "RepaymentTaken" }>;

/** Holders told in one step. */
const HOLDERS_PER_STEP = 512;

/**
 * A day that the loan waited for has come; what it brings happens
 * once, however often this is asked.
 */
export function decideDay(loan: LoanState, day: number): Decision<LoanEvent> {
  if (!wasPaidOut(loan) || loan.status === "settled") return accept();
  const { repayment, terms } = loan;
  if (repayment.isCollecting || repayment.wakeOn === null || day < repayment.wakeOn) {
    return accept();
  }
  const { plan, dues, newDues, newPenaltyCents } = workOf(repayment, terms, day);
  const worked: LoanEvent = {
    type: "DayWorked",
    borrowerId: terms.borrowerId,
    day,
    newDues,
    newPenaltyCents,
    owedCents: owedOf(dues),
    wakeOn: nextWakeOn(plan, dues, day),
  };
  return accept(worked);
}

/** Money of the borrower has come: it is divided, or goes back with the reason. */
export function decideRepay(loan: LoanState, repay: Repay, day: number): Decision<LoanEvent> {
  const { accountId, paymentNo, amountCents } = repay;
  if (repay.mode === "collected" && amountCents === 0) {
    assert(wasPaidOut(loan), "only a loan that was paid out collects");
    const { dues, workedThrough } = loan.repayment;
    const nothing: LoanEvent = { type: "NothingCollected", wakeOn: wakeOnOf(loan) };
    return accept<LoanEvent>(nothing, ...defaultOf(loan, dues, workedThrough));
  }
  const taken = takenOf(loan, repay, day);
  if (typeof taken === "string") {
    const facts = { accountId, paymentNo, amountCents, refusal: taken };
    const declined: LoanEvent = { type: "RepaymentDeclined", ...facts };
    if (repay.mode !== "collected") return accept(declined);
    // What was asked for has been repaid in between.
    assert(wasPaidOut(loan), "only a loan that was paid out collects");
    return accept<LoanEvent>({ type: "NothingCollected", wakeOn: wakeOnOf(loan) }, declined);
  }
  return accept<LoanEvent>(taken.event, ...taken.outcome);
}

/**
 * A loan defaults when its borrower's account has answered that day's collection, and it is still
 * more than 90 days late: never with the money under way that pays it.
 */
function defaultOf(
  loan: RepayingLoan,
  dues: readonly OpenDue[],
  day: number,
): readonly RepaymentEvent[] {
  const late = dues[0] === undefined ? 0 : day - dues[0].due;
  const defaults = loan.status === "repaying" && isInDefault(late);
  return defaults ? [{ type: "LoanDefaulted", day }] : [];
}

/** What a payment brings about: all is repaid, or a default is cured, or is not averted. */
function outcomeOf(
  loan: RepayingLoan,
  mode: Repay["mode"],
  dues: readonly OpenDue[],
  settles: boolean,
  day: number,
): readonly RepaymentEvent[] {
  if (settles) return [{ type: "LoanSettled", day }];
  if (loan.status === "defaulted" && dues.length === 0) return [{ type: "LoanCured", day }];
  return mode === "collected" ? defaultOf(loan, dues, day) : [];
}

function wakeOnOf({ status, repayment }: RepayingLoan): number | null {
  const { plan, dues, workedThrough } = repayment;
  return status === "settled" ? null : nextWakeOn(plan, dues, workedThrough);
}

interface TakenPayment {
  readonly event: Taken;
  /** What follows from it in the same moment. */
  readonly outcome: readonly RepaymentEvent[];
}

function takenOf(loan: LoanState, repay: Repay, day: number): TakenPayment | Refusal {
  if (!isOnMarket(loan)) return "loan_not_found";
  if (!wasPaidOut(loan)) return "loan_not_repaying";
  if (loan.terms.borrowerId !== repay.accountId) return "not_the_borrower";
  if (loan.status === "settled") return "loan_settled";
  const on = paymentDay(loan.repayment, day);
  switch (repay.mode) {
    case "due":
    case "collected":
      return dueTaken(loan, repay, on);
    default:
      // Before the interest of those days is due, nothing is early.
      if (hasMissedDays(loan.repayment, day)) return "instalment_is_due";
      return earlyTaken(loan, repay, on);
  }
}

function dueTaken(loan: RepayingLoan, repay: Repay, on: number): TakenPayment | Refusal {
  const { repayment } = loan;
  const { amountCents } = repay;
  const owedCents = owedOf(repayment.dues);
  // What the calendar collects may have been repaid in between: the rest goes back.
  if (repay.mode === "due") {
    if (owedCents === 0) return "nothing_due";
    if (amountCents > owedCents) return "exceeds_owed";
    const { plan, holders } = repayment;
    const leastCents = leastDuePartCents(plan.rules, holders.count, owedCents);
    if (amountCents < leastCents) return "below_minimum_payment";
  } else if (owedCents === 0) {
    return "nothing_due";
  }
  const { settled, remainderCents } = allocate(duesOf(repayment), amountCents, businessDate(on));
  const dues = duesAfter(repayment.dues, settled);
  return taken(loan, repay, on, repayment.plan, dues, {
    penaltyCents: sum(settled, "penaltyCents"),
    interestCents: sum(settled, "interestCents"),
    principalCents: sum(settled, "principalCents"),
    feeCents: 0,
    returnedCents: remainderCents,
    instalment: settled[0]!.k,
  });
}

function earlyTaken(loan: RepayingLoan, repay: Repay, on: number): TakenPayment | Refusal {
  const { repayment, terms } = loan;
  const { plan, dues } = repayment;
  if (dues.length > 0) return "instalment_is_due";
  const fee = feeBps(terms.earlyFeeBps);
  const instalment = plan.instalments[0]?.k ?? 1;
  const date = businessDate(on);
  if (repay.mode === "early_full") {
    const full = earlyInFull(plan, date, fee);
    if (full.refused !== null) return EARLY_REFUSALS[full.refused];
    if (repay.amountCents < full.totalCents) return "below_payoff";
    const { principalCents, interestCents, feeCents, totalCents } = full;
    const returnedCents = repay.amountCents - totalCents;
    const parts = { principalCents, interestCents, feeCents, penaltyCents: 0 };
    const nothingLeft: RepaymentPlan = { ...plan, accruesFrom: date, instalments: [] };
    return taken(loan, repay, on, nothingLeft, [], { ...parts, returnedCents, instalment });
  }
  const keep = repay.mode === "early_keep_term" ? "term" : "instalment";
  const part = earlyInPart(plan, date, repay.amountCents, fee, keep);
  if (part.refused !== null) return EARLY_REFUSALS[part.refused];
  const leastCents = leastEarlyPartCents(plan.rules, repayment.holders.count);
  if (repay.amountCents < leastCents) return "below_minimum_payment";
  const { principalCents, interestCents, feeCents, remainderCents: returnedCents } = part;
  const parts = { principalCents, interestCents, feeCents, penaltyCents: 0 };
  return taken(loan, repay, on, part.plan, [], { ...parts, returnedCents, instalment });
}

const EARLY_REFUSALS = {
  nothing_outstanding: "loan_settled",
  outside_running_period: "instalment_is_due",
  amount_too_small: "amount_too_small",
  amount_repays_all: "repays_all",
  no_instalment_to_keep: "no_instalment_to_keep",
} as const satisfies Record<string, Refusal>;

type Parts = Pick<
  Taken,
  "penaltyCents" | "interestCents" | "principalCents" | "feeCents" | "returnedCents" | "instalment"
>;

function taken(
  loan: RepayingLoan,
  { accountId, paymentNo, mode, amountCents }: Repay,
  on: number,
  plan: RepaymentPlan,
  dues: readonly OpenDue[],
  parts: Parts,
): TakenPayment {
  const { repayment } = loan;
  const settles = dues.length === 0 && instalmentsToPay({ plan }).length === 0;
  const workedThrough = Math.max(repayment.workedThrough, on);
  // The borrower's account was asked and has not answered: the day is not done.
  const waits = repayment.isCollecting && mode !== "collected";
  return {
    outcome: outcomeOf(loan, mode, dues, settles, on),
    event: {
      type: "RepaymentTaken",
      clearingNo: repayment.clearings.length + 1,
      accountId,
      paymentNo,
      mode,
      day: on,
      amountCents,
      ...parts,
      wakeOn: settles ? null : waits ? workedThrough : nextWakeOn(plan, dues, workedThrough),
      isRecovery: loan.status === "written_off",
    },
  };
}

function sum(settled: readonly Settled[], part: keyof Omit<Settled, "k">): number {
  return settled.reduce((total, each) => total + each[part], 0);
}

/** Tells the next holders what they get of the oldest clearing that is not told to all. */
export function decideLegs(repayment: Repayment, serviceFeeBps: number): Decision<LoanEvent> {
  const open = repayment.openClearings[0];
  assert(open !== undefined, "a step belongs to a clearing");
  const { holders } = repayment;
  const nextHolder = Math.min(holders.count, open.next + HOLDERS_PER_STEP);
  return accept({
    type: "LegsAllotted",
    clearingNo: open.clearingNo,
    instalment: open.instalment,
    legs: legsOf(holders.ids, open, nextHolder, serviceFeeBps),
    nextHolder,
    last: nextHolder === holders.count,
  });
}

function legsOf(
  ids: readonly AccountId[],
  { legs, next }: OpenClearing,
  nextHolder: number,
  serviceFeeBps: number,
): (AccountId | number)[] {
  // Its largest size from the start: growing took half of all memory that repayments allocate.
  const items = new Array<AccountId | number>((nextHolder - next) * LEG_ITEMS);
  let at = 0;
  for (let holder = next; holder < nextHolder; holder++) {
    const principalCents = legs.principal?.[holder] ?? 0;
    const interestCents = legs.interest?.[holder] ?? 0;
    const penaltyCents = legs.penalty?.[holder] ?? 0;
    if (principalCents + interestCents + penaltyCents === 0) continue;
    const feeCents = bpsOf(interestCents + penaltyCents, serviceFeeBps);
    items[at + LEG.account] = ids[holder]!;
    items[at + LEG.principal] = principalCents;
    items[at + LEG.interest] = interestCents;
    items[at + LEG.penalty] = penaltyCents;
    items[at + LEG.fee] = feeCents;
    at += LEG_ITEMS;
  }
  items.length = at;
  return items;
}
