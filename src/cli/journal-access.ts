// Finds the journals of a deployment for commands that only read them: the Redis behind a URL, or
// the embedded one of a data folder, whether its server runs or not. It never creates a deployment.

import { access, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../command/exit-codes.ts";
import { loadConfig, type Environment } from "../config.ts";
import { anchorFolderOf } from "../config/folders.ts";
import { loadSecrets } from "../config/secrets.ts";
import { SETTINGS } from "../config/settings.ts";
import { AnchorFolder } from "../journal/anchor-folder.ts";
import { redisConnect, type RedisConnect } from "../journal/connection.ts";
import { askRedis, socketPathFor } from "../journal/embedded-redis-probe.ts";
import { EmbeddedRedis } from "../journal/embedded-redis.ts";
import { JournalError } from "../journal/errors.ts";

export interface JournalAccess {
  /** For people; never with a password. */
  readonly name: string;
  readonly connect: RedisConnect;
  readonly macKey: Uint8Array;
  /** Null when nobody said where they are. */
  readonly anchors: AnchorFolder | null;
  close(): Promise<void>;
}

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

/** The key must be in the environment, as it must be for `serve` with a REDIS_URL. */
export function journalsByUrl(
  url: string,
  environment: Environment,
  anchorFolder?: string,
): JournalAccess {
  const { macKey } = SETTINGS.deployment;
  const parsed = macKey.schema.safeParse(environment[macKey.variable]?.trim() ?? "");
  if (!parsed.success || parsed.data === null) {
    throw new UsageError(`${macKey.variable}: expected ${macKey.expected}`);
  }
  return {
    name: "the Redis of that URL",
    connect: connectTo(url),
    macKey: parsed.data,
    anchors: anchorFolder ? new AnchorFolder({ folder: anchorFolder, macKey: parsed.data }) : null,
    close: async () => undefined,
  };
}

function connectTo(url: string): RedisConnect {
  try {
    return redisConnect(url);
  } catch (error) {
    if (error instanceof JournalError) throw new UsageError(error.message);
    throw error;
  }
}

/**
 * Uses the Redis that runs on the folder; when none does, runs one until `close`, which only reads.
 * Throws UsageError when the folder is no deployment, ConfigError and EmbeddedRedisError.
 */
export async function journalsByFolder(
  dataDir: string,
  environment: Environment,
): Promise<JournalAccess> {
  const folder = await realpath(join(dataDir, "redis")).catch(() => null);
  const hasKey = await access(join(dataDir, "mac.key")).then(
    () => true,
    () => false,
  );
  if (folder === null) throw new UsageError(`${dataDir} has no journal: no folder redis/`);
  if (!hasKey && !environment[SETTINGS.deployment.macKey.variable]) {
    throw new UsageError(
      `${dataDir} has no mac.key, and ${SETTINGS.deployment.macKey.variable} is not set`,
    );
  }
  // The folder decides, whatever REDIS_URL says: it was asked for by name.
  const config = loadConfig({ ...environment, LOANLOOM_DATA: dataDir, REDIS_URL: undefined });
  const { macKey } = await loadSecrets(config);
  const anchors = new AnchorFolder({ folder: anchorFolderOf(config.deployment), macKey });
  const socketPath = await socketPathFor(folder, "redis");
  const answer = await askRedis(socketPath, ["PING"], 1_000);
  if (answer.kind === "text") {
    const connect = redisConnect(`unix:${socketPath}`);
    return { name: dataDir, connect, macKey, anchors, close: async () => undefined };
  }
  const redis = await EmbeddedRedis.start({ dataDir });
  return {
    name: dataDir,
    connect: redisConnect(redis.url),
    macKey,
    anchors,
    close: () => redis.stop(),
  };
}
