// A loan that was paid out: what it does on a day, how it takes a payment, and why it declines one.

import { describe, expect, it } from "vitest";
import { loanView, type MarketLoan } from "../../actors/loan/loan.ts";
import { loanScheduleView } from "../../actors/loan/repayment/schedule-view.ts";
import { LENDING_TERMS_DEFAULT } from "../../actors/loan/terms.ts";
import { KINDS } from "../../src/runtime/kind.ts";
import { DAY, given, request, type Typed } from "../support/given.ts";

const TERMS = {
  borrowerId: "bob",
  principalCents: 1_000_00,
  stepCents: 1_00,
  minBidCents: 100_00,
  lenderCapCents: null,
  opensAtMs: null,
  closesAtMs: 1_700_000_001_000,
  cancellable: true,
  ...LENDING_TERMS_DEFAULT,
  term: 12,
  rateBps: 1_200,
  serviceFeeBps: 1_000,
  earlyFeeBps: 50,
  graceDays: 3,
  penaltyPpm: 1_000,
  disbursesAtOnce: true,
};
/** One month after DAY, 2024-10-04; then two. */
const FIRST_DUE = DAY + 31;
const SECOND_DUE = DAY + 61;
const INSTALMENT_CENTS = 88_85;
const AT = 1_700_000_000_000;

function raised(terms: Partial<Record<string, unknown>> = {}): Typed[] {
  const funds = { type: "FundsCollected", accountId: "a", holdNo: 1, amountCents: 1_000_00 };
  return [
    { type: "LoanListed", ...request(1), ...TERMS, ...terms, by: "ops", contractHash: null },
    {
      type: "BidPlaced",
      accountId: "a",
      holdNo: 1,
      bidNo: 1,
      filledCents: 1_000_00,
      remainingCents: 0,
    },
    { type: "LoanFunded" },
    { type: "CollectionStarted" },
    { type: "HoldsCalled", holds: ["a", 1], nextBidNo: 2, last: true },
    funds,
    { type: "LoanCollected" },
  ];
}

function disbursed(wakeOn = FIRST_DUE, rules = 2): Typed {
  const amounts = { principalCents: 1_000_00, originationFeeCents: 0, rules };
  return { type: "LoanDisbursed", borrowerId: "bob", day: DAY, ...amounts, wakeOn };
}

const FRESH = [...raised(), disbursed()];

/** Lent by `a` alone. */
function lentByDays(terms: { principalCents: number }, day: number, rules: number): Typed[] {
  const { principalCents } = terms;
  return [...raised({ ...terms, stepCents: 1, minBidCents: 1 }), disbursed(day + 366, rules)].map(
    (event) => {
      if (event.type === "BidPlaced") return { ...event, filledCents: principalCents };
      if (event.type === "FundsCollected") return { ...event, amountCents: principalCents };
      if (event.type === "LoanDisbursed") return { ...event, principalCents, day };
      return event;
    },
  );
}

function worked(day: number, more: Partial<Record<string, unknown>> = {}): Typed {
  const facts = { newDues: 1, newPenaltyCents: 0, owedCents: INSTALMENT_CENTS, wakeOn: day + 1 };
  return { type: "DayWorked", borrowerId: "bob", day, ...facts, ...more };
}

/** The first instalment is due and the borrower's account was asked. */
const ASKED = [...FRESH, worked(FIRST_DUE)];
const DUE = [...ASKED, { type: "NothingCollected", wakeOn: FIRST_DUE + 1 }];

function taken(more: Partial<Record<string, unknown>> = {}): Typed {
  return {
    type: "RepaymentTaken",
    clearingNo: 1,
    accountId: "bob",
    paymentNo: 7,
    mode: "due",
    day: FIRST_DUE,
    amountCents: INSTALMENT_CENTS,
    returnedCents: 0,
    penaltyCents: 0,
    interestCents: 10_00,
    principalCents: 78_85,
    feeCents: 0,
    instalment: 1,
    wakeOn: SECOND_DUE,
    isRecovery: false,
    ...more,
  };
}

const PAID_OFF = taken({
  mode: "early_full",
  day: DAY,
  amountCents: 1_005_00,
  principalCents: 1_000_00,
  interestCents: 0,
  feeCents: 5_00,
  wakeOn: null,
});
/** 50.00 are left. */
const NEARLY = [
  ...FRESH,
  taken({
    mode: "early_keep_term",
    day: DAY,
    amountCents: 954_75,
    principalCents: 950_00,
    interestCents: 0,
    feeCents: 4_75,
    wakeOn: FIRST_DUE,
  }),
];
const SETTLED = [...FRESH, PAID_OFF, { type: "LoanSettled", day: DAY }];

/** One payment at the end: nothing to keep. */
const BULLET = [...raised({ method: "bullet", term: 1 }), disbursed()];

function repay(more: Partial<Record<string, unknown>> = {}): Typed {
  const payment = { paymentNo: 7, mode: "due", amountCents: INSTALMENT_CENTS };
  return { type: "Repay", accountId: "bob", ...payment, ...more };
}

function declined(refusal: string, { amountCents, accountId }: Typed): Typed {
  return { type: "RepaymentDeclined", accountId, paymentNo: 7, amountCents, refusal };
}

const DAY_CAME = { type: "DayCame" };

describe("Loan: Repay is declined for the first reason that is true", () => {
  const all = 9_999_999_00;
  const rows: [refusal: string, state: string, Typed[], Partial<Record<string, unknown>>][] = [
    ["loan_not_found", "absent", [], { accountId: "a" }],
    ["loan_not_repaying", "listed", raised().slice(0, 1), { accountId: "a" }],
    ["loan_not_repaying", "collected", raised(), { accountId: "a", mode: "early_full" }],
    ["not_the_borrower", "settled", SETTLED, { accountId: "a" }],
    ["not_the_borrower", "fresh", FRESH, { accountId: "a" }],
    ["loan_settled", "settled", SETTLED, { amountCents: all }],
    ["loan_settled", "settled", SETTLED, { mode: "early_full", amountCents: 1 }],
    ["nothing_due", "fresh", FRESH, { amountCents: all }],
    ["exceeds_owed", "due", DUE, { amountCents: INSTALMENT_CENTS + 1 }],
    ["instalment_is_due", "due", DUE, { mode: "early_full", amountCents: 1 }],
    ["instalment_is_due", "due", DUE, { mode: "early_keep_term", amountCents: 1 }],
    ["instalment_is_due", "due", DUE, { mode: "early_keep_instalment", amountCents: all }],
    ["below_payoff", "fresh", FRESH, { mode: "early_full", amountCents: 1_004_99 }],
    ["no_instalment_to_keep", "bullet", BULLET, { mode: "early_keep_instalment", amountCents: 1 }],
    [
      "no_instalment_to_keep",
      "bullet",
      BULLET,
      { mode: "early_keep_instalment", amountCents: all },
    ],
    ["amount_too_small", "ten days on", FRESH, { mode: "early_keep_term", amountCents: 3_23 }],
    ["repays_all", "fresh", FRESH, { mode: "early_keep_term", amountCents: 1_005_00 }],
    ["repays_all", "fresh", FRESH, { mode: "early_keep_instalment", amountCents: all }],
    ["repays_all", "nearly repaid", NEARLY, { mode: "early_keep_term", amountCents: 60_00 }],
    ["below_minimum_payment", "nearly repaid", NEARLY, { mode: "early_keep_term", amountCents: 1 }],
    ["below_minimum_payment", "fresh", FRESH, { mode: "early_keep_term", amountCents: 99_99 }],
    ["below_minimum_payment", "fresh", FRESH, { mode: "early_keep_instalment", amountCents: 1 }],
    ["below_minimum_payment", "due", DUE, { amountCents: 9 }],
  ];
  it.each(rows)("%s (%s)", (refusal, state, events, more) => {
    const command = repay(more);
    const days = { due: FIRST_DUE, "ten days on": DAY + 10 }[state] ?? DAY;
    given("loan", "l", ...events)
      .when(command, AT, days)
      .then(declined(refusal, command));
  });
});

describe("Loan: the least that is repaid by hand", () => {
  it("is 100.00 of what is not due, and all of it however little", () => {
    const part = repay({ mode: "early_keep_term", amountCents: 100_00 });
    const loan = given("loan", "l", ...FRESH);
    const decision = KINDS.loan.decide(loan.state, part, AT, DAY);
    expect(decision).toMatchObject({ events: [{ type: "RepaymentTaken", amountCents: 100_00 }] });
    given("loan", "l", ...NEARLY)
      .when(repay({ mode: "early_full", amountCents: 50_25 }), AT, DAY)
      .then(
        taken({
          clearingNo: 2,
          mode: "early_full",
          day: DAY,
          amountCents: 50_25,
          principalCents: 50_00,
          interestCents: 0,
          feeCents: 25,
          wakeOn: null,
        }),
        { type: "LoanSettled", day: DAY },
      );
  });

  it("is 0.10 for each lender of what is due, or all that is owed", () => {
    const parts = { amountCents: 10, interestCents: 10, principalCents: 0 };
    given("loan", "l", ...DUE)
      .when(repay({ amountCents: 10 }), AT, FIRST_DUE)
      .then(taken({ ...parts, wakeOn: FIRST_DUE + 1 }));
    const most = { amountCents: INSTALMENT_CENTS - 9, principalCents: 78_76 };
    const rest = [...DUE, taken({ ...most, wakeOn: FIRST_DUE + 1 })];
    given("loan", "l", ...rest)
      .when(repay({ amountCents: 8 }), AT, FIRST_DUE)
      .then(declined("below_minimum_payment", repay({ amountCents: 8 })));
    given("loan", "l", ...rest)
      .when(repay({ amountCents: 9 }), AT, FIRST_DUE)
      .then(taken({ clearingNo: 2, amountCents: 9, interestCents: 0, principalCents: 9 }));
  });

  it("is none for what the calendar collects", () => {
    const parts = { amountCents: 1, interestCents: 1, principalCents: 0 };
    given("loan", "l", ...ASKED)
      .when(repay({ mode: "collected", amountCents: 1 }), AT, FIRST_DUE)
      .then(taken({ mode: "collected", ...parts, wakeOn: FIRST_DUE + 1 }));
  });

  it("is a cent for a loan that was paid out before there was one", () => {
    const first = [...raised(), disbursed(FIRST_DUE, 1)];
    const { state } = given("loan", "l", ...first);
    const cent = repay({ mode: "early_keep_term", amountCents: 1 });
    expect(KINDS.loan.decide(state, cent, AT, DAY)).toMatchObject({
      events: [{ type: "RepaymentTaken", principalCents: 1 }],
    });
  });

  it("takes nobody's interest or fee by rounding", () => {
    // 1,000.00 with a fee of 0.5 %: 5.00 at once, and nothing in parts of 0.49.
    let { state } = given("loan", "l", ...FRESH);
    let feeCents = 0;
    for (let payments = 0; payments < 30; payments++) {
      for (const command of [
        repay({ mode: "early_keep_term", amountCents: 49 }),
        repay({ mode: "early_keep_term", amountCents: 100_00 }),
        repay({ mode: "early_full", amountCents: 120_00 }),
      ]) {
        const decision = KINDS.loan.decide(state, command, AT, DAY);
        if (!decision.accepted) throw new Error(decision.refusal);
        for (const event of decision.events as Typed[]) {
          if (event.type === "RepaymentTaken") feeCents += event["feeCents"] as number;
          state = KINDS.loan.evolve(state, event, "l", AT);
        }
      }
    }
    expect(state.status).toBe("settled");
    expect(Math.abs(feeCents - 5_00)).toBeLessThanOrEqual(5);
  });
});

describe("Loan: Repay", () => {
  it("pays penalty, interest and principal of the oldest instalment first", () => {
    // 88.85 on 10 days after grace at 0.1 % a day.
    const late = worked(FIRST_DUE + 13, {
      newDues: 0,
      newPenaltyCents: 89,
      owedCents: 89_74,
      wakeOn: FIRST_DUE + 14,
    });
    const nothing = { type: "NothingCollected", wakeOn: FIRST_DUE + 14 };
    const day = FIRST_DUE + 13;
    const parts = { penaltyCents: 89, interestCents: 10_00, principalCents: 2_11, wakeOn: day + 1 };
    given("loan", "l", ...DUE, late, nothing)
      .when(repay({ amountCents: 13_00 }), AT, day)
      .then(taken({ day, amountCents: 13_00, ...parts }));
  });

  it("early is none after days that were missed: what fell due on them comes first", () => {
    const all = repay({ mode: "early_full", amountCents: 1_100_00 });
    const loan = given("loan", "l", ...FRESH);
    for (const day of [FIRST_DUE + 1, SECOND_DUE + 40]) {
      loan.when(all, AT, day).then(declined("instalment_is_due", all));
    }
  });

  it("early in full gives back what is too much, and is the end", () => {
    const paid = repay({ mode: "early_full", amountCents: 1_010_00 });
    given("loan", "l", ...FRESH)
      .when(paid, AT, DAY + 10)
      .then(
        taken({
          mode: "early_full",
          day: DAY + 10,
          amountCents: 1_010_00,
          returnedCents: 1_77,
          interestCents: 3_23,
          principalCents: 1_000_00,
          feeCents: 5_00,
          wakeOn: null,
        }),
        { type: "LoanSettled", day: DAY + 10 },
      );
  });

  it("of a loan by days bears the interest of the days, whatever year they lie in", () => {
    // 2027-07-01, for 366 days: 182 of them lie in the leap year 2028.
    const day = 21_000;
    const terms = { method: "bullet_days", term: 366, basisDays: 0, principalCents: 100_000_000 };
    for (const [rules, interestCents] of [
      [1, 6_041_096],
      // 1,000,000.00 * 12 % * 184 / 365.
      [2, 6_049_315],
    ] as const) {
      const feeCents = 500_000;
      const amountCents = 100_000_000 + interestCents + feeCents;
      const parts = { principalCents: 100_000_000, interestCents, feeCents, wakeOn: null };
      given("loan", "l", ...lentByDays(terms, day, rules))
        .when(repay({ mode: "early_full", amountCents }), AT, day + 184)
        .then(taken({ mode: "early_full", day: day + 184, amountCents, ...parts }), {
          type: "LoanSettled",
          day: day + 184,
        });
    }
  });

  it("is reckoned by rules that are known, or the loan is out of service", () => {
    expect(() => given("loan", "l", ...raised(), disbursed(FIRST_DUE, 3))).toThrow("rules");
  });

  it("early on a due date counts for the day before, until that date's work is done", () => {
    const command = repay({ mode: "early_full", amountCents: 1_014_68 });
    const early = { mode: "early_full", day: FIRST_DUE - 1, amountCents: 1_014_68, wakeOn: null };
    given("loan", "l", ...FRESH)
      .when(command, AT, FIRST_DUE)
      .then(taken({ ...early, interestCents: 9_68, principalCents: 1_000_00, feeCents: 5_00 }), {
        type: "LoanSettled",
        day: FIRST_DUE - 1,
      });
    given("loan", "l", ...DUE)
      .when(command, AT, FIRST_DUE)
      .then(declined("instalment_is_due", command));
  });

  it("by hand while the borrower's account is asked leaves the day undone", () => {
    given("loan", "l", ...ASKED)
      .when(repay(), AT, FIRST_DUE)
      .then(taken({ wakeOn: FIRST_DUE }));
  });
});

describe("Loan: what the calendar collected", () => {
  const collected = (amountCents: number): Typed => {
    return repay({ mode: "collected", amountCents });
  };

  it("is divided like any other payment, and the day is done", () => {
    given("loan", "l", ...ASKED)
      .when(collected(INSTALMENT_CENTS), AT, FIRST_DUE)
      .then(taken({ mode: "collected" }));
  });

  it("is nothing when the account has nothing: tomorrow it is asked again", () => {
    given("loan", "l", ...ASKED)
      .when(collected(0), AT, FIRST_DUE)
      .then({ type: "NothingCollected", wakeOn: FIRST_DUE + 1 });
  });

  it("goes back whole when the borrower repaid by hand in between", () => {
    const command = collected(INSTALMENT_CENTS);
    given("loan", "l", ...ASKED, taken({ wakeOn: FIRST_DUE }))
      .when(command, AT, FIRST_DUE)
      .then({ type: "NothingCollected", wakeOn: SECOND_DUE }, declined("nothing_due", command));
  });

  it("goes back in part when the borrower repaid a part in between", () => {
    const part = { amountCents: 50_00, interestCents: 10_00, principalCents: 40_00 };
    given("loan", "l", ...ASKED, taken({ ...part, wakeOn: FIRST_DUE }))
      .when(collected(INSTALMENT_CENTS), AT, FIRST_DUE)
      .then(
        taken({
          clearingNo: 2,
          mode: "collected",
          interestCents: 0,
          principalCents: 38_85,
          returnedCents: 50_00,
        }),
      );
  });

  it("goes back when the loan was settled in between, and nothing is wanted any more", () => {
    const owedCents = 1_010_00;
    const last = { amountCents: owedCents, principalCents: 1_000_00, wakeOn: null };
    const command = collected(owedCents);
    given("loan", "l", ...BULLET, worked(FIRST_DUE, { owedCents }), taken(last), {
      type: "LoanSettled",
      day: FIRST_DUE,
    })
      .when(command, AT, FIRST_DUE)
      .then({ type: "NothingCollected", wakeOn: null }, declined("loan_settled", command));
  });

  it("is never early: a loan that did not ask takes nothing", () => {
    expect(() => {
      given("loan", "l", ...raised())
        .when(collected(0), AT, DAY)
        .then();
    }).toThrow("only a loan that was paid out collects");
  });
});

describe("Loan: what is still to pay, as it is shown", () => {
  const shown = (events: Typed[]) => {
    const loan = given("loan", "l", ...events).state as unknown as MarketLoan;
    const { nextDueOn, status } = loanView(loan);
    const { instalments } = loanScheduleView(loan, null);
    return { status, nextDueOn, dues: instalments.map(({ dueOn }) => dueOn) };
  };

  it("is nothing once it is settled, though instalments of nothing were to come", () => {
    // One cent over twelve months: the sixth instalment is the only one.
    const terms = { principalCents: 1, rateBps: 0, method: "equal_principal", stepCents: 1 };
    const [listing, bid, ...rest] = raised({ ...terms, minBidCents: 1, graceDays: 0 });
    const cent = { amountCents: 1, principalCents: 1, interestCents: 0 };
    const paidOut = [
      listing!,
      { ...bid!, filledCents: 1 },
      ...rest.map((event) => ("amountCents" in event ? { ...event, amountCents: 1 } : event)),
      { ...disbursed(), principalCents: 1 },
    ];
    const HALF = DAY + 182;
    expect(shown(paidOut)).toEqual({ status: "repaying", nextDueOn: HALF, dues: [HALF] });
    const late = HALF + 1;
    const paid = taken({ ...cent, day: late, instalment: 6, wakeOn: null });
    const settled = [
      worked(late, { newDues: 6, owedCents: 1 }),
      { type: "NothingCollected", wakeOn: late + 1 },
      paid,
      { type: "LoanSettled", day: late },
    ];
    const state = [...paidOut, ...settled];
    expect(shown(state)).toEqual({ status: "settled", nextDueOn: null, dues: [] });
  });
});

describe("Loan: ties between holders", () => {
  /** ann bids and cancels, ben bids, ann bids again: half of it each. */
  const rebid = (byStandingBids: boolean): Typed[] => {
    const bid = (accountId: string, bidNo: number, remainingCents: number): Typed => {
      const filledCents = 500_00;
      return { type: "BidPlaced", accountId, holdNo: bidNo, bidNo, filledCents, remainingCents };
    };
    const cancelled = { accountId: "ann", holdNo: 1, bidNo: 1, requestId: request(2).requestId };
    const [listing] = raised();
    return [
      listing!,
      bid("ann", 1, 500_00),
      { type: "FillCancelled", ...cancelled },
      bid("ben", 2, 500_00),
      bid("ann", 3, 0),
      { type: "LoanFunded" },
      { type: "CollectionStarted" },
      { type: "HoldsCalled", holds: ["ben", 2, "ann", 3], nextBidNo: 4, last: true },
      { type: "FundsCollected", accountId: "ben", holdNo: 2, amountCents: 500_00 },
      { type: "FundsCollected", accountId: "ann", holdNo: 3, amountCents: 500_00 },
      { type: "LoanCollected", byStandingBids },
      disbursed(),
      worked(FIRST_DUE),
      { type: "NothingCollected", wakeOn: FIRST_DUE + 1 },
      taken({ amountCents: 1, interestCents: 1, principalCents: 0, wakeOn: FIRST_DUE + 1 }),
    ];
  };
  const allotted = (account: string): Typed => {
    const legs = [account, 0, 1, 0, 0];
    return { type: "LegsAllotted", clearingNo: 1, instalment: 1, legs, nextHolder: 2, last: true };
  };

  it("go to the earlier bid of those that stand", () => {
    given("loan", "l", ...rebid(true))
      .when({ type: "NextStep" })
      .then(allotted("ben"));
  });

  it("go to the earlier bid ever made in journals from before", () => {
    given("loan", "l", ...rebid(false))
      .when({ type: "NextStep" })
      .then(allotted("ann"));
  });
});

/** A loan of one payment, so many days late, whose borrower's account is asked. */
function askedLate(late: number) {
  const day = FIRST_DUE + late;
  const newPenaltyCents = Math.round((1_010_00 * (late - 3)) / 1_000);
  const owedCents = 1_010_00 + newPenaltyCents;
  const facts = worked(day, { newPenaltyCents, owedCents });
  return { asked: [...BULLET, facts], facts, day, owedCents, newPenaltyCents };
}

describe("Loan: default", () => {
  const nothing = repay({ mode: "collected", amountCents: 0 });

  it("comes when the account has nothing and the oldest instalment is over 90 days late", () => {
    for (const late of [90, 91]) {
      const { asked, day } = askedLate(late);
      const defaulted = late > 90 ? [{ type: "LoanDefaulted", day }] : [];
      given("loan", "l", ...asked)
        .when(nothing, AT, day)
        .then({ type: "NothingCollected", wakeOn: day + 1 }, ...defaulted);
    }
  });

  it("is of the day that was worked, however late the account answers", () => {
    const { asked, day } = askedLate(91);
    given("loan", "l", ...asked)
      .when(nothing, AT, day + 5)
      .then({ type: "NothingCollected", wakeOn: day + 1 }, { type: "LoanDefaulted", day });
  });

  it("does not come to a borrower whose account pays all that day", () => {
    const { asked, day, owedCents, newPenaltyCents: penaltyCents } = askedLate(91);
    const all = { mode: "collected", day, amountCents: owedCents, penaltyCents };
    const paid = taken({ ...all, interestCents: 10_00, principalCents: 1_000_00, wakeOn: null });
    given("loan", "l", ...asked)
      .when(repay({ mode: "collected", amountCents: owedCents }), AT, day)
      .then(paid, { type: "LoanSettled", day });
  });

  it("comes to one whose account leaves something of it", () => {
    const { asked, day, owedCents, newPenaltyCents: penaltyCents } = askedLate(91);
    const part = { mode: "collected", day, amountCents: owedCents - 1, penaltyCents };
    const rest = { interestCents: 10_00, principalCents: 999_99, wakeOn: day + 1 };
    given("loan", "l", ...asked)
      .when(repay({ mode: "collected", amountCents: owedCents - 1 }), AT, day)
      .then(taken({ ...part, ...rest }), { type: "LoanDefaulted", day });
  });

  it("waits for the account's answer when a part is paid by hand in between", () => {
    const { asked, day, newPenaltyCents: penaltyCents } = askedLate(91);
    const none = { interestCents: 0, principalCents: 0 };
    const part = taken({ day, amountCents: penaltyCents, penaltyCents, ...none, wakeOn: day });
    given("loan", "l", ...asked)
      .when(repay({ amountCents: penaltyCents }), AT, day)
      .then(part);
    given("loan", "l", ...asked, part)
      .when(nothing, AT, day)
      .then({ type: "NothingCollected", wakeOn: day + 1 }, { type: "LoanDefaulted", day });
  });
});

describe("Loan: DayCame", () => {
  it("does nothing before the day that is wanted, and nothing twice", () => {
    given("loan", "l", ...FRESH)
      .when(DAY_CAME, AT, FIRST_DUE - 1)
      .then();
    given("loan", "l", ...DUE)
      .when(DAY_CAME, AT, FIRST_DUE)
      .then();
  });

  it("does nothing while the borrower's account is asked, whatever day it is", () => {
    given("loan", "l", ...ASKED)
      .when(DAY_CAME, AT, FIRST_DUE + 400)
      .then();
  });

  it("asks for the instalment on its due date", () => {
    given("loan", "l", ...FRESH)
      .when(DAY_CAME, AT, FIRST_DUE)
      .then(worked(FIRST_DUE));
  });

  it("after a jump of months does the work of all of them at once, each day once", () => {
    const day = DAY + 95;
    // Three instalments; 61, 31 and 0 days after grace at 0.1 % a day on 88.85.
    const newPenaltyCents = 5_42 + 2_75 + 0;
    const owedCents = 3 * INSTALMENT_CENTS + newPenaltyCents;
    given("loan", "l", ...FRESH)
      .when(DAY_CAME, AT, day)
      .then(worked(day, { newDues: 3, newPenaltyCents, owedCents }));
  });

  it("asks before it says that the loan is in default", () => {
    const { asked, facts, day } = askedLate(91);
    given("loan", "l", ...asked.slice(0, -1))
      .when(DAY_CAME, AT, day)
      .then(facts);
  });

  it("does nothing for a loan that is settled, or was never paid out", () => {
    given("loan", "l", ...SETTLED)
      .when(DAY_CAME, AT, DAY + 999)
      .then();
    given("loan", "l", ...raised())
      .when(DAY_CAME, AT, DAY + 999)
      .then();
  });
});
