// What may be asked of a loan before it takes bids. `by` is who asks: the subject of the token.

import type { AccountId, LoanId, RequestId } from "../../address.ts";
import type { RequestStamp } from "../../decider.ts";
import type { ListingTerms } from "../terms.ts";
import type { Asked, Grade, LoanDocument, ReviewedTerms } from "./application.ts";

type Asking<Type extends string> = {
  readonly type: Type;
  readonly loanId: LoanId;
  readonly by: AccountId;
} & RequestStamp;

/** The borrower's own: to everybody else the application does not exist. */
export type BorrowerRequest =
  | (Asking<"UpdateApplication"> & Asked)
  /** Sent by the door that has stored the document's bytes, never by a client. */
  | (Asking<"AttachDocument"> & LoanDocument)
  | Asking<"SubmitApplication">
  | Asking<"WithdrawApplication">
  | (Asking<"SignContract"> & { readonly contractHash: string });

/** What a reviewer may leave out: everything in a rejection; fees and penalty in an approval. */
export type ReviewAsked = { readonly [Name in keyof ReviewedTerms]: ReviewedTerms[Name] | null };

export type StaffRequest =
  | (Asking<"ProposeReview"> &
      ReviewAsked & {
        readonly verdict: "approve" | "reject";
        readonly grade: Grade | null;
        readonly reason: string | null;
      })
  | (Asking<"DecideReview"> & {
      /** The number of the proposal that was read: another may have taken its place. */
      readonly proposal: number;
      readonly answer: "confirm" | "return";
      readonly reason: string | null;
    })
  | (Asking<"PublishLoan"> &
      Omit<ListingTerms, "borrowerId" | "principalCents"> & {
        readonly disbursesAtOnce: boolean | null;
      });

export type ApplicationRequest = BorrowerRequest | StaffRequest;

/** The borrower's account asks for an application, having counted those that are open. */
export type ApplicationMessage = {
  readonly type: "OpenApplication";
  readonly borrowerId: AccountId;
  readonly requestId: RequestId;
} & Asked;

export type ApplicationCommand = ApplicationRequest | ApplicationMessage;

/** By type, so that none can be forgotten. */
const BY_BORROWERS: Readonly<Record<BorrowerRequest["type"], true>> = {
  UpdateApplication: true,
  AttachDocument: true,
  SubmitApplication: true,
  WithdrawApplication: true,
  SignContract: true,
};
const BORROWERS: ReadonlySet<string> = new Set(Object.keys(BY_BORROWERS));

export function isBorrowerRequest(command: { readonly type: string }): command is BorrowerRequest {
  return BORROWERS.has(command.type);
}
