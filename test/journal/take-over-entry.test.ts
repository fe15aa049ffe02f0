import { setTimeout as sleep } from "node:timers/promises";
import { pack } from "msgpackr";
import { describe, expect, test } from "vitest";
import { shardsOfTakeOver, packTakeOver } from "../../src/journal/take-over-entry.ts";
import { shardKeys } from "../../src/journal/keys.ts";
import { Owner, oneTo, startRedis, storedCargoes } from "./journals.ts";

// As versions of this program have written them: never to be changed, only added to.
const GOLDEN: readonly (readonly [what: string, hex: string, shards: number | null])[] = [
  ["format 1", "9301a87365727665722d61cb4278bcfe56800000", null],
  ["format 2", "9402a87365727665722d61cb4278bcfe5680000004", 4],
];

describe("The entry of a take-over", () => {
  test.each(GOLDEN)("of %s is read", (_, hex, shards) => {
    expect(shardsOfTakeOver(Buffer.from(hex, "hex"))).toBe(shards);
  });

  test("is written in the last format", () => {
    const entry = { owner: "server-a", atMs: 1_700_000_000_000, shards: 4 };
    expect(packTakeOver(entry).toString("hex")).toBe(GOLDEN.at(-1)![1]);
  });

  test.each([
    ["of a later format", pack([3, "server-a", 1, 4])],
    ["with no number in it", pack([2, "server-a", 1, "4"])],
    ["cut in the middle", packTakeOver({ owner: "a", atMs: 1, shards: 4 }).subarray(0, 3)],
    ["that is none", Buffer.from("take-over")],
    ["of no bytes", Buffer.alloc(0)],
  ])("%s says nothing of the count", (_, payload) => {
    expect(shardsOfTakeOver(payload)).toBeNull();
  });
});

describe("A take-over with another number of shards", () => {
  const keys = shardKeys(0);

  test("is refused without the lease and before anything is written", async () => {
    const redis = await startRedis();
    const first = await Owner.takeOver(redis.socketPath, { shards: 4 });
    await first.appendUpTo(3);
    await first.releasedAll();
    const stored = async (): Promise<unknown> => [
      await redis.run("XRANGE", keys.journal, "-", "+"),
      await redis.run("GET", keys.head),
      await redis.run("GET", keys.lease),
    ];
    const refused = {
      code: "wrong_shard_count",
      message: expect.stringMatching(/created with LOANLOOM_SHARDS=4, and it is 1 here/) as string,
    };
    // While the first one lives it is not even waited for.
    const other = { owner: "server-b", shards: 1, leaseWaitMs: Infinity };
    const living = await stored();
    await expect(Owner.takeOver(redis.socketPath, other)).rejects.toMatchObject(refused);
    expect(await stored()).toEqual(living);
    await first.journal.close();
    const left = await stored();
    await expect(Owner.takeOver(redis.socketPath, other)).rejects.toMatchObject(refused);
    expect(await stored()).toEqual(left);
    expect((await Owner.takeOver(redis.socketPath, { shards: 4 })).journal.epoch).toBe(2);
    expect(await storedCargoes(redis)).toEqual(oneTo(3));
  });

  test("is refused by who waited for the lease of the first one ever", async () => {
    const redis = await startRedis();
    await redis.run("SET", keys.lease, "server-a", "PX", 60_000);
    let isWaiting = false;
    const taking = Owner.takeOver(redis.socketPath, {
      owner: "server-b",
      shards: 1,
      leaseWaitMs: 20_000,
      onWaiting: () => (isWaiting = true),
    });
    const refused = expect(taking).rejects.toMatchObject({ code: "wrong_shard_count" });
    while (!isWaiting) await sleep(5);
    const first = await Owner.takeOver(redis.socketPath, { shards: 4 });
    await first.journal.close();
    await refused;
    expect(String(await redis.run("GET", keys.head))).toMatch(/^1-0:/);
  });

  test("is found by the checkpoint where the take-over was trimmed", async () => {
    const redis = await startRedis();
    const first = await Owner.takeOver(redis.socketPath, { limits: { trimSliceEntries: 101 } });
    await first.appendUpTo(400, 2_000);
    await first.releasedAll();
    await first.journal.trim({ epoch: 1, seq: 300 });
    await first.journal.close();
    expect(await redis.run("XRANGE", keys.journal, "1-0", "1-0")).toEqual([]);
    const shardsOfCheckpoint = (): Promise<number> => Promise.resolve(4);
    const wrong = { shards: 2, shardsOfCheckpoint };
    await expect(Owner.takeOver(redis.socketPath, wrong)).rejects.toMatchObject({
      code: "wrong_shard_count",
    });
    expect(String(await redis.run("GET", keys.head))).toMatch(/^1-400:/);
    expect((await Owner.takeOver(redis.socketPath, { shardsOfCheckpoint })).journal.epoch).toBe(2);
  });
});
