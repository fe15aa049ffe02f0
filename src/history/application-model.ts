// What a loan is before it takes bids, told plainly: where it stands, what was asked, who proposed,
// what was approved and signed. All of it is worked out anew; of the server it takes the wording of
// contracts alone, which is what is signed.

import { createHash } from "node:crypto";
import type { AccountId, LoanId } from "../../actors/address.ts";
import { contractText } from "../../actors/loan/application/contract.ts";
import type { ApplicationEvent } from "../../actors/loan/application/events.ts";
import type { LoanEvent } from "../../actors/loan/events.ts";
import type { Findings } from "./report.ts";

type ApplicationStatus =
  "draft" | "submitted" | "proposed" | "approved" | "rejected" | "signed" | "withdrawn" | "listed";

type Created = Extract<ApplicationEvent, { type: "ApplicationCreated" }>;
type Approving = Extract<ApplicationEvent, { type: "ApprovalProposed" }>;
type Rejecting = Extract<ApplicationEvent, { type: "RejectionProposed" }>;
type Judging = Extract<
  ApplicationEvent,
  { type: "ProposalReturned" | "ApplicationApproved" | "ApplicationRejected" }
>;
type Listed = Extract<LoanEvent, { type: "LoanListed" }>;
type Asked = Pick<Created, "amountCents" | "purpose" | "method" | "term" | "rateBps">;

export interface ApplicationModel {
  readonly id: string;
  readonly borrowerId: string;
  status: ApplicationStatus;
  asked: Asked;
  readonly documentHashes: Set<string>;
  proposals: number;
  /** The last one that was made. */
  proposal: Approving | Rejecting | null;
  contractHash: string | null;
}

export type Applications = Map<string, ApplicationModel>;

const STEPS: Readonly<
  Record<
    Exclude<
      ApplicationEvent["type"],
      "ApplicationCreated" | "ApplicationDeclined" | "BorrowerRequestRefused"
    >,
    readonly [from: readonly ApplicationStatus[], to: ApplicationStatus | null]
  >
> = {
  ApplicationUpdated: [["draft"], null],
  DocumentAttached: [["draft", "submitted"], null],
  ApplicationSubmitted: [["draft"], "submitted"],
  ApplicationWithdrawn: [["draft", "submitted", "proposed", "approved", "signed"], "withdrawn"],
  ApprovalProposed: [["submitted"], "proposed"],
  RejectionProposed: [["submitted"], "proposed"],
  ProposalReturned: [["proposed"], "submitted"],
  ApplicationApproved: [["proposed"], "approved"],
  ApplicationRejected: [["proposed"], "rejected"],
  ContractSigned: [["approved"], "signed"],
};

/** Takes an event in, and says what about it cannot be. */
export function applyToApplication(
  applications: Applications,
  id: string,
  event: ApplicationEvent,
  findings: Findings,
): void {
  const application = applications.get(id);
  if (event.type === "ApplicationDeclined") return;
  if (event.type === "ApplicationCreated") {
    const isNew = application === undefined;
    findings.expect(isNew, "event_impossible", () => `${id} was applied for before`);
    if (isNew) applications.set(id, created(id, event, findings));
    return;
  }
  if (application === undefined) {
    findings.add("event_impossible", `${event.type} of ${id}, which nobody applied for`);
    return;
  }
  if (event.type === "BorrowerRequestRefused") return;
  const [from, to] = STEPS[event.type];
  findings.expect(
    from.includes(application.status),
    "event_impossible",
    () => `${event.type} of ${id}, which is ${application.status}`,
  );
  change(application, event, findings);
  if (to !== null) application.status = to;
}

function created(id: string, event: Created, findings: Findings): ApplicationModel {
  checkAsked(id, event, findings);
  return {
    id,
    borrowerId: event.borrowerId,
    status: "draft",
    asked: event,
    documentHashes: new Set(),
    proposals: 0,
    proposal: null,
    contractHash: null,
  };
}

/** A client asks for 90 days to 36 months. */
function checkAsked(id: string, asked: Asked, findings: Findings): void {
  const { method, term, amountCents } = asked;
  const [least, most] = method === "bullet_days" ? [90, 3 * 365 + 1] : [3, 36];
  findings.expect(
    term >= least && term <= most && amountCents >= 10_000,
    "event_impossible",
    () => `${id}: nobody may ask for ${amountCents} over ${term} (${method})`,
  );
}

function change(
  application: ApplicationModel,
  event: Exclude<
    ApplicationEvent,
    { type: "ApplicationCreated" | "ApplicationDeclined" | "BorrowerRequestRefused" }
  >,
  findings: Findings,
): void {
  const { id } = application;
  switch (event.type) {
    case "ApplicationUpdated":
      checkAsked(id, event, findings);
      application.asked = event;
      return;
    case "DocumentAttached": {
      const { documentHashes } = application;
      const isNew = !documentHashes.has(event.documentHash) && documentHashes.size < 20;
      documentHashes.add(event.documentHash);
      findings.expect(
        isNew && event.documentNo === documentHashes.size,
        "event_impossible",
        () => `${id}: document ${event.documentNo}, where ${documentHashes.size} are there`,
      );
      return;
    }
    case "ApprovalProposed":
    case "RejectionProposed":
      application.proposals++;
      application.proposal = event;
      findings.expect(
        event.proposalNo === application.proposals,
        "event_impossible",
        () => `${id}: proposal ${event.proposalNo} where ${application.proposals} comes next`,
      );
      return;
    case "ProposalReturned":
    case "ApplicationApproved":
    case "ApplicationRejected":
      judge(application, event, findings);
      return;
    case "ContractSigned":
      findings.expect(
        event.contractHash === application.contractHash,
        "contract_differs",
        () => `${id}: ${event.contractHash} is signed, ${application.contractHash} was approved`,
      );
      return;
    case "ApplicationWithdrawn":
      expectBorrower(application, event.borrowerId, findings);
      return;
    case "ApplicationSubmitted":
      return;
  }
}

function judge(application: ApplicationModel, event: Judging, findings: Findings): void {
  const { id, proposal, borrowerId } = application;
  const { maker, checker, proposalNo } = event;
  findings.expect(
    maker === proposal?.maker && maker !== checker,
    "privileged_alone",
    () => `${event.type} of ${id} by ${checker}, made by ${maker}; proposed by ${proposal?.maker}`,
  );
  findings.expect(
    maker !== borrowerId && checker !== borrowerId,
    "privileged_alone",
    () => `${event.type} of ${id} by its own borrower`,
  );
  findings.expect(
    proposalNo === proposal?.proposalNo,
    "event_impossible",
    () => `${event.type} of ${id}: proposal ${proposalNo} does not wait`,
  );
  if (event.type === "ApplicationApproved") approve(application, event, findings);
  if (event.type !== "ApplicationRejected") return;
  expectBorrower(application, event.borrowerId, findings);
  findings.expect(
    proposal?.type === "RejectionProposed",
    "event_impossible",
    () => `${id} is rejected, ${proposal?.type} came before`,
  );
}

/** The hash is that of the text, by another implementation of SHA-256 than the server's. */
function approve(
  application: ApplicationModel,
  event: Extract<Judging, { type: "ApplicationApproved" }>,
  findings: Findings,
): void {
  const { id, proposal, asked } = application;
  application.contractHash = event.contractHash;
  if (proposal?.type !== "ApprovalProposed") {
    findings.add("event_impossible", `${id} is approved, ${proposal?.type} came before`);
    return;
  }
  const loanId = id as LoanId;
  const borrowerId = application.borrowerId as AccountId;
  const terms = { loanId, borrowerId, asked, reviewed: proposal };
  const text = contractText(event.contractVersion, terms);
  const hash = createHash("sha256").update(text, "utf8").digest("hex");
  findings.expect(
    event.contractHash === hash,
    "contract_differs",
    () => `${id}: approved with hash ${event.contractHash}, the text has ${hash}`,
  );
}

function expectBorrower(
  { id, borrowerId }: ApplicationModel,
  named: string,
  findings: Findings,
): void {
  findings.expect(
    named === borrowerId,
    "event_impossible",
    () => `${id} is ${borrowerId}'s, not ${named}'s`,
  );
}

/** A loan is listed on what was signed, or by an operator where nobody applied. */
export function listApplication(
  applications: Applications,
  id: string,
  event: Listed,
  findings: Findings,
): void {
  const application = applications.get(id);
  if (event.contractHash === null) {
    findings.expect(
      application === undefined,
      "listed_unapproved",
      () => `${id} is listed without a contract, being ${application?.status}`,
    );
    return;
  }
  findings.expect(
    application?.status === "signed" && event.contractHash === application.contractHash,
    "listed_unapproved",
    () => `${id} is listed on ${event.contractHash}, being ${application?.status ?? "unknown"}`,
  );
  if (application === undefined) return;
  application.status = "listed";
  const difference = differenceOf(application, event);
  findings.expect(
    difference === null,
    "contract_differs",
    () => `${id} is listed with another ${difference} than was signed`,
  );
}

const REVIEWED = [
  "rateBps",
  "basisDays",
  "originationFeeBps",
  "serviceFeeBps",
  "earlyFeeBps",
  "graceDays",
  "penaltyPpm",
] as const;

/** The first of the signed terms that the listing does not have. */
function differenceOf(application: ApplicationModel, event: Listed): string | null {
  const { borrowerId, asked, proposal } = application;
  if (event.borrowerId !== borrowerId) return "borrower";
  if (event.principalCents !== asked.amountCents) return "amount";
  if (event.method !== asked.method || event.term !== asked.term) return "method or term";
  if (proposal?.type !== "ApprovalProposed") return "approval";
  return REVIEWED.find((name) => event[name] !== proposal[name]) ?? null;
}
