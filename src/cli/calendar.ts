// `loanloom calendar`: the business date that the server is at, and moving it on.

import { Command } from "commander";
import type { LoanloomClient } from "../client/client.ts";
import { UsageError } from "../command/exit-codes.ts";
import { EXIT_HELP } from "./exit-codes.ts";
import { operationCommand } from "./operation-command.ts";

/** Further than the next due date of any loan. */
const DAYS_WITHOUT_YES = 31;

export function calendarCommand(): Command {
  return new Command("calendar")
    .description("show the business date of the server, and move it on")
    .addHelpText("after", EXIT_HELP)
    .addCommand(operationCommand({ name: "get", operation: "calendar.get", positional: [] }))
    .addCommand(
      operationCommand({
        name: "advance",
        operation: "calendar.advance",
        positional: ["day"],
        before: refuseLeap,
      }).option("--yes", `move on by more than ${DAYS_WITHOUT_YES} days at once`, false),
    );
}

/** There is no way back from a business date, so a mistyped one must not be gone to. */
async function refuseLeap(
  client: LoanloomClient,
  request: Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (options["yes"] === true) return;
  const { day } = await client.request("calendar.get", {});
  const days = (request["day"] as number) - day;
  if (days <= DAYS_WITHOUT_YES) return;
  throw new UsageError(`that is ${days} days ahead, and there is no way back: say --yes`);
}
