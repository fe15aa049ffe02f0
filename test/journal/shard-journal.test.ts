// An owner on a healthy Redis: appending, being told, reading what was, and who may look on.

import { Unpackr } from "msgpackr";
import { describe, expect, onTestFinished, test } from "vitest";
import { redisConnect, type RedisConnect, type Reply } from "../../src/journal/connection.ts";
import { JournalReader } from "../../src/journal/journal-reader.ts";
import { journalLimits } from "../../src/journal/limits.ts";
import { formatPosition } from "../../src/journal/position.ts";
import {
  MAC_KEY,
  Owner,
  oneTo,
  payloadOf,
  readStored,
  startRedis,
  storedCargoes,
} from "./journals.ts";
import type { TestRedis } from "../support/redis.ts";

function readerOf(redis: TestRedis, shard = 0): JournalReader {
  const connect = redisConnect(redis.socketPath);
  const reader = new JournalReader({ shard, connect, macKey: MAC_KEY });
  onTestFinished(() => reader.close());
  return reader;
}

describe("ShardJournal", () => {
  test("commits in order, and what Redis has is what was appended", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath);
    expect(owner.journal.epoch).toBe(1);
    await owner.appendUpTo(300, 2_000);
    await owner.releasedAll();
    expect(owner.released).toEqual(oneTo(300).map((cargo) => ({ cargo, position: `1-${cargo}` })));
    expect(owner.journal.committed).toEqual({ epoch: 1, seq: 300 });
    const stored = await readStored(redis);
    expect(stored[0]!.position).toBe("1-0");
    for (const { cargo, payload } of stored.slice(1)) {
      expect(payload.equals(payloadOf(cargo!, 2_000))).toBe(true);
    }
    expect(stored.slice(1).map(({ cargo }) => cargo)).toEqual(oneTo(300));
    expect(owner.degradations).toEqual([]);
  });

  test("payloads of every size arrive as they were, small and large ones mixed", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath, { limits: { inFlightMax: 4 } });
    const sizes = [4, 16_383, 16_384, 5, 300_000, 16_385, 1_000_000, 100, 65_536, 7];
    for (const bytes of sizes) await owner.appendUpTo(owner.appended + 1, bytes);
    await owner.releasedAll();
    const stored = (await readStored(redis)).slice(1);
    expect(stored.map(({ payload }) => payload.length)).toEqual(sizes);
    stored.forEach(({ payload }, at) => {
      expect(payload.equals(payloadOf(at + 1, sizes[at]!))).toBe(true);
    });
  });

  test("memory of payloads is used again, and what is sent is never another's", async () => {
    const redis = await startRedis();
    const limits = { inFlightMax: 4, keepAcknowledgedBytesMax: 1_000_000 };
    const owner = await Owner.takeOver(redis.socketPath, { limits });
    const bytes = 100_000;
    await owner.appendUpTo(400, bytes);
    await owner.releasedAll();
    // 40 MB went through a few slabs of 4 MiB.
    expect(owner.memory.size).toBeLessThanOrEqual(3);
    for (const { cargo, payload } of (await readStored(redis)).slice(1)) {
      expect(payload.equals(payloadOf(cargo!, bytes))).toBe(true);
    }
  });

  test("the take-over entry names the owner and how many shards there are", async () => {
    const redis = await startRedis();
    await Owner.takeOver(redis.socketPath, { owner: "server-x" });
    const [format, name, atMs, shards] = new Unpackr().unpack(
      (await readStored(redis))[0]!.payload,
    ) as [number, string, number, number];
    expect([format, name, shards]).toEqual([2, "server-x", 4]);
    expect(Math.abs(atMs - Date.now())).toBeLessThan(60_000);
  });

  test("nothing is released before Redis has it", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath);
    redis.freeze();
    onTestFinished(() => redis.thaw());
    owner.append();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(owner.released).toEqual([]);
    redis.thaw();
    await owner.releasedAll();
  });

  test("an entry has its most bytes, and limits that contradict each other are refused", async () => {
    const redis = await startRedis();
    const limits = { batchBytesMax: 1_000, entryBytesMax: 1_000 };
    const owner = await Owner.takeOver(redis.socketPath, { limits });
    expect(() => owner.journal.append(Buffer.alloc(1_001), 1)).toThrow(/most bytes/);
    expect(owner.journal.inFlight).toBe(0);
    await owner.appendUpTo(1, 1_000);
    await owner.releasedAll();
    expect(() => journalLimits({ batchBytesMax: 2, entryBytesMax: 1 })).toThrow(/fits into/);
    expect(() => journalLimits({ inFlightMax: 0 })).toThrow(/at least one/);
    expect(() => journalLimits({ trimSliceEntries: 100 })).toThrow(/less than 100/);
    expect(() => journalLimits({ leaseMs: 1.5 })).toThrow(/counting number/);
  });

  test("shards of one Redis do not see each other", async () => {
    const redis = await startRedis();
    const zero = await Owner.takeOver(redis.socketPath);
    const one = await Owner.takeOver(redis.socketPath, { shard: 1, owner: "server-b" });
    await Promise.all([zero.appendUpTo(50), one.appendUpTo(70)]);
    await Promise.all([zero.releasedAll(), one.releasedAll()]);
    expect((await readStored(redis, 0)).length).toBe(51);
    expect((await readStored(redis, 1)).length).toBe(71);
  });
});

describe("JournalReader", () => {
  test("of a shard that never was yields nothing", async () => {
    const redis = await startRedis();
    const reader = readerOf(redis);
    expect(await reader.head()).toBeNull();
    expect((await reader.read(null).next()).done).toBe(true);
  });

  test("reads while the owner goes on, up to what the head was, and fences nobody", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath, { limits: { inFlightMax: 4 } });
    await owner.appendUpTo(200, 1_000);
    const load = owner.appendUpTo(800, 1_000);
    const reader = readerOf(redis);
    let rounds = 0;
    while (owner.appended < 800) {
      const seen: string[] = [];
      for await (const { position } of reader.read(null)) seen.push(formatPosition(position));
      expect(seen.length).toBeGreaterThan(190);
      expect(seen).toEqual(["1-0", ...oneTo(seen.length - 1).map((seq) => `1-${seq}`)]);
      rounds++;
    }
    expect(rounds).toBeGreaterThan(1);
    await load;
    await owner.releasedAll();
    expect(owner.halted).toBeUndefined();
    expect(await storedCargoes(redis)).toEqual(oneTo(800));
  });

  test("asks for no more than two chunks ahead, whatever the length of the journal", async () => {
    const redis = await startRedis(["--appendfsync", "no"]);
    const owner = await Owner.takeOver(redis.socketPath);
    await owner.appendUpTo(400, 20_000);
    await owner.releasedAll();
    await owner.journal.close();
    let fetched = 0;
    const connect: RedisConnect = async (purpose) => {
      const connection = await redisConnect(redis.socketPath)(purpose);
      return {
        ...connection,
        send: (command, args, replied) =>
          connection.send(command, args, (error, reply) => {
            if (command === "XRANGE") fetched += (reply as Reply[]).length;
            replied(error, reply);
          }),
      };
    };
    const limits = { readChunkBytes: 400_000 };
    const next = await Owner.takeOver("/unused", { connect, limits });
    fetched = 0; // The take-over looked at the end.
    let consumed = 0;
    let mostAhead = 0;
    for await (const { position } of next.journal.read(null)) {
      // A slow reader: whatever would be fetched ahead has the time to arrive.
      if (position.seq % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      mostAhead = Math.max(mostAhead, fetched - consumed);
      consumed++;
    }
    expect(consumed).toBe(402);
    expect(fetched).toBe(402);
    expect(mostAhead).toBeGreaterThan(20);
    expect(mostAhead).toBeLessThanOrEqual(45);
  });
});
