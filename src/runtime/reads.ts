// Answers to reads, from the state of an actor. They are released like everything else: not before
// what they show is durable.

import { accountView, type AccountState, type OpenAccount } from "../../actors/account/account.ts";
import { positionsView, POSITIONS_PAGE_MAX } from "../../actors/account/positions-view.ts";
import { withdrawalReference, type RequestId } from "../../actors/address.ts";
import { loanScheduleView } from "../../actors/loan/repayment/schedule-view.ts";
import { loanView, type LoanState } from "../../actors/loan/loan.ts";
import type { Outcome } from "../../actors/outcomes.ts";
import type { OutcomeWindow } from "../../actors/outcome-window.ts";
import { assertNever } from "../money/assert.ts";
import type { ReplyOf } from "../protocol/table.ts";
import type { Cell } from "./cell.ts";
import type { GatheredCommand } from "./gatherings.ts";
import type { ActorCommand, Answer, LoanProgress, Notice } from "./port.ts";

type AccountRead = Extract<
  ActorCommand,
  { type: "GetAccount" | "WatchAccount" | "GetOutcome" | "GetPositions" | "GetWithdrawal" }
>;
export type Read =
  | AccountRead
  | Extract<ActorCommand, { type: "GetLoan" | "WatchLoan" | "GetLoanSchedule" }>
  | GatheredCommand;

export function isRead(command: ActorCommand | Notice): command is Read {
  switch (command.type) {
    case "GetAccount":
    case "WatchAccount":
    case "GetOutcome":
    case "GetWithdrawal":
    case "GetLoan":
    case "WatchLoan":
    case "GetPositions":
    case "GetLoanSchedule":
    case "GetBooks":
    case "GetClearing":
    case "GetClearingPath":
    case "GetReturns":
      return true;
    default:
      return false;
  }
}

export function answerRead(cell: Cell, command: Read): Answer {
  switch (command.type) {
    case "GetLoan":
      if (cell.isAbsent) return { type: "Refused", code: "loan_not_found" };
      return { type: "Loan", view: loanProgress(cell) };
    case "WatchLoan":
      if (cell.isAbsent) return { type: "Refused", code: "loan_not_found" };
      cell.watched = true;
      return { type: "LoanWatched", view: loanProgress(cell) };
    case "GetLoanSchedule": {
      const loan = cell.state as unknown as LoanState;
      if (loan.status === "absent") return { type: "Refused", code: "loan_not_found" };
      return { type: "Read", view: loanScheduleView(loan, command.after) };
    }
    case "GetAccount":
    case "WatchAccount":
    case "GetOutcome":
    case "GetWithdrawal":
    case "GetPositions":
      return readAccount(cell, command);
    case "GetBooks":
    case "GetClearing":
    case "GetClearingPath":
    case "GetReturns":
      throw new TypeError(`${command.type} is gathered from several actors`);
    default:
      return assertNever(command);
  }
}

function readAccount(cell: Cell, command: AccountRead): Answer {
  const account = cell.state as unknown as AccountState;
  if (account.status === "absent") return { type: "Refused", code: "account_not_found" };
  switch (command.type) {
    case "GetAccount":
      return { type: "Account", view: accountView(account) };
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
  const loan = cell.state as unknown as Exclude<LoanState, { status: "absent" }>;
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
      return { ...NOTHING, state: "done" };
    default:
      return assertNever(outcome);
  }
}
