// The embedded default: a redis-server (or valkey-server) child with its data in the data folder,
// reached over a unix socket, syncing every write. Started, supervised and stopped here. It is in
// a process group of its own, so that Ctrl-C reaches it only after the server has drained.
//
// A server that is killed with -9 leaves its Redis running. The next server on the same folder
// adopts it: it never starts a second Redis on the same files, which would destroy them.
// The data folder has one owner at a time: whoever holds its owner socket, which the kernel closes
// with the process. Should two servers ever share a Redis, the journal's fence keeps them apart.

import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "../disk/make-folder.ts";
import { claimFolder, type FolderClaim } from "./embedded-redis-claim.ts";
import {
  askRedis,
  EmbeddedRedisError,
  isProcessOf,
  runningPid,
  socketPathFor,
} from "./embedded-redis-probe.ts";
import {
  isRunning,
  launch,
  logTail,
  pause,
  REQUIRED_SETTINGS,
  terminate,
  type RedisProcess,
} from "./embedded-redis-process.ts";

export interface EmbeddedRedisOptions {
  /** Redis keeps its files in `redis/` below it; created when absent. */
  readonly dataDir: string;
  /** The longest wait for Redis to load its data. */
  readonly startMsMax?: number;
  /** The longest wait for Redis to stop before it is killed. */
  readonly stopMsMax?: number;
  /** How long another owner of the folder is waited for: it may be stopping. */
  readonly claimMsMax?: number;
  /** Above it Redis refuses writes, and the server is degraded. Default: half of the memory. */
  readonly maxmemoryBytes?: number;
  /** Told what the supervisor sees and does; must not throw. */
  readonly onEvent?: (event: EmbeddedRedisEvent) => void;
}

export type EmbeddedRedisEvent =
  | { readonly type: "started" | "adopted" | "restarted"; readonly pid: number }
  | { readonly type: "died"; readonly pid: number; readonly detail: string }
  | { readonly type: "restart_failed"; readonly detail: string; readonly retryInMs: number };

const POLL_MS = 20;
const SUPERVISE_MS = 100;
const LEFTOVER_MS_MAX = 5_000;
const RESTART_DELAY_MS_MIN = 100;
const RESTART_DELAY_MS_MAX = 5_000;
/** After so long without a death the next restart is quick again. */
const HEALTHY_AFTER_MS = 60_000;

export class EmbeddedRedis {
  readonly socketPath: string;
  readonly #redisDir: string;
  readonly #options: EmbeddedRedisOptions;
  readonly #claim: FolderClaim;
  #process: RedisProcess;
  #restarts = 0;
  #stopping: Promise<void> | null = null;
  #stopRequested = false;
  #checking: Promise<void> = Promise.resolve();
  #supervisor: NodeJS.Timeout | null = null;
  #sinceMs = performance.now();
  #delayMs = RESTART_DELAY_MS_MIN;

  private constructor(
    socketPath: string,
    redisDir: string,
    options: EmbeddedRedisOptions,
    claim: FolderClaim,
    process: RedisProcess,
  ) {
    this.socketPath = socketPath;
    this.#redisDir = redisDir;
    this.#options = options;
    this.#claim = claim;
    this.#process = process;
  }

  /**
   * Starts Redis on the folder, or adopts the one that still runs there, and waits until it serves.
   * Throws an EmbeddedRedisError that says in one line what to do.
   */
  static async start(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
    const redisDir = await preparedFolder(options.dataDir);
    const socketPath = await socketPathFor(redisDir, "redis");
    const claim = await claimFolder(redisDir, options.claimMsMax ?? 3_000);
    try {
      const leftover = await findLeftover(redisDir, socketPath);
      const running =
        leftover === null
          ? await launch(redisDir, socketPath, options.maxmemoryBytes)
          : { pid: leftover, child: null };
      const redis = new EmbeddedRedis(socketPath, redisDir, options, claim, running);
      try {
        await redis.#served();
        if (running.child === null) await assertSettings(socketPath);
      } catch (error) {
        // What was adopted stays as it was found; what was started here must not stay behind.
        if (running.child !== null) await redis.#terminate();
        throw error;
      }
      redis.#report({ type: running.child === null ? "adopted" : "started", pid: running.pid });
      redis.#supervise();
      return redis;
    } catch (error) {
      await claim.release();
      throw error;
    }
  }

  /** In the form that the journal's connections take: percent-encoded. */
  get url(): string {
    return `unix:${encodeURI(this.socketPath)}`;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Deaths that were answered with a new process. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Stops Redis cleanly (SIGTERM, then SIGKILL after `stopMsMax`) and gives the folder free. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#stopRequested = true;
    if (this.#supervisor !== null) clearTimeout(this.#supervisor);
    // A restart under way ends by itself now; what it launched last is what must be stopped.
    await this.#checking;
    try {
      await this.#terminate();
    } finally {
      await this.#claim.release();
    }
  }

  async #terminate(): Promise<void> {
    await terminate(this.#process, this.#redisDir, this.#options.stopMsMax ?? 10_000);
  }

  /** Waits until Redis answers: it first loads its data. */
  async #served(): Promise<void> {
    const { startMsMax = 120_000 } = this.#options;
    const deadlineMs = performance.now() + startMsMax;
    for (;;) {
      const reply = await askRedis(this.socketPath, ["PING"], 1_000);
      if (reply.kind === "text" && reply.text === "PONG") return;
      if (!(await isRunning(this.#process, this.#redisDir))) {
        throw new EmbeddedRedisError(
          "redis_start_failed",
          `Redis ended before it served; its log says: ${await logTail(this.#redisDir)}`,
        );
      }
      if (performance.now() > deadlineMs) {
        throw new EmbeddedRedisError(
          "redis_unresponsive",
          `Redis (pid ${this.pid}) did not serve within ${startMsMax} ms: ${reply.text}`,
        );
      }
      if (this.#stopRequested) {
        throw new EmbeddedRedisError("redis_start_failed", "stopped before it served");
      }
      await pause(POLL_MS);
    }
  }

  /** Polls, because an adopted Redis is not our child; a child's end is seen by the same poll. */
  #supervise(): void {
    this.#supervisor = setTimeout(() => {
      this.#checking = this.#check();
    }, SUPERVISE_MS);
    this.#supervisor.unref();
  }

  async #check(): Promise<void> {
    if (!(await isRunning(this.#process, this.#redisDir)) && !this.#stopRequested) {
      const detail = await logTail(this.#redisDir);
      this.#report({ type: "died", pid: this.pid, detail });
      await this.#restart();
    }
    if (!this.#stopRequested) this.#supervise();
  }

  /** Tries until Redis serves again or a stop is asked for; the pauses grow. */
  async #restart(): Promise<void> {
    if (performance.now() - this.#sinceMs > HEALTHY_AFTER_MS) this.#delayMs = RESTART_DELAY_MS_MIN;
    for (;;) {
      await pause(this.#delayMs);
      if (this.#stopRequested) return;
      this.#delayMs = Math.min(this.#delayMs * 2, RESTART_DELAY_MS_MAX);
      try {
        const { maxmemoryBytes } = this.#options;
        this.#process = await launch(this.#redisDir, this.socketPath, maxmemoryBytes);
        await this.#served();
      } catch (error) {
        await this.#terminate();
        const detail = error instanceof Error ? error.message : String(error);
        this.#report({ type: "restart_failed", detail, retryInMs: this.#delayMs });
        continue;
      }
      this.#restarts++;
      this.#sinceMs = performance.now();
      this.#report({ type: "restarted", pid: this.pid });
      return;
    }
  }

  #report(event: EmbeddedRedisEvent): void {
    this.#options.onEvent?.(event);
  }
}

/**
 * Stops a Redis that a killed server left running on the folder. Returns whether there was one.
 * Throws when a living server owns it.
 */
export async function stopLeftoverRedis(dataDir: string, stopMsMax = 10_000): Promise<boolean> {
  const redisDir = await preparedFolder(dataDir);
  const claim = await claimFolder(redisDir, 0);
  try {
    const pid = await findLeftover(redisDir, await socketPathFor(redisDir, "redis"));
    if (pid === null) return false;
    await terminate({ pid, child: null }, redisDir, stopMsMax);
    return true;
  } finally {
    await claim.release();
  }
}

async function preparedFolder(dataDir: string): Promise<string> {
  const redisDir = join(dataDir, "redis");
  await makeFolder(redisDir, 0o700);
  // Redis reports its folder resolved, and a leftover is recognised by it.
  return realpath(redisDir);
}

/**
 * The pid of the Redis that still runs on the folder; null when there is none. One that is about to
 * end, or is stopped for a moment, is waited for: only its certain absence allows another.
 */
async function findLeftover(redisDir: string, socketPath: string): Promise<number | null> {
  const deadlineMs = performance.now() + LEFTOVER_MS_MAX;
  for (;;) {
    const recorded = await runningPid(join(redisDir, "redis.pid"), redisDir);
    const info = await askRedis(socketPath, ["INFO", "server"], 1_000);
    if (info.kind === "text") {
      const pid = Number(/^process_id:(\d+)/m.exec(info.text)?.[1]);
      if (await isProcessOf(pid, redisDir)) return pid;
      throw new EmbeddedRedisError(
        "redis_foreign",
        `another Redis answers at ${socketPath}; stop it or set LOANLOOM_DATA to another folder`,
      );
    }
    if (recorded === null) return null;
    if (performance.now() > deadlineMs) {
      throw new EmbeddedRedisError(
        "redis_unresponsive",
        `Redis (pid ${recorded}) still runs on ${redisDir} but does not answer (${info.text}); ` +
          `stop it with: kill ${recorded}`,
      );
    }
    await pause(POLL_MS);
  }
}

async function assertSettings(socketPath: string): Promise<void> {
  const names = Object.keys(REQUIRED_SETTINGS) as (keyof typeof REQUIRED_SETTINGS)[];
  const reply = await askRedis(socketPath, ["CONFIG", "GET", ...names], 2_000);
  const items = reply.kind === "list" ? reply.items : [];
  for (const name of names) {
    const actual = items[items.indexOf(name) + 1];
    if (items.includes(name) && actual === REQUIRED_SETTINGS[name]) continue;
    throw new EmbeddedRedisError(
      "redis_not_durable",
      `the Redis that still runs there has ${name} ${actual}, not ${REQUIRED_SETTINGS[name]}; ` +
        "stop it and start again",
    );
  }
}
