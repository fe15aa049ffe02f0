// What a bid gets by the loan, and what it should get by the auditor, which reckons it anew.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loanId } from "../../actors/address.ts";
import { LENDING_TERMS_DEFAULT } from "../../actors/loan/terms.ts";
import { Findings } from "../../src/history/report.ts";
import { applyToLoan, expectedFill, type Bid, type Loans } from "../../src/history/loan-model.ts";
import { KINDS } from "../../src/runtime/kind.ts";
import { DAY, given, request, type Typed } from "../support/given.ts";

const AT = 1_700_000_000_000;

function listed(lenderCapCents: number | null): Typed {
  return {
    type: "LoanListed",
    ...request(1),
    borrowerId: "bob",
    principalCents: 1_000,
    stepCents: 1,
    minBidCents: 1,
    lenderCapCents,
    opensAtMs: null,
    closesAtMs: AT + 1_000,
    cancellable: true,
    ...LENDING_TERMS_DEFAULT,
    by: "ops",
    contractHash: null,
  };
}

function placed(accountId: string, bidNo: number, filledCents: number, remainingCents: number) {
  return { type: "BidPlaced", accountId, holdNo: bidNo, bidNo, filledCents, remainingCents };
}

/** A million lenders take a second, more on a machine that is busy. */
const SLOW = { timeout: 60_000 };
const LENDERS_MAX = 1_000_000;

/** The loan's answer, and the auditor's, to a bid of ann on a loan of 1,000 that has these bids. */
function answers(cap: number | null, of: { ann: number; ben: number }, bid: Partial<Bid>) {
  const events: Typed[] = [listed(cap)];
  let remaining = 1_000;
  for (const who of ["ann", "ben"] as const) {
    if (of[who] === 0) continue;
    remaining -= of[who];
    events.push(placed(who, events.length, of[who], remaining));
  }
  const fields = { type: "FillBid", accountId: "ann", holdNo: 9, minCents: null, ...bid };
  const loans: Loans = new Map();
  const findings = new Findings();
  for (const event of events) {
    applyToLoan(loans, loanId("l"), event as never, { at: AT, day: DAY }, findings);
  }
  const { state } = given("loan", "l", ...events);
  const decision = KINDS.loan.decide(state, fields, AT, DAY);
  const answer = (decision.accepted ? decision.events[0] : undefined) as Typed | undefined;
  return { answer, expected: expectedFill(loans.get("l"), fields as never, AT) };
}

describe("Auditor: what a bid should get", () => {
  it("is what the loan says, also of a bid whose minimum contradicts it, as older journals have", () => {
    const cents = fc.integer({ min: 1, max: 1_100 });
    const standing = fc.record({
      ann: fc.integer({ min: 0, max: 400 }),
      ben: fc.integer({ min: 0, max: 599 }),
    });
    const bid = fc.record({
      amountCents: cents,
      fill: fc.constantFrom("exact" as const, "upTo" as const),
      minCents: fc.option(cents),
    });
    const cap = fc.option(fc.integer({ min: 400, max: 900 }));
    fc.assert(
      fc.property(cap, standing, bid, (lenderCapCents, of, asked) => {
        const { answer, expected } = answers(lenderCapCents, of, asked);
        if (answer?.type === "BidPlaced") {
          expect(expected).toEqual({ filledCents: answer["filledCents"], reasons: [] });
        } else {
          expect(answer?.type).toBe("BidDeclined");
          expect(expected.reasons).toContain(answer?.["refusal"]);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("is nothing for one lender more than a repayment is divided among", SLOW, () => {
    const loans: Loans = new Map();
    const big = { ...listed(null), principalCents: LENDERS_MAX * 2 };
    applyToLoan(loans, loanId("l"), big as never, { at: AT, day: DAY }, new Findings());
    const loan = loans.get("l")!;
    for (let nth = 0; nth < LENDERS_MAX; nth++) loan.lentCents.set(`l${nth}`, 1);
    const bid = { type: "FillBid", holdNo: 9, amountCents: 1, fill: "exact", minCents: null };
    const reasons = (accountId: string) =>
      expectedFill(loan, { ...bid, accountId } as never, AT).reasons;
    expect(reasons("ann")).toEqual(["too_many_lenders"]);
    expect(reasons("l7")).toEqual([]);
    loan.lentCents.set("l7", 0);
    expect(reasons("ann")).toEqual([]);
  });

  it("is nothing when it wants more than it bids, though the loan wants all of it", () => {
    for (const fill of ["exact", "upTo"] as const) {
      const { answer, expected } = answers(
        null,
        { ann: 0, ben: 0 },
        { amountCents: 100, fill, minCents: 200 },
      );
      expect(answer).toMatchObject({ type: "BidDeclined", refusal: "exceeds_remaining" });
      expect(expected.reasons).toContain("exceeds_remaining");
    }
  });
});
