// An old snapshot has a MAC as good as the last one's, and one that was deleted has none: both are
// found, by the owner that wrote the last one when it is read, by the next owner when it has looked
// at all there is, whatever crashed in between.

import { describe, expect, test } from "vitest";
import { DigestTable } from "../../src/journal/digest-table.ts";
import { FUNCTIONS, LIBRARY_SOURCE } from "../../src/journal/functions.ts";
import { shardKeys } from "../../src/journal/keys.ts";
import { MacChain } from "../../src/journal/mac-chain.ts";
import { openSnapshot } from "../../src/journal/snapshot-format.ts";
import { openSum, SnapshotSeal, type FieldMac } from "../../src/journal/snapshot-seal.ts";
import type { SnapshotItem } from "../../src/journal/snapshots.ts";
import type { TestRedis } from "../support/redis.ts";
import { MAC_KEY, Owner, startProxy, startRedis } from "./journals.ts";

const { snapshots: SNAP } = shardKeys(0);
const CHAIN = new MacChain(MAC_KEY, 0);
const ACTORS = 500;

function item(n: number, position: number, parts: SnapshotItem["parts"] = []): SnapshotItem {
  return { field: `a/${n}`, position, payload: Buffer.from(`${n} at ${position}`), parts };
}

const get = (redis: TestRedis, field: string) => redis.run("HGET", SNAP, field) as Promise<Buffer>;
const put = (redis: TestRedis, field: string, value: Buffer) =>
  redis.run("HSET", SNAP, field, value);

/** Five hundred actors, one of them with two parts, all of them written twice. */
async function written(redis: TestRedis): Promise<{ owner: Owner; old: Map<string, Buffer> }> {
  const owner = await Owner.takeOver(redis.socketPath);
  const { snapshots } = owner.journal;
  const numbers = Array.from({ length: ACTORS }, (_, n) => n);
  const [p0, p1] = [Buffer.from("p0"), Buffer.from("p1")];
  await snapshots.write(numbers.map((n) => item(n, 10)));
  await snapshots.write([
    item(0, 11, [
      [0, p0],
      [1, p1],
    ]),
  ]);
  const old = new Map<string, Buffer>();
  for (const field of ["a/0", "a/0#0", "a/7", "seal"]) old.set(field, await get(redis, field));
  await snapshots.write(numbers.map((n) => item(n, 20)));
  await snapshots.write([item(0, 21, [[0, Buffer.from("p0 later")]])]);
  return { owner, old };
}

const checked = async (owner: Owner, onFailed = (_: Error): void => {}): Promise<void> => {
  owner.journal.snapshots.checkAll(onFailed);
  while (!owner.journal.snapshots.isChecked && owner.halted === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** As of a program that knew no seal: without these functions. */
const EARLIER_LIBRARY = [FUNCTIONS.snapshotOn, FUNCTIONS.snapshotMacs, FUNCTIONS.trimOn].reduce(
  (source, name) => source.replace(`'${name}'`, `'${name}_not_yet'`),
  LIBRARY_SOURCE,
);

/** What is left of the sum when these fields are taken away. */
function sumWithout(seal: SnapshotSeal, fields: readonly FieldMac[]): bigint {
  const { value } = seal.stage(fields.map(({ field }) => ({ field, mac: null })));
  return openSum(CHAIN, openSnapshot(CHAIN, "seal", value!).payload);
}

const EDITS: Record<string, (redis: TestRedis, old: Map<string, Buffer>) => Promise<unknown>> = {
  "an older snapshot that is put back": (redis, old) => put(redis, "a/7", old.get("a/7")!),
  "a snapshot that was deleted": (redis) => redis.run("HDEL", SNAP, "a/7"),
  "an older part that is put back": (redis, old) => put(redis, "a/0#0", old.get("a/0#0")!),
  "a part that was deleted": (redis) => redis.run("HDEL", SNAP, "a/0#1"),
  "all snapshots deleted but one": async (redis) => {
    const one = await get(redis, "a/3");
    const seal = await get(redis, "seal");
    await redis.run("DEL", SNAP);
    await put(redis, "a/3", one);
    await put(redis, "seal", seal);
  },
};

async function readAll(owner: Owner): Promise<void> {
  const { snapshots } = owner.journal;
  await snapshots.readMany(Array.from({ length: ACTORS }, (_, n) => `a/${n}`));
  await snapshots.readParts("a/0", [0, 1]);
}

describe("Among sealed snapshots", () => {
  test.each(Object.entries(EDITS))("%s is found by the one who wrote them", async (_, edit) => {
    const redis = await startRedis();
    const { owner, old } = await written(redis);
    await readAll(owner);
    await edit(redis, old);
    await expect(readAll(owner)).rejects.toMatchObject({ code: "tampered" });
  });

  test.each(Object.entries(EDITS))("%s is found by the next owner", async (_, edit) => {
    const redis = await startRedis();
    const { owner, old } = await written(redis);
    await owner.journal.close();
    await edit(redis, old);
    const next = await Owner.takeOver(redis.socketPath);
    await checked(next);
    expect(next.halted).toMatchObject({ reason: "tampered" });
  });

  test("an older one with the seal of its time is found, too: others have changed since", async () => {
    const redis = await startRedis();
    const { owner, old } = await written(redis);
    await owner.journal.close();
    await put(redis, "a/7", old.get("a/7")!);
    await put(redis, "seal", old.get("seal")!);
    const next = await Owner.takeOver(redis.socketPath);
    await checked(next);
    expect(next.halted).toMatchObject({ reason: "tampered" });
  });

  test("the next owner finds all in order, also one that reads and writes meanwhile", async () => {
    const redis = await startRedis();
    const { owner } = await written(redis);
    await owner.journal.close();
    const next = await Owner.takeOver(redis.socketPath);
    const { snapshots } = next.journal;
    await readAll(next);
    snapshots.checkAll(() => {});
    await snapshots.write([
      item(3, 30),
      item(0, 30, [
        [1, null],
        [2, Buffer.from("p2")],
      ]),
      item(ACTORS, 30),
    ]);
    expect(String((await snapshots.read("a/3"))!.payload)).toBe("3 at 30");
    await checked(next);
    expect(next.halted).toBeUndefined();
    await readAll(next).catch((error: unknown) =>
      expect(error).toMatchObject({ code: "tampered" }),
    );
    expect(String((await snapshots.readParts("a/0", [2])).get(2))).toBe("p2");
    await next.journal.close();
    const third = await Owner.takeOver(redis.socketPath);
    await checked(third);
    expect(third.halted).toBeUndefined();
  });

  test("one that is passed before its writer knows that it is there is not taken for an old one", () => {
    for (const isSealed of [true, false]) {
      const seal = new SnapshotSeal(CHAIN);
      // Never sealed before, with a field that nobody has seen yet.
      seal.begin(null, isSealed ? 0 : 1);
      const known = { field: "a/1", mac: Buffer.alloc(32, 1) };
      if (!isSealed) seal.pass(known);
      const fresh = { field: "a/2", mac: Buffer.alloc(32, 2) };
      const stage = seal.stage([fresh]);
      seal.pass(fresh);
      seal.written(stage);
      expect(seal.checked()).toBeUndefined();
      expect(seal.read(fresh)).toBeUndefined();
      // What it has summed up is what there is: taking both away leaves nothing.
      expect(sumWithout(seal, isSealed ? [fresh] : [fresh, known])).toBe(0n);
    }
  });

  test("a write that is under way when those of an earlier program were all seen is summed up", () => {
    const seal = new SnapshotSeal(CHAIN);
    seal.begin(null, 1);
    const known = { field: "a/1", mac: Buffer.alloc(32, 1) };
    const other = { field: "a/2", mac: Buffer.alloc(32, 2) };
    seal.pass(known);
    seal.pass(other);
    const stage = seal.stage([{ field: "a/1", mac: Buffer.alloc(32, 3) }]);
    expect(seal.checked()).toBeUndefined();
    seal.written(stage);
    expect(sumWithout(seal, [known, other])).toBe(0n);
  });

  test("once all were looked at, one that appears from nowhere is refused", async () => {
    const redis = await startRedis();
    const { owner, old } = await written(redis);
    await owner.journal.close();
    const next = await Owner.takeOver(redis.socketPath);
    await checked(next);
    await next.journal.snapshots.write([item(7, 30)]);
    await put(redis, "a/7", old.get("a/7")!);
    const { snapshots } = next.journal;
    await expect(snapshots.read("a/7")).rejects.toMatchObject({ code: "tampered" });
    expect(await snapshots.read("a/none")).toBeNull();
  });

  test("those of an earlier program are sealed when all were looked at", async () => {
    const redis = await startRedis();
    const { owner } = await written(redis);
    await owner.journal.close();
    await redis.run("HDEL", SNAP, "seal");
    const next = await Owner.takeOver(redis.socketPath);
    await readAll(next);
    expect(next.journal.snapshots.isSealed).toBe(false);
    await next.journal.snapshots.write([item(1, 30)]);
    await checked(next);
    expect(next.journal.snapshots.isSealed).toBe(true);
    await next.journal.snapshots.write([item(2, 30)]);
    await next.journal.close();
    const third = await Owner.takeOver(redis.socketPath);
    await checked(third);
    expect(third.halted).toBeUndefined();
    await third.journal.close();
    await redis.run("HDEL", SNAP, "a/9");
    const fourth = await Owner.takeOver(redis.socketPath);
    await checked(fourth);
    expect(fourth.halted).toMatchObject({ reason: "tampered" });
  });

  test("a write that arrives late does not spoil the seal", async () => {
    const redis = await startRedis();
    const proxy = await startProxy(redis);
    const owner = await Owner.takeOver(proxy.url);
    await owner.journal.snapshots.write([item(1, 1)]);
    proxy.hold();
    const writing = owner.journal.snapshots.write([item(2, 5)]);
    while (proxy.heldBytes === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    proxy.passNew();
    proxy.cutClients();
    await expect(writing).rejects.toMatchObject({ code: "unavailable" });
    await owner.journal.snapshots.write([item(2, 5)]);
    await owner.journal.snapshots.write([item(3, 5)]);
    proxy.deliver();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await owner.journal.close();
    const next = await Owner.takeOver(redis.socketPath);
    await checked(next);
    expect(next.halted).toBeUndefined();
  });

  test("snapshots that went back with their seal, as in a failover, are told apart", async () => {
    const redis = await startRedis();
    const { owner } = await written(redis);
    const dumped = (await redis.run("DUMP", SNAP)) as Buffer;
    await owner.journal.snapshots.write([item(7, 30)]);
    await redis.run("RESTORE", SNAP, "0", dumped, "REPLACE");
    const reading = owner.journal.snapshots.read("a/7");
    await expect(reading).rejects.toMatchObject({ code: "unavailable" });
    await owner.journal.close();
    const next = await Owner.takeOver(redis.socketPath);
    await checked(next);
    expect(next.halted).toBeUndefined();
  });

  test.each([
    ["a name", "x".repeat(5_000), "y".repeat(100)],
    ["a value", "a/9", "y"],
  ])("%s that no program can have written is tampering, not a fault", async (_, field, value) => {
    const redis = await startRedis();
    const { owner } = await written(redis);
    await owner.journal.close();
    await put(redis, field, Buffer.from(value));
    await redis.run("HDEL", SNAP, "seal");
    const next = await Owner.takeOver(redis.socketPath);
    await checked(next);
    expect(next.halted).toMatchObject({ reason: "tampered" });
  });

  test("they are looked at, written and trimmed by where an earlier program has its library", async () => {
    const redis = await startRedis();
    const { owner } = await written(redis);
    await owner.journal.close();
    const next = await Owner.takeOver(redis.socketPath);
    await next.appendUpTo(300, 5_000);
    await next.releasedAll();
    const { snapshots } = next.journal;
    const asks = [
      () => checked(next),
      () => snapshots.write([item(1, 30)]),
      () => next.journal.trim({ epoch: 2, seq: 300 }),
    ];
    for (const ask of asks) {
      await redis.run("FUNCTION", "LOAD", "REPLACE", EARLIER_LIBRARY);
      await ask();
    }
    expect(next.halted).toBeUndefined();
    expect(snapshots.isChecked).toBe(true);
    expect(await redis.run("XLEN", shardKeys(0).journal)).toBeLessThan(200);
  });

  test("why they cannot be looked at is told, once, and they are looked at again", async () => {
    const redis = await startRedis();
    const { owner, old } = await written(redis);
    await owner.journal.close();
    await put(redis, "a/7", old.get("a/7")!);
    const next = await Owner.takeOver(redis.socketPath);
    const failing = "function() return redis.error_reply('ERR not now') end";
    const broken = `#!lua name=loanloom\nredis.register_function('${FUNCTIONS.snapshotMacs}', ${failing})`;
    await redis.run("FUNCTION", "LOAD", "REPLACE", broken);
    const told: string[] = [];
    const checking = checked(next, ({ message }) => void told.push(message));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(told).toEqual([expect.stringContaining("not now")]);
    await redis.run("FUNCTION", "LOAD", "REPLACE", LIBRARY_SOURCE);
    await checking;
    expect(next.halted).toMatchObject({ reason: "tampered" });
  });

  test("snapshots of another type are no fault that passes", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath);
    await redis.run("SET", SNAP, "x");
    const reading = owner.journal.snapshots.read("a/7");
    await expect(reading).rejects.toMatchObject({ code: "tampered" });
  });
});

describe("DigestTable", () => {
  test("finds what was set last, and nothing else", () => {
    const table = new DigestTable();
    const keys = Array.from({ length: 20_000 }, (_, n) => {
      return BigInt.asUintN(64, (BigInt(n) + 1n) * 0x9e3779b97f4a7c15n);
    });
    for (const key of keys) table.set(key, key ^ 1n);
    for (const key of keys.slice(0, 5_000)) table.set(key, 0n);
    keys.forEach((key, n) => expect(table.get(key)).toBe(n < 5_000 ? 0n : key ^ 1n));
    expect(table.get(12_345n)).toBeUndefined();
    expect(table.bytes / keys.length).toBeLessThan(48);
  });
});
