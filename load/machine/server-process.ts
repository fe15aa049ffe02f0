// The server under test as a process of its own, with its embedded Redis in a folder of its own.
// It must leave nothing behind: server and Redis are stopped by pid, whatever happened before.

import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, logTail, readiness, ServerChild } from "../../src/command/server-child.ts";
import { assert } from "../../src/money/assert.ts";
import { guardServer } from "./left-behind.ts";
import { descendantsOf, nameOf } from "./process-cpu.ts";
import type { Endpoint } from "../driver/raw-socket.ts";

const START_TIMEOUT_MS = 120_000;
const POLL_MS = 5;
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
  readonly #child: ServerChild;
  readonly #redisPids: readonly number[];
  readonly #logFile: string;
  readonly #release: () => void;

  private constructor(
    child: ServerChild,
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
    const port = await freePort();
    const startedAtMs = performance.now();
    const { cores, nodeArguments = [] } = options;
    let death: string | null = null;
    const child = new ServerChild({
      ...{ port, logFile, nodeArguments, detached: true },
      environment: {
        ...LIFTED_LIMITS,
        LOANLOOM_LOG_LEVEL: "warn",
        ...options.environment,
        LOANLOOM_DATA: join(options.folder, "data"),
        LOANLOOM_JWT_SECRET: options.jwtSecret,
      },
      onDeath: (how) => (death = how),
      ...(cores !== undefined && { cores }),
    });
    // Without a pid it did not start, which `untilReady` tells.
    const release = child.pid === undefined ? () => {} : guardServer(child.pid, options.folder);
    try {
      await untilReady(port, () => death);
    } catch (error) {
      const redisPids = child.pid === undefined ? [] : descendantsOf(child.pid, REDIS_NAME);
      await child.stop();
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
  async stop(waitMs?: number): Promise<void> {
    await this.#child.stop(waitMs);
    this.endRedis();
  }

  get hasEnded(): boolean {
    return this.#child.hasEnded;
  }

  /** kill -9: the server only. Its Redis is for the next start to find, or for `endRedis`. */
  kill(): Promise<void> {
    return this.#child.kill();
  }

  endRedis(): void {
    for (const pid of this.#redisPids) endRedisAt(pid);
    this.#release();
  }
}

export function newSecret(): string {
  return randomBytes(32).toString("hex");
}

async function untilReady(port: number, death: () => string | null): Promise<void> {
  const untilMs = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < untilMs) {
    const how = death();
    if (how !== null) throw new Error(`it ended with ${how}`);
    if ((await readiness(port))?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`not ready in ${START_TIMEOUT_MS} ms`);
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
