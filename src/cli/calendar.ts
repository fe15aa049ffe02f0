// `loanloom calendar`: the business date that the server is at, and moving it on.

import { Command } from "commander";
import { EXIT_HELP } from "./exit-codes.ts";
import { operationCommand } from "./operation-command.ts";

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
      }),
    );
}
