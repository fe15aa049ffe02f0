import { setFlagsFromString } from "node:v8";
import { describe, expect, it } from "vitest";
import { decideLoan } from "../../actors/loan/decide.ts";
import { evolveLoan } from "../../actors/loan/evolve.ts";
import type { RowSegment } from "../../actors/rows.ts";
import type { LoanState } from "../../actors/loan/loan.ts";
import { restoreLoan, snapshotLoan } from "../../actors/loan/snapshot.ts";
import { accountId, loanId } from "../../actors/address.ts";
import { LENDING_TERMS_DEFAULT } from "../../actors/loan/terms.ts";
import { DAY, given, request } from "../support/given.ts";

const TERMS = {
  borrowerId: "bob",
  principalCents: 1_000_00,
  stepCents: 1_00,
  minBidCents: 100_00,
  lenderCapCents: 500_00,
  opensAtMs: 1_700_000_000_000,
  closesAtMs: 1_700_000_001_000,
  cancellable: true,
  method: "bullet_days",
  term: 90,
  rateBps: 1_080,
  basisDays: 0,
  originationFeeBps: 150,
  serviceFeeBps: 1_000,
  earlyFeeBps: 100,
  graceDays: 3,
  penaltyPpm: 500,
  disbursesAtOnce: true,
};

const id = loanId("l");

function snapshotOf(terms: Record<string, unknown>): unknown[] {
  const who = { by: "ops", contractHash: null };
  const loan = given("loan", "l", { type: "LoanListed", ...request(1), ...terms, ...who });
  return snapshotLoan(loan.state as unknown as LoanState, "all").main;
}

/** A loan of two lenders that was paid out, with an instalment due and half of it being divided. */
function repaying(): LoanState {
  const terms = { ...TERMS, method: "equal_instalment", term: 12, opensAtMs: null };
  const bids = ["ann", "ben"].map((accountId, nth) => ({
    type: "BidPlaced",
    accountId,
    holdNo: 1,
    bidNo: nth + 1,
    filledCents: 500_00,
    remainingCents: (1 - nth) * 500_00,
  }));
  const funds = bids.map(({ accountId }) => ({
    type: "FundsCollected",
    accountId,
    holdNo: 1,
    amountCents: 500_00,
  }));
  const wakeOn = DAY + 31;
  const paidOut = [
    { type: "LoanListed", ...request(1), ...terms, by: "ops", contractHash: null },
    ...bids,
    { type: "LoanFunded" },
    { type: "CollectionStarted" },
    { type: "HoldsCalled", holds: ["ann", 1, "ben", 1], nextBidNo: 3, last: true },
    ...funds,
    { type: "LoanCollected" },
    {
      type: "LoanDisbursed",
      borrowerId: "bob",
      day: DAY,
      principalCents: 1_000_00,
      originationFeeCents: 15_00,
      wakeOn,
      rules: 2,
    },
  ];
  let state = given("loan", "l", ...paidOut).state as unknown as LoanState;
  const payment = { accountId: accountId("bob"), paymentNo: 1, amountCents: 50_00 };
  for (const command of [
    { type: "DayCame" },
    { type: "Repay", mode: "collected", ...payment },
  ] as const) {
    const decision = decideLoan(state, command, 0, wakeOn);
    if (!decision.accepted) throw new Error(decision.refusal);
    for (const event of decision.events) state = evolveLoan(state, event, id);
  }
  return state;
}

describe("Loan: terms", () => {
  it("have one hidden class, however many loans there are, listed or restored", () => {
    setFlagsFromString("--allow-natives-syntax");
    const haveSameClass = new Function("a", "b", "return %HaveSameMap(a, b)") as (
      a: object,
      b: object,
    ) => boolean;
    const terms = Array.from({ length: 300 }, (_, nth) => {
      const main = snapshotOf({ ...TERMS, principalCents: (nth + 1) * 500_00 });
      const listed = given("loan", `loan-${nth}`, {
        type: "LoanListed",
        ...request(1),
        ...TERMS,
        by: "ops",
        contractHash: null,
      }).state as unknown as { terms: object };
      return [listed.terms, (restoreLoan(id, main, []) as unknown as { terms: object }).terms];
    }).flat();
    expect(terms.filter((each) => !haveSameClass(each, terms[0]!))).toHaveLength(0);
  });
});

describe("Loan: snapshot", () => {
  it("of a loan that is being repaid has its plan, dues, holders and clearings under way", () => {
    const loan = repaying();
    expect(loan).toMatchObject({
      status: "repaying",
      repayment: { dues: [{ k: 1 }], clearings: [{ clearingNo: 1 }], openClearings: [{ next: 0 }] },
    });
    const { main, parts } = snapshotLoan(loan, "all");
    const segments = parts.map(([place, numbers]) => [place, numbers!] as const);
    const restored = restoreLoan(id, main, segments as RowSegment[]);
    expect(snapshotLoan(restored, "all")).toEqual({ main, parts });
    expect(restored).toMatchObject({ status: "repaying", repayment: { wakeOn: DAY + 32 } });
  });

  it("has all terms in it", () => {
    expect(restoreLoan(id, snapshotOf(TERMS), [])).toMatchObject({ terms: TERMS });
  });

  it("of format 1 is a loan for one year, free of interest and fees", () => {
    const [, ...main] = snapshotOf(TERMS).slice(0, 14);
    const loan = restoreLoan(id, [1, ...main], []);
    expect(loan).toMatchObject({ terms: { ...TERMS, ...LENDING_TERMS_DEFAULT } });
  });

  it("of an unknown format is not guessed at", () => {
    const [, ...main] = snapshotOf(TERMS);
    expect(() => restoreLoan(id, [99, ...main], [])).toThrow(/format/);
  });
});
