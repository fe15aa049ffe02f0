// Whoever can write to Redis cannot make us believe it: journal, head and snapshots are edited in
// place, as an attacker or a bad disk would, and every edit is found.

import { describe, expect, test } from "vitest";
import { LIBRARY_SOURCE } from "../../src/journal/functions.ts";
import { shardKeys } from "../../src/journal/keys.ts";
import type { TestRedis } from "../support/redis.ts";
import { MAC_KEY, Owner, readStored, startRedis } from "./journals.ts";

const KEYS = shardKeys(0);

type Entry = [Buffer, [Buffer, Buffer, Buffer, Buffer]];

/** A journal of 12 entries, whose owner has gone. */
async function leftBehind(): Promise<TestRedis> {
  const redis = await startRedis();
  const owner = await Owner.takeOver(redis.socketPath);
  await owner.appendUpTo(11, 100);
  await owner.releasedAll();
  await owner.journal.snapshots.write([
    {
      field: "a/x",
      position: 7,
      payload: Buffer.from("main"),
      parts: [
        [0, Buffer.from("p0")],
        [1, Buffer.from("p1")],
      ],
    },
    { field: "a/y", position: 7, payload: Buffer.from("other") },
  ]);
  await owner.journal.close();
  return redis;
}

async function entriesOf(redis: TestRedis): Promise<Entry[]> {
  return (await redis.run("XRANGE", KEYS.journal, "-", "+")) as Entry[];
}

/** Replaces the stream by other entries, ids included, as somebody who owns the disk can. */
async function rewrite(redis: TestRedis, edit: (entries: Entry[]) => Entry[]): Promise<void> {
  const entries = edit(await entriesOf(redis));
  await redis.run("DEL", KEYS.journal);
  for (const [id, fields] of entries) await redis.run("XADD", KEYS.journal, id, ...fields);
}

function flip(bytes: Buffer, at: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[at]! ^= 0x10;
  return flipped;
}

const EDITS: Readonly<Record<string, (entries: Entry[]) => Entry[]>> = {
  "a flipped bit of a payload": (entries) =>
    entries.map(([id, [b, payload, h, mac]], at) => [
      id,
      [b, at === 5 ? flip(payload, 50) : payload, h, mac],
    ]),
  "a flipped bit of a MAC": (entries) =>
    entries.map(([id, [b, payload, h, mac]], at) => [
      id,
      [b, payload, h, at === 5 ? flip(mac, 0) : mac],
    ]),
  "a flipped bit of the very first entry": (entries) =>
    entries.map(([id, [b, payload, h, mac]], at) => [
      id,
      [b, at === 0 ? flip(payload, 0) : payload, h, mac],
    ]),
  "an entry that is left out": (entries) => entries.filter((_, at) => at !== 5),
  "a last entry that is left out": (entries) => entries.slice(0, -1),
  "two entries that are exchanged": (entries) =>
    entries.map(([id, fields], at) => [
      id,
      at === 5 ? entries[6]![1] : at === 6 ? entries[5]![1] : fields,
    ]),
  "an entry that is repeated under the next id": (entries) => [
    ...entries,
    [Buffer.from("1-12"), entries.at(-1)![1]],
  ],
  "an entry with another field": (entries) =>
    entries.map(([id, [b, payload, h, mac]], at) => [
      id,
      [at === 5 ? Buffer.from("c") : b, payload, h, mac],
    ]),
  "a shortened payload": (entries) =>
    entries.map(([id, [b, payload, h, mac]], at) => [
      id,
      [b, at === 5 ? payload.subarray(1) : payload, h, mac],
    ]),
};

describe("tampering with the journal", () => {
  for (const [what, edit] of Object.entries(EDITS)) {
    test(`${what} is found by the auditor and by the next owner`, async () => {
      const redis = await leftBehind();
      expect((await readStored(redis)).length).toBe(12);
      await rewrite(redis, edit);
      if (what !== "an entry that is repeated under the next id") {
        await expect(readStored(redis)).rejects.toMatchObject({ code: "tampered" });
      }
      await expect(
        (async () => {
          const next = await Owner.takeOver(redis.socketPath);
          for await (const entry of next.journal.read(null)) void entry;
        })(),
      ).rejects.toMatchObject({ code: "tampered" });
    });
  }

  test("entries that are gone from the front are told apart from tampering", async () => {
    const redis = await leftBehind();
    await rewrite(redis, (entries) => entries.slice(4));
    await expect(readStored(redis)).rejects.toMatchObject({ code: "trimmed" });
  });

  test("a journal that was written with another key is refused", async () => {
    const redis = await leftBehind();
    const macKey = Buffer.alloc(32, 8);
    expect(MAC_KEY.equals(macKey)).toBe(false);
    const taking = Owner.takeOver(redis.socketPath, { macKey });
    await expect(taking).rejects.toMatchObject({ code: "tampered" });
    // Nothing was written by it: the right key goes on.
    const next = await Owner.takeOver(redis.socketPath);
    expect(next.journal.epoch).toBe(2);
  });
});

describe("tampering with the head", () => {
  test.each([
    ["no head at all", "half a thing"],
    ["a MAC that is too short", "1-11:abcd"],
    ["an id that is none", `1-x:${"0".repeat(64)}`],
  ])("%s stops a take-over", async (_, head) => {
    const redis = await leftBehind();
    await redis.run("SET", KEYS.head, head);
    await expect(Owner.takeOver(redis.socketPath)).rejects.toMatchObject({ code: "tampered" });
  });

  test("a head that was removed stops a take-over: the journal is not empty", async () => {
    const redis = await leftBehind();
    await redis.run("DEL", KEYS.head);
    await expect(Owner.takeOver(redis.socketPath)).rejects.toMatchObject({ code: "tampered" });
  });

  test.each([
    ["another MAC", (head: string) => `${head.slice(0, -1)}${head.endsWith("0") ? "1" : "0"}`],
    ["a later entry", (head: string) => head.replace("1-11:", "1-12:")],
  ])("a head with %s is found before the next owner writes anything", async (_, edit) => {
    const redis = await leftBehind();
    const head = String(await redis.run("GET", KEYS.head));
    await redis.run("SET", KEYS.head, edit(head));
    await expect(Owner.takeOver(redis.socketPath)).rejects.toMatchObject({ code: "tampered" });
    expect(String(await redis.run("GET", KEYS.head))).toBe(edit(head));
    expect((await entriesOf(redis)).length).toBe(12);
  });

  test("a head of which all entries are gone stops a take-over", async () => {
    const redis = await leftBehind();
    await redis.run("DEL", KEYS.journal);
    await expect(Owner.takeOver(redis.socketPath)).rejects.toMatchObject({ code: "tampered" });
  });

  test.each([
    ["garbage", "garbage"],
    ["a MAC that was never written", `1-3:${"0".repeat(64)}`],
    ["a number that was never given", `1-99:${"0".repeat(64)}`],
  ])("%s halts the living owner, which releases nothing more", async (_, head) => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath);
    await owner.appendUpTo(5);
    await owner.releasedAll();
    await redis.run("SET", KEYS.head, head);
    owner.append();
    expect((await owner.untilHalted()).reason).toBe("tampered");
    expect(owner.released.length).toBe(5);
  });

  const SPOILT: [string, string[][]][] = [
    ["garbage", [["SET", KEYS.head, "garbage"]]],
    ["nothing", [["SET", KEYS.head, ""]]],
    ["a head of its epoch and no MAC", [["SET", KEYS.head, "1-5:zz"]]],
    ["nonsense of a later epoch", [["SET", KEYS.head, "99-0:zz"]]],
    // prettier-ignore
    ["a list in place of the head", [["DEL", KEYS.head], ["RPUSH", KEYS.head, "1"]]],
    // prettier-ignore
    ["a list in place of the lease", [["DEL", KEYS.lease], ["RPUSH", KEYS.lease, "1"]]],
  ];
  test.each(SPOILT)("%s halts an owner that has nothing to do", async (_, commands) => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath, { limits: { leaseMs: 300 } });
    await owner.appendUpTo(5);
    await owner.releasedAll();
    for (const [command, ...args] of commands) await redis.run(command!, ...args);
    expect(await owner.untilHalted()).toMatchObject({ reason: "tampered" });
    expect(owner.journal.leaseHeld).toBe(false);
  });
});

describe("a journal that is gone", () => {
  test("is found by the next commit of the living owner, which releases nothing more", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath);
    await owner.appendUpTo(5);
    await owner.releasedAll();
    const head = String(await redis.run("GET", KEYS.head));
    await redis.run("DEL", KEYS.journal);
    owner.append();
    expect(await owner.untilHalted()).toMatchObject({ reason: "tampered" });
    expect(owner.released.length).toBe(5);
    // Nothing was written, and the next one finds it as it was.
    expect(await redis.run("EXISTS", KEYS.journal)).toBe(0);
    expect(String(await redis.run("GET", KEYS.head))).toBe(head);
    await owner.journal.close();
    await expect(Owner.takeOver(redis.socketPath)).rejects.toMatchObject({ code: "tampered" });
  });

  test("is not one of which all entries were trimmed", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath);
    await owner.appendUpTo(5);
    await owner.releasedAll();
    await redis.run("XTRIM", KEYS.journal, "MAXLEN", "0");
    owner.append();
    await owner.releasedAll();
    expect(owner.halted).toBeUndefined();
  });

  test("is found also where a server of before has left its functions", async () => {
    const redis = await startRedis();
    const older = LIBRARY_SOURCE.replace("'NOMKSTREAM', ", "");
    expect(older).not.toBe(LIBRARY_SOURCE);
    await redis.run("FUNCTION", "LOAD", older);
    const owner = await Owner.takeOver(redis.socketPath);
    await redis.run("DEL", KEYS.journal);
    owner.append();
    expect(await owner.untilHalted()).toMatchObject({ reason: "tampered" });
  });
});

describe("tampering with snapshots", () => {
  async function stored(redis: TestRedis, field: string): Promise<Buffer> {
    return (await redis.run("HGET", KEYS.snapshots, field)) as Buffer;
  }

  test.each([
    ["a position", 15],
    ["a MAC", 20],
    ["a payload", 50],
  ])("a flipped bit of %s is found", async (_, at) => {
    const redis = await leftBehind();
    await redis.run("HSET", KEYS.snapshots, "a/x", flip(await stored(redis, "a/x"), at));
    const next = await Owner.takeOver(redis.socketPath);
    await expect(next.journal.snapshots.read("a/x")).rejects.toMatchObject({ code: "tampered" });
  });

  test("another actor's snapshot, a part as another part, and a missing part are found", async () => {
    const redis = await leftBehind();
    await redis.run("HSET", KEYS.snapshots, "a/x", await stored(redis, "a/y"));
    await redis.run("HSET", KEYS.snapshots, "a/x#1", await stored(redis, "a/x#0"));
    const { snapshots } = (await Owner.takeOver(redis.socketPath)).journal;
    await expect(snapshots.read("a/x")).rejects.toMatchObject({ code: "tampered" });
    await expect(snapshots.readParts("a/x", [1])).rejects.toMatchObject({ code: "tampered" });
    await expect(snapshots.readParts("a/x", [0, 5])).rejects.toMatchObject({ code: "tampered" });
    expect((await snapshots.readParts("a/x", [0])).get(0)!.toString()).toBe("p0");
  });

  test("a snapshot of another shard is found", async () => {
    const redis = await leftBehind();
    await redis.run("HSET", shardKeys(1).snapshots, "a/x", await stored(redis, "a/x"));
    const other = await Owner.takeOver(redis.socketPath, { shard: 1 });
    await expect(other.journal.snapshots.read("a/x")).rejects.toMatchObject({ code: "tampered" });
  });
});
