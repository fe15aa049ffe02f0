// Three Sentinels of the test's own, which watch a master of the test's own and promote one of its
// replicas when it has gone. Always ended by their pids: register `stop` with `onTestFinished`.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { freePort } from "../../src/command/server-child.ts";

const MASTER_NAME = "lending";
const SENTINELS = 3;
const QUORUM = 2;
/** Silence after which a Sentinel holds the master for dead, in ms. */
const DOWN_AFTER_MS = 500;
const FAILOVER_TIMEOUT_MS = 3_000;

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class TestSentinels {
  readonly ports: readonly number[];
  readonly #folder: string;
  readonly #children: readonly ChildProcess[];

  static async start(master: { readonly port: number }): Promise<TestSentinels> {
    const folder = await mkdtemp(join(tmpdir(), "loanloom-sentinels-"));
    const ports: number[] = [];
    const children: ChildProcess[] = [];
    for (let at = 0; at < SENTINELS; at++) {
      const port = await freePort();
      const file = join(folder, `${port}.conf`);
      const watched = `${MASTER_NAME} 127.0.0.1 ${master.port} ${QUORUM}`;
      const settings = [
        `bind 127.0.0.1`,
        `port ${port}`,
        `dir ${folder}`,
        `logfile ${join(folder, `${port}.log`)}`,
        `sentinel monitor ${watched}`,
        `sentinel down-after-milliseconds ${MASTER_NAME} ${DOWN_AFTER_MS}`,
        `sentinel failover-timeout ${MASTER_NAME} ${FAILOVER_TIMEOUT_MS}`,
      ];
      await writeFile(file, settings.join("\n"));
      const child = spawn("redis-server", [file, "--sentinel"], { stdio: "ignore" });
      running.add(child);
      child.once("exit", () => running.delete(child));
      ports.push(port);
      children.push(child);
    }
    return new TestSentinels(folder, ports, children);
  }

  private constructor(folder: string, ports: number[], children: ChildProcess[]) {
    this.#folder = folder;
    this.ports = ports;
    this.#children = children;
  }

  get url(): string {
    const hosts = this.ports.map((port) => `127.0.0.1:${port}`).join(",");
    return `redis-sentinel://${hosts}/${MASTER_NAME}`;
  }

  /** Resolves when each of them knows the others and so many replicas. */
  async untilTheyKnow(replicas: number): Promise<void> {
    for (const port of this.ports) {
      for (;;) {
        const known = await this.#ask(port, "MASTER", MASTER_NAME).catch(() => null);
        const fields = known as readonly string[] | null;
        const field = (name: string): string | undefined =>
          fields?.[fields.indexOf(name) + 1] ?? undefined;
        const isComplete =
          field("num-slaves") === String(replicas) &&
          field("num-other-sentinels") === String(SENTINELS - 1) &&
          field("flags") === "master";
        if (isComplete) break;
        await sleep(50);
      }
    }
  }

  async masterPort(): Promise<number> {
    const address = await this.#ask(this.ports[0]!, "GET-MASTER-ADDR-BY-NAME", MASTER_NAME);
    return Number((address as readonly string[])[1]);
  }

  async #ask(port: number, ...command: string[]): Promise<unknown> {
    const client = new Redis({ port, host: "127.0.0.1", retryStrategy: () => null, protocol: 2 });
    client.on("error", () => {});
    try {
      return await client.call("SENTINEL", ...command);
    } finally {
      client.disconnect();
    }
  }

  async stop(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}
