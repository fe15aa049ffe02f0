// The demo's server: a real `loanloom serve` in a process of its own, with its embedded Redis, on a
// folder that outlives it. It can be killed and started again on the same data and port. Whatever
// happens, `destroy` leaves neither process behind; both are ended by pid, never by name.

import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { freePort, logTail, ServerChild } from "../../command/server-child.ts";
import { isProcessOf, runningPid } from "../../journal/embedded-redis-probe.ts";

const STOP_MS_MAX = 20_000;
const REDIS_PID_MS_MAX = 2_000;

export interface DemoServerOptions {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The run cannot go on: the server ended by itself, or the burst was over too early. */
export class BurstFailure extends Error {
  override readonly name = "BurstFailure";
}

export class DemoServer {
  readonly port: number;
  readonly #folder: string;
  readonly #environment: Readonly<Record<string, string>>;
  #child: ServerChild | null = null;
  #redis: { readonly pid: number; readonly folder: string } | null = null;
  #died!: (error: Error) => void;
  /** Rejects when the server ends and nobody asked it to. */
  readonly failure: Promise<never>;

  private constructor(port: number, { folder, environment }: DemoServerOptions) {
    this.port = port;
    this.#folder = folder;
    this.#environment = environment;
    this.failure = new Promise<never>((_, reject) => {
      this.#died = reject;
    });
    this.failure.catch(() => undefined);
  }

  static async create(options: DemoServerOptions): Promise<DemoServer> {
    return new DemoServer(await freePort(), options);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/v1/ws`;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  start(): void {
    const logFile = join(this.#folder, "server.log");
    this.#child = new ServerChild({
      ...{ port: this.port, logFile, environment: this.#environment, detached: true },
      onDeath: (how) => {
        this.#died(new BurstFailure(`the server ended with ${how}\n${logTail(logFile)}`));
      },
    });
  }

  /** Remembers which Redis the server runs, so that it can be ended when the server is gone. */
  async noteRedis(): Promise<void> {
    const folder = await realpath(join(this.#folder, "data", "redis")).catch(() => null);
    if (folder === null) return;
    const pid = await runningPid(join(folder, "redis.pid"), folder);
    this.#redis = pid === null ? this.#redis : { pid, folder };
  }

  /** kill -9, at once. Its Redis runs on, and the next start finds it. */
  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  /** Asks it to drain and to stop its Redis; kills what does not end in time. */
  async stop(): Promise<void> {
    await this.#child?.stop(STOP_MS_MAX);
  }

  /** Ends server and Redis without waiting for anything to drain. Their data is of no use then. */
  async destroy(): Promise<void> {
    await this.kill();
    await this.#findRedis();
    const redis = this.#redis;
    if (redis === null || !(await isProcessOf(redis.pid, redis.folder))) return;
    endProcess(redis.pid, "SIGKILL");
    while (await isProcessOf(redis.pid, redis.folder)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** A server that was killed as it started its Redis has not written its pid down: Redis will. */
  async #findRedis(): Promise<void> {
    const wasBegun = existsSync(join(this.#folder, "data", "redis", "redis.conf"));
    const giveUpAtMs = performance.now() + REDIS_PID_MS_MAX;
    await this.noteRedis();
    while (wasBegun && this.#redis === null && performance.now() < giveUpAtMs) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      await this.noteRedis();
    }
  }

  /** For a process that ends now and can wait for nothing. */
  destroyNow(): void {
    this.#child?.killNow();
    if (this.#redis !== null) endProcess(this.#redis.pid, "SIGKILL");
  }
}

function endProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in between, which is what was wanted.
  }
}
