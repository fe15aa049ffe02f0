// Snapshots: what is written is read, positions never go back, parts share the fate of the main
// field, and calls stay small.

import { describe, expect, test } from "vitest";
import { redisConnect, type RedisConnect } from "../../src/journal/connection.ts";
import { FUNCTIONS } from "../../src/journal/functions.ts";
import { JournalReader } from "../../src/journal/journal-reader.ts";
import { shardKeys } from "../../src/journal/keys.ts";
import { MacChain } from "../../src/journal/mac-chain.ts";
import { partField, sealSnapshot } from "../../src/journal/snapshot-format.ts";
import type { SnapshotItem } from "../../src/journal/snapshots.ts";
import { MAC_KEY, Owner, startProxy, startRedis } from "./journals.ts";

const SNAPSHOTS = shardKeys(0).snapshots;
const CHAIN = new MacChain(MAC_KEY, 0);

type LateItem = [
  field: string,
  position: number,
  text: string,
  parts: [partNo: number, text: string | null][],
];

function late(items: readonly LateItem[]): [string, ...(string | Buffer)[]] {
  const value = (field: string, position: number, text: string): Buffer =>
    sealSnapshot(CHAIN, field, position, Buffer.from(text));
  const args = items.flatMap(([field, position, text, changed]) => [
    field,
    value(field, position, text),
    String(changed.length),
    ...changed.flatMap(([partNo, part]) => {
      const name = partField(field, partNo);
      return [name, part === null ? "" : value(name, position, part)];
    }),
  ]);
  return ["FCALL", FUNCTIONS.snapshot, "2", shardKeys(0).head, SNAPSHOTS, "1", ...args];
}

function parts(...texts: string[]): [number, Buffer][] {
  return texts.map((text, partNo) => [partNo, Buffer.from(text)]);
}

function item(field: string, position: number, text: string): SnapshotItem {
  return { field, position, payload: Buffer.from(text) };
}

describe("SnapshotStore", () => {
  test("reads what was written, and null for what never was", async () => {
    const redis = await startRedis();
    const { snapshots } = (await Owner.takeOver(redis.socketPath)).journal;
    const payload = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const position = Number.MAX_SAFE_INTEGER;
    await snapshots.write([{ field: "l/spring", position, payload }, item("a/empty", 0, "")]);
    expect(await snapshots.read("l/spring")).toEqual({ position, payload });
    expect((await snapshots.read("a/empty"))!.payload.length).toBe(0);
    expect(await snapshots.read("a/none")).toBeNull();
    expect((await snapshots.readMany(["a/none", "l/spring"]))[1]!.position).toBe(position);
    expect(await snapshots.count()).toBe(3);
  });

  test("a newer one that nobody wrote halts the owner, and is not replaced", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath);
    const { snapshots } = owner.journal;
    await snapshots.write([item("a/x", 20, "ours")]);
    const before = await redis.run("HGET", SNAPSHOTS, "seal");
    await redis.run(
      "HSET",
      SNAPSHOTS,
      "a/x",
      Buffer.concat([Buffer.from("f".repeat(16)), MAC_KEY]),
    );
    const writing = snapshots.write([item("a/x", 21, "newer")]);
    await expect(writing).rejects.toMatchObject({ code: "tampered" });
    expect(await owner.untilHalted()).toMatchObject({ reason: "tampered" });
    expect(await redis.run("HGET", SNAPSHOTS, "seal")).not.toEqual(before);
  });

  test("splits many into bounded calls, but never an actor from its parts", async () => {
    const redis = await startRedis();
    const sizes: number[] = [];
    const connect: RedisConnect = async (purpose) => {
      const connection = await redisConnect(redis.socketPath)(purpose);
      return {
        ...connection,
        send: (command, args, replied) => {
          if (purpose === "snapshots") {
            sizes.push(args.reduce<number>((sum, arg) => sum + Buffer.byteLength(String(arg)), 0));
          }
          connection.send(command, args, replied);
        },
      };
    };
    const owner = await Owner.takeOver("/unused", {
      connect,
      limits: { snapshotCallBytesMax: 10_000 },
    });
    const { snapshots } = owner.journal;
    const items = Array.from({ length: 300 }, (_, at) => item(`a/${at}`, at, "x".repeat(200)));
    const big: SnapshotItem = {
      ...item("l/big", 1, "main"),
      parts: Array.from({ length: 20 }, (_, at) => [at, Buffer.alloc(1_000, 65 + at)] as const),
    };
    expect(await snapshots.write([...items, big])).toBe(301);
    expect(sizes.length).toBeGreaterThan(8);
    expect(sizes.filter((size) => size > 11_000).length).toBe(1);
    const parts = await snapshots.readParts("l/big", [0, 19]);
    expect(parts.get(19)!.equals(Buffer.alloc(1_000, 84))).toBe(true);
    const scanned = new Map<string, number>();
    for await (const { field, position } of snapshots.scan()) scanned.set(field, position);
    expect(scanned.size).toBe(321);
    expect(scanned.get("a/299")).toBe(299);
  });

  test("a lost connection is `unavailable`, and the same items may be written again", async () => {
    const redis = await startRedis();
    const proxy = await startProxy(redis);
    const owner = await Owner.takeOver(proxy.url);
    proxy.hold();
    const writing = owner.journal.snapshots.write([item("a/x", 1, "one")]);
    while (proxy.heldBytes === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    proxy.passNew();
    proxy.cutClients();
    await expect(writing).rejects.toMatchObject({ code: "unavailable" });
    await owner.journal.snapshots.write([item("a/x", 2, "two")]);
    // The first write arrives late, and must not win.
    proxy.deliver();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(String((await owner.journal.snapshots.read("a/x"))!.payload)).toBe("two");
  });

  test("an auditor reads them while the owner lives", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath);
    await owner.journal.snapshots.write([item("a/x", 3, "three")]);
    const reader = new JournalReader({
      shard: 0,
      connect: redisConnect(redis.socketPath),
      macKey: MAC_KEY,
    });
    expect((await reader.snapshots.read("a/x"))!.position).toBe(3);
    reader.close();
    await owner.appendUpTo(3);
    await owner.releasedAll();
    expect(owner.halted).toBeUndefined();
  });
});

/** As a call of the same epoch that arrives late. */
describe("The function", () => {
  test("never replaces a newer position, and its parts stay with it", async () => {
    const redis = await startRedis();
    const { snapshots } = (await Owner.takeOver(redis.socketPath)).journal;
    const at = async (position: number, text: string, parts: [number, string | null][] = []) =>
      Number(await redis.run(...late([["l/x", position, text, parts]])));
    const kept = parts("new 0", "new 1");
    await snapshots.write([{ ...item("l/x", 20, "new"), parts: kept }]);
    expect(
      await at(19, "old", [
        [0, "old 0"],
        [1, null],
      ]),
    ).toBe(0);
    expect((await snapshots.read("l/x"))!.payload.toString()).toBe("new");
    const read = await snapshots.readParts("l/x", [0, 1]);
    expect([read.get(0), read.get(1)].map(String)).toEqual(["new 0", "new 1"]);
    // The same position again is a retry; a later one may drop a part and keep another.
    expect(await at(20, "new", [[0, "new 0"]])).toBe(1);
    await snapshots.write([{ ...item("l/x", 21, "newer"), parts: [[1, null]] }]);
    expect(String((await snapshots.readParts("l/x", [0])).get(0))).toBe("new 0");
    await expect(snapshots.readParts("l/x", [1])).rejects.toMatchObject({ code: "tampered" });
    // Compared as numbers, not as text of different length.
    await snapshots.write([item("l/x", 2 ** 40, "latest")]);
    expect(await at(9_999, "earliest")).toBe(0);
  });

  test("an older item does not keep the others of its call from being written", async () => {
    const redis = await startRedis();
    const { snapshots } = (await Owner.takeOver(redis.socketPath)).journal;
    await snapshots.write([item("a/1", 5, "five")]);
    const call = late([
      ["a/0", 4, "four", []],
      ["a/1", 4, "four", [[0, "x"]]],
      ["a/2", 4, "four", []],
    ]);
    expect(await redis.run(...call)).toBe(2);
    expect(await redis.run("HLEN", SNAPSHOTS)).toBe(4);
  });
});

describe("trimming", () => {
  test("removes the front in slices, keeps what is after, and commits go on meanwhile", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath, { limits: { trimSliceEntries: 101 } });
    await owner.appendUpTo(1_500, 5_000);
    await owner.releasedAll();
    const anchor = owner.journal.append(Buffer.alloc(100), ++owner.appended);
    await owner.releasedAll();
    const trimming = owner.journal.trim(anchor.position);
    await owner.appendUpTo(1_600, 200);
    await trimming;
    await owner.releasedAll();
    const left = (await redis.run("XLEN", "{ll:s0}:journal")) as number;
    expect(left).toBeLessThan(300);
    expect(left).toBeGreaterThanOrEqual(100);
    await owner.journal.close();
    const next = await Owner.takeOver(redis.socketPath);
    const read: number[] = [];
    for await (const { position } of next.journal.read({
      after: anchor.position,
      mac: anchor.mac,
    })) {
      read.push(position.seq);
    }
    expect(read.length).toBe(100);
    await expect(next.journal.read(null).next()).rejects.toMatchObject({ code: "trimmed" });
  });

  test("what is not committed cannot be trimmed, and a stale owner cannot trim", async () => {
    const redis = await startRedis();
    const stale = await Owner.takeOver(redis.socketPath, { limits: { leaseMs: 60_000 } });
    await stale.appendUpTo(5);
    await stale.releasedAll();
    expect(() => stale.journal.trim({ epoch: 1, seq: 6 })).toThrow(/only what is committed/);
    await Owner.takeOver(redis.socketPath, { owner: "server-b", force: true });
    await expect(stale.journal.trim({ epoch: 1, seq: 3 })).rejects.toMatchObject({
      code: "fenced",
    });
    expect((await stale.untilHalted()).reason).toBe("fenced");
  });
});
