// The process of the embedded Redis: its configuration, its launch, its log, its end. Decides
// nothing: when to start and to stop is the supervisor's.

import { spawn, type ChildProcess } from "node:child_process";
import { open, rename, stat, writeFile } from "node:fs/promises";
import { constants, totalmem } from "node:os";
import { join } from "node:path";
import { EmbeddedRedisError, findRedisProgram, isProcessOf } from "./embedded-redis-probe.ts";

/** What durability needs (README, What is guaranteed); an adopted Redis must have the same. */
export const REQUIRED_SETTINGS = {
  appendonly: "yes",
  appendfsync: "always",
  "no-appendfsync-on-rewrite": "no",
  "maxmemory-policy": "noeviction",
} as const;

const POLL_MS = 20;
const LOG_BYTES_MAX = 16 * 1_048_576;
const LOG_TAIL_BYTES = 2_048;

export interface RedisProcess {
  readonly pid: number;
  /** Null when it was adopted: then it is not our child, and nobody tells us that it ends. */
  readonly child: ChildProcess | null;
}

/** Starts Redis; it serves only when it has loaded its data. */
export async function launch(
  redisDir: string,
  socketPath: string,
  maxmemoryBytes: number | undefined,
): Promise<RedisProcess> {
  const program = await findRedisProgram();
  const logPath = join(redisDir, "redis.log");
  const configPath = join(redisDir, "redis.conf");
  await writeFile(configPath, redisConfig(redisDir, socketPath, maxmemoryBytes), { mode: 0o600 });
  const logSize = await stat(logPath).then(
    (found) => found.size,
    () => 0,
  );
  if (logSize > LOG_BYTES_MAX) await rename(logPath, `${logPath}.1`);
  const log = await open(logPath, "a", 0o600);
  try {
    const child = spawn(program, [configPath], {
      cwd: redisDir,
      detached: true,
      // To the log file, not to a pipe: it must be able to write after this server was killed.
      stdio: ["ignore", log.fd, log.fd],
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once("spawn", () => resolve(child.pid!));
      child.once("error", (error) =>
        reject(new EmbeddedRedisError("redis_start_failed", `${program}: ${error.message}`)),
      );
    });
    child.unref();
    // Redis writes it too, but later: a start in between must find this process.
    await writeFile(join(redisDir, "redis.pid"), `${pid}\n`, { mode: 0o600 });
    return { pid, child };
  } finally {
    await log.close();
  }
}

function redisConfig(
  redisDir: string,
  socketPath: string,
  maxmemoryBytes: number | undefined,
): string {
  const maxmemory = maxmemoryBytes ?? Math.floor(availableBytes() / 2);
  const lines: readonly (readonly [string, string])[] = [
    ["port", "0"],
    ["unixsocket", socketPath],
    ["unixsocketperm", "700"],
    ["dir", redisDir],
    ["pidfile", join(redisDir, "redis.pid")],
    ["daemonize", "no"],
    ["databases", "1"],
    ["save", ""],
    ...Object.entries(REQUIRED_SETTINGS),
    ["maxmemory", String(maxmemory)],
    ["aof-use-rdb-preamble", "yes"],
    // A tail torn by a crash was never acknowledged: Redis drops it and says so. Anything worse
    // than a torn tail stops Redis, and the chain of MACs finds what Redis cannot see.
    ["aof-load-truncated", "yes"],
    // The journal is trimmed all the time, so the file is mostly dead entries before long.
    ["auto-aof-rewrite-percentage", "100"],
    ["auto-aof-rewrite-min-size", "128mb"],
    // One batch is at most 8 MiB, snapshots are sliced: more is a mistake.
    ["proto-max-bulk-len", "64mb"],
    ["timeout", "0"],
  ];
  const written = lines.map(([name, value]) => `${name} ${quoted(value)}`).join("\n");
  return `# Written at each start; changes are lost.\n${written}\n`;
}

/** Redis reads double-quoted values with backslash escapes. */
function quoted(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

function availableBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

export async function isRunning(running: RedisProcess, redisDir: string): Promise<boolean> {
  if (running.child !== null) {
    return running.child.exitCode === null && running.child.signalCode === null;
  }
  return isProcessOf(running.pid, redisDir);
}

/** SIGTERM; SIGKILL when it takes longer than `stopMsMax`. Returns when it has ended. */
export async function terminate(
  running: RedisProcess,
  redisDir: string,
  stopMsMax: number,
): Promise<void> {
  const deadlineMs = performance.now() + stopMsMax;
  await signal(running, redisDir, constants.signals.SIGTERM);
  while (await isRunning(running, redisDir)) {
    if (performance.now() > deadlineMs) await signal(running, redisDir, constants.signals.SIGKILL);
    await pause(POLL_MS);
  }
}

/** An adopted pid is looked at again before each signal: it may be another process by now. */
async function signal(running: RedisProcess, redisDir: string, number: number): Promise<void> {
  if (!(await isRunning(running, redisDir))) return;
  try {
    process.kill(running.pid, number);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The last lines of Redis' log, for messages about its end. */
export async function logTail(redisDir: string): Promise<string> {
  const file = await open(join(redisDir, "redis.log"), "r");
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - LOG_TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(LOG_TAIL_BYTES),
      0,
      LOG_TAIL_BYTES,
      from,
    );
    const lines = buffer.toString("utf8", 0, bytesRead).trim().split("\n");
    return lines.slice(-3).join(" | ");
  } finally {
    await file.close();
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
