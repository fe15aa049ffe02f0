// Processes that were started for the comparison, each to be ended by its pid
// whatever happens. What the terminal sends to a group of processes does not reach
// them: they end when their owner says so.

import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logTail } from "../../src/command/server-child.ts";
import { guardServer, temporaryFolder } from "../machine/left-behind.ts";

interface Started {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Whatever was started and has not ended. */
const running = new Set<Started>();

/** Ends all of it; for a run that is interrupted while something is being started or stopped. */
export async function stopAllStarted(): Promise<void> {
  await Promise.all([...running].map((each) => each.stop()));
}

/** From now on it ends with this process at the latest; the function takes that back. */
export function rememberStarted(started: Started, folder = ""): () => void {
  running.add(started);
  const release = guardServer(started.pid, folder);
  return () => {
    running.delete(started);
    release();
  };
}

const STOP_TIMEOUT_MS = 10_000;

/**
 * For unix sockets: a path of one may have some hundred bytes, and data folders have longer ones.
 */
export function newSocketFolder(): { readonly path: string; remove(): void } {
  return temporaryFolder(tmpdir(), "loanloom-");
}

export class StartedProcess {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #stopSignal: NodeJS.Signals;

  constructor(
    program: string,
    args: readonly string[],
    options: {
      /** Its log is there. */
      readonly folder: string;
      readonly stopSignal?: NodeJS.Signals;
      readonly spawn?: SpawnOptions;
    },
  ) {
    this.#name = program.split("/").at(-1)!;
    this.#logFile = join(options.folder, `${this.#name}.log`);
    this.#stopSignal = options.stopSignal ?? "SIGTERM";
    const log = openSync(this.#logFile, "a", 0o644);
    this.#child = spawn(program, args, {
      ...options.spawn,
      detached: true,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    // An error here is a program that could not be started; `untilReady` reports it.
    this.#child.on("error", () => undefined);
    if (this.#child.pid === undefined) return;
    this.#child.once("exit", rememberStarted(this, options.folder));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }

  /** Asks again and again until it is ready. Rejects with the log's tail when it ends before. */
  async untilReady(isReady: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
    const untilMs = performance.now() + timeoutMs;
    while (!this.hasEnded && performance.now() < untilMs) {
      if (await isReady().catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${this.#name} did not start:\n${logTail(this.#logFile)}`);
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const exited = once(this.#child, "exit");
    this.#child.kill(this.#stopSignal);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }
}
