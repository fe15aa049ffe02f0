// Notices of the custodian bank: which commands are some, and whose account each is for.

import type { ActorCommand, Notice } from "./port.ts";

export function isNotice(command: ActorCommand | Notice): command is Notice {
  switch (command.type) {
    case "BookDeposit":
    case "ConfirmWithdrawal":
    case "FailWithdrawal":
      return true;
    default:
      return false;
  }
}
