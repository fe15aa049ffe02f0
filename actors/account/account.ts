// A client's money account: what it holds and what may be asked of it. The same client may lend
// and borrow. available + held = total, and neither is ever negative.

import { assert } from "../../src/money/assert.ts";
import { AMOUNT_CENTS_MAX, ZERO_CENTS, type Cents } from "../../src/money/cents.ts";
import type { AccountId, LoanId, RequestId } from "../address.ts";
import type { RequestStamp } from "../decider.ts";
import type { Asked } from "../loan/application/application.ts";
import type { RepaymentMode } from "../loan/repayment/events.ts";
import { Numbered } from "../numbered.ts";
import { OutcomeWindow, type OutcomeEntry } from "../outcome-window.ts";
import type { Refusal } from "../refusals.ts";
import { Rows } from "../rows.ts";
import type { Custody } from "./custody/custody.ts";
import type { CustodyNotice, CustodyRequest } from "./custody/decide.ts";
import { EntryLog } from "./entry-log.ts";
import { HeldLoans } from "./held-loans.ts";
import { Positions } from "./positions.ts";

/**
 * Deposits fill a balance up to here: 10 billion yuan, enough to repay any loan by one
 * payment. What loans bring is never refused and may pass it. Still each sum is exact, and
 * asserted to be: that is money which others deposited, and 2^53 cents are the full
 * balances of nine thousand accounts.
 */
export const BALANCE_CENTS_MAX = 1_000_000_000_000;
assert(BALANCE_CENTS_MAX >= AMOUNT_CENTS_MAX, "a balance can hold what one payment may be");
export const HOLDS_OPEN_MAX = 200_000;
/** Applications that are neither listed, rejected nor withdrawn: names are free, memory is not. */
export const APPLICATIONS_OPEN_MAX = 20;

/**
 * Columns of a hold's row, `loan` being a place in `loans`, for as long as the hold is open. The
 * row's number is the hold's number, and the bid's id for the client.
 */
export const HOLD = { loan: 0, amountCents: 1, bidNo: 2, status: 3 } as const;
export const HOLD_STATUS = { waiting: 0, placed: 1, cancelling: 2, closed: 3 } as const;

export interface AbsentAccount {
  readonly status: "absent";
  readonly outcomes: OutcomeWindow;
}

export interface OpenAccount {
  readonly status: "open";
  readonly accountId: AccountId;
  readonly outcomes: OutcomeWindow;
  availableCents: Cents;
  heldCents: Cents;
  /** Open holds, and closed ones whose segment is not yet dropped. */
  readonly holds: Rows;
  holdsOpen: number;
  /** The requests of bids that the loan has not answered yet, by hold number. */
  readonly asking: Numbered<OutcomeEntry>;
  /** Loans that rows of open holds refer to. */
  readonly loans: HeldLoans;
  readonly entries: EntryLog;
  /** The client's own loans that are applied for, and not listed, rejected or withdrawn yet. */
  readonly applications: LoanId[];
  readonly positions: Positions;
  /** Repayments ever sent: the number of the last one. */
  payments: number;
  /** The requests of those that their loan has not answered, by number. */
  readonly paying: Numbered<OutcomeEntry>;
  /** Withdrawals and deposits at the custodian bank; null until there is one. */
  custody: Custody | null;
}

export type AccountState = AbsentAccount | OpenAccount;

export function absentAccount(): AccountState {
  return { status: "absent", outcomes: new OutcomeWindow() };
}

export function openAccount(accountId: AccountId, outcomes: OutcomeWindow): OpenAccount {
  return {
    status: "open",
    accountId,
    outcomes,
    availableCents: ZERO_CENTS,
    heldCents: ZERO_CENTS,
    holds: new Rows(4),
    holdsOpen: 0,
    asking: new Numbered(),
    loans: new HeldLoans(),
    entries: new EntryLog(),
    applications: [],
    positions: new Positions(),
    payments: 0,
    paying: new Numbered(),
    custody: null,
  };
}

export type Fill = "exact" | "upTo";

/** `by` is the subject of the token. */
type OfOperator = { readonly accountId: AccountId; readonly by: AccountId } & RequestStamp;

/** Asked by clients and operators, each at most once by its request id. */
export type AccountRequest =
  | CustodyRequest
  | ({ readonly type: "OpenAccount" } & OfOperator)
  | ({
      readonly type: "Deposit";
      readonly amountCents: number;
      /** The operator's own reference of the payment, for the books. */
      readonly reference: string;
    } & OfOperator)
  | ({
      readonly type: "PlaceBid";
      readonly loanId: LoanId;
      readonly amountCents: number;
      readonly fill: Fill;
      /** With `upTo` only: the least that is still wanted, at most the amount; null for any. */
      readonly minCents: number | null;
    } & RequestStamp)
  | ({ readonly type: "CancelBid"; readonly bidId: number } & RequestStamp)
  /** The client applies for a loan of this name. */
  | ({ readonly type: "CreateApplication"; readonly loanId: LoanId } & Asked & RequestStamp)
  | ({
      readonly type: "RepayLoan";
      readonly loanId: LoanId;
      readonly amountCents: number;
      readonly mode: Exclude<RepaymentMode, "collected">;
    } & RequestStamp);

/** Told by loans, each exactly once. */
export type AccountMessage =
  | {
      readonly type: "ConfirmBid";
      readonly holdNo: number;
      readonly bidNo: number;
      readonly filledCents: number;
      readonly remainingCents: number;
    }
  | { readonly type: "DeclineBid"; readonly holdNo: number; readonly refusal: Refusal }
  | { readonly type: "ConfirmCancel"; readonly holdNo: number; readonly requestId: RequestId }
  | {
      readonly type: "DeclineCancel";
      readonly holdNo: number;
      readonly requestId: RequestId;
      readonly refusal: Refusal;
    }
  | { readonly type: "VoidHold"; readonly holdNo: number }
  | { readonly type: "PostHold"; readonly holdNo: number }
  | {
      readonly type: "ConfirmApplication";
      readonly loanId: LoanId;
      readonly requestId: RequestId;
    }
  | {
      readonly type: "DeclineApplication";
      readonly loanId: LoanId;
      readonly requestId: RequestId;
      readonly refusal: Refusal;
    }
  | { readonly type: "CloseApplication"; readonly loanId: LoanId }
  | {
      readonly type: "ReceiveDisbursement";
      readonly loanId: LoanId;
      readonly amountCents: number;
    }
  /** The calendar of a loan asks its borrower: as much of it as is available is taken. */
  | { readonly type: "CollectDue"; readonly loanId: LoanId; readonly owedCents: number }
  | {
      readonly type: "ConfirmRepayment";
      readonly loanId: LoanId;
      readonly paymentNo: number;
      readonly clearingNo: number;
      readonly instalment: number;
      readonly returnedCents: number;
      readonly principalCents: number;
      readonly interestCents: number;
      readonly penaltyCents: number;
      readonly feeCents: number;
    }
  | {
      readonly type: "ReturnRepayment";
      readonly loanId: LoanId;
      readonly paymentNo: number;
      readonly amountCents: number;
      readonly refusal: Refusal;
    };

export type AccountCommand = AccountRequest | AccountMessage | CustodyNotice;

export interface AccountView {
  readonly accountId: AccountId;
  readonly availableCents: number;
  readonly heldCents: number;
  /** The number of the last entry. */
  readonly entry: number;
  readonly openBids: number;
}

/** The number of the account's last entry; 0 when there is none. */
export function lastEntryOf(account: AccountState): number {
  return account.status === "open" ? account.entries.count : 0;
}

export function accountView(account: OpenAccount): AccountView {
  return {
    accountId: account.accountId,
    availableCents: account.availableCents,
    heldCents: account.heldCents,
    entry: account.entries.count,
    openBids: account.holdsOpen,
  };
}
