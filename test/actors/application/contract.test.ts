import fc from "fast-check";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  contractHash,
  contractText,
  type ContractTerms,
} from "../../../actors/loan/application/contract.ts";
import type { AccountId, LoanId } from "../../../actors/address.ts";

const TERMS: ContractTerms = {
  loanId: "loan-2024-117" as LoanId,
  borrowerId: "bob" as AccountId,
  asked: {
    amountCents: 123_456_789,
    purpose: "a kiln for the workshop",
    method: "equal_instalment",
    term: 12,
    rateBps: 990,
  },
  reviewed: {
    rateBps: 1_080,
    basisDays: 365,
    originationFeeBps: 150,
    serviceFeeBps: 1_000,
    earlyFeeBps: 5,
    graceDays: 3,
    penaltyPpm: 500,
  },
};

function withAsked(terms: ContractTerms, asked: Partial<ContractTerms["asked"]>): ContractTerms {
  return { ...terms, asked: { ...terms.asked, ...asked } };
}

function withReviewed(
  terms: ContractTerms,
  reviewed: Partial<ContractTerms["reviewed"]>,
): ContractTerms {
  return { ...terms, reviewed: { ...terms.reviewed, ...reviewed } };
}

describe("Contract: version 1", () => {
  // Signed contracts have this hash: a change of one character here breaks every one of them.
  it("never changes", () => {
    expect(contractText(1, TERMS)).toMatchInlineSnapshot(`
      "LOAN CONTRACT, VERSION 1

      Loan:                loan-2024-117
      Borrower:            bob
      Amount:              1,234,567.89
      Purpose:             a kiln for the workshop
      Repayment:           monthly, in equal instalments
      Term:                12 months
      Interest:            10.80 % a year
      Origination fee:     1.50 % of the amount
      Service fee:         10.00 % of what lenders receive beyond principal
      Early repayment fee: 0.05 % of principal repaid early
      Grace period:        3 days after a due date
      Penalty:             0.0500 % a day of what is overdue

      1. The lenders pay the amount to the borrower, less the origination fee. The term begins on the
         day of that payment.
      2. The borrower repays principal and interest as above. What is due is due on the day of the
         month on which the term began, or on the last day of a month that is shorter.
      3. The borrower may repay before it is due, in full or in part, with interest to that day and
         the early repayment fee.
      4. What is not paid by the end of the grace period costs the penalty from then on.
      5. A payment is used for penalty, fees, interest and principal, in this order, what is longest
         due first, and is shared among the lenders by the principal that each has lent.
      "
    `);
    expect(contractHash(1, TERMS)).toMatchInlineSnapshot(
      `"6fc0cf4841f9c416ee4334a25cf3486d793204b584bd115e3776ca86564e189a"`,
    );
  });

  it("says by which year a loan by days is reckoned", () => {
    const asked = { ...TERMS.asked, method: "bullet_days", term: 90 } as const;
    const text = (basisDays: number) => {
      return contractText(1, { ...TERMS, asked, reviewed: { ...TERMS.reviewed, basisDays } });
    };
    expect(text(360)).toContain("10.80 % a year of 360 days\n");
    expect(text(0)).toContain("10.80 % a year of actual days\n");
    expect(text(0)).toContain("90 days\n");
    expect(text(0)).toContain("on the day on which the term has passed");
    expect(text(0)).not.toContain("month");
  });

  it("is another text when any one of the terms is another, and its hash is that of the text", () => {
    const numbers = ["rateBps", "originationFeeBps", "serviceFeeBps", "earlyFeeBps"] as const;
    const changed = fc.constantFrom<(terms: ContractTerms, by: number) => ContractTerms>(
      (terms) => ({ ...terms, loanId: `${terms.loanId}x` as LoanId }),
      (terms) => ({ ...terms, borrowerId: `${terms.borrowerId}x` as AccountId }),
      (terms, by) => withAsked(terms, { amountCents: terms.asked.amountCents + by }),
      (terms, by) => withAsked(terms, { term: terms.asked.term + by }),
      (terms) => withAsked(terms, { purpose: `${terms.asked.purpose}窑` }),
      (terms) => withAsked(terms, { method: "equal_principal" }),
      (terms, by) => withReviewed(terms, { graceDays: terms.reviewed.graceDays + by }),
      (terms, by) => withReviewed(terms, { penaltyPpm: terms.reviewed.penaltyPpm + by }),
      ...numbers.map((name) => (terms: ContractTerms, by: number) => {
        return withReviewed(terms, { [name]: terms.reviewed[name] + by });
      }),
    );
    fc.assert(
      fc.property(changed, fc.integer({ min: 1, max: 1_000_000 }), (change, by) => {
        const text = contractText(1, change(TERMS, by));
        expect(text).not.toBe(contractText(1, TERMS));
        const hash = createHash("sha256").update(text).digest("hex");
        expect(contractHash(1, change(TERMS, by))).toBe(hash);
      }),
    );
  });

  it("is the only version that there is", () => {
    expect(() => contractText(2, TERMS)).toThrow(/version/);
  });
});
