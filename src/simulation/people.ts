// Who borrows on what terms, and how each of them repays: all of it drawn from chance.

import { businessDate } from "../lending/business-date.ts";
import { scheduleOf, type Instalment } from "../lending/schedule.ts";
import { REPAYMENT_METHODS, type RepaymentMethod } from "../lending/terms.ts";
import { rateBps } from "../money/rate.ts";
import type { Chance } from "../chance/chance.ts";

const HABITS = [
  /** Has the money on the due date, and the calendar takes it. */
  "standing",
  /** Has none on the due date, and pays by hand in the evening. */
  "by_hand",
  /** Pays some days or weeks later, the first half apart from the rest. */
  "late",
  /** Stops paying at some point; some pay again after they are in default. */
  "defaulting",
  /** Repays everything before the end. */
  "early_full",
  /** Repays a part early: smaller instalments then, or fewer. */
  "early_part",
] as const;
export type Habit = (typeof HABITS)[number];

/** So many of a hundred borrowers have each habit, in their order. */
const HABIT_SHARES = [40, 14, 18, 6, 12, 10];

export interface Borrower {
  readonly id: string;
  readonly habit: Habit;
  loans: number;
  /** The day on which it wants its next loan; null while it has one, or gets none any more. */
  wantsOn: number | null;
}

export interface LoanWish {
  readonly loanId: string;
  readonly borrower: Borrower;
  readonly principalCents: number;
  readonly method: RepaymentMethod;
  /** Months; days with bullet_days. */
  readonly term: number;
  readonly rateBps: number;
  readonly basisDays: number;
  readonly originationFeeBps: number;
  readonly serviceFeeBps: number;
  readonly earlyFeeBps: number;
  readonly graceDays: number;
  readonly penaltyPpm: number;
  /** Among how many lenders it is meant to be spread. */
  readonly lenders: number;
}

const FIRST_LOAN_DAYS = 90;

export function drawBorrowers(count: number, day: number, chance: Chance): Borrower[] {
  return Array.from({ length: count }, (_, nth) => ({
    id: `borrower-${String(nth + 1).padStart(5, "0")}`,
    habit: drawHabit(chance),
    loans: 0,
    wantsOn: day + chance.whole(0, FIRST_LOAN_DAYS),
  }));
}

function drawHabit(chance: Chance): Habit {
  let drawn = chance.whole(1, 100);
  for (const [place, share] of HABIT_SHARES.entries()) {
    drawn -= share;
    if (drawn <= 0) return HABITS[place]!;
  }
  return "standing";
}

/** The next loan of a borrower. One after the other has another method, so that all come up. */
export function drawLoan(borrower: Borrower, nth: number, chance: Chance): LoanWish {
  const method = REPAYMENT_METHODS[nth % REPAYMENT_METHODS.length]!;
  const isDaily = method === "bullet_days";
  return {
    loanId: `loan-${String(nth + 1).padStart(6, "0")}`,
    borrower,
    principalCents: chance.whole(30, 500) * 100_00,
    method,
    term: isDaily ? chance.whole(30, 360) : chance.whole(3, 24),
    rateBps: chance.whole(60, 180) * 10,
    basisDays: isDaily ? chance.oneOf([360, 365, 0]) : 365,
    originationFeeBps: chance.whole(0, 200),
    serviceFeeBps: chance.oneOf([0, 500, 1_000]),
    earlyFeeBps: chance.oneOf([0, 50, 100]),
    graceDays: chance.whole(0, 5),
    penaltyPpm: chance.oneOf([0, 300, 500]),
    lenders: chance.whole(20, 80),
  };
}

/** What falls due and when, by the plan at the disbursement. */
export function scheduleOfLoan(loan: LoanWish, day: number): readonly Instalment[] {
  const { method, term, principalCents, basisDays } = loan;
  const common = {
    principalCents,
    rateBps: rateBps(loan.rateBps),
    disbursedOn: businessDate(day),
  };
  if (method !== "bullet_days") return scheduleOf({ ...common, method, months: term });
  const basis = basisDays === 360 || basisDays === 365 ? basisDays : "actual";
  return scheduleOf({ ...common, method, days: term, basis });
}
