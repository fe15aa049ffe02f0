// A redis-server of the test's own: required durability, data in a temp folder, on a unix socket
// and a free TCP port. It can be killed, stopped for a while and started again on the same data.
// It is always ended by its pid, also when the test fails: register `stop` with `onTestFinished`.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { freePort } from "../../src/command/server-child.ts";

const START_MS_MAX = 10_000;

// A test run that is torn down hard must not leave servers behind.
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class TestRedis {
  readonly folder: string;
  readonly port: number;
  readonly socketPath: string;
  readonly #settings: readonly string[];
  #child: ChildProcess | undefined;

  /** `settings` are redis-server arguments that come after, and so replace, the required ones. */
  static async start(settings: readonly string[] = []): Promise<TestRedis> {
    const folder = await mkdtemp(join(tmpdir(), "loanloom-redis-"));
    const redis = new TestRedis(folder, await freePort(), settings);
    await redis.restart();
    return redis;
  }

  private constructor(folder: string, port: number, settings: readonly string[]) {
    this.folder = folder;
    this.port = port;
    this.socketPath = join(folder, "redis.sock");
    this.#settings = settings;
  }

  /** Starts the server on the data that is there. Resolves when it has loaded them. */
  async restart(): Promise<void> {
    // prettier-ignore
    const required = [
      "--bind", "127.0.0.1", "--port", String(this.port), "--unixsocket", this.socketPath,
      "--dir", this.folder, "--save", "", "--appendonly", "yes", "--appendfsync", "always",
      "--maxmemory-policy", "noeviction", "--no-appendfsync-on-rewrite", "no",
      "--enable-debug-command", "yes", "--logfile", join(this.folder, "redis.log"),
    ];
    const child = spawn("redis-server", [...required, ...this.#settings], { stdio: "ignore" });
    this.#child = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    const giveUpAt = performance.now() + START_MS_MAX;
    while (!(await this.#answers())) {
      if (child.exitCode !== null || performance.now() > giveUpAt) {
        throw new Error(`redis-server did not start; see ${join(this.folder, "redis.log")}`);
      }
      await sleep(20);
    }
  }

  async #answers(): Promise<boolean> {
    const client = new Redis({ path: this.socketPath, lazyConnect: true, retryStrategy: null! });
    client.on("error", () => {});
    try {
      await client.connect();
      return (await client.ping()) === "PONG";
    } catch {
      return false;
    } finally {
      client.disconnect();
    }
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("redis-server is not running");
    return pid;
  }

  get isAlive(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Does not answer, but keeps its connections and takes in what they send. */
  freeze(): void {
    process.kill(this.pid, "SIGSTOP");
  }

  thaw(): void {
    process.kill(this.pid, "SIGCONT");
  }

  /** As a crash of the process: no goodbye, no last write. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isAlive) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  /** Ends the server and removes its data. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** One command on a connection of its own; bulk strings come as Buffers. */
  async run(command: string, ...args: (string | number | Buffer)[]): Promise<unknown> {
    const client = new Redis({ path: this.socketPath, protocol: 2, retryStrategy: () => null });
    client.on("error", () => {});
    try {
      return await client.callBuffer(command, ...args);
    } finally {
      client.disconnect();
    }
  }
}
