// How borrowers repay, each by its habit: what they do in the morning of a day, before its business
// date begins, and in the evening, when the calendar has collected what there was.

import { accountId, loanId } from "../../actors/address.ts";
import type { Instalment } from "../lending/schedule.ts";
import type { Clients } from "./clients.ts";
import { deposit, spend } from "./market.ts";
import { scheduleOfLoan, type Habit, type LoanWish } from "./people.ts";
import type { Purses } from "./purses.ts";
import type { Chance } from "../chance/chance.ts";

export interface Debt {
  readonly wish: LoanWish;
  readonly disbursedOn: number;
  /** By the plan at the disbursement; after an early repayment only its dates still hold. */
  readonly instalments: ReadonlyMap<number, Instalment>;
  habit: Habit;
  /** Days past due when it pays; with the habit `defaulting` null when it never does again. */
  readonly lateDays: number | null;
  /** The last instalment that it pays, before it stops for good. */
  readonly paysUpTo: number;
  /** From when it repays early; null when it does not, or has. */
  earlyOn: number | null;
  /** Of what is outstanding, in percent. */
  readonly earlyPercent: number;
  readonly earlyMode: "early_full" | "early_keep_term" | "early_keep_instalment";
  hasPaidHalf: boolean;
  owes: boolean;
  status: "repaying" | "defaulted" | "settled";
}

/** What borrowers did by themselves, and what they were refused. */
export interface Deeds {
  paidByHand: number;
  repaidEarlyInFull: number;
  repaidEarlyInPart: number;
  recovered: number;
  readonly refused: Map<string, number>;
}

export interface Surroundings {
  readonly clients: Clients;
  readonly purses: Purses;
  readonly deeds: Deeds;
}

const LATE_DAYS_MAX = 60;
/** The rest of a late payment comes so many days after its first half. */
const HALF_DAYS = 5;
/** Days past due at which some borrowers in default pay again. */
const RECOVERS_AFTER_DAYS = 120;
const RECOVERING_SHARE = 0.4;
/** Covers interest, fee and all: what is not needed comes back. */
const FULL_PERCENT = 160;

export function drawDebt(wish: LoanWish, day: number, chance: Chance): Debt {
  const schedule = scheduleOfLoan(wish, day);
  const { habit } = wish.borrower;
  const last = schedule.at(-1)!.due;
  const days = last - day;
  const recovers = chance.happens(RECOVERING_SHARE) ? RECOVERS_AFTER_DAYS : null;
  const isEarly = habit === "early_full" || habit === "early_part";
  const earlyOn = day + chance.whole(Math.ceil(days / 5), Math.floor((days * 4) / 5));
  return {
    wish,
    disbursedOn: day,
    instalments: new Map(schedule.map((instalment) => [instalment.due, instalment])),
    habit,
    lateDays: habit === "defaulting" ? recovers : chance.whole(1, LATE_DAYS_MAX),
    paysUpTo: habit === "defaulting" ? chance.whole(0, schedule.length - 1) : Infinity,
    earlyOn: isEarly ? earlyOn : null,
    earlyPercent: habit === "early_full" ? FULL_PERCENT : chance.whole(20, 60),
    earlyMode:
      habit === "early_full"
        ? "early_full"
        : chance.oneOf(["early_keep_term", "early_keep_instalment"]),
    hasPaidHalf: false,
    owes: false,
    status: "repaying",
  };
}

/** Those who pay by standing order bring the money before its day begins. */
export async function inTheMorning(debt: Debt, day: number, clients: Clients): Promise<void> {
  const instalment = debt.instalments.get(day);
  const { habit, paysUpTo, wish } = debt;
  if (instalment === undefined || habit === "by_hand" || habit === "late") return;
  if (instalment.k > paysUpTo) return;
  const amountCents = instalment.principalCents + instalment.interestCents;
  if (amountCents > 0) await deposit(wish.borrower.id, amountCents, clients);
}

/** Whether the borrower looks at its loan in the evening of the day. */
export function looksAt({ instalments, owes, earlyOn }: Debt, day: number): boolean {
  return owes || instalments.has(day) || (earlyOn !== null && day >= earlyOn);
}

export async function inTheEvening(debt: Debt, day: number, around: Surroundings): Promise<void> {
  const { wish } = debt;
  const { view } = await around.clients.get("Loan", {
    type: "GetLoan",
    loanId: loanId(wish.loanId),
  });
  const owedCents = view.owedCents ?? 0;
  debt.owes = owedCents > 0;
  const { status } = view;
  if (status === "settled" || status === "defaulted" || status === "repaying") debt.status = status;
  if (view.status === "settled") return;
  if (debt.owes) {
    await payLate(debt, owedCents, view.lateDays ?? 0, around);
  } else if (debt.earlyOn !== null && day >= debt.earlyOn) {
    await payEarly(debt, view.outstandingCents ?? 0, around);
  }
}

async function payLate(
  debt: Debt,
  owedCents: number,
  lateDays: number,
  around: Surroundings,
): Promise<void> {
  const { habit } = debt;
  if (habit === "late") {
    const paysFrom = debt.lateDays ?? 0;
    if (lateDays < paysFrom + (debt.hasPaidHalf ? HALF_DAYS : 0)) return;
    const amountCents = debt.hasPaidHalf ? owedCents : Math.ceil(owedCents / 2);
    debt.hasPaidHalf = !debt.hasPaidHalf;
    await pay(debt, amountCents, "due", around);
    return;
  }
  if (habit === "defaulting") {
    if (debt.lateDays === null || lateDays < debt.lateDays) return;
    around.deeds.recovered++;
    debt.habit = "by_hand";
  }
  await pay(debt, owedCents, "due", around);
}

async function payEarly(debt: Debt, outstandingCents: number, around: Surroundings): Promise<void> {
  const { earlyMode, earlyPercent, wish } = debt;
  const amountCents = Math.ceil((outstandingCents * earlyPercent) / 100);
  const refusal = await pay(debt, amountCents, earlyMode, around);
  // On a due date it is tried again the day after.
  if (refusal === "instalment_is_due") return;
  debt.earlyOn = null;
  if (refusal !== null) return;
  if (earlyMode === "early_full") {
    around.deeds.repaidEarlyInFull++;
    debt.status = "settled";
  } else {
    around.deeds.repaidEarlyInPart++;
    debt.habit = "by_hand";
  }
  await spend(wish.borrower.id, around.clients, around.purses);
}

/** Brings what is missing and repays; the refusal, or null. */
async function pay(
  { wish }: Debt,
  amountCents: number,
  mode: "due" | Debt["earlyMode"],
  { clients, purses, deeds }: Surroundings,
): Promise<string | null> {
  const { id } = wish.borrower;
  const missingCents = amountCents - purses.of(id);
  if (missingCents > 0) await deposit(id, missingCents, clients);
  const repay = { type: "RepayLoan", loanId: loanId(wish.loanId), amountCents, mode } as const;
  const answer = await clients.ask(repay, accountId(id));
  if (answer.type === "Repaid") {
    if (mode === "due") deeds.paidByHand++;
    return null;
  }
  const code = "code" in answer ? answer.code : answer.type;
  deeds.refused.set(code, (deeds.refused.get(code) ?? 0) + 1);
  return code;
}
