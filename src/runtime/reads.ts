// Answers to reads, from the state of an actor. They are released like everything else: not before
// what they show is durable.

import { accountView, type OpenAccount } from "../../actors/account/account.ts";
import { positionsView, POSITIONS_PAGE_MAX } from "../../actors/account/positions-view.ts";
import { withdrawalReference, type AccountId, type RequestId } from "../../actors/address.ts";
import { applicationOf } from "../../actors/loan/application/application.ts";
import { isHiddenFrom } from "../../actors/loan/application/decide.ts";
import { applicationView, contractView, documentView } from "../../actors/loan/application/view.ts";
import { isOnMarket, loanView, type LoanState } from "../../actors/loan/loan.ts";
import { loanScheduleView } from "../../actors/loan/repayment/schedule-view.ts";
import { writeOffView } from "../../actors/loan/write-off/write-off.ts";
import type { Outcome } from "../../actors/outcomes.ts";
import type { OutcomeWindow } from "../../actors/outcome-window.ts";
import { assert, assertNever } from "../money/assert.ts";
import type { ReplyOf } from "../protocol/table.ts";
import { accountOf, loanOf, type Cell } from "./cell.ts";
import type { GatheredCommand } from "./gatherings.ts";
import type { ActorCommand, Answer, LoanProgress, Notice } from "./port.ts";

type AccountRead = Extract<
  ActorCommand,
  {
    type:
      | "GetAccount"
      | "WatchAccount"
      | "GetOutcome"
      | "GetPositions"
      | "GetWithdrawal"
      | "ListApplications";
  }
>;
type ApplicationRead = Extract<
  ActorCommand,
  { type: "GetApplication" | "GetDocument" | "GetContract" }
>;
export type Read =
  | AccountRead
  | ApplicationRead
  | Extract<ActorCommand, { type: "GetLoan" | "WatchLoan" | "GetLoanSchedule" | "GetWriteOff" }>
  | GatheredCommand;

/** By type, so that none can be forgotten: it would be carried out as a change. */
const BY_TYPE: Readonly<Record<Read["type"], true>> = {
  GetAccount: true,
  WatchAccount: true,
  GetOutcome: true,
  GetPositions: true,
  GetWithdrawal: true,
  ListApplications: true,
  GetLoan: true,
  WatchLoan: true,
  GetLoanSchedule: true,
  GetWriteOff: true,
  GetApplication: true,
  GetDocument: true,
  GetContract: true,
  GetBooks: true,
  GetApplicationQueue: true,
  GetClearing: true,
  GetClearingPath: true,
  GetReturns: true,
};
const READS: ReadonlySet<string> = new Set(Object.keys(BY_TYPE));

export function isRead(command: ActorCommand | Notice): command is Read {
  return READS.has(command.type);
}

/** `self` is the client's own account; null for the staff, who may read all. */
export function answerRead(cell: Cell, command: Read, self: AccountId | null): Answer {
  switch (command.type) {
    case "GetLoan":
      if (!isListed(cell)) return { type: "Refused", code: "loan_not_found" };
      return { type: "Loan", view: loanProgress(cell) };
    case "WatchLoan":
      if (!isListed(cell)) return { type: "Refused", code: "loan_not_found" };
      cell.watched = true;
      return { type: "LoanWatched", view: loanProgress(cell) };
    case "GetLoanSchedule": {
      const loan = loanOf(cell);
      if (!isOnMarket(loan)) return { type: "Refused", code: "loan_not_found" };
      return { type: "Read", view: loanScheduleView(loan, command.after) };
    }
    case "GetWriteOff": {
      const loan = loanOf(cell);
      if (!isOnMarket(loan)) return { type: "Refused", code: "loan_not_found" };
      return { type: "Read", view: writeOffView(loan) };
    }
    case "GetApplication":
    case "GetDocument":
    case "GetContract":
      return readApplication(loanOf(cell), command, self);
    case "GetAccount":
    case "WatchAccount":
    case "GetOutcome":
    case "GetWithdrawal":
    case "GetPositions":
    case "ListApplications":
      return readAccount(cell, command);
    case "GetBooks":
    case "GetApplicationQueue":
    case "GetClearing":
    case "GetClearingPath":
    case "GetReturns":
      throw new TypeError(`${command.type} is gathered from several actors`);
    default:
      return assertNever(command);
  }
}

function isListed(cell: Cell): boolean {
  return isOnMarket(loanOf(cell));
}

/** Another borrower's application answers exactly as one that is not there. */
function readApplication(
  loan: LoanState,
  command: ApplicationRead,
  self: AccountId | null,
): Answer {
  const hidden = self !== null && isHiddenFrom(loan, self);
  if (loan.status === "absent" || hidden || applicationOf(loan) === null) {
    return { type: "Refused", code: "application_not_found" };
  }
  switch (command.type) {
    case "GetApplication": {
      const view = applicationView(loan, self === null);
      assert(view !== null, "a loan with an application has its view");
      return { type: "Read", view };
    }
    case "GetDocument": {
      const document = documentView(loan, command.documentNo);
      if (document === null) return { type: "Refused", code: "document_not_found" };
      return { type: "Read", view: document };
    }
    case "GetContract": {
      const contract = contractView(loan);
      if (contract === null) return { type: "Refused", code: "application_not_approved" };
      return { type: "Read", view: contract };
    }
    default:
      return assertNever(command);
  }
}

function readAccount(cell: Cell, command: AccountRead): Answer {
  const account = accountOf(cell);
  if (account.status === "absent") return { type: "Refused", code: "account_not_found" };
  switch (command.type) {
    case "GetAccount":
      return { type: "Account", view: accountView(account) };
    case "ListApplications":
      return { type: "Read", view: { loanIds: [...account.applications] } };
    case "GetPositions": {
      const view = positionsView(account, command.from ?? 0, POSITIONS_PAGE_MAX);
      return { type: "Read", view };
    }
    case "GetOutcome":
      return { type: "RequestOutcome", view: outcomeView(account.outcomes, command.requestId) };
    case "GetWithdrawal":
      return readWithdrawal(account, command.withdrawal);
    case "WatchAccount": {
      cell.watched = true;
      const { after } = command;
      const view = accountView(account);
      // An `after` from the future belongs to another history: the snapshot is a new start.
      const { oldest, count } = account.entries;
      const resumed = after !== null && after >= oldest - 1 && after <= count;
      const entries = resumed ? account.entries.after(after) : [];
      return { type: "AccountWatched", view: { ...view, resumed, entries } };
    }
    default:
      return assertNever(command);
  }
}

function readWithdrawal(account: OpenAccount, withdrawalNo: number): Answer {
  const found = account.custody?.withdrawal(withdrawalNo);
  if (found === undefined) return { type: "Refused", code: "withdrawal_not_found" };
  const reference = withdrawalReference(account.accountId, withdrawalNo);
  return { type: "Withdrawal", view: { ...found, reference } };
}

export function loanProgress(cell: Cell): LoanProgress {
  const loan = loanOf(cell);
  assert(isOnMarket(loan), "only what is listed is shown to the market");
  return { ...loanView(loan), seq: cell.version };
}

type OutcomeView = ReplyOf<"request.outcome">;

const NOTHING: Omit<OutcomeView, "state"> = {
  code: null,
  bidId: null,
  filledCents: null,
  rank: null,
  remainingCents: null,
  releasedCents: null,
  clearing: null,
  withdrawal: null,
};

function outcomeView(outcomes: OutcomeWindow, requestId: RequestId): OutcomeView {
  const entry = outcomes.get(requestId);
  if (entry === undefined) {
    return { ...NOTHING, state: outcomes.isTooOld(requestId) ? "too_old" : "unknown" };
  }
  if (entry.outcome === undefined) return { ...NOTHING, state: "pending" };
  return settledView(entry.outcome);
}

function settledView(outcome: Outcome): OutcomeView {
  switch (outcome.type) {
    case "Refused":
      return { ...NOTHING, state: "refused", code: outcome.code };
    case "BidPlaced": {
      const { bidId, filledCents, rank, remainingCents } = outcome;
      return { ...NOTHING, state: "done", bidId, filledCents, rank, remainingCents };
    }
    case "BidCancelled": {
      const { bidId, releasedCents } = outcome;
      return { ...NOTHING, state: "done", bidId, releasedCents };
    }
    case "WithdrawalHeld":
      return { ...NOTHING, state: "done", withdrawal: outcome.withdrawal };
    case "Repaid":
      return { ...NOTHING, state: "done", clearing: outcome.clearing };
    case "AccountOpened":
    case "Deposited":
    case "LoanListed":
    case "LoanConfirmed":
    case "LoanCancelled":
    case "ApplicationChanged":
    case "DocumentAttached":
    case "ReviewProposed":
    case "WriteOffDecided":
      return { ...NOTHING, state: "done" };
    default:
      return assertNever(outcome);
  }
}
