// Writing a loan off: who may, in which order refusals come, and what it leaves.

import { describe, expect, it } from "vitest";
import { LENDING_TERMS_DEFAULT } from "../../actors/loan/terms.ts";
import { loanPostings } from "../../actors/loan/events.ts";
import { loanView, type MarketLoan } from "../../actors/loan/loan.ts";
import { restoreLoan, snapshotLoan } from "../../actors/loan/snapshot.ts";
import { writeOffView } from "../../actors/loan/write-off/write-off.ts";
import type { LoanId } from "../../actors/address.ts";
import type { ShellState } from "../../src/runtime/kind.ts";
import { DAY, given, request, type Typed } from "../support/given.ts";

const DUE = DAY + 31;
const OWED_CENTS = 1_010_00;
const LISTED: Typed = {
  type: "LoanListed",
  ...request(1),
  borrowerId: "bob",
  principalCents: 1_000_00,
  stepCents: 1_00,
  minBidCents: 100_00,
  lenderCapCents: null,
  opensAtMs: null,
  closesAtMs: 1_700_000_001_000,
  cancellable: true,
  ...LENDING_TERMS_DEFAULT,
  method: "bullet",
  term: 1,
  rateBps: 1_200,
  disbursesAtOnce: true,
  by: "ops",
  contractHash: null,
};
const PAID_OUT: Typed[] = [
  LISTED,
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
  { type: "FundsCollected", accountId: "a", holdNo: 1, amountCents: 1_000_00 },
  { type: "LoanCollected" },
  {
    type: "LoanDisbursed",
    borrowerId: "bob",
    day: DAY,
    principalCents: 1_000_00,
    originationFeeCents: 0,
    wakeOn: DUE,
    rules: 2,
  },
];

function worked(day: number, newDues: number): Typed {
  const facts = { newDues, newPenaltyCents: 0, owedCents: OWED_CENTS, wakeOn: day + 1 };
  return { type: "DayWorked", borrowerId: "bob", day, ...facts };
}

const LATE: Typed[] = [...PAID_OUT, worked(DUE, 1), { type: "NothingCollected", wakeOn: DUE + 1 }];
const DEFAULT_ON = DUE + 91;
const DEFAULTED: Typed[] = [
  ...LATE,
  worked(DEFAULT_ON, 0),
  { type: "LoanDefaulted", day: DEFAULT_ON },
  { type: "NothingCollected", wakeOn: DEFAULT_ON + 1 },
];

function proposed(proposalNo = 1): Typed {
  return {
    type: "WriteOffProposed",
    ...request(10 + proposalNo),
    maker: "oda",
    proposalNo,
    reason: "insolvent",
  };
}
const WAITS: Typed[] = [...DEFAULTED, proposed()];
const JUDGED = { maker: "oda", checker: "otto", proposalNo: 1 };
const WRITTEN_OFF: Typed = {
  type: "LoanWrittenOff",
  ...request(20),
  ...JUDGED,
  day: DEFAULT_ON,
  outstandingCents: 1_000_00,
};
const LOST: Typed[] = [...WAITS, WRITTEN_OFF];

function taken(amountCents: number, principalCents: number, interestCents: number): Typed {
  return {
    type: "RepaymentTaken",
    clearingNo: 1,
    accountId: "bob",
    paymentNo: 7,
    mode: "due",
    day: DEFAULT_ON,
    amountCents,
    returnedCents: 0,
    penaltyCents: 0,
    interestCents,
    principalCents,
    feeCents: 0,
    instalment: 1,
    wakeOn: principalCents === 1_000_00 ? null : DEFAULT_ON + 1,
    isRecovery: true,
  };
}
const PAYOFF = taken(OWED_CENTS, 1_000_00, 10_00);
const SETTLED: Typed[] = [...LOST, PAYOFF, { type: "LoanSettled", day: DEFAULT_ON }];

function propose(more: Partial<Record<string, unknown>> = {}): Typed {
  const asked = { loanId: "spring", by: "oda", reason: "insolvent" };
  return { type: "ProposeWriteOff", ...request(11), ...asked, ...more };
}

function judge(more: Partial<Record<string, unknown>> = {}): Typed {
  const asked = { loanId: "spring", by: "otto", proposal: 1, answer: "confirm", reason: null };
  return { type: "DecideWriteOff", ...request(20), ...asked, ...more };
}

const loan = (events: Typed[]) => given("loan", "spring", ...events);
const on = (command: Typed, events: Typed[]) =>
  loan(events).when(command, 1_700_000_000_000, DEFAULT_ON);
const market = (state: ShellState): MarketLoan => state as unknown as MarketLoan;

describe("Loan: ProposeWriteOff", () => {
  it("waits for a second person, and says who proposed it and why", () => {
    on(propose(), DEFAULTED).then(proposed());
  });

  const ownAndEmpty = { by: "bob", reason: " " };
  const rows: [refusal: string, state: string, Typed[], Partial<Record<string, unknown>>][] = [
    ["loan_not_found", "absent", [], ownAndEmpty],
    ["loan_not_defaulted", "listed", [LISTED], ownAndEmpty],
    ["loan_not_defaulted", "repaying", PAID_OUT, ownAndEmpty],
    ["loan_not_defaulted", "late", LATE, ownAndEmpty],
    ["loan_not_defaulted", "written off", LOST, ownAndEmpty],
    ["loan_not_defaulted", "settled", SETTLED, ownAndEmpty],
    ["write_off_proposed", "proposed", WAITS, ownAndEmpty],
    ["borrower_cannot_review", "in default", DEFAULTED, ownAndEmpty],
    ["proposal_incomplete", "in default", DEFAULTED, { reason: "" }],
    ["proposal_incomplete", "in default", DEFAULTED, { reason: "  " }],
  ];
  it.each(rows)("is refused with %s (%s)", (refusal, _state, events, more) => {
    on(propose(more), events).thenRefused(refusal);
  });
});

describe("Loan: DecideWriteOff", () => {
  it("confirmed by another, writes off what is outstanding that day", () => {
    const state = on(judge(), WAITS).then(WRITTEN_OFF);
    expect(state.status).toBe("written_off");
  });

  it("returned, leaves the loan in default, and another can be proposed", () => {
    const reason = "ask again";
    const returned = { type: "WriteOffReturned", ...request(20), ...JUDGED, reason };
    const state = on(judge({ answer: "return", reason }), WAITS).then(returned);
    expect(state.status).toBe("defaulted");
    on(propose(request(12)), [...WAITS, returned]).then(proposed(2));
    on(judge(), [...WAITS, returned]).thenRefused("write_off_not_proposed");
    on(judge(), [...WAITS, returned, proposed(2)]).thenRefused("proposal_changed");
  });

  const makerOfOther = { by: "oda", proposal: 2 };
  const rows: [refusal: string, state: string, Typed[], Partial<Record<string, unknown>>][] = [
    ["loan_not_found", "absent", [], makerOfOther],
    ["loan_not_defaulted", "late", LATE, makerOfOther],
    ["loan_not_defaulted", "written off", LOST, makerOfOther],
    ["loan_not_defaulted", "settled", SETTLED, makerOfOther],
    ["write_off_not_proposed", "in default", DEFAULTED, makerOfOther],
    ["proposal_changed", "proposed", WAITS, makerOfOther],
    ["maker_is_checker", "proposed", WAITS, { by: "oda" }],
    ["maker_is_checker", "proposed", WAITS, { by: "oda", answer: "return" }],
    ["borrower_cannot_review", "proposed", WAITS, { by: "bob" }],
  ];
  it.each(rows)("is refused with %s (%s)", (refusal, _state, events, more) => {
    on(judge(more), events).thenRefused(refusal);
  });
});

describe("Loan: a default is cured", () => {
  const TERMS = { ...LISTED, term: 12, method: "equal_instalment" };
  const DISBURSED = { ...PAID_OUT.at(-1)!, wakeOn: DUE };
  /** Three instalments of 88.85 are due. */
  const DEFAULTED_IN_PART: Typed[] = [
    TERMS,
    ...PAID_OUT.slice(1, -1),
    DISBURSED,
    { ...worked(DEFAULT_ON, 3), owedCents: 266_55 },
    { type: "NothingCollected", wakeOn: DEFAULT_ON + 1 },
    { type: "LoanDefaulted", day: DEFAULT_ON },
  ];
  const repay = (amountCents: number): Typed => {
    return { type: "Repay", accountId: "bob", paymentNo: 7, mode: "due", amountCents };
  };
  const PAID_UP: Typed = {
    ...taken(266_55, 238_92, 27_63),
    isRecovery: false,
    wakeOn: DAY + 123,
  };
  const CURED: Typed = { type: "LoanCured", day: DEFAULT_ON };

  it("by whoever pays all that is due, and the loan is repaid as before", () => {
    const state = on(repay(266_55), DEFAULTED_IN_PART).then(PAID_UP, CURED);
    expect(loanView(market(state))).toMatchObject({
      status: "repaying",
      owedCents: 0,
      lateDays: 0,
      outstandingCents: 761_08,
    });
  });

  it("not by a part of it", () => {
    const part = { ...PAID_UP, amountCents: 266_54, principalCents: 238_91 };
    const state = on(repay(266_54), DEFAULTED_IN_PART).then({ ...part, wakeOn: DEFAULT_ON + 1 });
    expect(state.status).toBe("defaulted");
  });

  it("and then it is not written off, nor is what was proposed before", () => {
    const cured = [...DEFAULTED_IN_PART, proposed(), PAID_UP, CURED];
    on(propose(request(12)), cured).thenRefused("loan_not_defaulted");
    on(judge(), cured).thenRefused("loan_not_defaulted");
    expect(writeOffView(market(loan(cured).state))).toMatchObject({ proposal: null });
    const late = { ...worked(DEFAULT_ON + 200, 7), owedCents: 621_95 };
    const again = [
      ...cured,
      late,
      { type: "NothingCollected", wakeOn: DEFAULT_ON + 201 },
      { type: "LoanDefaulted", day: DEFAULT_ON + 200 },
    ];
    on(judge(), again).thenRefused("write_off_not_proposed");
    on(propose(request(12)), again).then(proposed(2));
  });

  it("nor a loan of an older journal that paid up and stayed in default", () => {
    const older = [...DEFAULTED_IN_PART, PAID_UP];
    on(propose(request(12)), older).thenRefused("loan_not_defaulted");
    on(judge(), [...DEFAULTED_IN_PART, proposed(), PAID_UP]).thenRefused("loan_not_defaulted");
  });
});

describe("Loan: what was written off", () => {
  it("is a loss instead of a claim in the memo book, and the debt stays", () => {
    const postings: [string, string, number][] = [];
    const transit = { to: () => "0:0", from: () => "0:0" };
    const post = (code: string, owner: string, cents: number) =>
      void postings.push([code, owner, cents]);
    loanPostings(WRITTEN_OFF as never, "spring" as LoanId, transit, post);
    expect(postings).toEqual([
      ["memo.lost", "spring", 1_000_00],
      ["memo.claim", "spring", -1_000_00],
    ]);
  });

  it("is recovered from the loss, and divided among its holders as before", () => {
    const repay = { type: "Repay", accountId: "bob", paymentNo: 7, mode: "due" };
    const part = taken(410_00, 400_00, 10_00);
    const state = on({ ...repay, amountCents: 410_00 }, LOST).then(part);
    const told = given("loan", "spring", ...LOST, part).when({ type: "NextStep" });
    told.then({
      type: "LegsAllotted",
      clearingNo: 1,
      instalment: 1,
      legs: ["a", 400_00, 10_00, 0, 0],
      nextHolder: 1,
      last: true,
    });
    expect(loanView(market(state))).toMatchObject({
      status: "written_off",
      writtenOffCents: 1_000_00,
      outstandingCents: 600_00,
      lateDays: 91,
      overdue: "days_over_90",
    });
    expect(writeOffView(market(state))).toMatchObject({ recoveredCents: 400_00 });
  });

  it("is settled when all of it came back", () => {
    const repay = { type: "Repay", accountId: "bob", paymentNo: 7, mode: "due" };
    const settled = { type: "LoanSettled", day: DEFAULT_ON };
    const state = on({ ...repay, amountCents: OWED_CENTS }, LOST).then(PAYOFF, settled);
    expect(state.status).toBe("settled");
    expect(writeOffView(market(state))).toMatchObject({ recoveredCents: 1_000_00 });
  });

  it("is shown to the staff at every stage", () => {
    const nothing = { proposal: null, maker: null, reason: null, checker: null };
    expect(writeOffView(market(loan([LISTED]).state))).toMatchObject(nothing);
    expect(writeOffView(market(loan(DEFAULTED).state))).toMatchObject(nothing);
    const waits = { proposal: 1, maker: "oda", reason: "insolvent" };
    expect(writeOffView(market(loan(WAITS).state))).toMatchObject({ ...waits, checker: null });
    expect(writeOffView(market(loan(LOST).state))).toEqual({
      loanId: "spring",
      status: "written_off",
      ...waits,
      checker: "otto",
      writtenOffOn: DEFAULT_ON,
      writtenOffCents: 1_000_00,
      recoveredCents: 0,
    });
  });

  it.each([
    ["in default", DEFAULTED],
    ["proposed", WAITS],
    ["written off", LOST],
    ["settled", SETTLED],
  ])("comes back from a snapshot as it was (%s)", (_name, events) => {
    const before = loan(events).state;
    const { main, parts } = snapshotLoan(market(before), "all");
    const after = restoreLoan("spring" as LoanId, structuredClone(main), parts);
    expect(snapshotLoan(after, "all").main).toEqual(main);
    expect(writeOffView(after as MarketLoan)).toEqual(writeOffView(market(before)));
  });

  it("of a loan that nobody would write off is not in the snapshot", () => {
    const { main } = snapshotLoan(market(loan(DEFAULTED).state), "all");
    // The place is there, for the version of the rules stands behind it.
    expect((main.at(-1) as unknown[]).slice(9)).toEqual([null, 2]);
    const first = DEFAULTED.map((event) => {
      return event.type === "LoanDisbursed" ? { ...event, rules: 1 } : event;
    });
    const before = snapshotLoan(market(loan(first).state), "all");
    expect(before.main.at(-1)).toHaveLength(9);
  });
});
