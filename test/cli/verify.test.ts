// `loanloom verify` on journals in a real Redis: what it prints and how it exits.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { shardOf } from "../../src/runtime/shard-of.ts";
import { shardKeys } from "../../src/journal/keys.ts";
import { goodWorld } from "../history/good-world.ts";
import { SmallWorld } from "../history/small-world.ts";
import { MAC_KEY, storeJournal } from "../history/stored-journal.ts";
import { TestRedis } from "../support/redis.ts";
import { runProgram } from "./program.ts";

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
});
