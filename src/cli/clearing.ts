// `loanloom loan clearing`: the receipt of a repayment, and with --lender a share of it, checked.

import { Command } from "commander";
import { verifyReceipt, type LoanloomClient } from "../client/client.ts";
import { EXIT } from "./exit-codes.ts";
import { show, withRemoteOptions, withServer, type RemoteOptions } from "./remote.ts";
import { id, wholeNumber } from "./values.ts";

interface ClearingOptions extends RemoteOptions {
  readonly lender?: string;
}

export function clearingCommand(): Command {
  return withRemoteOptions(new Command("clearing"))
    .description(
      "the receipt of a repayment; with --lender a lender's share, checked against its root",
    )
    .argument("<loanId>", "the loan", id)
    .argument("<clearing>", "the loan's number of the clearing, from 1", wholeNumber)
    .option("--lender <accountId>", "the share of this lender, with its Merkle path", id)
    .action(async (loanId: string, clearing: number, options: ClearingOptions) => {
      await withServer(options, ["client", "operator"], async (client) => {
        const { lender } = options;
        if (lender === undefined) {
          show(await client.request("clearing.get", { loanId, clearing }), options.json);
        } else {
          await showShare(client, loanId, clearing, lender, options.json);
        }
      });
    });
}

async function showShare(
  client: LoanloomClient,
  loanId: string,
  clearing: number,
  accountId: string,
  json: boolean,
): Promise<void> {
  const receipt = await client.request("clearing.path", { loanId, clearing, accountId });
  const fault = verifyReceipt(receipt);
  show({ ...receipt, checked: fault ?? "holds" }, json);
  if (fault !== null) process.exitCode = EXIT.refused;
}
