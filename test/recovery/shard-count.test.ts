// The number of shards is fixed when a deployment is created: whoever starts with another one would
// look for accounts where they are not. It is refused from the first
// entry on, long before a checkpoint.

import { describe, expect, it, onTestFinished } from "vitest";
import { shardKeys } from "../../src/journal/keys.ts";
import { ChaosServer } from "../chaos/chaos-server.ts";
import { TestRedis } from "../support/redis.ts";
import { RedisWorld } from "../support/redis-world.ts";

async function startRedis(): Promise<TestRedis> {
  const redis = await TestRedis.start();
  onTestFinished(() => redis.stop());
  return redis;
}

/** All that is stored, but for the leases, which end by themselves. */
async function stored(redis: TestRedis): Promise<unknown> {
  const keys = ((await redis.run("KEYS", "*")) as Buffer[]).map(String).sort();
  const leases = Array.from({ length: 8 }, (_, shard) => shardKeys(shard).lease);
  const kept = keys.filter((key) => !leases.includes(key));
  return Promise.all(kept.map(async (key) => [key, String(await redis.run("DUMP", key))]));
}

describe("A deployment", () => {
  it.each([
    [1, 4, "a moment ago"],
    [4, 1, "a moment ago"],
    [1, 4, "long ago"],
    [4, 1, "long ago"],
  ])(
    "of %d shards is not taken for one of %d, when it was made %s",
    async (shards, other, when) => {
      const redis = await startRedis();
      const limits = when === "long ago" ? { checkpointMs: 20 } : { checkpointMs: 600_000 };
      const url = `unix:${redis.socketPath}`;
      const world = await new RedisWorld({ url, shards, limits }).start();
      const { snapshots } = shardKeys(0);
      while (when === "long ago" && (await redis.run("HLEN", snapshots)) === 0) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      if (when === "a moment ago") expect(await redis.run("EXISTS", snapshots)).toBe(0);
      await world.stop();
      if (when === "a moment ago") await redis.run("DEL", snapshots);
      const before = await stored(redis);
      const wrong = new RedisWorld({ url, shards: other });
      await expect(wrong.start()).rejects.toMatchObject({ code: "wrong_shard_count" });
      await wrong.stop();
      expect(await stored(redis)).toEqual(before);
      const right = await new RedisWorld({ url, shards }).start();
      await right.stop();
    },
  );
});

describe.runIf(process.platform === "linux")(
  "A second server with another number of shards",
  () => {
    it.each([
      [1, 4],
      [4, 1],
    ])(
      "does not start: %d shards, %d asked for",
      async (shards, other) => {
        const redis = await startRedis();
        const create = async (count: number, standby: string): Promise<ChaosServer> => {
          const server = await ChaosServer.create({
            REDIS_URL: `unix:${redis.socketPath}`,
            LOANLOOM_STANDBY: standby,
            LOANLOOM_MAC_KEY: "7b".repeat(32),
            LOANLOOM_JWT_SECRET: "counted-".repeat(8),
            LOANLOOM_SHARDS: String(count),
          });
          onTestFinished(() => server.destroy());
          return server;
        };
        const first = await create(shards, "yes");
        first.start();
        await first.untilReady();
        const second = await create(other, "yes");
        second.start();
        expect(await second.untilEnded()).toBe(2);
        expect(second.log).toContain(
          `created with LOANLOOM_SHARDS=${shards}, and it is ${other} here`,
        );
        expect(await first.isReady()).toBe(true);
        expect(await first.stop()).toBe(0);
        second.start();
        expect(await second.untilEnded()).toBe(2);
        expect(await redis.run("EXISTS", shardKeys(shards).journal)).toBe(0);
        first.start();
        await first.untilReady();
      },
      60_000,
    );
  },
);
