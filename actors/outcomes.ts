// What a request came to, as it is remembered and told to the client. The names are those of the
// replies in the table of messages: `bid.place` has the outcome "BidPlaced", and so on.

import type { ApplicationStatus } from "./loan/application/application.ts";
import type { Refusal } from "./refusals.ts";

export type Outcome =
  | { readonly type: "Refused"; readonly code: Refusal }
  | { readonly type: "AccountOpened" }
  | {
      readonly type: "Deposited";
      readonly availableCents: number;
      readonly heldCents: number;
      /** The account's entry that the deposit made. */
      readonly entry: number;
    }
  | {
      readonly type: "BidPlaced";
      /** The account's number for the bid: with it the client cancels. */
      readonly bidId: number;
      readonly filledCents: number;
      /** 1 for the first bid of the loan, in journal order. */
      readonly rank: number;
      /** What the loan still wanted right after this bid. */
      readonly remainingCents: number;
    }
  | {
      readonly type: "WithdrawalHeld";
      /** The account's number of the withdrawal. */
      readonly withdrawal: number;
      readonly availableCents: number;
      readonly heldCents: number;
      readonly entry: number;
    }
  | { readonly type: "BidCancelled"; readonly bidId: number; readonly releasedCents: number }
  | { readonly type: "LoanListed"; readonly principalCents: number }
  | { readonly type: "ApplicationChanged"; readonly status: ApplicationStatus }
  | { readonly type: "DocumentAttached"; readonly documentNo: number }
  | {
      readonly type: "ReviewProposed";
      /** The number by which a second person decides on it. */
      readonly proposal: number;
    }
  | { readonly type: "WriteOffDecided"; readonly status: "defaulted" | "written_off" }
  | {
      readonly type: "Repaid";
      /** The loan's number of the clearing that divided it. */
      readonly clearing: number;
      readonly principalCents: number;
      readonly interestCents: number;
      readonly penaltyCents: number;
      /** The fee for repaying early. */
      readonly feeCents: number;
      /** What was not needed, back in available. */
      readonly returnedCents: number;
    }
  | { readonly type: "LoanConfirmed"; readonly raisedCents: number; readonly bids: number }
  | { readonly type: "LoanCancelled"; readonly bids: number };
