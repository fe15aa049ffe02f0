// The contract that a borrower signs, rendered from the terms. What is signed is the SHA-256 of the
// text, so a version that was ever signed is never changed: a new wording is a new version.

import { sha256Hex } from "../../../src/hash/sha256.ts";
import type { RepaymentMethod } from "../../../src/lending/terms.ts";
import { assert } from "../../../src/money/assert.ts";
import type { AccountId, LoanId } from "../../address.ts";
import type { Application, Approval, Asked, ReviewedTerms } from "./application.ts";

/** The version that approvals of today lead to. */
export const CONTRACT_VERSION = 1;

export interface ContractTerms {
  readonly loanId: LoanId;
  readonly borrowerId: AccountId;
  readonly asked: Asked;
  readonly reviewed: ReviewedTerms;
}

/** The text in the words of a version; lines end in LF, the last one too. */
export function contractText(version: number, terms: ContractTerms): string {
  assert(version === 1, "a contract has a known version", version);
  return textOfVersion1(terms);
}

/** SHA-256 of the text in UTF-8, in hexadecimal digits. */
export function contractHash(version: number, terms: ContractTerms): string {
  return sha256Hex(contractText(version, terms));
}

/** The contract of an approved loan, as it was approved. */
export function contractOf(
  loanId: LoanId,
  { borrowerId, asked }: Application,
  { contractVersion, terms: reviewed }: Approval,
): string {
  return contractText(contractVersion, { loanId, borrowerId, asked, reviewed });
}

// ---------------------------------------------------------------- version 1

const REPAYMENT_1: Readonly<Record<RepaymentMethod, string>> = {
  equal_instalment: "monthly, in equal instalments",
  equal_principal: "monthly, in equal parts of principal with interest on what is outstanding",
  interest_only: "interest monthly, principal with the last instalment",
  bullet: "principal and interest in one payment at the end of the term",
  bullet_days: "principal and interest in one payment at the end of the term, interest by days",
};

const CLAUSE_1_1 = [
  "1. The lenders pay the amount to the borrower, less the origination fee. The term begins on the",
  "   day of that payment.",
];
const CLAUSE_1_2_MONTHLY = [
  "2. The borrower repays principal and interest as above. What is due is due on the day of the",
  "   month on which the term began, or on the last day of a month that is shorter.",
];
const CLAUSE_1_2_DAILY = [
  "2. The borrower repays principal and interest as above, on the day on which the term has passed.",
];
const CLAUSES_1_REST = [
  "3. The borrower may repay before it is due, in full or in part, with interest to that day and",
  "   the early repayment fee.",
  "4. What is not paid by the end of the grace period costs the penalty from then on.",
  "5. A payment is used for penalty, fees, interest and principal, in this order, what is longest",
  "   due first, and is shared among the lenders by the principal that each has lent.",
];

function textOfVersion1({ loanId, borrowerId, asked, reviewed }: ContractTerms): string {
  const byDays = asked.method === "bullet_days";
  const year = reviewed.basisDays === 0 ? "actual days" : `${reviewed.basisDays} days`;
  const rows: (readonly [string, string])[] = [
    ["Loan", loanId],
    ["Borrower", borrowerId],
    ["Amount", amount(asked.amountCents)],
    ["Purpose", asked.purpose],
    ["Repayment", REPAYMENT_1[asked.method]],
    ["Term", `${asked.term} ${byDays ? "days" : "months"}`],
    ["Interest", `${percent(reviewed.rateBps, 2)} a year${byDays ? ` of ${year}` : ""}`],
    ["Origination fee", `${percent(reviewed.originationFeeBps, 2)} of the amount`],
    [
      "Service fee",
      `${percent(reviewed.serviceFeeBps, 2)} of what lenders receive beyond principal`,
    ],
    ["Early repayment fee", `${percent(reviewed.earlyFeeBps, 2)} of principal repaid early`],
    ["Grace period", `${reviewed.graceDays} days after a due date`],
    ["Penalty", `${percent(reviewed.penaltyPpm, 4)} a day of what is overdue`],
  ];
  const table = rows.map(([name, value]) => `${`${name}:`.padEnd(21)}${value}`);
  const clauses = [
    ...CLAUSE_1_1,
    ...(byDays ? CLAUSE_1_2_DAILY : CLAUSE_1_2_MONTHLY),
    ...CLAUSES_1_REST,
  ];
  return ["LOAN CONTRACT, VERSION 1", "", ...table, "", ...clauses, ""].join("\n");
}

/** 1234567 is "12,345.67": by digits, since a float would round. */
function amount(cents: number): string {
  const digits = String(cents).padStart(3, "0");
  return `${digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",")}.${digits.slice(-2)}`;
}

/** With 2 decimals 1,080 is "10.80 %"; with 4 decimals 500 is "0.0500 %". */
function percent(value: number, decimals: number): string {
  const digits = String(value).padStart(decimals + 1, "0");
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)} %`;
}
