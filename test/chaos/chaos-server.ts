// The server that the tests of this room kill: the built `loanloom serve` in a process of its own,
// with its embedded Redis, on a folder that outlives both. Whatever happens, `destroy` leaves
// neither process behind. Both are ended by pid, never by name.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort, readiness, ServerChild } from "../../src/command/server-child.ts";
import { isProcessOf, runningPid } from "../../src/journal/embedded-redis-probe.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/src/cli/loanloom.js", import.meta.url));
const POLL_MS = 10;

export class ChaosServer {
  readonly dataDir: string;
  readonly port: number;
  readonly #folder: string;
  readonly environment: Readonly<Record<string, string>>;
  #child: ServerChild | null = null;
  /** Ends that nobody asked for: a bug of the server. */
  readonly deaths: string[] = [];

  static async create(environment: Readonly<Record<string, string>>): Promise<ChaosServer> {
    if (!existsSync(PROGRAM)) throw new Error("run `npm run build` first: the test needs dist/");
    const folder = await mkdtemp(join(tmpdir(), "ll-chaos-"));
    return new ChaosServer(folder, await freePort(), environment);
  }

  private constructor(folder: string, port: number, environment: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.dataDir = join(folder, "data");
    this.port = port;
    this.environment = environment;
  }

  /** Another one, with a folder of its own, that is told the same port. */
  twin(): ChaosServer {
    return new ChaosServer(`${this.#folder}-twin`, this.port, this.environment);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/v1/ws`;
  }

  get log(): string {
    return readFileSync(join(this.#folder, "server.log"), "utf8");
  }

  /** How often the log says something. */
  logged(message: string): number {
    return this.log.split(message).length - 1;
  }

  start(): void {
    mkdirSync(this.#folder, { recursive: true });
    this.#child = new ServerChild({
      program: PROGRAM,
      port: this.port,
      logFile: join(this.#folder, "server.log"),
      environment: { ...this.environment, LOANLOOM_DATA: this.dataDir },
      onDeath: (how) => this.deaths.push(how),
    });
  }

  /** Whether /readyz says that all shards serve. */
  async isReady(): Promise<boolean> {
    return (await readiness(this.port))?.status === 200;
  }

  /** Resolves when /readyz says that another server is waited for. */
  async untilStandingBy(): Promise<void> {
    while ((await readiness(this.port))?.text.includes("standing by") !== true)
      await sleep(POLL_MS);
  }

  /** At most two seconds: it may have been well again before anybody looked. */
  async untilUnready(): Promise<void> {
    const giveUpAtMs = performance.now() + 2_000;
    while ((await this.isReady()) && performance.now() < giveUpAtMs) await sleep(POLL_MS);
  }

  async untilReady(): Promise<void> {
    while (!(await this.isReady())) {
      if (this.deaths.length > 0) throw new Error(`the server ended: ${this.log.slice(-2_000)}`);
      await sleep(POLL_MS);
    }
  }

  /** Null while no Redis runs on the data. */
  async redisPid(): Promise<number | null> {
    const folder = await this.#redisFolder();
    return folder === null ? null : runningPid(join(folder, "redis.pid"), folder);
  }

  #redisFolder(): Promise<string | null> {
    return realpath(join(this.dataDir, "redis")).catch(() => null);
  }

  /** kill -9. Its Redis runs on, and the next start finds it. */
  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  /** kill -9 of the Redis that runs now. Resolves to its pid when it is gone. */
  async killRedis(): Promise<number> {
    const folder = await this.#redisFolder();
    const pid = await this.redisPid();
    if (folder === null || pid === null) throw new Error("there is no Redis to kill");
    process.kill(pid, "SIGKILL");
    while (await isProcessOf(pid, folder)) await sleep(1);
    return pid;
  }

  /** Redis does not answer for so long, but keeps its connections and takes in what they send. */
  async freezeRedis(forMs: number): Promise<void> {
    const pid = await this.redisPid();
    if (pid === null) throw new Error("there is no Redis to freeze");
    process.kill(pid, "SIGSTOP");
    try {
      await sleep(forMs);
    } finally {
      process.kill(pid, "SIGCONT");
    }
  }

  /** The server itself does nothing for a while, and does not know it. */
  freeze(): void {
    this.#signal("SIGSTOP");
  }

  thaw(): void {
    this.#signal("SIGCONT");
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child?.signal(signal) !== true) throw new Error("there is no server to signal");
  }

  /** Resolves to its exit code when it ends by itself, as it is expected to. */
  untilEnded(): Promise<number | null> {
    return this.#child!.ended();
  }

  /**
   * Asks server and Redis to end in order. Resolves to the exit code, null if it had to be killed.
   */
  async stop(): Promise<number | null> {
    return (await this.#child?.stop()) ?? null;
  }

  async destroy(): Promise<void> {
    await this.kill();
    if ((await this.redisPid()) !== null) await this.killRedis();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
