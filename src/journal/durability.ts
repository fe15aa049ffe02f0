// Refuses a Redis that is configured so that it could lose what was acknowledged. It reads the
// configuration and never changes it: that is the operators' decision.

import { RedisReplyError, call, type RedisConnect, type RedisConnection } from "./connection.ts";
import { JournalError, unavailable } from "./errors.ts";
import type { RedisTarget } from "./redis-url.ts";

export interface DurabilityOptions {
  /** Accepts `appendfsync everysec`, and with it the loss that the warning names. */
  readonly allowEverysec: boolean;
  /** As many replicas must have each commit: that fewer are connected is a warning. */
  readonly replicasMin?: number;
  /** What the URL names; left out: one server. */
  readonly kind?: RedisTarget["kind"];
}

/** The Redis that has a shard's journal from now on. */
export interface JournalHome extends DurabilityReport {
  readonly shard: number;
  readonly peer: string;
  /** Where the journal was before; null when this is the first. */
  readonly before: string | null;
}

export interface DurabilityReport {
  readonly redisVersion: string;
  /** What was allowed though it is not safe, in sentences for the log. */
  readonly warnings: readonly string[];
}

const REQUIRED: Readonly<Record<string, string>> = {
  appendonly: "yes",
  appendfsync: "always",
  "maxmemory-policy": "noeviction",
  "no-appendfsync-on-rewrite": "no",
};

const EVERYSEC_RISK =
  "appendfsync is everysec: a crash of Redis' machine, or a full disk, loses about the last " +
  "second of acknowledged bids, holds and money movements";

/**
 * Rejects with JournalError `not_durable`, whose message names every setting that is wrong and what
 * it must be, `unsupported_url` for a node of a Cluster, or `unavailable`.
 */
export async function checkDurability(
  connect: RedisConnect,
  options: DurabilityOptions,
): Promise<DurabilityReport> {
  const connection = await connect("reads");
  try {
    return await judge(connection, options);
  } finally {
    connection.close();
  }
}

/**
 * After a failover another Redis is the master, with a configuration of its own: each connection of
 * a journal is handed out only when that could lose nothing either. Rejects as `checkDurability`.
 * `onMoved` is told of each Redis that a journal comes to.
 */
export function onlyDurable(
  connect: RedisConnect,
  options: DurabilityOptions,
  onMoved: (home: JournalHome) => void,
): RedisConnect {
  const homes = new Map<number, string>();
  return async (purpose, shard = 0) => {
    const connection = await connect(purpose, shard);
    if (purpose !== "journal") return connection;
    try {
      const report = await judge(connection, options);
      const { peer } = connection;
      const before = homes.get(shard) ?? null;
      homes.set(shard, peer);
      if (before !== peer) onMoved({ ...report, shard, peer, before });
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  };
}

async function judge(
  connection: RedisConnection,
  { allowEverysec, replicasMin = 0, kind = "server" }: DurabilityOptions,
): Promise<DurabilityReport> {
  const info = parseInfo(String(await ask(connection, "INFO")));
  if (info.get("cluster_enabled") === "1" && kind !== "cluster") {
    const how = "it is a node of a Cluster, whose URL begins with redis-cluster://";
    throw new JournalError("unsupported_url", `the URL of Redis cannot be used: ${how}`);
  }
  const redisVersion = info.get("redis_version") ?? "unknown";
  const faults: string[] = [];
  const warnings: string[] = [];
  if (Number(redisVersion.split(".")[0]) < 7) {
    faults.push(`the version is ${redisVersion}, but functions need 7.0 or later`);
  }
  if (info.get("role") !== "master") faults.push("it is a replica, which cannot be written");
  const replicas = Number(info.get("connected_slaves") ?? 0);
  if (replicas < replicasMin) {
    const missing = `${replicas} of the ${replicasMin} replicas that must have each commit`;
    warnings.push(`Redis has ${missing} (LOANLOOM_REPLICAS_MIN): nothing is acknowledged before`);
  } else if (replicas > replicasMin && (kind === "sentinel" || kind === "cluster")) {
    const asked = replicasMin === 0 ? "none of which" : `only ${replicasMin} of which`;
    warnings.push(
      `Redis has ${replicas} replicas, ${asked} must have a commit: one without it may be promoted, and ` +
        "only the memory of a server that lives has it then (LOANLOOM_REPLICAS_MIN)",
    );
  }
  const settings = await readSettings(connection);
  for (const [name, required] of Object.entries(REQUIRED)) {
    const actual = settings.get(name);
    if (actual === required) continue;
    if (name === "appendfsync" && actual === "everysec" && allowEverysec) {
      warnings.push(EVERYSEC_RISK);
    } else {
      faults.push(`${name} must be ${required}, but is ${actual ?? "unknown"}`);
    }
  }
  if (faults.length > 0) {
    const what = `Redis could lose what it has: ${faults.join("; ")}`;
    throw new JournalError("not_durable", `${what} (deploy/redis.conf has what is needed)`);
  }
  return { redisVersion, warnings };
}

async function readSettings(connection: RedisConnection): Promise<Map<string, string>> {
  const settings = new Map<string, string>();
  for (const name of Object.keys(REQUIRED)) {
    const reply = await ask(connection, "CONFIG", "GET", name);
    if (Array.isArray(reply) && reply.length === 2) settings.set(name, String(reply[1]));
  }
  return settings;
}

async function ask(connection: RedisConnection, ...command: [string, ...string[]]) {
  try {
    const [name, ...args] = command;
    return await call(connection, name, ...args);
  } catch (error) {
    if (error instanceof RedisReplyError) {
      // Who may not look cannot know; and what is not known is not promised.
      const what = command.join(" ");
      throw new JournalError("not_durable", `${what} cannot be checked: ${error.message}`);
    }
    throw unavailable(error);
  }
}

/** The lines `name:value` of an INFO reply. */
export function parseInfo(info: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of info.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) values.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return values;
}
