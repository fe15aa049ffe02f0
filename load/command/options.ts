// The options that a tool of `load` was started with.

import type { Command } from "commander";
import { exitOfCommander } from "../../src/command/exit-codes.ts";

/**
 * Ends the process when help was asked for, or when they cannot be: that is usage, never a failure.
 */
export function optionsOf<Options extends object>(command: Command): Options {
  return command
    .exitOverride((error) => process.exit(exitOfCommander(error)))
    .parse()
    .opts();
}
