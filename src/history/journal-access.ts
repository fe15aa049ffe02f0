// Opens the journals of a deployment for whoever only reads them: of the Redis behind a URL, or of
// the embedded one of a data folder, whether its server runs or not. It never creates a deployment.

import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { loadConfig, type Environment } from "../config.ts";
import { anchorFolderOf, fileFault } from "../config/folders.ts";
import { readMacKey } from "../config/secrets.ts";
import { SETTINGS } from "../config/settings.ts";
import { AnchorFolder } from "../journal/anchor-folder.ts";
import { redisConnect, type RedisConnect } from "../journal/connection.ts";
import { askRedis, socketPathFor } from "../journal/embedded-redis-probe.ts";
import { EmbeddedRedis } from "../journal/embedded-redis.ts";
import { JournalError } from "../journal/errors.ts";
import { NoJournals } from "./no-journals.ts";

export interface JournalAccess {
  /** For people; never with a password. */
  readonly name: string;
  readonly connect: RedisConnect;
  readonly macKey: Uint8Array;
  /** Null when nobody said where they are. */
  readonly anchors: AnchorFolder | null;
  close(): Promise<void>;
}

/** The key must be in the environment, as for `serve` with a REDIS_URL. Throws NoJournals. */
export function journalsByUrl(
  url: string,
  environment: Environment,
  anchorFolder?: string,
): JournalAccess {
  const { macKey } = SETTINGS.deployment;
  const parsed = macKey.schema.safeParse(environment[macKey.variable]?.trim() ?? "");
  if (!parsed.success || parsed.data === null) {
    throw new NoJournals(`${macKey.variable}: expected ${macKey.expected}`);
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
    if (error instanceof JournalError) throw new NoJournals(error.message);
    throw error;
  }
}

/**
 * Uses the Redis that runs on the folder; when none does, runs one until `close`, which only reads.
 * Throws NoJournals when the folder is no deployment, ConfigError and EmbeddedRedisError.
 */
export async function journalsByFolder(
  dataDir: string,
  environment: Environment,
): Promise<JournalAccess> {
  const folder = await realpath(join(dataDir, "redis")).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw fileFault(
      error,
      SETTINGS.deployment.dataDir.variable,
      "a folder that this user can read",
    );
  });
  if (folder === null) throw new NoJournals(`${dataDir} has no journal: no folder redis/`);
  // The folder decides, whatever REDIS_URL says: it was asked for by name.
  const config = loadConfig({ ...environment, LOANLOOM_DATA: dataDir, REDIS_URL: undefined });
  const macKey = await readMacKey(config);
  const anchors = new AnchorFolder({ folder: anchorFolderOf(config.deployment), macKey });
  const socketPath = await socketPathFor(folder, "redis");
  const answer = await askRedis(socketPath, ["PING"], 1_000);
  if (answer.kind === "text") {
    const connect = redisConnect(`unix:${socketPath}`);
    return { name: dataDir, connect, macKey, anchors, close: async () => undefined };
  }
  const redis = await EmbeddedRedis.start({ dataDir }).catch((error: unknown) => {
    throw fileFault(error, SETTINGS.deployment.dataDir.variable, "redis/ to be this user's");
  });
  return {
    name: dataDir,
    connect: redisConnect(redis.url),
    macKey,
    anchors,
    close: () => redis.stop(),
  };
}
