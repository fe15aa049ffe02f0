// A loan before it takes bids: what its borrower asks for, and what became of it.
//
//   draft -> submitted -> proposed -> approved -> signed -> (listed)
//                      <- returned    -> rejected
//   withdrawn by the borrower at any time before it is listed, unless it was rejected

import type { RepaymentMethod } from "../../../src/lending/terms.ts";
import { assert } from "../../../src/money/assert.ts";
import { AMOUNT_CENTS_MAX } from "../../../src/money/cents.ts";
import { FEE_BPS_MAX, isRateBps, RATE_BPS_MAX } from "../../../src/money/rate.ts";
import type { AccountId, LoanId } from "../../address.ts";
import type { OutcomeWindow } from "../../outcome-window.ts";
import type { Refusal } from "../../refusals.ts";
import type { LoanState } from "../loan.ts";
import { LENDING_TERMS_DEFAULT, payoffCentsMax, type LendingTerms } from "../terms.ts";

const APPLICATION_CENTS_MIN = 100_00;
/** 100,000,000.00: beyond it is a mistyped number, not an application. */
export const APPLICATION_CENTS_MAX = 10_000_000_000;
/** A client asks for 90 days to 36 months; three years have at most 1,096 days. */
const APPLICATION_MONTHS = { min: 3, max: 36 } as const;
const APPLICATION_DAYS = { min: 90, max: 1_096 } as const;
/** Whatever rate and fees reviewers set, one payment can repay what was applied for. */
const DEAREST = { ...LENDING_TERMS_DEFAULT, rateBps: RATE_BPS_MAX, earlyFeeBps: FEE_BPS_MAX };
for (const dearest of [
  { ...DEAREST, method: "bullet", term: APPLICATION_MONTHS.max },
  { ...DEAREST, method: "bullet_days", term: APPLICATION_DAYS.max, basisDays: 360 },
] as const) {
  const payoffCents = payoffCentsMax(APPLICATION_CENTS_MAX, dearest);
  assert(payoffCents <= AMOUNT_CENTS_MAX, "one payment repays the largest application");
}

export const DOCUMENTS_MAX = 20;
/** 20 MiB. */
export const DOCUMENT_BYTES_MAX = 20_971_520;

export const GRADES = ["A", "B", "C", "D", "E"] as const;
export type Grade = (typeof GRADES)[number];

export const MEDIA_TYPES = ["application/pdf", "image/jpeg", "image/png"] as const;
export type MediaType = (typeof MEDIA_TYPES)[number];

/** What the borrower wants. */
export interface Asked {
  readonly amountCents: number;
  readonly purpose: string;
  readonly method: RepaymentMethod;
  /** Months; days with the method bullet_days. */
  readonly term: number;
  readonly rateBps: number;
}

/** A document as it is named here: its bytes are kept elsewhere, the hash says which they are. */
export interface LoanDocument {
  readonly name: string;
  readonly mediaType: MediaType;
  readonly sizeBytes: number;
  /** SHA-256 in hexadecimal digits. */
  readonly documentHash: string;
}

/** What a reviewer sets; amount, method and term are the borrower's. */
export type ReviewedTerms = Omit<LendingTerms, "method" | "term" | "disbursesAtOnce">;

/** A first person's word, the maker's, which waits for a second's. Numbered from 1. */
export type Proposal = { readonly proposalNo: number; readonly maker: AccountId } & (
  | { readonly verdict: "approve"; readonly grade: Grade; readonly terms: ReviewedTerms }
  | { readonly verdict: "reject"; readonly reason: string }
);
export type ApprovalProposal = Extract<Proposal, { verdict: "approve" }>;
export type RejectionProposal = Extract<Proposal, { verdict: "reject" }>;

/** An approval that a second person, the checker, has confirmed, and the contract it leads to. */
export type Approval = ApprovalProposal & {
  readonly checker: AccountId;
  readonly contractVersion: number;
  /** SHA-256 of the contract's text, in hexadecimal digits. */
  readonly contractHash: string;
};
export type Rejection = RejectionProposal & { readonly checker: AccountId };

export interface Application {
  readonly borrowerId: AccountId;
  asked: Asked;
  readonly documents: LoanDocument[];
  /** Proposals made so far. */
  proposals: number;
  /**
   * What the borrower's own requests came to. Apart from those of the staff: a borrower who sends
   * many, or ids from the future, must not make an operator's request "too old".
   */
  readonly outcomes: OutcomeWindow;
}

interface Applied {
  readonly loanId: LoanId;
  readonly outcomes: OutcomeWindow;
  readonly application: Application;
}

export type DraftLoan = Applied & { readonly status: "draft" };
export type SubmittedLoan = Applied & { readonly status: "submitted" };
export type ProposedLoan = Applied & { readonly status: "proposed"; readonly proposal: Proposal };
export type ApprovedLoan = Applied & { readonly status: "approved"; readonly approval: Approval };
export type RejectedLoan = Applied & { readonly status: "rejected"; readonly rejection: Rejection };
export type SignedLoan = Applied & { readonly status: "signed"; readonly approval: Approval };
export type WithdrawnLoan = Applied & { readonly status: "withdrawn" };

export type AppliedLoan =
  | DraftLoan
  | SubmittedLoan
  | ProposedLoan
  | ApprovedLoan
  | RejectedLoan
  | SignedLoan
  | WithdrawnLoan;

/** What a listed loan keeps of its application; null when an operator listed it directly. */
export interface Origin {
  readonly application: Application;
  readonly approval: Approval;
}

/** `listed` stands for everything from the listing on: the loan itself says more. */
export const APPLICATION_STATUSES = [
  "draft",
  "submitted",
  "proposed",
  "approved",
  "rejected",
  "signed",
  "withdrawn",
  "listed",
] as const;
export type ApplicationStatus = (typeof APPLICATION_STATUSES)[number];

const APPLIED: ReadonlySet<string> = new Set(APPLICATION_STATUSES.filter((s) => s !== "listed"));

export function isAppliedStatus(status: string): status is AppliedLoan["status"] {
  return APPLIED.has(status);
}

/** Whether the loan is one that does not take bids yet, and may never. */
export function isApplied(loan: LoanState): loan is AppliedLoan {
  return APPLIED.has(loan.status);
}

/** The application that a loan is, or came from; null when there never was one. */
export function applicationOf(loan: LoanState): Application | null {
  if (loan.status === "absent") return null;
  return isApplied(loan) ? loan.application : (loan.origin?.application ?? null);
}

/**
 * Why nobody can ask for this, or null: `amount_out_of_range`, `rate_out_of_range`,
 * `terms_out_of_range`. The limits are those above, narrower than those of a listing.
 */
export function refusalOfAsked(asked: Asked): Refusal | null {
  const { amountCents, method, term, rateBps } = asked;
  if (amountCents < APPLICATION_CENTS_MIN || amountCents > APPLICATION_CENTS_MAX) {
    return "amount_out_of_range";
  }
  if (!isRateBps(rateBps)) return "rate_out_of_range";
  const { min, max } = method === "bullet_days" ? APPLICATION_DAYS : APPLICATION_MONTHS;
  return term < min || term > max ? "terms_out_of_range" : null;
}

/** The fields of what was asked out of a command or event that has more. */
export function askedIn({ amountCents, purpose, method, term, rateBps }: Asked): Asked {
  return { amountCents, purpose, method, term, rateBps };
}

/** The fields that a reviewer sets out of a command, event or state that has more. */
export function reviewedIn(from: ReviewedTerms): ReviewedTerms {
  const { rateBps, basisDays, originationFeeBps, serviceFeeBps } = from;
  const { earlyFeeBps, graceDays, penaltyPpm } = from;
  return {
    rateBps,
    basisDays,
    originationFeeBps,
    serviceFeeBps,
    earlyFeeBps,
    graceDays,
    penaltyPpm,
  };
}
