// What a command's exit says to scripts: one table for all of them, shown in each help.

import { EXIT_COMMON, UsageError } from "../command/exit-codes.ts";
import { ConfigError } from "../config.ts";
import { LoanloomError, type LoanloomErrorCode } from "../client/client.ts";
import { KeyFileError } from "../custodian/key-file.ts";
import { NoJournals } from "../history/no-journals.ts";
import {
  EmbeddedRedisError,
  type EmbeddedRedisErrorCode,
} from "../journal/embedded-redis-probe.ts";
import { DAMAGED, JournalError, type JournalErrorCode } from "../journal/errors.ts";
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

/** Somebody must change a setting, here or in Redis, before it is any use to try again. */
const SETTINGS: readonly (JournalErrorCode | EmbeddedRedisErrorCode)[] = [
  "wrong_shard_count",
  "unsupported_url",
  "not_durable",
  "redis_not_durable",
  "unsafe_folder",
];

/** What the system refuses of a path or port that somebody named: no bug, wherever it is found. */
const SYSTEM_FAULTS: ReadonlySet<unknown> = new Set([
  ...["EACCES", "EADDRINUSE", "EADDRNOTAVAIL", "EISDIR", "ENOSPC", "ENOTDIR", "EPERM", "EROFS"],
]);

/** Undefined for what is none of ours: a bug must show its stack, not look like a refusal. */
export function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof UsageError || error instanceof ConfigError) return EXIT.usage;
  if (error instanceof KeyFileError || error instanceof RevocationFileError) return EXIT.usage;
  if (error instanceof NoJournals) return EXIT.usage;
  if (error instanceof EmbeddedRedisError || error instanceof JournalError) {
    if (SETTINGS.includes(error.code)) return EXIT.usage;
    return isDamage(error.code) ? EXIT.refused : EXIT.unreachable;
  }
  if (isSystemFault(error)) return EXIT.usage;
  if (!(error instanceof LoanloomError)) return undefined;
  if (UNREACHABLE.includes(error.code)) return EXIT.unreachable;
  return error.code === "invalid_field" ? EXIT.usage : EXIT.refused;
}

/** The journal can be reached, and is not gone on with before a person has looked. */
function isDamage(code: string): boolean {
  return DAMAGED.has(code) || code === "anchor_invalid";
}

function isSystemFault(error: unknown): boolean {
  if (!(error instanceof Error) || !("syscall" in error)) return false;
  return SYSTEM_FAULTS.has((error as NodeJS.ErrnoException).code);
}
