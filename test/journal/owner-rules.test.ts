// The rules of src/journal/OWNER-RULES.md under directed faults, against a real Redis. Each test
// proves both that the fault has happened and that nothing was lost, doubled, reordered or released
// too early.

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { redisConnect } from "../../src/journal/connection.ts";
import { shardKeys } from "../../src/journal/keys.ts";
import { formatPosition } from "../../src/journal/position.ts";
import { ShardJournal } from "../../src/journal/shard-journal.ts";
import {
  MAC_KEY,
  Owner,
  oneTo,
  payloadOf,
  readStored,
  startProxy,
  startRedis,
  storedCargoes,
} from "./journals.ts";

const KEYS = shardKeys(0);

function cargoesOf(owner: Owner): number[] {
  return owner.released.map(({ cargo }) => cargo);
}

describe("rule 1: fence first, read second", () => {
  test("each take-over starts the next epoch behind the last entry and reads all before it", async () => {
    const redis = await startRedis();
    for (let round = 1; round <= 3; round++) {
      const owner = await Owner.takeOver(redis.socketPath);
      expect(owner.journal.epoch).toBe(round);
      const read: string[] = [];
      for await (const { position } of owner.journal.read(null)) {
        read.push(`${position.epoch}-${position.seq}`);
      }
      expect(read.length).toBe((round - 1) * 11 + 1);
      expect(read.at(-1)).toBe(`${round}-0`);
      await owner.appendUpTo(10);
      await owner.releasedAll();
      await owner.journal.close();
    }
    expect((await readStored(redis)).length).toBe(33);
  });

  test("reading resumes after a position with its MAC, and refuses a wrong MAC", async () => {
    const redis = await startRedis();
    const first = await Owner.takeOver(redis.socketPath);
    await first.appendUpTo(9);
    await first.releasedAll();
    const { position, mac } = first.journal.append(payloadOf(10), ++first.appended);
    await first.appendUpTo(20);
    await first.journal.close();
    const next = await Owner.takeOver(redis.socketPath);
    const read: string[] = [];
    for await (const entry of next.journal.read({ after: position, mac })) {
      read.push(formatPosition(entry.position));
    }
    expect(read).toEqual([
      ...oneTo(20)
        .slice(10)
        .map((seq) => `1-${seq}`),
      "2-0",
    ]);
    const wrong = Buffer.from(mac);
    wrong[31]! ^= 1;
    await expect(next.journal.read({ after: position, mac: wrong }).next()).rejects.toMatchObject({
      code: "tampered",
    });
  });

  test("a live lease of another owner refuses, waiting gets it, force overrides", async () => {
    const redis = await startRedis();
    const first = await Owner.takeOver(redis.socketPath, { limits: { leaseMs: 300 } });
    const other = { owner: "server-b", limits: { leaseMs: 300 } };
    await expect(Owner.takeOver(redis.socketPath, other)).rejects.toMatchObject({
      code: "lease_held",
    });
    // Waiting longer than the lease is not enough while its owner renews it.
    await expect(
      Owner.takeOver(redis.socketPath, { ...other, leaseWaitMs: 700 }),
    ).rejects.toMatchObject({ code: "lease_held" });
    expect(first.journal.leaseHeld).toBe(true);
    const waiting = Owner.takeOver(redis.socketPath, { ...other, leaseWaitMs: 5_000 });
    await sleep(50);
    await first.journal.close();
    const second = await waiting;
    expect(second.journal.epoch).toBe(2);
    const third = await Owner.takeOver(redis.socketPath, { owner: "server-c", force: true });
    expect(third.journal.epoch).toBe(3);
    expect((await second.untilHalted()).reason).toMatch(/^(fenced|lease_lost)$/);
  });

  test("a Redis that refuses the take-over, or goes in its midst, is `unavailable`", async () => {
    const redis = await startRedis();
    await redis.run("REPLICAOF", "127.0.0.1", 1);
    await expect(Owner.takeOver(redis.socketPath)).rejects.toMatchObject({ code: "unavailable" });
    await redis.run("REPLICAOF", "NO", "ONE");
    const proxy = await startProxy(redis);
    proxy.onReply = () => proxy.cutClients();
    await expect(Owner.takeOver(proxy.url)).rejects.toMatchObject({ code: "unavailable" });
  });

  test("another key is found out before anything is written with it, and the right one goes on", async () => {
    const redis = await startRedis();
    const first = await Owner.takeOver(redis.socketPath);
    const other = { macKey: Buffer.alloc(32, 8), owner: "server-b" };
    const wrong = { code: "tampered", message: expect.stringContaining("is the key") as string };
    for (let commits = 0; commits < 3; commits++) {
      await expect(Owner.takeOver(redis.socketPath, other)).rejects.toMatchObject(wrong);
      await first.appendUpTo(commits + 1);
      await first.releasedAll();
    }
    await first.journal.close();
    await expect(Owner.takeOver(redis.socketPath, other)).rejects.toMatchObject(wrong);
    const second = await Owner.takeOver(redis.socketPath);
    expect(second.journal.epoch).toBe(2);
    expect(await storedCargoes(redis)).toEqual(oneTo(3));
  });

  test("one that waits without end outwaits a Redis that is away", async () => {
    const redis = await startRedis();
    const first = await Owner.takeOver(redis.socketPath, { limits: { leaseMs: 300 } });
    const waiting = Owner.takeOver(redis.socketPath, { owner: "server-b", leaseWaitMs: Infinity });
    await sleep(200);
    await redis.kill();
    await sleep(400);
    await redis.restart();
    await first.journal.close();
    expect((await waiting).journal.epoch).toBe(2);
  });

  test("one that waits without end says for whom, and gives up when it is told to", async () => {
    const redis = await startRedis();
    await Owner.takeOver(redis.socketPath, { limits: { leaseMs: 300 } });
    const giveUp = new AbortController();
    const holders = new Set<string>();
    const waiting = Owner.takeOver(redis.socketPath, {
      owner: "server-b",
      leaseWaitMs: Infinity,
      signal: giveUp.signal,
      onWaiting: (holder) => void holders.add(holder),
    });
    // Longer than the lease: its owner renews it.
    await sleep(600);
    giveUp.abort();
    await expect(waiting).rejects.toMatchObject({ code: "closed" });
    expect([...holders]).toEqual(["server-a"]);
  });

  test("of contenders for one epoch exactly one wins, and the journal stays one chain", async () => {
    const redis = await startRedis();
    const rounds = 40;
    for (let round = 1; round <= rounds; round++) {
      const contenders = ["a", "b", "c"].map((name) =>
        ShardJournal.takeOver<number>({
          shard: 0,
          shards: 4,
          connect: redisConnect(redis.socketPath),
          macKey: MAC_KEY,
          owner: name,
          force: true,
          limits: { leaseMs: 60_000 },
          onCommitted: () => {},
          onDegraded: () => {},
          onHalted: () => {},
        }),
      );
      const results = await Promise.allSettled(contenders);
      const winners = results.flatMap((result) =>
        result.status === "fulfilled" ? [result.value] : [],
      );
      const losses = results.flatMap((result) =>
        result.status === "rejected" ? [(result.reason as { code: string }).code] : [],
      );
      expect(losses).toEqual(losses.map(() => "lost_race"));
      // A contender that looks late wins the epoch after; never the same one.
      const epochs = new Set(winners.map(({ epoch }) => epoch));
      expect(epochs.size).toBe(winners.length);
      expect(winners.length).toBeGreaterThan(0);
      await Promise.all(winners.map((winner) => winner.close()));
    }
    const epochs = (await readStored(redis)).map(({ position }) => position);
    expect(new Set(epochs).size).toBe(epochs.length);
    expect(epochs.length).toBeGreaterThanOrEqual(rounds);
  });
});

describe("rule 2: what was sent is sent again as it was, on a new connection", () => {
  test("an answer that is lost behind a commit is made up for exactly once", async () => {
    const redis = await startRedis();
    const proxy = await startProxy(redis);
    const owner = await Owner.takeOver(proxy.url);
    const rounds = 50;
    let committedUnheard = 0;
    for (let round = 1; round <= rounds; round++) {
      let swallowed = 0;
      proxy.onReply = (chunk) => {
        if (proxy.dropReplies && chunk.includes("1-")) swallowed++;
      };
      proxy.dropReplies = true;
      const before = owner.released.length;
      owner.append();
      owner.append();
      while (swallowed === 0) await sleep(1);
      // Redis has it, the owner has not heard of it: nothing may be released.
      expect(owner.released.length).toBe(before);
      committedUnheard++;
      proxy.dropReplies = false;
      proxy.cutClients();
      await owner.releasedAll();
    }
    expect(committedUnheard).toBe(rounds);
    expect(proxy.connections).toBeGreaterThan(rounds);
    expect(cargoesOf(owner)).toEqual(oneTo(rounds * 2));
    expect(await storedCargoes(redis)).toEqual(oneTo(rounds * 2));
  });

  test("the backlog of a dead connection may be applied late, also in the midst of the resend", async () => {
    const redis = await startRedis();
    const proxy = await startProxy(redis);
    const owner = await Owner.takeOver(proxy.url);
    let fenced = 0;
    proxy.onReply = (chunk) => {
      if (chunk.includes("FENCED")) fenced++;
    };
    for (let round = 0; round < 30; round++) {
      proxy.hold();
      owner.append(20_000);
      owner.append(20_000);
      owner.append(20_000);
      while (proxy.heldBytes < 60_000) await sleep(1);
      proxy.passNew();
      proxy.cutClients();
      if (round % 3 === 0) {
        // Late: after everything was sent again and released.
        await owner.releasedAll();
      } else if (round % 3 === 1) {
        proxy.delayMs = 3;
        await sleep(4);
      }
      proxy.deliver();
      await owner.releasedAll();
      proxy.delayMs = 0;
    }
    expect(cargoesOf(owner)).toEqual(oneTo(90));
    expect(await storedCargoes(redis)).toEqual(oneTo(90));
    expect(proxy.connections).toBeGreaterThan(30);
    // In each round the same batches arrived twice, and one of the two was refused.
    expect(fenced).toBeGreaterThanOrEqual(30);
  });

  test("nothing of a dead connection's backlog gets past the fence of the next owner", async () => {
    const redis = await startRedis();
    const proxy = await startProxy(redis);
    const stale = await Owner.takeOver(proxy.url, { limits: { leaseMs: 300 } });
    proxy.hold();
    stale.append();
    stale.append();
    while (proxy.heldBytes < 300) await sleep(1);
    proxy.refuse = true;
    const next = await Owner.takeOver(redis.socketPath, { owner: "server-b", leaseWaitMs: 5_000 });
    proxy.cutClients();
    proxy.deliver();
    await next.appendUpTo(20);
    await next.releasedAll();
    proxy.refuse = false;
    expect((await stale.untilHalted()).reason).toMatch(/^(fenced|lease_lost)$/);
    expect(stale.released).toEqual([]);
    expect((await readStored(redis)).map(({ position }) => position)).toEqual([
      "1-0",
      "2-0",
      ...oneTo(20).map((seq) => `2-${seq}`),
    ]);
  });
});

describe("rule 3: an owner that was fenced releases nothing", () => {
  test("neither commits nor snapshots of a stale owner pass, and it halts", async () => {
    const redis = await startRedis();
    for (let round = 0; round < 20; round++) {
      const stale = await Owner.takeOver(redis.socketPath, { limits: { leaseMs: 60_000 } });
      await stale.appendUpTo(5);
      await stale.releasedAll();
      const next = await Owner.takeOver(redis.socketPath, { owner: "server-b", force: true });
      await next.journal.snapshots.write([
        { field: "a/x", position: 1, payload: Buffer.from("of the owner") },
      ]);
      if (round % 2 === 0) {
        stale.append();
        stale.append();
      } else {
        await expect(
          stale.journal.snapshots.write([
            { field: "a/x", position: 99, payload: Buffer.from("of a zombie") },
          ]),
        ).rejects.toMatchObject({ code: "fenced" });
      }
      expect((await stale.untilHalted()).reason).toBe("fenced");
      expect(stale.released.length).toBe(5);
      expect(stale.journal.ready).toBe(false);
      expect(stale.journal.leaseHeld).toBe(false);
      const snapshot = await next.journal.snapshots.read("a/x");
      expect(snapshot!.payload.toString()).toBe("of the owner");
      await redis.run("DEL", KEYS.snapshots);
      await next.journal.close();
      await redis.run("DEL", KEYS.lease);
    }
  });

  test("an idle stale owner finds out by its lease", async () => {
    const redis = await startRedis();
    const stale = await Owner.takeOver(redis.socketPath, { limits: { leaseMs: 150 } });
    await Owner.takeOver(redis.socketPath, { force: true });
    // Same name, so the lease itself does not tell them apart; the epoch does.
    expect((await stale.untilHalted()).reason).toBe("fenced");
    expect(stale.journal.leaseHeld).toBe(false);
  });
});

describe("rule 4: refusals of Redis degrade, and heal without a hole", () => {
  test("out of memory in the midst of a pipeline", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath);
    let next = 0;
    for (let round = 1; round <= 20; round++) {
      await redis.run("CONFIG", "SET", "maxmemory", 1);
      const before = owner.released.length;
      while (owner.journal.ready) owner.append();
      await owner.until(() => owner.degradations.at(-1)?.degraded === true);
      expect(owner.degradations.at(-1)!.reason).toMatch(/^OOM/);
      expect(owner.journal.ready).toBe(false);
      await sleep(20);
      expect(owner.released.length).toBe(before);
      await redis.run("CONFIG", "SET", "maxmemory", 0);
      await owner.until(() => owner.degradations.at(-1)?.degraded === false);
      next = owner.appended + 10;
      await owner.appendUpTo(next);
      await owner.releasedAll();
    }
    expect(owner.degradations.length).toBe(40);
    expect(cargoesOf(owner)).toEqual(oneTo(next));
    expect(await storedCargoes(redis)).toEqual(oneTo(next));
  });

  test("a Redis that has become a replica refuses, and is used again when it is a master", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath);
    await owner.appendUpTo(10);
    await owner.releasedAll();
    await redis.run("REPLICAOF", "127.0.0.1", 1);
    owner.append();
    await owner.until(() => owner.degradations.at(-1)?.degraded === true);
    expect(owner.degradations.at(-1)!.reason).toMatch(/READONLY|MASTERDOWN/);
    await redis.run("REPLICAOF", "NO", "ONE");
    await owner.appendUpTo(50);
    await owner.releasedAll();
    expect(await storedCargoes(redis)).toEqual(oneTo(50));
  });

  test("missing replicas (NOREPLICAS) refuse, and the function library is loaded again if lost", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath);
    await redis.run("CONFIG", "SET", "min-replicas-to-write", 1);
    owner.append();
    await owner.until(() => owner.degradations.at(-1)?.degraded === true);
    expect(owner.degradations.at(-1)!.reason).toMatch(/^NOREPLICAS/);
    await redis.run("CONFIG", "SET", "min-replicas-to-write", 0);
    await owner.appendUpTo(5);
    await owner.releasedAll();
    await redis.run("FUNCTION", "FLUSH");
    await owner.appendUpTo(10);
    await owner.releasedAll();
    expect(owner.degradations.map(({ degraded }) => degraded)).toEqual([true, false, true, false]);
    expect(await storedCargoes(redis)).toEqual(oneTo(10));
  });

  test("when it lasts too long the journal halts, and nothing more is released", async () => {
    const redis = await startRedis();
    const limits = { retryForMs: 300, retryDelayMsMax: 50, degradedAfterMs: 50 };
    const owner = await Owner.takeOver(redis.socketPath, { limits });
    await redis.run("CONFIG", "SET", "maxmemory", 1);
    owner.append();
    const halted = await owner.untilHalted();
    expect(halted.reason).toBe("retry_exhausted");
    expect(halted.detail).toContain("OOM");
    await redis.run("CONFIG", "SET", "maxmemory", 0);
    await sleep(200);
    expect(owner.released).toEqual([]);
  });

  test("a Redis that stands still degrades within 2 s and heals with nothing twice", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath);
    await owner.appendUpTo(100, 10_000);
    await owner.releasedAll();
    redis.freeze();
    onTestFinished(() => redis.thaw());
    const frozenAtMs = performance.now();
    while (owner.journal.ready) owner.append(100_000);
    const released = owner.released.length;
    await owner.until(() => owner.degradations.length > 0);
    expect(owner.degradations[0]!.atMs - frozenAtMs).toBeLessThan(2_000);
    await sleep(4_000 - (performance.now() - frozenAtMs));
    expect(owner.released.length).toBe(released);
    expect(owner.journal.leaseHeld).toBe(false);
    redis.thaw();
    await owner.until(() => owner.degradations.at(-1)!.degraded === false);
    const total = owner.appended + 100;
    await owner.appendUpTo(total);
    await owner.releasedAll();
    expect(cargoesOf(owner)).toEqual(oneTo(total));
    expect(await storedCargoes(redis)).toEqual(oneTo(total));
  });

  test("an idle owner also says when Redis is away, and when it is back", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath, { limits: { leaseMs: 300 } });
    await redis.kill();
    await owner.until(() => owner.degradations.at(-1)?.degraded === true);
    expect(owner.journal.ready).toBe(false);
    await redis.restart();
    await owner.until(() => owner.degradations.at(-1)?.degraded === false);
    expect(owner.journal.ready).toBe(true);
  });
});

describe("rules 5 and 7: order, and a bounded number in flight", () => {
  test("a Redis that is killed and started again under load loses nothing that was released", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath, { limits: { inFlightMax: 4 } });
    let mostInFlight = 0;
    const rounds = 5;
    for (let round = 1; round <= rounds; round++) {
      const before = owner.appended;
      const load = owner.appendUpTo(before + 300, 3_000);
      // In the midst of it, however fast the disk is.
      while (owner.released.length < before + round * 40) await sleep(1);
      mostInFlight = Math.max(mostInFlight, owner.journal.inFlight);
      await redis.kill();
      const releasedAtKill = owner.released.length;
      await redis.restart();
      await load;
      await owner.releasedAll();
      expect(releasedAtKill).toBeLessThan(owner.appended);
    }
    expect(mostInFlight).toBeLessThanOrEqual(4);
    expect(cargoesOf(owner)).toEqual(oneTo(rounds * 300));
    expect(await storedCargoes(redis)).toEqual(oneTo(rounds * 300));
  });

  test("appending while not ready is a bug, and says so", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath, { limits: { inFlightMax: 2 } });
    owner.append();
    owner.append();
    expect(owner.journal.ready).toBe(false);
    expect(() => owner.append()).toThrow(/only when the journal is ready/);
    owner.appended--;
    await owner.releasedAll();
    expect(cargoesOf(owner)).toEqual([1, 2]);
  });

  test("close waits for what is in flight, and gives the lease back", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath);
    owner.append(100_000);
    owner.append(100_000);
    await owner.journal.close();
    expect(cargoesOf(owner)).toEqual([1, 2]);
    expect(await redis.run("EXISTS", KEYS.lease)).toBe(0);
    expect(owner.journal.ready).toBe(false);
  });
});
