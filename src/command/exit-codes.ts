// What every command line of this project ends with, whatever it does. What only some of them can
// end with has higher codes, in the tables of `src/cli` and `load/command`.

import type { CommanderError } from "commander";

export const EXIT_COMMON = { ok: 0, failed: 1, usage: 2 } as const;

/** 128 and the number of the signal, as shells have it. */
export const EXIT_OF_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** The user asked for something that cannot be: `usage`, without a stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Commander has printed its message already; it would end with 1 for usage. */
export function exitOfCommander({ exitCode }: CommanderError): number {
  return exitCode === 0 ? EXIT_COMMON.ok : EXIT_COMMON.usage;
}
