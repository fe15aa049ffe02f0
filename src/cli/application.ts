// `loanloom application`: what borrowers and reviewers ask before a loan takes bids, over the SDK.
// Documents are uploaded over HTTP; that a signed loan takes bids is
// said by `loanloom loan publish`.

import { Command } from "commander";
import { EXIT_HELP } from "./exit-codes.ts";
import { operationCommand, type OperationSpec } from "./operation-command.ts";

const SPECS: readonly OperationSpec[] = [
  {
    name: "create",
    operation: "application.create",
    positional: ["loanId", "amountCents"],
    defaults: { method: "equal_instalment" },
  },
  {
    name: "update",
    operation: "application.update",
    positional: ["loanId", "amountCents"],
    defaults: { method: "equal_instalment" },
  },
  { name: "submit", operation: "application.submit", positional: ["loanId"] },
  { name: "withdraw", operation: "application.withdraw", positional: ["loanId"] },
  { name: "get", operation: "application.get", positional: ["loanId"] },
  { name: "list", operation: "application.list", positional: ["accountId"] },
  { name: "queue", operation: "application.queue", positional: [] },
  { name: "document", operation: "application.document", positional: ["loanId", "documentNo"] },
  { name: "propose", operation: "application.propose", positional: ["loanId", "verdict"] },
  {
    name: "decide",
    operation: "application.decide",
    positional: ["loanId", "proposal", "answer"],
  },
  { name: "contract", operation: "contract.get", positional: ["loanId"] },
  { name: "sign", operation: "contract.sign", positional: ["loanId", "contractHash"] },
];

export function applicationCommand(): Command {
  const command = new Command("application")
    .description("apply for a loan, review it, and sign its contract")
    .addHelpText("after", EXIT_HELP);
  for (const spec of SPECS) command.addCommand(operationCommand(spec));
  return command;
}
