// What happened to a loan before it took bids, and whom that tells. Events of the staff say who.

import type { AccountMessage } from "../../account/account.ts";
import type { AccountId, Address, LoanId, RequestId } from "../../address.ts";
import type { Refusal } from "../../refusals.ts";
import type { LoanEvent } from "../events.ts";
import type { Asked, Grade, LoanDocument, ReviewedTerms } from "./application.ts";

interface Requested {
  readonly requestId: RequestId;
  readonly fingerprint: number;
}

/** Who made the proposal, who judged it, and which one it was. */
interface Judged extends Requested {
  readonly maker: AccountId;
  readonly checker: AccountId;
  readonly proposalNo: number;
}

export type ApplicationEvent =
  | ({
      readonly type: "ApplicationCreated";
      readonly borrowerId: AccountId;
      /** The request of the borrower's account, which is answered there. */
      readonly requestId: RequestId;
    } & Asked)
  /** The name is taken. Leaves the loan as it is. */
  | {
      readonly type: "ApplicationDeclined";
      readonly borrowerId: AccountId;
      readonly requestId: RequestId;
      readonly refusal: Refusal;
    }
  | ({ readonly type: "ApplicationUpdated" } & Requested & Asked)
  | ({ readonly type: "DocumentAttached"; readonly documentNo: number } & Requested & LoanDocument)
  | ({ readonly type: "ApplicationSubmitted" } & Requested)
  | ({ readonly type: "ApplicationWithdrawn"; readonly borrowerId: AccountId } & Requested)
  | ({
      readonly type: "ApprovalProposed";
      readonly maker: AccountId;
      readonly proposalNo: number;
      readonly grade: Grade;
    } & Requested &
      ReviewedTerms)
  | ({
      readonly type: "RejectionProposed";
      readonly maker: AccountId;
      readonly proposalNo: number;
      readonly reason: string;
    } & Requested)
  | ({ readonly type: "ProposalReturned"; readonly reason: string | null } & Judged)
  | ({
      readonly type: "ApplicationApproved";
      readonly contractVersion: number;
      readonly contractHash: string;
    } & Judged)
  | ({ readonly type: "ApplicationRejected"; readonly borrowerId: AccountId } & Judged)
  | ({ readonly type: "ContractSigned"; readonly contractHash: string } & Requested)
  /** Like RequestRefused, of the borrower's own requests. */
  | ({ readonly type: "BorrowerRequestRefused"; readonly refusal: Refusal } & Requested);

/** By type, so that none can be forgotten. */
const EVENTS: Readonly<Record<ApplicationEvent["type"], true>> = {
  ApplicationCreated: true,
  ApplicationDeclined: true,
  ApplicationUpdated: true,
  DocumentAttached: true,
  ApplicationSubmitted: true,
  ApplicationWithdrawn: true,
  ApprovalProposed: true,
  RejectionProposed: true,
  ProposalReturned: true,
  ApplicationApproved: true,
  ApplicationRejected: true,
  ContractSigned: true,
  BorrowerRequestRefused: true,
};
const TYPES: ReadonlySet<string> = new Set(Object.keys(EVENTS));

export function isApplicationEvent(event: { readonly type: string }): event is ApplicationEvent {
  return TYPES.has(event.type);
}

/**
 * Where an application waits for the staff: for a proposal, for a second person, for its listing.
 */
export const STAFF_STAGES = ["submitted", "proposed", "signed"] as const;
export type StaffStage = (typeof STAFF_STAGES)[number];

/** Where it waits after this event: null for nowhere, undefined for where it was. */
export function staffStageAfter(event: LoanEvent): StaffStage | null | undefined {
  switch (event.type) {
    case "ApplicationSubmitted":
    case "ProposalReturned":
      return "submitted";
    case "ApprovalProposed":
    case "RejectionProposed":
      return "proposed";
    case "ContractSigned":
      return "signed";
    case "ApplicationApproved":
    case "ApplicationRejected":
    case "ApplicationWithdrawn":
    case "LoanListed":
      return null;
    default:
      return undefined;
  }
}

/** The borrower's account learns that its application is there, or is not, or is open no more. */
export function applicationMessages(
  event: ApplicationEvent,
  self: LoanId,
  send: (to: Address, command: AccountMessage) => void,
): void {
  switch (event.type) {
    case "ApplicationCreated": {
      const { borrowerId, requestId } = event;
      send({ kind: "account", id: borrowerId }, confirmation(self, requestId));
      return;
    }
    case "ApplicationDeclined": {
      const { borrowerId, requestId, refusal } = event;
      send(
        { kind: "account", id: borrowerId },
        { type: "DeclineApplication", loanId: self, requestId, refusal },
      );
      return;
    }
    case "ApplicationWithdrawn":
    case "ApplicationRejected":
      send({ kind: "account", id: event.borrowerId }, { type: "CloseApplication", loanId: self });
      return;
    default:
      return;
  }
}

function confirmation(loanId: LoanId, requestId: RequestId): AccountMessage {
  return { type: "ConfirmApplication", loanId, requestId };
}
