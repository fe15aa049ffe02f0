// Shards in a Redis Cluster: each where its slot is, also after the master of the slot was killed
// and after the slot was moved.

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { call, redisConnect } from "../../src/journal/connection.ts";
import { checkDurability } from "../../src/journal/durability.ts";
import { shardKeys } from "../../src/journal/keys.ts";
import { TestCluster } from "../support/cluster.ts";
import { Owner, oneTo, startRedis, storedCargoes } from "./journals.ts";

async function startCluster(): Promise<TestCluster> {
  const cluster = await TestCluster.start();
  onTestFinished(() => cluster.stop());
  return cluster;
}

describe("redis-cluster://", () => {
  test("shards are where their slots are, and a failover of one loses nothing released", async () => {
    const cluster = await startCluster();
    await checkDurability(redisConnect(cluster.url), { allowEverysec: false, kind: "cluster" });
    const limits = { replicasMin: 0 };
    const owners: Owner[] = [];
    for (let shard = 0; shard < 4; shard++) {
      owners.push(await Owner.takeOver(cluster.url, { shard, limits }));
    }
    for (const owner of owners) await owner.appendUpTo(50);
    for (const owner of owners) await owner.releasedAll();
    const homes = await Promise.all(
      owners.map((_, shard) => cluster.masterOf(shardKeys(shard).head)),
    );
    expect(new Set(homes).size).toBeGreaterThan(1);
    for (const [shard, home] of homes.entries()) {
      expect(await storedCargoes(home, shard)).toEqual(oneTo(50));
    }
    await homes[0]!.kill();
    for (const owner of owners) {
      await owner.appendUpTo(100);
      await owner.releasedAll();
    }
    const after = await cluster.masterOf(shardKeys(0).head);
    expect(after).not.toBe(homes[0]);
    expect(await storedCargoes(after)).toEqual(oneTo(100));
    for (const owner of owners) {
      expect(owner.released.map(({ cargo }) => cargo)).toEqual(oneTo(100));
    }
  }, 60_000);

  test("a slot that moves takes its shard with it", async () => {
    const cluster = await startCluster();
    const owner = await Owner.takeOver(cluster.url);
    await owner.appendUpTo(20);
    await owner.releasedAll();
    const keys = shardKeys(0);
    const from = await cluster.masterOf(keys.head);
    const to = (
      await Promise.all([1, 2, 3].map((shard) => cluster.masterOf(shardKeys(shard).head)))
    ).find((node) => node !== from)!;
    const slot = Number(await from.run("CLUSTER", "KEYSLOT", keys.head));
    const idOf = async (node: typeof from): Promise<string> =>
      String(await node.run("CLUSTER", "MYID"));
    await to.run("CLUSTER", "SETSLOT", slot, "IMPORTING", await idOf(from));
    await from.run("CLUSTER", "SETSLOT", slot, "MIGRATING", await idOf(to));
    owner.append();
    const names = (await from.run("CLUSTER", "GETKEYSINSLOT", slot, 100)) as Buffer[];
    expect(names.length).toBeGreaterThanOrEqual(2);
    await from.run("MIGRATE", "127.0.0.1", to.port, "", 0, 5_000, "KEYS", ...names);
    owner.append();
    await sleep(50);
    for (const node of [to, from]) {
      await node.run("CLUSTER", "SETSLOT", slot, "NODE", await idOf(to));
    }
    await owner.appendUpTo(40);
    await owner.releasedAll();
    expect(await storedCargoes(to)).toEqual(oneTo(40));
    expect(owner.released.map(({ cargo }) => cargo)).toEqual(oneTo(40));
  }, 60_000);

  test("a node that was left alone is not believed, nor one that stands still waited for", async () => {
    const cluster = await startCluster();
    const [, second] = cluster.nodes;
    const home = await cluster.masterOf(shardKeys(0).head);
    const alone = await startRedis(["--cluster-enabled", "yes"]);
    await alone.run("CLUSTER", "ADDSLOTSRANGE", 0, 16_000);
    const hosts = [alone, second!].map(({ port }) => `127.0.0.1:${port}`);
    const connect = redisConnect(`redis-cluster://${hosts.join(",")}`);
    for (let tries = 0; tries < 3; tries++) {
      const connection = await connect("reads");
      expect(String(await call(connection, "GET", shardKeys(0).head))).toBe("null");
      connection.close();
    }
    home.freeze();
    onTestFinished(() => home.thaw());
    const askedAtMs = performance.now();
    const frozenFirst = redisConnect(`redis-cluster://127.0.0.1:${home.port},${hosts[1]}`);
    // The slot is elsewhere, or not yet: that is told, or refused, in time.
    await frozenFirst("journal").then(
      (connection) => connection.close(),
      (error: unknown) => expect(error).toMatchObject({ code: "unavailable" }),
    );
    expect(performance.now() - askedAtMs).toBeLessThan(4_000);
  }, 60_000);

  test("no node that answers, and a slot that nobody has, are `unavailable`", async () => {
    await expect(redisConnect("redis-cluster://127.0.0.1:1")("reads")).rejects.toMatchObject({
      code: "unavailable",
    });
    const lonely = await startRedis(["--cluster-enabled", "yes"]);
    const connect = redisConnect(`redis-cluster://127.0.0.1:${lonely.port}`);
    await expect(connect("reads")).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("nobody has slot") as string,
    });
  });
});
