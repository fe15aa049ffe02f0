// What a command's exit says to scripts: one table for all of them, shown in each help.

import { EXIT_COMMON, UsageError } from "../command/exit-codes.ts";
import { ConfigError } from "../config.ts";
import { LoanloomError, type LoanloomErrorCode } from "../client/client.ts";
import { KeyFileError } from "../custodian/key-file.ts";
import { NoJournals } from "../history/no-journals.ts";
import { EmbeddedRedisError } from "../journal/embedded-redis-probe.ts";
import { JournalError, type JournalErrorCode } from "../journal/errors.ts";
import { RevocationFileError } from "../revocations/file-error.ts";

export const EXIT = {
  ok: EXIT_COMMON.ok,
  refused: EXIT_COMMON.failed,
  usage: EXIT_COMMON.usage,
  unreachable: 3,
} as const;

export const EXIT_HELP =
  "\nExit codes: 0 done, 1 refused or failed, 2 usage or configuration, 3 not reachable.";

const UNREACHABLE: readonly LoanloomErrorCode[] = [
  "unreachable",
  "disconnected",
  "deadline_exceeded",
  "unavailable",
  "server_shutdown",
];

/** The journal can be reached, and is not gone on with before a person has looked. */
const REFUSALS: readonly JournalErrorCode[] = ["journal_behind_anchor", "anchor_invalid"];

/** Undefined for what is none of ours: a bug must show its stack, not look like a refusal. */
export function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof UsageError || error instanceof ConfigError) return EXIT.usage;
  if (error instanceof KeyFileError || error instanceof NoJournals) return EXIT.usage;
  if (error instanceof RevocationFileError) return EXIT.usage;
  if (error instanceof JournalError && error.code === "wrong_shard_count") return EXIT.usage;
  if (error instanceof JournalError && REFUSALS.includes(error.code)) return EXIT.refused;
  if (error instanceof EmbeddedRedisError || error instanceof JournalError) return EXIT.unreachable;
  if (!(error instanceof LoanloomError)) return undefined;
  if (UNREACHABLE.includes(error.code)) return EXIT.unreachable;
  return error.code === "invalid_field" ? EXIT.usage : EXIT.refused;
}
