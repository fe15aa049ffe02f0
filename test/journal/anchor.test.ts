// What was acknowledged and is no longer in Redis is found by an anchor outside of
// it, and nothing that is whole is ever accused. Each journal here is in a real
// Redis, each anchor in a real folder.

import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { AnchorFolder } from "../../src/journal/anchor-folder.ts";
import { createAnchorCounters, type AnchorOptions } from "../../src/journal/anchor-keeper.ts";
import type { Anchors } from "../../src/journal/anchor.ts";
import { shardKeys } from "../../src/journal/keys.ts";
import { comparePositions, formatPosition } from "../../src/journal/position.ts";
import type { TestRedis } from "../support/redis.ts";
import { MAC_KEY, Owner, oneTo, readStored, startRedis, storedCargoes } from "./journals.ts";

const KEYS = shardKeys(0);
const LIMITS = { anchorMs: 10, leaseMs: 300 };

/** What the owners of one folder were told of their anchors. */
class Place {
  readonly counters = createAnchorCounters();
  readonly unanchored: string[] = [];
  readonly faults: (string | null)[] = [];
  readonly folder: string;
  readonly anchors: AnchorFolder;

  static async make(): Promise<Place> {
    const above = await mkdtemp(join(tmpdir(), "loanloom-anchor-"));
    onTestFinished(() => rm(above, { recursive: true, force: true }));
    return new Place(join(above, "anchors"));
  }

  private constructor(folder: string) {
    this.folder = folder;
    this.anchors = new AnchorFolder({ folder, macKey: MAC_KEY });
  }

  options(anchors: Anchors = this.anchors): AnchorOptions {
    return {
      anchors,
      counters: this.counters,
      onUnanchored: (detail) => void this.unanchored.push(detail),
      onFault: (detail) => void this.faults.push(detail),
    };
  }

  takeOver(redis: TestRedis, more: Parameters<typeof Owner.takeOver>[1] = {}): Promise<Owner> {
    return Owner.takeOver(redis.socketPath, {
      anchor: this.options(),
      ...more,
      limits: { ...LIMITS, ...more.limits },
    });
  }

  async at(shard = 0): Promise<string | null> {
    const anchor = await this.anchors.read(shard);
    return anchor === null ? null : formatPosition(anchor.position);
  }

  /** And the owner knows that it is. */
  async untilAt(position: string): Promise<void> {
    while ((await this.at()) !== position) await sleep(2);
    while (this.counters.behindSinceMs.size > 0) await sleep(2);
  }
}

/** Journal and head as they stand: what must be the same after a refusal. */
async function stored(redis: TestRedis): Promise<unknown> {
  return [
    await redis.run("XRANGE", KEYS.journal, "-", "+"),
    await redis.run("GET", KEYS.head),
    await redis.run("HGETALL", KEYS.snapshots),
  ];
}

type Entry = [Buffer, [Buffer, Buffer, Buffer, Buffer]];

/** Takes the last entries away, and the head back, as who owns the disk can. */
async function cutTail(redis: TestRedis, entries: number): Promise<void> {
  const found = (await redis.run("XRANGE", KEYS.journal, "-", "+")) as Entry[];
  const [last] = found.slice(-entries - 1);
  for (const [id] of found.slice(-entries)) await redis.run("XDEL", KEYS.journal, id);
  await redis.run("XSETID", KEYS.journal, last![0]);
  await redis.run("SET", KEYS.head, `${String(last![0])}:${last![1][3].toString("hex")}`);
}

/** In one step, as the functions of the journal do. */
const APPEND =
  "redis.call('XADD', KEYS[1], ARGV[1], 'b', ARGV[2], 'h', ARGV[3]); redis.call('SET', KEYS[2], ARGV[4])";

async function leftBehind(place: Place, commits = 10): Promise<TestRedis> {
  const redis = await startRedis();
  const owner = await place.takeOver(redis);
  await owner.appendUpTo(commits);
  await owner.releasedAll();
  await owner.journal.close();
  return redis;
}

async function refused(
  place: Place,
  redis: TestRedis,
  code: string,
  says: string[],
): Promise<void> {
  const before = await stored(redis);
  const taking = place.takeOver(redis);
  await expect(taking).rejects.toMatchObject({ code });
  const message = await taking.catch((error: Error) => error.message);
  for (const text of says) expect(message).toContain(text);
  expect(await stored(redis)).toEqual(before);
}

describe("The anchor", () => {
  test("is written at the take-over, after commits, and at the end; and nobody waits for it", async () => {
    const place = await Place.make();
    const redis = await startRedis();
    const owner = await place.takeOver(redis);
    await place.untilAt("1-0");
    await owner.appendUpTo(30);
    await owner.releasedAll();
    await place.untilAt("1-30");
    await owner.appendUpTo(31);
    await owner.releasedAll();
    await owner.journal.close();
    expect(await place.at()).toBe("1-31");
    expect(await readdir(place.folder)).toEqual(["shard-0.anchor"]);
    expect([place.unanchored, place.faults, place.counters.failures]).toEqual([[], [], 0]);
  });

  test("never shows what is not acknowledged", async () => {
    const place = await Place.make();
    const redis = await startRedis();
    const owner = await place.takeOver(redis);
    await owner.appendUpTo(3);
    await owner.releasedAll();
    await place.untilAt("1-3");
    redis.freeze();
    onTestFinished(() => redis.thaw());
    owner.append();
    owner.append();
    await sleep(100);
    expect(await place.at()).toBe("1-3");
    redis.thaw();
    await owner.releasedAll();
    await place.untilAt("1-5");
  });

  test("of an owner that is fenced tells what it had acknowledged, and goes no further", async () => {
    const place = await Place.make();
    const redis = await startRedis();
    const first = await place.takeOver(redis);
    await first.appendUpTo(5);
    await first.releasedAll();
    const second = await place.takeOver(redis, { owner: "server-b", force: true });
    await place.untilAt("2-0");
    await first.appendUpTo(6); // Unless it has seen by itself that it is fenced.
    await first.untilHalted();
    await first.journal.close();
    expect(await place.at()).toBe("2-0");
    await second.appendUpTo(2);
    await place.untilAt("2-2");
  });

  test("that is older than the one there is not written, and is told", async () => {
    const place = await Place.make();
    const mac = Buffer.alloc(32, 1);
    await place.anchors.write(0, { position: { epoch: 3, seq: 7 }, mac });
    const before = await readFile(place.anchors.nameOf(0), "utf8");
    for (const position of [
      { epoch: 3, seq: 6 },
      { epoch: 2, seq: 99 },
    ]) {
      await expect(place.anchors.write(0, { position, mac })).rejects.toMatchObject({
        code: "anchor_unavailable",
        message: expect.stringContaining(
          `at 3-7 already, and we are at ${formatPosition(position)}`,
        ) as string,
      });
    }
    await place.anchors.write(0, { position: { epoch: 3, seq: 7 }, mac });
    expect(await readFile(place.anchors.nameOf(0), "utf8")).toBe(before);
    await place.anchors.replace(0, { position: { epoch: 1, seq: 1 }, mac });
    expect(await place.at()).toBe("1-1");
  });

  test("that cannot be put in its place leaves nothing behind", async () => {
    const place = await Place.make();
    await mkdir(place.anchors.nameOf(0), { recursive: true });
    const point = { position: { epoch: 1, seq: 1 }, mac: Buffer.alloc(32, 1) };
    const unavailable = { code: "anchor_unavailable" };
    await expect(place.anchors.replace(0, point)).rejects.toMatchObject(unavailable);
    expect(await readdir(place.folder)).toEqual(["shard-0.anchor"]);
    await expect(place.anchors.read(0)).rejects.toMatchObject(unavailable);
    await expect(place.anchors.write(0, point)).rejects.toMatchObject(unavailable);
    await place.anchors.write(1, point);
  });

  test("half-written ones that a crash left are removed, unless they are of this moment", async () => {
    const place = await Place.make();
    const point = { position: { epoch: 1, seq: 1 }, mac: Buffer.alloc(32, 1) };
    await place.anchors.write(0, point);
    const left = `shard-0.anchor.${"a".repeat(12)}`;
    await writeFile(join(place.folder, left), "{");
    const [now, later] = [0, 120_000].map((laterMs) => {
      const clock = { nowMs: () => performance.now(), wallMs: () => Date.now() + laterMs };
      return new AnchorFolder({ folder: place.folder, macKey: MAC_KEY, clock });
    });
    await now!.replace(0, point);
    expect(await readdir(place.folder)).toContain(left);
    await later!.replace(0, point);
    expect(await readdir(place.folder)).toEqual(["shard-0.anchor"]);
  });
});

describe("A journal that lost what was acknowledged", () => {
  test.each([1, 4, 10])(
    "its last %d entries, head and all, is refused and left as it is",
    async (cut) => {
      const place = await Place.make();
      const redis = await leftBehind(place);
      await cutTail(redis, cut);
      await refused(place, redis, "journal_behind_anchor", [
        `ends at 1-${10 - cut},`,
        "is at 1-10",
        "loanloom anchor accept",
      ]);
      // Without the anchor nobody would have noticed.
      expect(await storedCargoes(redis)).toEqual(oneTo(10 - cut));
      expect((await Owner.takeOver(redis.socketPath)).journal.epoch).toBe(2);
    },
  );

  test("with all of Redis is refused", async () => {
    const place = await Place.make();
    const redis = await leftBehind(place);
    await redis.run("FLUSHALL");
    await refused(place, redis, "journal_behind_anchor", ["is empty", "is at 1-10"]);
  });

  test("with a Redis that was put back from an older copy of its folder is refused", async () => {
    const place = await Place.make();
    const redis = await leftBehind(place, 5);
    const copy = `${redis.folder}-copy`;
    onTestFinished(() => rm(copy, { recursive: true, force: true }));
    await redis.run("SHUTDOWN").catch(() => undefined);
    while (redis.isAlive) await sleep(5);
    await cp(join(redis.folder, "appendonlydir"), copy, { recursive: true });
    await redis.restart();
    const owner = await place.takeOver(redis);
    await owner.appendUpTo(8);
    await owner.releasedAll();
    await owner.journal.close();
    await redis.kill();
    await rm(join(redis.folder, "appendonlydir"), { recursive: true });
    await cp(copy, join(redis.folder, "appendonlydir"), { recursive: true });
    await redis.restart();
    await refused(place, redis, "journal_behind_anchor", ["ends at 1-5,", "is at 2-8"]);
  });

  test("and went on under one who did not know is refused by those who do", async () => {
    const place = await Place.make();
    const redis = await leftBehind(place);
    await cutTail(redis, 3);
    const other = await Owner.takeOver(redis.socketPath);
    await other.appendUpTo(20);
    await other.releasedAll();
    await other.journal.close();
    await refused(place, redis, "journal_behind_anchor", ["goes on after 1-10 without it"]);
  });

  test("and has come to the same number with something else there is refused as tampered with", async () => {
    const place = await Place.make();
    const redis = await leftBehind(place);
    await redis.run("FLUSHALL");
    for (const commits of [10, 12]) {
      const other = await Owner.takeOver(redis.socketPath, { force: true });
      await other.appendUpTo(commits);
      await other.releasedAll();
      await other.journal.close();
      await refused(place, redis, "tampered", ["another 1-10 than its anchor"]);
    }
  });

  test("with a head that claims more than there is, is refused as well", async () => {
    const place = await Place.make();
    const redis = await leftBehind(place);
    await cutTail(redis, 3);
    const head = String(await redis.run("GET", KEYS.head));
    await redis.run("SET", KEYS.head, head.replace("1-7:", "1-99:"));
    await refused(place, redis, "tampered", ["1-99"]);
  });

  test("is kept from others by who finds it, until it is told to end", async () => {
    const place = await Place.make();
    const redis = await leftBehind(place);
    await cutTail(redis, 1);
    const ending = new AbortController();
    const taking = place.takeOver(redis, { signal: ending.signal });
    await expect(taking).rejects.toMatchObject({ code: "journal_behind_anchor" });
    const ignorant = { owner: "server-b", leaseWaitMs: 3 * LIMITS.leaseMs };
    await expect(Owner.takeOver(redis.socketPath, ignorant)).rejects.toMatchObject({
      code: "lease_held",
    });
    ending.abort();
    await Owner.takeOver(redis.socketPath, ignorant);
  });

  test("and is given it again by an owner that lives is taken over", async () => {
    const place = await Place.make();
    const redis = await leftBehind(place);
    const [last] = ((await redis.run("XRANGE", KEYS.journal, "1-10", "1-10")) as Entry[]).slice(-1);
    const head = String(await redis.run("GET", KEYS.head));
    await cutTail(redis, 1);
    const limits = { leaseMs: 2_000 };
    const taking = place.takeOver(redis, { limits });
    await sleep(200);
    const [id, [, payload, , mac]] = last!;
    await redis.run("EVAL", APPEND, 2, KEYS.journal, KEYS.head, id, payload, mac, head);
    const owner = await taking;
    expect(owner.journal.epoch).toBe(2);
    expect(await storedCargoes(redis)).toEqual(oneTo(10));
  });
});

describe("A journal that is whole", () => {
  test("is taken over whether its anchor is as far, further back, trimmed away or absent", async () => {
    const place = await Place.make();
    const redis = await leftBehind(place);
    const text = await readFile(place.anchors.nameOf(0), "utf8");
    const owner = await place.takeOver(redis, { limits: { trimSliceEntries: 101 } });
    await owner.appendUpTo(400, 2_000);
    await owner.releasedAll();
    await owner.journal.close();
    await writeFile(place.anchors.nameOf(0), text);
    const third = await place.takeOver(redis);
    await third.journal.trim({ epoch: 2, seq: 300 });
    await third.journal.close();
    expect(await redis.run("XRANGE", KEYS.journal, "1-10", "1-10")).toEqual([]);
    await writeFile(place.anchors.nameOf(0), text);
    await (await place.takeOver(redis)).journal.close();
    expect(place.unanchored).toEqual([]);
    await rm(place.anchors.nameOf(0));
    const fifth = await place.takeOver(redis);
    expect(place.unanchored).toEqual([`there is no ${place.anchors.nameOf(0)}`]);
    await place.untilAt("5-0");
    expect(fifth.journal.epoch).toBe(5);
  });

  test("is never accused when two servers hand it to each other, in order or by force", async () => {
    const place = await Place.make();
    const redis = await startRedis();
    let previous: Owner | undefined;
    for (let round = 1; round <= 30; round++) {
      const force = round % 2 === 0;
      const name = `server-${round % 2}`;
      const writing = previous?.appendUpTo(1_000_000).catch(() => undefined);
      if (!force) await previous?.journal.close();
      // The one before still writes commits and anchors while it is looked at.
      const owner = await place.takeOver(redis, {
        owner: name,
        force,
        leaseWaitMs: force ? 0 : 2_000,
      });
      expect(owner.journal.epoch).toBe(round);
      if (force) await previous?.untilHalted();
      await owner.appendUpTo(20);
      await owner.releasedAll();
      void writing;
      previous = owner;
    }
    await previous!.journal.close();
    expect(await place.at()).toBe("30-20");
    const entries = await readStored(redis);
    expect(entries.filter(({ cargo }) => cargo === undefined).length).toBe(30);
  });

  test("is served, and told once, while anchors cannot be written", async () => {
    const place = await Place.make();
    await writeFile(place.folder, "a file where a folder should be");
    const redis = await startRedis();
    const owner = await place.takeOver(redis);
    for (let commits = 1; commits <= 20; commits++) {
      await owner.appendUpTo(commits);
      await owner.releasedAll();
      await sleep(10);
    }
    expect(place.faults).toEqual([expect.stringContaining("cannot be")]);
    expect(place.counters.failures).toBeGreaterThan(3);
    expect(performance.now() - place.counters.behindSinceMs.get(0)!).toBeGreaterThan(100);
    await rm(place.folder);
    await place.untilAt("1-20");
    expect(place.faults).toEqual([expect.any(String), null]);
    await owner.journal.close();
    await rm(place.folder, { recursive: true });
    await writeFile(place.folder, "again");
    const next = await place.takeOver(redis);
    expect(place.unanchored).toEqual([expect.stringContaining("cannot be read")]);
    await next.appendUpTo(5);
    await next.releasedAll();
  });

  test("is served while its anchor cannot be read to an end", async () => {
    const place = await Place.make();
    const redis = await leftBehind(place);
    let reads = 0;
    const hanging: Anchors = {
      nameOf: (shard) => place.anchors.nameOf(shard),
      read: () => (reads++, new Promise(() => undefined)),
      write: (shard, point) => place.anchors.write(shard, point),
      replace: () => Promise.resolve(),
    };
    const startedMs = performance.now();
    const owner = await place.takeOver(redis, { anchor: place.options(hanging) });
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(place.unanchored).toEqual([expect.stringContaining("was not read within")]);
    await owner.appendUpTo(10);
    await owner.releasedAll();
    expect(reads).toBe(1);
  });

  test("is fenced by nobody whose lease ended while it looked for its anchor", async () => {
    const place = await Place.make();
    const redis = await leftBehind(place);
    const before = await stored(redis);
    const late: Anchors = {
      nameOf: (shard) => place.anchors.nameOf(shard),
      read: async (shard) => {
        await redis.run("SET", KEYS.lease, "server-c", "PX", "60000");
        const untilMs = performance.now() + LIMITS.leaseMs + 50;
        while (performance.now() < untilMs); // As a process that was stopped.
        return place.anchors.read(shard);
      },
      write: () => Promise.resolve(),
      replace: () => Promise.resolve(),
    };
    const taking = place.takeOver(redis, { anchor: place.options(late), owner: "server-b" });
    await expect(taking).rejects.toMatchObject({ code: "lease_held" });
    expect(await stored(redis)).toEqual(before);
  });

  test("is served by one whose anchors hang, and its end waits for them no longer than it may", async () => {
    const place = await Place.make();
    const hanging: Anchors = {
      nameOf: (shard) => place.anchors.nameOf(shard),
      read: (shard) => place.anchors.read(shard),
      write: () => new Promise(() => undefined),
      replace: () => new Promise(() => undefined),
    };
    const redis = await startRedis();
    const owner = await place.takeOver(redis, { anchor: place.options(hanging) });
    await owner.appendUpTo(300);
    await owner.releasedAll();
    const closingMs = performance.now();
    await owner.journal.close();
    expect(performance.now() - closingMs).toBeLessThan(2_000);
    expect(await storedCargoes(redis)).toEqual(oneTo(300));
  });
});

describe("An anchor that is none", () => {
  async function written(place: Place): Promise<Record<string, unknown>> {
    return JSON.parse(await readFile(place.anchors.nameOf(0), "utf8")) as Record<string, unknown>;
  }

  test.each<[string, (fields: Record<string, unknown>) => string]>([
    ["another position", (fields) => JSON.stringify({ ...fields, position: "1-3" })],
    ["another entry", (fields) => JSON.stringify({ ...fields, entryMac: "0".repeat(64) })],
    ["another time", (fields) => JSON.stringify({ ...fields, atMs: 1 })],
    ["another MAC", (fields) => JSON.stringify({ ...fields, mac: "0".repeat(64) })],
    ["half a MAC", (fields) => JSON.stringify({ ...fields, mac: String(fields["mac"]).slice(32) })],
    ["another format", (fields) => JSON.stringify({ ...fields, format: 2 })],
    ["half of it", (fields) => JSON.stringify(fields).slice(0, 90)],
    ["nothing", () => ""],
    ["a word", () => "null"],
    ["more than there can be", (fields) => JSON.stringify({ more: "x".repeat(2_000), ...fields })],
  ])("(%s) is refused, by its name", async (_, spoil) => {
    const place = await Place.make();
    const redis = await leftBehind(place);
    const spoilt = spoil(await written(place));
    await writeFile(place.anchors.nameOf(0), spoilt);
    const says = [place.anchors.nameOf(0), "loanloom anchor accept"];
    await refused(place, redis, "anchor_invalid", says);
    // Nor is it written over by one that runs.
    const point = { position: { epoch: 9, seq: 9 }, mac: Buffer.alloc(32, 1) };
    await expect(place.anchors.write(0, point)).rejects.toMatchObject({ code: "anchor_invalid" });
    expect(await readFile(place.anchors.nameOf(0), "utf8")).toBe(spoilt);
  });

  test("of another shard, or of another key, is refused", async () => {
    const place = await Place.make();
    const redis = await leftBehind(place);
    const other = await place.takeOver(redis, { shard: 1 });
    await other.journal.close();
    const [name, otherName] = [place.anchors.nameOf(0), place.anchors.nameOf(1)];
    const good = await readFile(name, "utf8");
    await cp(otherName, name);
    await refused(place, redis, "anchor_invalid", [name]);
    // As it would be if only the name of the shard were changed in it.
    const moved = (await readFile(otherName, "utf8")).replace('"shard":1', '"shard":0');
    expect(moved).not.toBe(await readFile(otherName, "utf8"));
    await writeFile(name, moved);
    await refused(place, redis, "anchor_invalid", [name]);
    const foreign = new AnchorFolder({ folder: place.folder, macKey: Buffer.alloc(32, 8) });
    await foreign.replace(0, { position: { epoch: 1, seq: 1 }, mac: Buffer.alloc(32, 1) });
    await refused(place, redis, "anchor_invalid", [name]);
    await writeFile(name, good);
    expect((await place.takeOver(redis)).journal.epoch).toBe(2);
  });

  test("positions in anchors only ever grow while owners write them", async () => {
    const place = await Place.make();
    const redis = await startRedis();
    const owner = await place.takeOver(redis, { limits: { anchorMs: 0 } });
    let last = { epoch: 0, seq: 0 };
    let looks = 0;
    const writing = owner.appendUpTo(2_000);
    while (owner.released.length < 2_000) {
      const anchor = await place.anchors.read(0);
      if (anchor !== null) {
        expect(comparePositions(anchor.position, last)).toBeGreaterThanOrEqual(0);
        expect(anchor.position.seq).toBeLessThanOrEqual(owner.released.length);
        last = anchor.position;
        looks++;
      }
      await sleep(1);
    }
    await writing;
    expect(looks).toBeGreaterThan(20);
  });
});
