// `loanloom serve` as a child of whoever measures it, shows it or kills it: in a process of its
// own, with settings of its own, its output in a file. It is signalled by pid, never by name. The
// Redis that it starts outlives a kill; to end that one is its owner's work.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

/** As it was built; a test that runs from sources names another one. */
const PROGRAM = fileURLToPath(new URL("../cli/loanloom.js", import.meta.url));
const STOP_MS_MAX = 30_000;
const ANSWER_MS_MAX = 1_000;
const LOG_TAIL_CHARACTERS = 2_000;

export interface ServerChildOptions {
  readonly port: number;
  /** What the server writes is added to it. */
  readonly logFile: string;
  /** Settings of the server. It gets none of this process's own. */
  readonly environment: Readonly<Record<string, string>>;
  /** Told when it ends and nobody asked it to, and when it cannot be started. */
  readonly onDeath: (how: string) => void;
  /** A process group of its own: Ctrl-C is for this process, which then stops the server. */
  readonly detached?: boolean;
  readonly nodeArguments?: readonly string[];
  /** Cores that it may use, as taskset(1) takes them, such as "0" or "0-3". */
  readonly cores?: string;
  readonly program?: string;
}

export class ServerChild {
  readonly #child: ChildProcess;
  #mayEnd = false;

  constructor(options: ServerChildOptions) {
    const { nodeArguments = [], cores, program = PROGRAM } = options;
    const command = [process.execPath, ...nodeArguments, program, "serve"];
    if (cores !== undefined) command.unshift("taskset", "-c", cores);
    const log = openSync(options.logFile, "a");
    this.#child = spawn(command[0]!, command.slice(1), {
      stdio: ["ignore", log, log],
      detached: options.detached === true,
      env: {
        ...withoutSettings(process.env),
        ...options.environment,
        HOST: "127.0.0.1",
        PORT: String(options.port),
      },
    });
    closeSync(log);
    this.#child.once("error", ({ message }) => options.onDeath(message));
    this.#child.once("exit", (code, signal) => {
      if (!this.#mayEnd) options.onDeath(signal ?? `code ${code}`);
    });
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }

  /** kill -9, at once. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /**
   * Asks it to drain, and to stop its Redis; kills what does not end in time. Resolves to the exit
   * code, null when it was killed.
   */
  async stop(msMax = STOP_MS_MAX): Promise<number | null> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), msMax);
    await this.#end("SIGTERM");
    clearTimeout(timer);
    return this.#child.exitCode;
  }

  /** When it ends by itself, as it is expected to: its exit code, null after a signal. */
  async ended(): Promise<number | null> {
    this.#mayEnd = true;
    if (!this.hasEnded) await once(this.#child, "exit");
    return this.#child.exitCode;
  }

  /** For a process that ends now and can wait for nothing. */
  killNow(): void {
    if (!this.hasEnded) this.#child.kill("SIGKILL");
  }

  /** False when there is no process to signal any more. */
  signal(signal: NodeJS.Signals): boolean {
    return this.#child.kill(signal);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.hasEnded) return;
    this.#mayEnd = true;
    const ended = once(this.#child, "exit");
    this.#child.kill(signal);
    await ended;
  }
}

/**
 * Settings of whoever runs this are for their own server, and flags of Node for their own process.
 */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !name.startsWith("LOANLOOM_") && name !== "REDIS_URL" && name !== "NODE_OPTIONS",
  );
  return Object.fromEntries(kept);
}

/** A port of the loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

/** What /readyz says; null while nobody answers. */
export function readiness(port: number): Promise<{ status: number; text: string } | null> {
  return new Promise((resolve) => {
    const options = { host: "127.0.0.1", port, path: "/readyz", agent: false };
    const request = get({ ...options, timeout: ANSWER_MS_MAX }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      answer.once("end", () => resolve({ status: answer.statusCode ?? 0, text }));
      answer.once("error", () => resolve(null));
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(null));
  });
}

/** The end of a log, for whoever must be told why a server ended; empty when there is none. */
export function logTail(file: string): string {
  try {
    return readFileSync(file, "utf8").slice(-LOG_TAIL_CHARACTERS).trim();
  } catch {
    return "";
  }
}
