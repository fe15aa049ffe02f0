// Applies an event to a loan that does not take bids yet. No rules, only assertions.

import { assert, assertNever } from "../../../src/money/assert.ts";
import type { LoanId } from "../../address.ts";
import type { Outcome } from "../../outcomes.ts";
import { OutcomeWindow } from "../../outcome-window.ts";
import type { LoanState } from "../loan.ts";
import {
  applicationOf,
  askedIn,
  isApplied,
  reviewedIn,
  type ApplicationStatus,
  type AppliedLoan,
  type Proposal,
} from "./application.ts";
import type { ApplicationEvent } from "./events.ts";

type Made = Extract<ApplicationEvent, { type: "ApprovalProposed" | "RejectionProposed" }>;
type Judged = Extract<
  ApplicationEvent,
  { type: "ProposalReturned" | "ApplicationApproved" | "ApplicationRejected" }
>;

export function evolveApplication(
  loan: LoanState,
  event: ApplicationEvent,
  self: LoanId,
): LoanState {
  switch (event.type) {
    case "ApplicationCreated": {
      assert(loan.status === "absent", "an application begins where nothing is");
      const { borrowerId } = event;
      const outcomes = new OutcomeWindow();
      const asked = askedIn(event);
      const application = { borrowerId, asked, documents: [], proposals: 0, outcomes };
      return { status: "draft", loanId: self, outcomes: loan.outcomes, application };
    }
    case "ApplicationDeclined":
      return loan;
    case "BorrowerRequestRefused": {
      const { requestId, fingerprint, refusal } = event;
      const application = applicationOf(loan);
      assert(application !== null, "a borrower is refused on an application");
      application.outcomes.settle(requestId, fingerprint, { type: "Refused", code: refusal });
      return loan;
    }
    default:
      assert(isApplied(loan), "an application is not listed yet", event.type);
      return evolveApplied(loan, event);
  }
}

function evolveApplied(
  loan: AppliedLoan,
  event: Exclude<
    ApplicationEvent,
    { type: "ApplicationCreated" | "ApplicationDeclined" | "BorrowerRequestRefused" }
  >,
): AppliedLoan {
  const { loanId, outcomes, application } = loan;
  const applied = { loanId, outcomes, application };
  switch (event.type) {
    case "ApplicationUpdated":
      assert(loan.status === "draft", "a draft is changed");
      application.asked = askedIn(event);
      settle(application, event, changedTo("draft"));
      return loan;
    case "DocumentAttached": {
      const { documentNo, name, mediaType, sizeBytes, documentHash } = event;
      const length = application.documents.push({ name, mediaType, sizeBytes, documentHash });
      assert(documentNo === length, "documents are numbered without a gap");
      settle(application, event, { type: "DocumentAttached", documentNo });
      return loan;
    }
    case "ApplicationSubmitted":
      assert(loan.status === "draft", "a draft is submitted");
      settle(application, event, changedTo("submitted"));
      return { ...applied, status: "submitted" };
    case "ApplicationWithdrawn":
      assert(loan.status !== "rejected" && loan.status !== "withdrawn", "it is still open");
      settle(application, event, changedTo("withdrawn"));
      return { ...applied, status: "withdrawn" };
    case "ApprovalProposed":
    case "RejectionProposed":
      assert(loan.status === "submitted", "what was submitted is proposed on");
      application.proposals++;
      assert(event.proposalNo === application.proposals, "proposals are numbered without a gap");
      settle(loan, event, { type: "ReviewProposed", proposal: event.proposalNo });
      return { ...applied, status: "proposed", proposal: proposalOf(event) };
    case "ProposalReturned":
    case "ApplicationApproved":
    case "ApplicationRejected":
      return evolveJudged(loan, event);
    case "ContractSigned": {
      assert(loan.status === "approved", "an approved loan is signed");
      const { approval } = loan;
      assert(event.contractHash === approval.contractHash, "what was approved is signed");
      settle(application, event, changedTo("signed"));
      return { ...applied, status: "signed", approval };
    }
    default:
      return assertNever(event);
  }
}

function evolveJudged(loan: AppliedLoan, event: Judged): AppliedLoan {
  assert(loan.status === "proposed", "a proposal is judged");
  const { loanId, outcomes, application, proposal } = loan;
  const applied = { loanId, outcomes, application };
  const { checker, maker, proposalNo } = event;
  assert(maker === proposal.maker && proposalNo === proposal.proposalNo, "it is this proposal");
  assert(checker !== maker, "maker and checker differ");
  switch (event.type) {
    case "ProposalReturned":
      settle(loan, event, changedTo("submitted"));
      return { ...applied, status: "submitted" };
    case "ApplicationApproved": {
      assert(proposal.verdict === "approve", "an approval is confirmed");
      const { contractVersion, contractHash } = event;
      settle(loan, event, changedTo("approved"));
      const approval = { ...proposal, checker, contractVersion, contractHash };
      return { ...applied, status: "approved", approval };
    }
    case "ApplicationRejected":
      assert(proposal.verdict === "reject", "a rejection is confirmed");
      settle(loan, event, changedTo("rejected"));
      return { ...applied, status: "rejected", rejection: { ...proposal, checker } };
    default:
      return assertNever(event);
  }
}

function proposalOf(event: Made): Proposal {
  const { maker, proposalNo } = event;
  return event.type === "ApprovalProposed"
    ? { verdict: "approve", maker, proposalNo, grade: event.grade, terms: reviewedIn(event) }
    : { verdict: "reject", maker, proposalNo, reason: event.reason };
}

function changedTo(status: ApplicationStatus): Outcome {
  return { type: "ApplicationChanged", status };
}

type Requested = Extract<ApplicationEvent, { fingerprint: number }>;

/** `whose` is the application for the borrower's requests, the loan for those of the staff. */
function settle(whose: Pick<AppliedLoan, "outcomes">, event: Requested, outcome: Outcome): void {
  whose.outcomes.settle(event.requestId, event.fingerprint, outcome);
}
