// An application as plain values and back, for the snapshot of its loan.

import type { RepaymentMethod } from "../../../src/lending/terms.ts";
import { assert } from "../../../src/money/assert.ts";
import type { AccountId, LoanId } from "../../address.ts";
import { OutcomeWindow } from "../../outcome-window.ts";
import type {
  Application,
  AppliedLoan,
  Approval,
  Grade,
  LoanDocument,
  MediaType,
  Origin,
  Proposal,
  ReviewedTerms,
} from "./application.ts";

type Values = readonly unknown[];

/** What the status adds to the application comes last; null where it adds nothing. */
export function appliedValues(loan: AppliedLoan): unknown[] {
  return [applicationValues(loan.application), stageValues(loan)];
}

function stageValues(loan: AppliedLoan): unknown[] | null {
  switch (loan.status) {
    case "proposed":
      return proposalValues(loan.proposal);
    case "approved":
    case "signed":
      return approvalValues(loan.approval);
    case "rejected":
      return [...proposalValues(loan.rejection), loan.rejection.checker];
    default:
      return null;
  }
}

export function restoreApplied(
  loanId: LoanId,
  status: AppliedLoan["status"],
  outcomes: OutcomeWindow,
  [stored, stage]: Values,
): AppliedLoan {
  const application = restoreApplication(stored as Values);
  const applied = { loanId, outcomes, application };
  switch (status) {
    case "proposed":
      return { ...applied, status, proposal: restoreProposal(stage as Values) };
    case "approved":
    case "signed":
      return { ...applied, status, approval: restoreApproval(stage as Values) };
    case "rejected": {
      const proposal = restoreProposal(stage as Values);
      assert(proposal.verdict === "reject", "what was rejected was to be rejected");
      const checker = (stage as Values).at(-1) as AccountId;
      return { ...applied, status, rejection: { ...proposal, checker } };
    }
    default:
      return { ...applied, status };
  }
}

export function originValues(origin: Origin): unknown[] {
  return [applicationValues(origin.application), approvalValues(origin.approval)];
}

export function restoreOrigin(values: Values | null): Origin | null {
  if (values === null) return null;
  const [application, approval] = values as [Values, Values];
  return { application: restoreApplication(application), approval: restoreApproval(approval) };
}

function applicationValues({ borrowerId, asked, documents, ...rest }: Application): unknown[] {
  const { amountCents, purpose, method, term, rateBps } = asked;
  return [
    borrowerId,
    [amountCents, purpose, method, term, rateBps],
    documents.map(({ name, mediaType, sizeBytes, documentHash }) => [
      name,
      mediaType,
      sizeBytes,
      documentHash,
    ]),
    rest.proposals,
    rest.outcomes.toSnapshot(),
  ];
}

function restoreApplication(values: Values): Application {
  const [amountCents, purpose, method, term, rateBps] = values[1] as [
    number,
    string,
    RepaymentMethod,
    number,
    number,
  ];
  return {
    borrowerId: values[0] as AccountId,
    asked: { amountCents, purpose, method, term, rateBps },
    documents: (values[2] as Values[]).map(restoreDocument),
    proposals: values[3] as number,
    outcomes: OutcomeWindow.fromSnapshot(values[4] as Values),
  };
}

function restoreDocument([name, mediaType, sizeBytes, documentHash]: Values): LoanDocument {
  return {
    name: name as string,
    mediaType: mediaType as MediaType,
    sizeBytes: sizeBytes as number,
    documentHash: documentHash as string,
  };
}

function proposalValues(proposal: Proposal): unknown[] {
  const { proposalNo, maker, verdict } = proposal;
  return verdict === "approve"
    ? [proposalNo, maker, verdict, proposal.grade, reviewedValues(proposal.terms)]
    : [proposalNo, maker, verdict, proposal.reason];
}

function restoreProposal(values: Values): Proposal {
  const proposalNo = values[0] as number;
  const maker = values[1] as AccountId;
  const verdict = values[2] as Proposal["verdict"];
  if (verdict === "reject") return { proposalNo, maker, verdict, reason: values[3] as string };
  const terms = restoreReviewed(values[4] as readonly number[]);
  return { proposalNo, maker, verdict, grade: values[3] as Grade, terms };
}

function approvalValues(approval: Approval): unknown[] {
  const { checker, contractVersion, contractHash } = approval;
  return [...proposalValues(approval), checker, contractVersion, contractHash];
}

function restoreApproval(values: Values): Approval {
  const proposal = restoreProposal(values);
  assert(proposal.verdict === "approve", "what was approved was to be approved");
  return {
    ...proposal,
    checker: values[5] as AccountId,
    contractVersion: values[6] as number,
    contractHash: values[7] as string,
  };
}

function reviewedValues(terms: ReviewedTerms): number[] {
  return [
    terms.rateBps,
    terms.basisDays,
    terms.originationFeeBps,
    terms.serviceFeeBps,
    terms.earlyFeeBps,
    terms.graceDays,
    terms.penaltyPpm,
  ];
}

function restoreReviewed(values: readonly number[]): ReviewedTerms {
  const [rateBps, basisDays, originationFeeBps, serviceFeeBps, earlyFeeBps, graceDays, penaltyPpm] =
    values as [number, number, number, number, number, number, number];
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
