// What is shown of an application. A borrower sees what was decided, not what a reviewer proposes
// nor who reviewed it; the staff see everything.

import type { RepaymentMethod } from "../../../src/lending/terms.ts";
import type { AccountId, LoanId } from "../../address.ts";
import type { LoanState } from "../loan.ts";
import {
  applicationOf,
  isApplied,
  type ApplicationStatus,
  type Approval,
  type Grade,
  type LoanDocument,
  type Proposal,
} from "./application.ts";
import { contractOf } from "./contract.ts";

type Known = Exclude<LoanState, { status: "absent" }>;

export interface ApplicationView {
  readonly loanId: LoanId;
  readonly status: ApplicationStatus;
  readonly borrowerId: AccountId;
  readonly amountCents: number;
  readonly purpose: string;
  readonly method: RepaymentMethod;
  readonly term: number;
  readonly wantedRateBps: number;
  readonly documents: number;
  /** The number of the proposal that waits or was decided; null before there is one. */
  readonly proposal: number | null;
  readonly verdict: Proposal["verdict"] | null;
  readonly grade: Grade | null;
  readonly rateBps: number | null;
  readonly basisDays: number | null;
  readonly originationFeeBps: number | null;
  readonly serviceFeeBps: number | null;
  readonly earlyFeeBps: number | null;
  readonly graceDays: number | null;
  readonly penaltyPpm: number | null;
  readonly reason: string | null;
  readonly maker: AccountId | null;
  readonly checker: AccountId | null;
  readonly contractHash: string | null;
}

type ReviewView = Omit<
  ApplicationView,
  | "loanId"
  | "status"
  | "borrowerId"
  | "amountCents"
  | "purpose"
  | "method"
  | "term"
  | "wantedRateBps"
  | "documents"
>;

const NO_REVIEW: ReviewView = {
  proposal: null,
  verdict: null,
  grade: null,
  rateBps: null,
  basisDays: null,
  originationFeeBps: null,
  serviceFeeBps: null,
  earlyFeeBps: null,
  graceDays: null,
  penaltyPpm: null,
  reason: null,
  maker: null,
  checker: null,
  contractHash: null,
};

/** Null when the loan has no application. */
export function applicationView(loan: Known, toStaff: boolean): ApplicationView | null {
  const application = applicationOf(loan);
  if (application === null) return null;
  const { borrowerId, asked, documents } = application;
  const { amountCents, purpose, method, term } = asked;
  const review = reviewView(loan, toStaff);
  return {
    loanId: loan.loanId,
    status: isApplied(loan) ? loan.status : "listed",
    borrowerId,
    amountCents,
    purpose,
    method,
    term,
    wantedRateBps: asked.rateBps,
    documents: documents.length,
    ...review,
    ...(toStaff ? {} : { maker: null, checker: null }),
  };
}

function reviewView(loan: Known, toStaff: boolean): ReviewView {
  const approval = approvalOf(loan);
  if (approval !== null) {
    const { checker, contractHash } = approval;
    return { ...proposalView(approval), checker, contractHash };
  }
  if (loan.status === "rejected") {
    return { ...proposalView(loan.rejection), checker: loan.rejection.checker };
  }
  return loan.status === "proposed" && toStaff ? proposalView(loan.proposal) : NO_REVIEW;
}

function proposalView(proposal: Proposal): ReviewView {
  const { proposalNo, verdict, maker } = proposal;
  const common = { ...NO_REVIEW, proposal: proposalNo, verdict, maker };
  return proposal.verdict === "approve"
    ? { ...common, grade: proposal.grade, ...proposal.terms }
    : { ...common, reason: proposal.reason };
}

/** The approval that a contract was made from: of an approved or signed loan, or a listed one. */
function approvalOf(loan: Known): Approval | null {
  if (!isApplied(loan)) return loan.origin?.approval ?? null;
  return loan.status === "approved" || loan.status === "signed" ? loan.approval : null;
}

export type DocumentView = LoanDocument & {
  readonly loanId: LoanId;
  readonly documentNo: number;
};

/** Null when there is no document of this number. */
export function documentView(loan: Known, documentNo: number): DocumentView | null {
  const document = applicationOf(loan)?.documents[documentNo - 1];
  return document === undefined ? null : { loanId: loan.loanId, documentNo, ...document };
}

export interface ContractView {
  readonly loanId: LoanId;
  readonly contractVersion: number;
  readonly contractHash: string;
  readonly contract: string;
}

/** Null until the loan is approved. */
export function contractView(loan: Known): ContractView | null {
  const approval = approvalOf(loan);
  const application = applicationOf(loan);
  if (approval === null || application === null) return null;
  const { contractVersion, contractHash } = approval;
  const contract = contractOf(loan.loanId, application, approval);
  return { loanId: loan.loanId, contractVersion, contractHash, contract };
}
