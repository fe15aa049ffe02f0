// The actor that a request is for. Commands on the client's own account do not name it.

import type { AccountId, Address } from "../../actors/address.ts";
import { assert, assertNever } from "../money/assert.ts";
import type { GatheredCommand } from "./gatherings.ts";
import type { ActorCommand, Notice, Request } from "./port.ts";

export function receiverOf(
  { self }: Request,
  command: Exclude<ActorCommand, GatheredCommand> | Notice,
): Address {
  switch (command.type) {
    case "PlaceBid":
    case "CancelBid":
    case "CreateApplication":
    case "RepayLoan":
    case "Withdraw":
      return accountAddress(self);
    case "ListApplications":
    case "OpenAccount":
    case "Deposit":
    case "GetAccount":
    case "WatchAccount":
    case "GetOutcome":
    case "GetPositions":
    case "GetWithdrawal":
    case "BookDeposit":
    case "ConfirmWithdrawal":
    case "FailWithdrawal":
      return accountAddress(command.accountId ?? self);
    case "ListLoan":
    case "ConfirmLoan":
    case "CancelLoan":
    case "ProposeWriteOff":
    case "DecideWriteOff":
    case "GetWriteOff":
    case "UpdateApplication":
    case "AttachDocument":
    case "SubmitApplication":
    case "WithdrawApplication":
    case "SignContract":
    case "ProposeReview":
    case "DecideReview":
    case "PublishLoan":
    case "GetApplication":
    case "GetDocument":
    case "GetContract":
    case "GetLoan":
    case "WatchLoan":
    case "GetLoanSchedule":
      return { kind: "loan", id: command.loanId };
    default:
      return assertNever(command);
  }
}

function accountAddress(id: AccountId | null): Address {
  assert(id !== null, "the gateway says whose account a command is about");
  return { kind: "account", id };
}
