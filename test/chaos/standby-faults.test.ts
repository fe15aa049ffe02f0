// What must not happen to two servers on one Redis: that each keeps a part of the shards, that one
// which could not start keeps others from it, that they share a port.

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { shardKeys } from "../../src/journal/keys.ts";
import type { AccountId } from "../../actors/address.ts";
import { LoanloomClient } from "../../src/client/client.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import { token } from "./aftermath.ts";
import { TestRedis } from "../support/redis.ts";
import { ChaosServer } from "./chaos-server.ts";

const SHARDS = 2;
const JWT_SECRET = "standby-".repeat(8);

async function startRedis(): Promise<TestRedis> {
  const redis = await TestRedis.start();
  onTestFinished(() => redis.stop());
  return redis;
}

async function create(redis: TestRedis, standby: "yes" | "no"): Promise<ChaosServer> {
  const server = await ChaosServer.create({
    REDIS_URL: `unix:${redis.socketPath}`,
    LOANLOOM_STANDBY: standby,
    LOANLOOM_LEASE_MS: "600",
    LOANLOOM_MAC_KEY: "7b".repeat(32),
    LOANLOOM_SHARDS: String(SHARDS),
    LOANLOOM_JWT_SECRET: JWT_SECRET,
    LOANLOOM_JOURNAL_KEEP: "all",
  });
  onTestFinished(() => server.destroy());
  return server;
}

/** As after a failover to a replica that lacked the last entry. */
async function takeBackOneCommit(redis: TestRedis, shard: number): Promise<void> {
  const { journal, head } = shardKeys(shard);
  const found = (await redis.run("XREVRANGE", journal, "+", "-", "COUNT", 2)) as [
    Buffer,
    Buffer[],
  ][];
  const [last, before] = found;
  await redis.run("XDEL", journal, last![0]);
  await redis.run("XSETID", journal, before![0]);
  await redis.run("SET", head, `${String(before![0])}:${before![1][3]!.toString("hex")}`);
}

describe.runIf(process.platform === "linux")("Of two servers", () => {
  it("one that loses its first shard between two lives of it ends, and the other gets all", async () => {
    const redis = await startRedis();
    const [first, second] = [await create(redis, "yes"), await create(redis, "yes")];
    first.start();
    await first.untilReady();
    second.start();
    await second.untilStandingBy();
    const client = new LoanloomClient({
      url: first.url,
      token: await token(JWT_SECRET, "ops", "operator"),
      requestTimeoutMs: 2_000,
      reconnect: { delayMsFirst: 20, delayMsMax: 100 },
    });
    onTestFinished(() => client.close());
    const ended = first.untilEnded();
    // Healed, the shard begins a new life, with its lease given back: whoever is faster gets it.
    for (let at = 0; !(await second.isReady()); at++) {
      const accountId = `account-${at}`;
      const isOfFirst = shardOf({ kind: "account", id: accountId as AccountId }, SHARDS) === 0;
      if (!isOfFirst || !(await first.isReady())) {
        await sleep(20);
        continue;
      }
      const opened = client.request("account.open", { accountId });
      // The fence of its present life must not be what is taken back.
      if (
        await opened.then(
          () => true,
          () => false,
        )
      )
        await takeBackOneCommit(redis, 0);
      await first.untilUnready();
    }
    expect(await ended).toBe(1);
    expect(second.deaths).toEqual([]);
  }, 60_000);

  it("one that cannot have all shards keeps none", async () => {
    const redis = await startRedis();
    await redis.run("SET", shardKeys(1).lease, "somebody", "PX", 60_000);
    const server = await create(redis, "no");
    server.start();
    expect(await server.untilEnded()).toBe(3);
    expect(await redis.run("EXISTS", shardKeys(0).lease)).toBe(0);
    await redis.run("DEL", shardKeys(1).lease);
    server.start();
    await server.untilReady();
  }, 60_000);

  it("one with another key changes nothing, and says so", async () => {
    const redis = await startRedis();
    const server = await create(redis, "yes");
    server.start();
    await server.untilReady();
    expect(await server.stop()).toBe(0);
    const other = await ChaosServer.create({
      ...server.environment,
      LOANLOOM_MAC_KEY: "1".repeat(64),
    });
    onTestFinished(() => other.destroy());
    other.start();
    expect(await other.untilEnded()).toBe(1);
    expect(other.log).toContain("is the key the one that it was written with");
    server.start();
    await server.untilReady();
  }, 60_000);

  it("the second on a port that is taken does not start", async () => {
    const redis = await startRedis();
    const server = await create(redis, "yes");
    server.start();
    await server.untilReady();
    const twin = server.twin();
    onTestFinished(() => twin.destroy());
    twin.start();
    expect(await twin.untilEnded()).toBe(2);
    expect(twin.log).toMatch(/PORT=\d+ .*EADDRINUSE.*: expected a free port/);
    expect(await server.isReady()).toBe(true);
  }, 60_000);
});
