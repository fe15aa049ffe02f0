import { describe, expect, it } from "vitest";
import type { LoanState } from "../../actors/loan/loan.ts";
import { restoreLoan, snapshotLoan } from "../../actors/loan/snapshot.ts";
import { loanId } from "../../actors/address.ts";
import { LENDING_TERMS_DEFAULT } from "../../actors/loan/terms.ts";
import { given, request } from "../support/given.ts";

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
  const loan = given("loan", "l", { type: "LoanListed", ...request(1), ...terms });
  return snapshotLoan(loan.state as unknown as LoanState, "all").main;
}

describe("Loan: snapshot", () => {
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
