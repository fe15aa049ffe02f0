// Commits that replicas must have before anything is released. A master and its replica, real ones,
// with a proxy between them that can cut the replica off while both stay reachable.

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  redisConnect,
  type RedisConnect,
  type RedisConnection,
} from "../../src/journal/connection.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import type { TestRedis } from "../support/redis.ts";
import { Owner, oneTo, startProxy, startRedis, storedCargoes } from "./journals.ts";

const LIMITS = { replicasMin: 1, replicaWaitMs: 50, leaseMs: 60_000 };

interface Pair {
  readonly master: TestRedis;
  readonly replica: TestRedis;
  /** Between replica and master. */
  readonly line: TcpProxy;
}

async function startPair(): Promise<Pair> {
  const master = await startRedis(["--repl-diskless-sync-delay", "0"]);
  const replica = await startRedis();
  const line = await TcpProxy.start(master);
  onTestFinished(() => line.stop());
  await replica.run("REPLICAOF", "127.0.0.1", line.port);
  await untilReplicating(master);
  return { master, replica, line };
}

/** Resolves when a replica has acknowledged all that the master has. */
async function untilReplicating(master: TestRedis): Promise<void> {
  for (;;) {
    const info = String(await master.run("INFO", "replication"));
    const has = /state=online,offset=(\d+)/.exec(info)?.[1];
    if (has !== undefined && info.includes(`master_repl_offset:${has}`)) return;
    await sleep(10);
  }
}

/** How often functions were called: by an idle owner only for its lease. */
async function calls(redis: TestRedis): Promise<number> {
  const stats = String(await redis.run("INFO", "commandstats"));
  const found = /cmdstat_fcall:calls=(\d+)/.exec(stats)?.[1];
  if (found === undefined) throw new Error(`no calls of functions: ${stats}`);
  return Number(found);
}

/** From now on the replica gets nothing, and nobody is told so. */
function cutOff({ line }: Pair): void {
  line.hold();
  line.dropReplies = true;
}

function join({ line }: Pair): void {
  line.dropReplies = false;
  // What was swallowed is missing in the stream: the replica must begin anew.
  line.cutClients();
  line.deliver();
}

/**
 * A Redis whose WAIT counts from what the connection itself wrote last, not from its last command:
 * of one that wrote nothing every replica has everything. Nobody promises that no version does so.
 */
function countingWrites(connect: RedisConnect): RedisConnect {
  return async (purpose, shard) => {
    const connection = await connect(purpose, shard);
    let hasWritten = false;
    const send: RedisConnection["send"] = (command, args, replied) => {
      if (command !== "WAIT") {
        connection.send(command, args, (error, reply) => {
          hasWritten ||= error === null && ["FCALL", "SET"].includes(command);
          replied(error, reply);
        });
        return;
      }
      // Its answer comes behind those of all commands before it.
      connection.send("PING", [], (error) => {
        if (error !== null) replied(error, null);
        else if (hasWritten) connection.send(command, args, replied);
        else replied(null, 1);
      });
    };
    return { ...connection, send };
  };
}

async function stayUnreleased(owner: Owner, from: number): Promise<void> {
  await owner.until(() => owner.degradations.at(-1)?.degraded === true);
  expect(owner.degradations.at(-1)!.reason).toContain("0 of 1 replicas");
  await sleep(300);
  expect(owner.released.length).toBe(from);
}

describe("with replicas that must have each commit", () => {
  test("what is released, the replica has, at every moment", async () => {
    const pair = await startPair();
    // So far behind that nobody could take it for up to date.
    pair.line.delayMs = 20;
    const owner = await Owner.takeOver(pair.master.socketPath, {
      limits: { ...LIMITS, replicaWaitMs: 500 },
    });
    await owner.appendUpTo(40, 400);
    const released = owner.released.length;
    // Nothing that comes later may help: the master is gone at once.
    await pair.master.kill();
    await pair.replica.run("REPLICAOF", "NO", "ONE");
    const stored = await storedCargoes(pair.replica);
    expect(released).toBeGreaterThan(30);
    expect(stored.slice(0, released)).toEqual(oneTo(released));
  });

  test("a replica that is cut off holds everything up, and lets it go when it is back, once", async () => {
    const pair = await startPair();
    const owner = await Owner.takeOver(pair.master.socketPath, { limits: LIMITS });
    await owner.appendUpTo(20);
    await owner.releasedAll();
    cutOff(pair);
    owner.append();
    owner.append();
    await stayUnreleased(owner, 20);
    expect(await storedCargoes(pair.master)).toEqual(oneTo(22));
    join(pair);
    await owner.appendUpTo(60);
    await owner.releasedAll();
    expect(owner.degradations.at(-1)!.degraded).toBe(false);
    expect(owner.released.map(({ cargo }) => cargo)).toEqual(oneTo(60));
    expect(await storedCargoes(pair.master)).toEqual(oneTo(60));
  });

  test.each([
    ["as it is", (connect: RedisConnect) => connect],
    ["where WAIT counts from the connection's own last write", countingWrites],
  ])(
    "that the master has it already, seen on a fresh connection, proves nothing of the replica: %s",
    async (_, as) => {
      const pair = await startPair();
      const proxy = await startProxy(pair.master);
      const connect = as(redisConnect(proxy.url));
      const owner = await Owner.takeOver(proxy.url, { connect, limits: LIMITS });
      await owner.appendUpTo(5);
      await owner.releasedAll();
      cutOff(pair);
      owner.append();
      while ((await storedCargoes(pair.master)).length < 6) await sleep(5);
      for (let cut = 0; cut < 5; cut++) {
        const before = proxy.connections;
        proxy.cutClients();
        while (proxy.connections === before) await sleep(5);
        await sleep(120);
        expect(owner.released.length).toBe(5);
      }
      await sleep(1_000);
      expect(owner.released.length).toBe(5);
      join(pair);
      await owner.releasedAll();
      expect(owner.released.map(({ cargo }) => cargo)).toEqual(oneTo(6));
    },
  );

  test("a lagging replica that is promoted has all that was released: the rest is appended again", async () => {
    const pair = await startPair();
    const proxy = await startProxy(pair.master);
    // The new master has no replica of its own: to wait for one would be for ever.
    const third = await startRedis();
    await third.run("REPLICAOF", "127.0.0.1", pair.replica.port);
    const owner = await Owner.takeOver(proxy.url, { limits: LIMITS });
    await owner.appendUpTo(30);
    await owner.releasedAll();
    cutOff(pair);
    owner.append();
    owner.append();
    owner.append();
    await stayUnreleased(owner, 30);
    await pair.replica.run("REPLICAOF", "NO", "ONE");
    proxy.retarget(pair.replica);
    proxy.cutClients();
    await owner.appendUpTo(50);
    await owner.releasedAll();
    // Nobody was told of what was lost: for the world nothing has gone back.
    expect(owner.rewinds).toEqual([]);
    expect(owner.released.map(({ cargo }) => cargo)).toEqual(oneTo(50));
    expect(await storedCargoes(pair.replica)).toEqual(oneTo(50));
  });

  test("a master that lost its replicas is left for the one that the address leads to now", async () => {
    const pair = await startPair();
    const proxy = await startProxy(pair.master);
    const third = await startRedis();
    await third.run("REPLICAOF", "127.0.0.1", pair.replica.port);
    const owner = await Owner.takeOver(proxy.url, { limits: LIMITS });
    await owner.appendUpTo(5);
    await owner.releasedAll();
    cutOff(pair);
    await pair.replica.run("REPLICAOF", "NO", "ONE");
    await untilReplicating(pair.replica);
    // The old one lives, answers, and has cut nobody off.
    proxy.retarget(pair.replica);
    owner.append();
    await owner.releasedAll();
    expect(await storedCargoes(pair.replica)).toEqual(oneTo(6));
  });

  test("an idle owner whose lease no replica has is degraded until one has, not by turns", async () => {
    const pair = await startPair();
    const limits = { ...LIMITS, leaseMs: 300 };
    const owner = await Owner.takeOver(pair.master.socketPath, { limits });
    await owner.appendUpTo(3);
    await owner.releasedAll();
    cutOff(pair);
    await owner.until(() => owner.degradations.length > 0);
    // It has asked for its lease ten times more, and each time it might have been well again.
    const asked = await calls(pair.master);
    while ((await calls(pair.master)) < asked + 10) await sleep(20);
    expect(owner.degradations.map(({ degraded }) => degraded)).toEqual([true]);
    expect(owner.journal.ready).toBe(false);
    join(pair);
    await owner.until(() => owner.journal.ready);
    await owner.appendUpTo(6);
    await owner.releasedAll();
    expect(owner.degradations.map(({ degraded }) => degraded)).toEqual([true, false]);
  });

  test("an owner on a master that was left behind loses its lease, and another waits for that", async () => {
    const pair = await startPair();
    const third = await startRedis();
    await third.run("REPLICAOF", "127.0.0.1", pair.replica.port);
    const limits = { ...LIMITS, leaseMs: 3_000 };
    const left = await Owner.takeOver(pair.master.socketPath, { limits });
    await left.appendUpTo(5);
    await left.releasedAll();
    expect(left.journal.leaseHeld).toBe(true);
    cutOff(pair);
    const cutAtMs = performance.now();
    await pair.replica.run("REPLICAOF", "NO", "ONE");
    await untilReplicating(pair.replica);
    // Its own master answers it all the time.
    await left.until(() => left.degradations.at(-1)?.degraded === true);
    const next = await Owner.takeOver(pair.replica.socketPath, {
      limits,
      owner: "server-b",
      leaseWaitMs: 10_000,
    });
    expect(left.journal.leaseHeld).toBe(false);
    expect(performance.now() - cutAtMs).toBeGreaterThan(1_500);
    await next.appendUpTo(3);
    await next.releasedAll();
    expect(left.released.length).toBe(5);
  });

  test("nobody takes over before the replica has the fence", async () => {
    const pair = await startPair();
    cutOff(pair);
    const taking = Owner.takeOver(pair.master.socketPath, {
      limits: { ...LIMITS, retryForMs: 1_000, retryDelayMsMax: 20, degradedAfterMs: 10 },
    });
    await expect(taking).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("0 of 1 replicas") as string,
    });
    join(pair);
    await untilReplicating(pair.master);
    const owner = await Owner.takeOver(pair.master.socketPath, { limits: LIMITS });
    await owner.appendUpTo(3);
    await owner.releasedAll();
  });
});
