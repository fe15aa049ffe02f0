// `loanloom verify` on journals in a real Redis: what it prints and how it exits.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { accountId } from "../../actors/address.ts";
import { redisConnect } from "../../src/journal/connection.ts";
import { JournalReader } from "../../src/journal/journal-reader.ts";
import { compareWithReplay, replaySource } from "../../src/runtime/replay-comparison.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import { shardKeys } from "../../src/journal/keys.ts";
import { goodWorld } from "../history/good-world.ts";
import { SmallWorld } from "../history/small-world.ts";
import { MAC_KEY, storeJournal } from "../history/stored-journal.ts";
import { RedisWorld, SILENT } from "../support/redis-world.ts";
import { codec } from "../support/world.ts";
import { TestRedis } from "../support/redis.ts";
import { runProgram } from "./program.ts";

const SNAP = shardKeys(0).snapshots;
const KEYED = { LOANLOOM_MAC_KEY: MAC_KEY.toString("hex") };

async function stored(settle = true): Promise<TestRedis> {
  const redis = await TestRedis.start();
  onTestFinished(() => redis.stop());
  const world = new SmallWorld(2, (address) => shardOf(address, 2));
  for (const id of ["ann", "bob"]) world.open(id, 1_000_00);
  world.list("spring", { principalCents: 500_00 });
  world.bid("ann", "spring", 300_00);
  world.bid("bob", "spring", 200_00);
  if (settle) world.settle();
  await storeJournal(redis, world.journal);
  return redis;
}

describe("loanloom verify", () => {
  it("prints a summary and exits with 0 when everything holds", async () => {
    const redis = await stored();
    const { code, stdout } = await runProgram(["verify", "--redis", redis.socketPath], KEYED);
    expect(stdout).toMatch(/raised +500\.00\n/);
    expect(stdout).toMatch(/ok: \d+ checks, 0 violations/);
    expect(code).toBe(0);
    const json = await runProgram(["verify", "--redis", redis.socketPath, "--json"], KEYED);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, totals: { heldCents: 500_00 } });
  });

  it("exits with 1 for a tampered journal, and says where", async () => {
    const redis = await stored();
    await redis.run("XDEL", shardKeys(1).journal, "1-0");
    const { code, stdout } = await runProgram(["verify", "--redis", redis.socketPath], KEYED);
    expect(stdout).toMatch(/NOT OK/);
    expect(code).toBe(1);
  });

  it("has null for what it cannot check of a journal that was trimmed", async () => {
    const redis = await TestRedis.start();
    onTestFinished(() => redis.stop());
    await storeJournal(redis, goodWorld().journal);
    await redis.run("XTRIM", shardKeys(0).journal, "MINID", "1-2");
    const args = ["verify", "--redis", redis.socketPath, "--json"];
    const { stdout } = await runProgram(args, KEYED);
    const { coverage, totals } = JSON.parse(stdout) as { coverage: string; totals: object };
    expect(coverage).toBe("trimmed");
    expect(totals).toMatchObject({ accounts: null, depositedCents: null, transitCents: null });
    expect(totals).toMatchObject({ entries: expect.any(Number) as number, trialBalanceCents: 0 });
  });

  it("takes messages under way, unless everything should be at rest", async () => {
    const redis = await stored(false);
    const args = ["verify", "--redis", redis.socketPath];
    expect(await runProgram(args, KEYED)).toMatchObject({ code: 0 });
    const rest = await runProgram([...args, "--at-rest"], KEYED);
    expect(rest.stdout).toMatch(/message_left_over/);
    expect(rest.code).toBe(1);
  });

  it("exits with 2 for what cannot be asked, and with 3 when Redis is away", async () => {
    const redis = await stored();
    const url = ["verify", "--redis", redis.socketPath];
    expect(await runProgram(url)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/LOANLOOM_MAC_KEY/) as unknown,
    });
    expect(await runProgram([...url, "--shards", "3"], KEYED)).toMatchObject({ code: 2 });
    expect(await runProgram([...url, "--shards", "x"], KEYED)).toMatchObject({ code: 2 });
    expect(await runProgram([...url, "--data", "."], KEYED)).toMatchObject({ code: 2 });
    const folder = await mkdtemp(join(tmpdir(), "loanloom-verify-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    expect(await runProgram(["verify", "--data", folder])).toMatchObject({ code: 2 });
    await redis.kill();
    expect(await runProgram(url, KEYED)).toMatchObject({ code: 3 });
  });

  describe.each(["all", "checkpoint"] as const)("of a journal that keeps %s", (journalKeep) => {
    /** Ann with 30.00, Bob with 10.00; what Ann was before the last deposit. */
    async function served(): Promise<{ redis: TestRedis; old: Buffer }> {
      const redis = await TestRedis.start();
      onTestFinished(() => redis.stop());
      const limits = { checkpointMs: 1, journalKeep };
      const world = await new RedisWorld({ url: redis.socketPath, limits }).start();
      for (const id of ["ann", "bob"]) await world.openWithMoney(id, 10_00);
      await world.until(() => world.isInSnapshots);
      const old = (await redis.run("HGET", SNAP, "account/ann")) as Buffer;
      const draft = { type: "Deposit", accountId: accountId("ann"), reference: "r" } as const;
      await world.ask({ ...draft, amountCents: 20_00 });
      await world.stop();
      return { redis, old };
    }
    const verify = (redis: TestRedis) =>
      runProgram(["verify", "--redis", redis.socketPath], {
        LOANLOOM_MAC_KEY: Buffer.alloc(32, 9).toString("hex"),
      });

    it("counts the snapshots that are the last ones", async () => {
      const { redis } = await served();
      const { code, stdout } = await verify(redis);
      expect(stdout).toMatch(/snapshots +3\n/);
      expect(code).toBe(0);
    });

    it.each([
      ["put back", (redis: TestRedis, old: Buffer) => redis.run("HSET", SNAP, "account/ann", old)],
      ["deleted", (redis: TestRedis) => redis.run("HDEL", SNAP, "account/ann")],
      ["deleted with the seal", (redis: TestRedis) => redis.run("HDEL", SNAP, "seal")],
    ])("exits with 1 for one that was %s", async (_, edit) => {
      const { redis, old } = await served();
      await edit(redis, old);
      const { code, stdout } = await verify(redis);
      expect(stdout).toMatch(/snapshots_differ shard 0/);
      expect(code).toBe(1);
    });
  });

  it("finds an older snapshot by the journal also where nothing is sealed", async () => {
    const redis = await TestRedis.start();
    onTestFinished(() => redis.stop());
    const limits = { checkpointMs: 1, journalKeep: "all" } as const;
    const world = await new RedisWorld({ url: redis.socketPath, limits }).start();
    await world.openWithMoney("ann", 10_00);
    await world.until(() => world.isInSnapshots);
    const old = (await redis.run("HGET", SNAP, "account/ann")) as Buffer;
    await world.openWithMoney("ann", 5_00);
    await world.stop();
    const reader = new JournalReader({
      shard: 0,
      connect: redisConnect(redis.socketPath),
      macKey: Buffer.alloc(32, 9),
    });
    onTestFinished(() => reader.close());
    const compare = () => compareWithReplay(replaySource(reader), 0, 1, codec, SILENT);
    expect(await compare()).toEqual([]);
    await redis.run("HSET", SNAP, "account/ann", old);
    expect(await compare()).toEqual(["account/ann has an older snapshot"]);
    await redis.run("HDEL", SNAP, "account/ann");
    expect(await compare()).toEqual(["account/ann has no snapshot"]);
  });
});
