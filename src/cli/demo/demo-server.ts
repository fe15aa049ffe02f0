// The demo's server: a real `loanloom serve` in a process of its own, with its embedded Redis, on a
// folder that outlives it. It can be killed and started again on the same data and port. Whatever
// happens, `destroy` leaves neither process behind; both are ended by pid, never by name.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile, realpath } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isProcessOf, runningPid } from "../../journal/embedded-redis-probe.ts";

const PROGRAM = fileURLToPath(new URL("../loanloom.js", import.meta.url));
const STOP_MS_MAX = 20_000;
const LOG_TAIL_CHARACTERS = 2_000;

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
  #child: ChildProcess | null = null;
  #redis: { readonly pid: number; readonly folder: string } | null = null;
  #expectedEnd = false;
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
    const log = openSync(this.#logFile, "a");
    // A process group of its own: Ctrl-C is for the demo, which then stops the server.
    const child = spawn(process.execPath, [PROGRAM, "serve"], {
      stdio: ["ignore", log, log],
      detached: true,
      env: {
        ...withoutSettings(process.env),
        ...this.#environment,
        HOST: "127.0.0.1",
        PORT: String(this.port),
      },
    });
    closeSync(log);
    this.#child = child;
    this.#expectedEnd = false;
    child.once("error", (error) => this.#died(error));
    child.once("exit", (code, signal) => {
      if (this.#expectedEnd) return;
      void this.logTail().then((tail) => {
        this.#died(new BurstFailure(`the server ended with ${signal ?? `code ${code}`}\n${tail}`));
      });
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
    const child = this.#child;
    if (child === null || hasEnded(child)) return;
    this.#expectedEnd = true;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** Asks it to drain and to stop its Redis; kills what does not end in time. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null || hasEnded(child)) return;
    this.#expectedEnd = true;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    await ended;
    clearTimeout(timer);
  }

  /** Ends server and Redis without waiting for anything to drain. Their data is of no use then. */
  async destroy(): Promise<void> {
    await this.kill();
    await this.noteRedis();
    const redis = this.#redis;
    if (redis === null || !(await isProcessOf(redis.pid, redis.folder))) return;
    endProcess(redis.pid, "SIGKILL");
    while (await isProcessOf(redis.pid, redis.folder)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** For a process that ends now and can wait for nothing. */
  destroyNow(): void {
    if (this.#child !== null && !hasEnded(this.#child)) this.#child.kill("SIGKILL");
    if (this.#redis !== null) endProcess(this.#redis.pid, "SIGKILL");
  }

  get #logFile(): string {
    return join(this.#folder, "server.log");
  }

  async logTail(): Promise<string> {
    const log = await readFile(this.#logFile, "utf8").catch(() => "");
    return log.slice(-LOG_TAIL_CHARACTERS).trim();
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function endProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in between, which is what was wanted.
  }
}

/** Settings of whoever runs the demo are for their own server. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !name.startsWith("LOANLOOM_") && name !== "REDIS_URL",
  );
  return Object.fromEntries(kept);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
