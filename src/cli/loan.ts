// `loanloom loan`: what operators and clients ask about loans, and bids on them, over the SDK.

import { Command } from "commander";
import { clearingCommand } from "./clearing.ts";
import { EXIT_HELP } from "./exit-codes.ts";
import { operationCommand } from "./operation-command.ts";
import {
  showUpdate,
  untilInterrupted,
  withRemoteOptions,
  withServer,
  type RemoteOptions,
} from "./remote.ts";
import { id } from "./values.ts";

export function loanCommand(): Command {
  return new Command("loan")
    .description("list, publish, show and watch loans, bid on them, repay them and write them off")
    .addHelpText("after", EXIT_HELP)
    .addCommand(
      operationCommand({
        name: "list",
        operation: "loan.list",
        positional: ["loanId"],
        defaults: { stepCents: "100", minBidCents: "10000", closesAtMs: "+24h" },
      }),
    )
    .addCommand(
      operationCommand({
        name: "publish",
        operation: "loan.publish",
        positional: ["loanId"],
        defaults: { stepCents: "100", minBidCents: "10000", closesAtMs: "+24h" },
      }),
    )
    .addCommand(
      operationCommand({ name: "confirm", operation: "loan.confirm", positional: ["loanId"] }),
    )
    .addCommand(
      operationCommand({
        name: "cancel-listing",
        operation: "loan.cancel",
        positional: ["loanId", "reason"],
      }),
    )
    .addCommand(operationCommand({ name: "get", operation: "loan.get", positional: ["loanId"] }))
    .addCommand(
      operationCommand({ name: "schedule", operation: "loan.schedule", positional: ["loanId"] }),
    )
    .addCommand(
      operationCommand({
        name: "propose-write-off",
        operation: "writeoff.propose",
        positional: ["loanId", "reason"],
      }),
    )
    .addCommand(
      operationCommand({
        name: "decide-write-off",
        operation: "writeoff.decide",
        positional: ["loanId", "proposal", "answer"],
      }),
    )
    .addCommand(
      operationCommand({ name: "write-off", operation: "writeoff.get", positional: ["loanId"] }),
    )
    .addCommand(clearingCommand())
    .addCommand(operationCommand({ name: "market", operation: "market.loans", positional: [] }))
    .addCommand(
      operationCommand({
        name: "bid",
        operation: "bid.place",
        positional: ["loanId", "amountCents"],
        defaults: { fill: "exact" },
      }),
    )
    .addCommand(
      operationCommand({
        name: "repay",
        operation: "loan.repay",
        positional: ["loanId", "amountCents"],
        defaults: { mode: "due" },
      }),
    )
    .addCommand(
      operationCommand({ name: "cancel", operation: "bid.cancel", positional: ["bidId"] }),
    )
    .addCommand(watchCommand());
}

function watchCommand(): Command {
  return withRemoteOptions(new Command("watch"))
    .description("shows the loan and then its progress, until Ctrl-C")
    .argument("<loanId>", "the loan", id)
    .action(async (loanId: string, options: RemoteOptions) => {
      await withServer(options, ["client", "operator"], async (client) => {
        await client.watchLoan(loanId, (update) => showUpdate(update, options.json));
        await untilInterrupted(client);
      });
    });
}
