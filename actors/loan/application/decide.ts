// What a loan answers before it takes bids. Each ladder asks first whether there is an application
// for the one who asks, then where it stands, then what was asked.

import type { AccountId } from "../../address.ts";
import { accept, refuse, type Decision } from "../../decider.ts";
import type { Refusal } from "../../refusals.ts";
import type { LoanEvent } from "../events.ts";
import { refusalOfListing } from "../listing.ts";
import type { LoanState } from "../loan.ts";
import { refusalOfChecker } from "../two-persons.ts";
import {
  LENDING_TERMS_DEFAULT,
  lendingTermsOf,
  listingIn,
  refusalOfLendingTerms,
} from "../terms.ts";
import {
  applicationOf,
  askedIn,
  DOCUMENT_BYTES_MAX,
  DOCUMENTS_MAX,
  isApplied,
  refusalOfAsked,
  reviewedIn,
  type AppliedLoan,
  type ProposedLoan,
  type SubmittedLoan,
} from "./application.ts";
import {
  isBorrowerRequest,
  type ApplicationCommand,
  type BorrowerRequest,
  type StaffRequest,
} from "./commands.ts";
import { CONTRACT_VERSION, contractHash } from "./contract.ts";

type Proposing = Extract<StaffRequest, { type: "ProposeReview" }>;
type Deciding = Extract<StaffRequest, { type: "DecideReview" }>;
type Publishing = Extract<StaffRequest, { type: "PublishLoan" }>;

export function decideApplication(
  loan: LoanState,
  command: ApplicationCommand,
  at: number,
): Decision<LoanEvent> {
  if (command.type === "OpenApplication") {
    const { borrowerId, requestId } = command;
    return loan.status === "absent"
      ? accept({ type: "ApplicationCreated", borrowerId, requestId, ...askedIn(command) })
      : accept({ type: "ApplicationDeclined", borrowerId, requestId, refusal: "loan_exists" });
  }
  if (isBorrowerRequest(command)) {
    if (isHiddenFrom(loan, command.by)) return refuse("application_not_found");
    return isApplied(loan) ? decideBorrower(loan, command) : refuse(TOO_LATE[command.type]);
  }
  if (applicationOf(loan) === null) return refuse("application_not_found");
  switch (command.type) {
    case "ProposeReview":
      if (loan.status !== "submitted") return refuse("application_not_submitted");
      return decideProposal(loan, command, at);
    case "DecideReview":
      if (loan.status !== "proposed") return refuse("application_not_proposed");
      return decideJudgement(loan, command);
    case "PublishLoan":
      return decidePublishing(loan, command, at);
  }
}

/** Whether there is no application here for this borrower: none at all, or another's. */
export function isHiddenFrom(loan: LoanState, accountId: AccountId): boolean {
  return applicationOf(loan)?.borrowerId !== accountId;
}

/** What each request of a borrower comes to when the loan is listed already. */
const TOO_LATE: Readonly<Record<BorrowerRequest["type"], Refusal>> = {
  UpdateApplication: "application_not_draft",
  AttachDocument: "documents_closed",
  SubmitApplication: "application_not_draft",
  WithdrawApplication: "application_closed",
  SignContract: "application_not_approved",
};

function decideBorrower(loan: AppliedLoan, command: BorrowerRequest): Decision<LoanEvent> {
  const { requestId, fingerprint } = command;
  const { borrowerId, documents } = loan.application;
  switch (command.type) {
    case "UpdateApplication": {
      if (loan.status !== "draft") return refuse("application_not_draft");
      const refusal = refusalOfAsked(command);
      if (refusal !== null) return refuse(refusal);
      return accept({ type: "ApplicationUpdated", requestId, fingerprint, ...askedIn(command) });
    }
    case "AttachDocument": {
      const { name, mediaType, sizeBytes, documentHash } = command;
      if (loan.status !== "draft" && loan.status !== "submitted") return refuse("documents_closed");
      if (documents.length >= DOCUMENTS_MAX) return refuse("too_many_documents");
      if (documents.some((each) => each.documentHash === documentHash))
        return refuse("document_exists");
      if (sizeBytes < 1 || sizeBytes > DOCUMENT_BYTES_MAX) return refuse("document_out_of_range");
      const documentNo = documents.length + 1;
      const document = { documentNo, name, mediaType, sizeBytes, documentHash };
      return accept({ type: "DocumentAttached", requestId, fingerprint, ...document });
    }
    case "SubmitApplication":
      if (loan.status !== "draft") return refuse("application_not_draft");
      if (loan.application.asked.purpose.trim() === "") return refuse("purpose_missing");
      return accept({ type: "ApplicationSubmitted", requestId, fingerprint });
    case "WithdrawApplication": {
      const isOver = loan.status === "rejected" || loan.status === "withdrawn";
      if (isOver) return refuse("application_closed");
      return accept({ type: "ApplicationWithdrawn", requestId, fingerprint, borrowerId });
    }
    case "SignContract": {
      const { contractHash: signed } = command;
      if (loan.status !== "approved") return refuse("application_not_approved");
      if (signed !== loan.approval.contractHash) return refuse("contract_hash_mismatch");
      return accept({ type: "ContractSigned", requestId, fingerprint, contractHash: signed });
    }
  }
}

function decideProposal(loan: SubmittedLoan, command: Proposing, at: number): Decision<LoanEvent> {
  const { requestId, fingerprint, by: maker, verdict, grade, reason, rateBps } = command;
  const { borrowerId, asked, proposals } = loan.application;
  if (maker === borrowerId) return refuse("borrower_cannot_review");
  const common = { requestId, fingerprint, maker, proposalNo: proposals + 1 };
  if (verdict === "reject") {
    if (reason === null || reason.trim() === "") return refuse("proposal_incomplete");
    return accept({ type: "RejectionProposed", ...common, reason });
  }
  if (grade === null || rateBps === null) return refuse("proposal_incomplete");
  const { method, term } = asked;
  const lending = lendingTermsOf({ ...command, method, term, disbursesAtOnce: null });
  const refusal = refusalOfLendingTerms(asked.amountCents, lending, at);
  if (refusal !== null) return refuse(refusal);
  return accept({ type: "ApprovalProposed", ...common, grade, ...reviewedIn(lending) });
}

/** Maker and checker differ, neither is the borrower, and both are in the event. */
function decideJudgement(loan: ProposedLoan, command: Deciding): Decision<LoanEvent> {
  const { requestId, fingerprint, by: checker, answer, reason } = command;
  const { loanId, proposal, application } = loan;
  const { borrowerId, asked } = application;
  const { maker, proposalNo } = proposal;
  const refusal = refusalOfChecker(command, proposal, borrowerId);
  if (refusal !== null) return refuse(refusal);
  const judged = { requestId, fingerprint, maker, checker, proposalNo };
  if (answer === "return") return accept({ type: "ProposalReturned", ...judged, reason });
  if (proposal.verdict === "reject") {
    return accept({ type: "ApplicationRejected", ...judged, borrowerId });
  }
  const terms = { loanId, borrowerId, asked, reviewed: proposal.terms };
  return accept({
    type: "ApplicationApproved",
    ...judged,
    contractVersion: CONTRACT_VERSION,
    contractHash: contractHash(CONTRACT_VERSION, terms),
  });
}

/** Step, minimum, cap and times are the operator's; everything else was signed. */
function decidePublishing(loan: LoanState, command: Publishing, at: number): Decision<LoanEvent> {
  if (loan.status !== "signed") return refuse("application_not_signed");
  const { requestId, fingerprint, by } = command;
  const { application, approval } = loan;
  const { borrowerId, asked } = application;
  if (by === borrowerId) return refuse("borrower_cannot_review");
  const { method, term, amountCents: principalCents } = asked;
  const listing = listingIn({ ...command, borrowerId, principalCents });
  const refusal = refusalOfListing(listing, at);
  if (refusal !== null) return refuse(refusal);
  return accept({
    type: "LoanListed",
    requestId,
    fingerprint,
    ...listing,
    method,
    term,
    ...reviewedIn(approval.terms),
    disbursesAtOnce: command.disbursesAtOnce ?? LENDING_TERMS_DEFAULT.disbursesAtOnce,
    by,
    contractHash: approval.contractHash,
  });
}
