// `loanloom account`: what operators and clients ask about accounts, over the SDK.

import { Command } from "commander";
import { EXIT_HELP } from "./exit-codes.ts";
import { operationCommand } from "./operation-command.ts";
import {
  showUpdate,
  untilInterrupted,
  withRemoteOptions,
  withServer,
  type RemoteOptions,
} from "./remote.ts";
import { id, wholeNumber } from "./values.ts";

export function accountCommand(): Command {
  return new Command("account")
    .description("open, fund, show and watch accounts, and what they earn")
    .addHelpText("after", EXIT_HELP)
    .addCommand(
      operationCommand({ name: "open", operation: "account.open", positional: ["accountId"] }),
    )
    .addCommand(
      operationCommand({
        name: "deposit",
        operation: "account.deposit",
        positional: ["accountId", "amountCents"],
        // Its own each time: a reference is booked once.
        defaults: { reference: `command line ${new Date().toISOString()}` },
      }),
    )
    .addCommand(
      operationCommand({
        name: "withdraw",
        operation: "account.withdraw",
        positional: ["amountCents", "beneficiary"],
      }),
    )
    .addCommand(
      operationCommand({
        name: "withdrawal",
        operation: "account.withdrawal",
        positional: ["withdrawal", "accountId"],
      }),
    )
    .addCommand(
      operationCommand({ name: "get", operation: "account.get", positional: ["accountId"] }),
    )
    .addCommand(
      operationCommand({
        name: "positions",
        operation: "account.positions",
        positional: ["accountId"],
      }),
    )
    .addCommand(
      operationCommand({
        name: "returns",
        operation: "account.returns",
        positional: ["accountId"],
      }),
    )
    .addCommand(
      operationCommand({
        name: "outcome",
        operation: "request.outcome",
        positional: ["requestId", "accountId"],
      }),
    )
    .addCommand(watchCommand());
}

interface WatchOptions extends RemoteOptions {
  readonly after?: number;
  readonly receipts: boolean;
}

function watchCommand(): Command {
  return withRemoteOptions(new Command("watch"))
    .description("shows the account and then every entry as it comes, until Ctrl-C")
    .argument("[accountId]", "the account; left out: the client's own", id)
    .option("--after <entry>", "continue behind this entry", wholeNumber)
    .option("--receipts", "show the receipt of each repayment too, and whether it holds", false)
    .action(async (accountId: string | undefined, options: WatchOptions) => {
      await withServer(options, ["client", "operator"], async (client) => {
        const { after, receipts } = options;
        await client.watchAccount((update) => showUpdate(update, options.json), {
          ...(accountId === undefined ? {} : { accountId }),
          ...(after === undefined ? {} : { after }),
          receipts,
        });
        await untilInterrupted(client);
      });
    });
}
