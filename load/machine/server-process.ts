// The server under test as a process of its own, with its embedded Redis in a folder of its own.
// It must leave nothing behind: server and Redis are stopped by pid, whatever happened before.

import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert } from "../../src/money/assert.ts";
import { guardServer } from "./left-behind.ts";
import { descendantsOf, nameOf } from "./process-cpu.ts";
import type { Endpoint } from "../driver/raw-socket.ts";

const PROGRAM = fileURLToPath(new URL("../../src/cli/loanloom.js", import.meta.url));
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 30_000;
const POLL_MS = 5;
const LOG_TAIL_CHARACTERS = 2_000;
const REDIS_NAME = /^(redis|valkey)-server/;

/** Limits that a benchmark lifts, because it is one client where there would be thousands. */
export const LIFTED_LIMITS: Readonly<Record<string, string>> = {
  LOANLOOM_REQUESTS_PER_SECOND_MAX: "10000000",
  LOANLOOM_REQUEST_BURST_MAX: "10000000",
  LOANLOOM_OPERATOR_REQUESTS_PER_SECOND_MAX: "10000000",
  LOANLOOM_OPERATOR_REQUEST_BURST_MAX: "10000000",
  LOANLOOM_CONNECTIONS_PER_ADDRESS_MAX: "20000",
  LOANLOOM_IN_FLIGHT_PER_SESSION_MAX: "2048",
};

export interface ServerOptions {
  /** Holds Redis's data and the server's log; the same folder again is a restart. */
  readonly folder: string;
  readonly jwtSecret: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly nodeArguments?: readonly string[];
  /** Cores that server and Redis may use, as taskset(1) takes them, such as "0" or "0-3". */
  readonly cores?: string;
}

export class ServerProcess {
  readonly endpoint: Endpoint;
  /** From the start of the process to the first time that it says it is ready. */
  readonly readyAfterMs: number;
  readonly #child: ChildProcess;
  readonly #redisPids: readonly number[];
  readonly #logFile: string;
  readonly #release: () => void;

  private constructor(
    child: ChildProcess,
    endpoint: Endpoint,
    readyAfterMs: number,
    logFile: string,
    release: () => void,
  ) {
    assert(child.pid !== undefined, "a process that answers has a pid");
    this.#child = child;
    this.endpoint = endpoint;
    this.readyAfterMs = readyAfterMs;
    this.#redisPids = descendantsOf(child.pid, REDIS_NAME);
    this.#logFile = logFile;
    this.#release = release;
  }

  static async start(options: ServerOptions): Promise<ServerProcess> {
    mkdirSync(options.folder, { recursive: true });
    const logFile = join(options.folder, "server.log");
    const log = openSync(logFile, "a");
    const port = await freePort();
    const startedAtMs = performance.now();
    const { cores, nodeArguments = [] } = options;
    const command = [process.execPath, ...nodeArguments, PROGRAM, "serve"];
    if (cores !== undefined) command.unshift("taskset", "-c", cores);
    const child = spawn(command[0]!, command.slice(1), {
      stdio: ["ignore", log, log],
      // A process group of its own: Ctrl-C is for the run, which then stops the server.
      detached: true,
      env: {
        ...withoutSettings(process.env),
        ...LIFTED_LIMITS,
        LOANLOOM_LOG_LEVEL: "warn",
        ...options.environment,
        LOANLOOM_DATA: join(options.folder, "data"),
        LOANLOOM_JWT_SECRET: options.jwtSecret,
        PORT: String(port),
      },
    });
    closeSync(log);
    // Without a pid it did not start, which `untilReady` tells.
    const release = child.pid === undefined ? () => {} : guardServer(child.pid, options.folder);
    try {
      await untilReady(child, port);
    } catch (error) {
      const redisPids = child.pid === undefined ? [] : descendantsOf(child.pid, REDIS_NAME);
      await end(child);
      for (const pid of redisPids) endRedisAt(pid);
      release();
      const tail = logTail(logFile);
      throw new Error(`the server did not start: ${(error as Error).message}\n${tail}`);
    }
    const readyAfterMs = performance.now() - startedAtMs;
    const endpoint = { host: "127.0.0.1", port, path: "/v1/ws" };
    return new ServerProcess(child, endpoint, readyAfterMs, logFile, release);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get redisPids(): readonly number[] {
    return this.#redisPids;
  }

  /** All that the server has written. */
  get log(): string {
    return readFileSync(this.#logFile, "utf8");
  }

  get logTail(): string {
    return logTail(this.#logFile);
  }

  /** Asks it to drain and stop; kills what is left of it after `waitMs`. */
  async stop(waitMs = STOP_TIMEOUT_MS): Promise<void> {
    await end(this.#child, waitMs);
    this.endRedis();
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** kill -9: the server only. Its Redis is for the next start to find, or for `endRedis`. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }

  endRedis(): void {
    for (const pid of this.#redisPids) endRedisAt(pid);
    this.#release();
  }
}

export function newSecret(): string {
  return randomBytes(32).toString("hex");
}

/** Settings of whoever runs the benchmark would make its figures incomparable. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = Object.keys(environment).filter(
    (name) => !name.startsWith("LOANLOOM_") && name !== "REDIS_URL" && name !== "NODE_OPTIONS",
  );
  return Object.fromEntries(names.map((name) => [name, environment[name]]));
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

async function untilReady(child: ChildProcess, port: number): Promise<void> {
  let failure: Error | undefined;
  child.once("error", (error) => (failure = error));
  const untilMs = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < untilMs) {
    if (failure !== undefined) throw failure;
    if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}`);
    if (child.signalCode !== null) throw new Error(`it was ended by ${child.signalCode}`);
    if ((await readyStatus(port)) === 200) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`not ready in ${START_TIMEOUT_MS} ms`);
}

/** The status of /readyz; 0 while nobody listens. */
function readyStatus(port: number): Promise<number> {
  return new Promise((resolve) => {
    const options = { host: "127.0.0.1", port, path: "/readyz", agent: false };
    const request = get(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    request.once("error", () => resolve(0));
  });
}

async function end(child: ChildProcess, waitMs = STOP_TIMEOUT_MS): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), waitMs);
  await exited;
  clearTimeout(timer);
}

/** By pid, and only while that pid is still a Redis. */
function endRedisAt(pid: number): void {
  if (!REDIS_NAME.test(nameOf(pid) ?? "")) return;
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    // It ended in between, which is what was wanted.
  }
}

function logTail(file: string): string {
  try {
    return readFileSync(file, "utf8").slice(-LOG_TAIL_CHARACTERS);
  } catch {
    return "";
  }
}
