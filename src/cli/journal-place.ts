// Where the journals are that a command reads: as it was told, else by the environment.

import type { Command } from "commander";
import { UsageError } from "../command/exit-codes.ts";
import { loadConfig, type Environment } from "../config.ts";
import { anchorFolderOf } from "../config/folders.ts";
import { SETTINGS } from "../config/settings.ts";
import { journalsByFolder, journalsByUrl, type JournalAccess } from "../history/journal-access.ts";

/** By what a command was given, else by the environment, as `serve` would find them. */
export async function journalsBy(
  { redis, data, anchors }: JournalPlace,
  given: Environment,
): Promise<JournalAccess> {
  if (redis !== undefined && data !== undefined) {
    throw new UsageError("--redis and --data: give one of them");
  }
  const { anchorFolder, dataDir } = SETTINGS.deployment;
  const environment = { ...given, ...(anchors && { [anchorFolder.variable]: anchors }) };
  // The data folder of the environment is that of its Redis, and of no other one.
  const folder = environment[anchorFolder.variable]?.trim();
  if (redis !== undefined) return journalsByUrl(redis, environment, folder);
  if (data !== undefined) return journalsByFolder(data, environment);
  const url = environment["REDIS_URL"]?.trim();
  if (!url) return journalsByFolder(loadConfig(environment).deployment.dataDir, environment);
  const below = environment[dataDir.variable]?.trim() || dataDir.fallback!;
  const found = anchorFolderOf({ anchorFolder: folder || null, dataDir: below });
  return journalsByUrl(url, environment, found);
}

interface JournalPlace {
  readonly redis?: string;
  readonly data?: string;
  /** The folder of anchors. */
  readonly anchors?: string;
}

/** The options that say where, as `journalsBy` takes them. */
export function withJournalPlace(command: Command): Command {
  return command
    .option("--redis <url>", "the Redis to read (default: REDIS_URL, else the data folder)")
    .option("--data <folder>", "the data folder of an embedded Redis (default: LOANLOOM_DATA)")
    .option("--anchors <folder>", "the folder of anchors (default: LOANLOOM_ANCHOR_FOLDER)");
}
