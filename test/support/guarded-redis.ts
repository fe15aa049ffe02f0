// A master, two replicas and three Sentinels, all real: what `redis-sentinel://` is for.

import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { TestRedis } from "./redis.ts";
import { TestSentinels } from "./sentinels.ts";

// A replica that comes back begins at once.
const SETTINGS = ["--repl-diskless-sync-delay", "0"];
const REPLICAS = 2;

export class GuardedRedis {
  readonly sentinels: TestSentinels;
  readonly #servers: readonly TestRedis[];

  /** All of it ends with the test that asked for it. */
  static async start(): Promise<GuardedRedis> {
    const servers: TestRedis[] = [];
    for (let at = 0; at <= REPLICAS; at++) {
      const server = await TestRedis.start(SETTINGS);
      onTestFinished(() => server.stop());
      servers.push(server);
    }
    const [master, ...replicas] = servers;
    for (const replica of replicas) await replica.run("REPLICAOF", "127.0.0.1", master!.port);
    const sentinels = await TestSentinels.start(master!);
    onTestFinished(() => sentinels.stop());
    await sentinels.untilTheyKnow(REPLICAS);
    return new GuardedRedis(servers, sentinels);
  }

  private constructor(servers: readonly TestRedis[], sentinels: TestSentinels) {
    this.#servers = servers;
    this.sentinels = sentinels;
  }

  get url(): string {
    return this.sentinels.url;
  }

  /** The one that the Sentinels name now. */
  async master(): Promise<TestRedis> {
    const port = await this.sentinels.masterPort();
    return this.#servers.find((server) => server.port === port)!;
  }

  /** Resolves when another one than this is the master. */
  async untilPromoted(before: TestRedis): Promise<TestRedis> {
    for (;;) {
      const master = await this.master();
      if (master !== before && String(await master.run("ROLE")).startsWith("master")) return master;
      await sleep(20);
    }
  }

  /** Resolves when the master has all others as replicas that are up to date. */
  async untilWhole(): Promise<void> {
    for (;;) {
      const info = String(await (await this.master()).run("INFO", "replication"));
      if (info.split("state=online").length - 1 === REPLICAS) return;
      await sleep(50);
    }
  }
}
