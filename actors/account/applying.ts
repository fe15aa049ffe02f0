// A client applies for a loan: its account counts the open applications, so that nobody fills the
// memory with drafts, and the loan of that name answers.

import { assert, assertNever } from "../../src/money/assert.ts";
import type { LoanId } from "../address.ts";
import { accept, refuse, type Decision } from "../decider.ts";
import { askedIn, refusalOfAsked } from "../loan/application/application.ts";
import { APPLICATIONS_OPEN_MAX, type AccountCommand, type OpenAccount } from "./account.ts";
import type { AccountEvent } from "./events.ts";

type ApplyingCommand = Extract<
  AccountCommand,
  {
    type: "CreateApplication" | "ConfirmApplication" | "DeclineApplication" | "CloseApplication";
  }
>;

export type ApplyingEvent = Extract<
  AccountEvent,
  { type: "ApplicationAsked" | "ApplicationConfirmed" | "ApplicationRefused" | "ApplicationClosed" }
>;

export function decideApplying(
  account: OpenAccount,
  command: ApplyingCommand,
): Decision<AccountEvent> {
  switch (command.type) {
    case "CreateApplication": {
      const { requestId, fingerprint, loanId } = command;
      const { applications } = account;
      if (applications.includes(loanId)) return refuse("loan_exists");
      if (applications.length >= APPLICATIONS_OPEN_MAX) return refuse("too_many_applications");
      const refusal = refusalOfAsked(command);
      if (refusal !== null) return refuse(refusal);
      const asked = askedIn(command);
      return accept({ type: "ApplicationAsked", requestId, fingerprint, loanId, ...asked });
    }
    case "ConfirmApplication": {
      const { loanId, requestId } = command;
      return accept({ type: "ApplicationConfirmed", requestId, loanId });
    }
    case "DeclineApplication": {
      const { loanId, requestId, refusal } = command;
      return accept({ type: "ApplicationRefused", requestId, loanId, refusal });
    }
    case "CloseApplication":
      return accept({ type: "ApplicationClosed", loanId: command.loanId });
    default:
      return assertNever(command);
  }
}

export function evolveApplying(account: OpenAccount, event: ApplyingEvent): OpenAccount {
  const { outcomes, applications } = account;
  switch (event.type) {
    case "ApplicationAsked":
      outcomes.open(event.requestId, event.fingerprint);
      applications.push(event.loanId);
      assert(applications.length <= APPLICATIONS_OPEN_MAX, "open applications are limited");
      return account;
    case "ApplicationConfirmed":
      outcomes.settle(event.requestId, 0, { type: "ApplicationChanged", status: "draft" });
      return account;
    case "ApplicationRefused":
      close(applications, event.loanId);
      outcomes.settle(event.requestId, 0, { type: "Refused", code: event.refusal });
      return account;
    case "ApplicationClosed":
      close(applications, event.loanId);
      return account;
    default:
      return assertNever(event);
  }
}

function close(applications: LoanId[], loanId: LoanId): void {
  const at = applications.indexOf(loanId);
  assert(at >= 0, "an application that ends was open");
  applications.splice(at, 1);
}
