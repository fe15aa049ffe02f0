// Recovery on the real journal in a real Redis: what comes back from snapshots and the
// tail is what a replay of the whole journal gives, byte for byte, and nothing is
// served from what was tampered with.

import { describe, expect, it, onTestFinished } from "vitest";
import { accountId, loanId } from "../../actors/address.ts";
import { shardKeys } from "../../src/journal/keys.ts";
import type { RuntimeLimits } from "../../src/runtime/limits.ts";
import { cellHashes } from "../../src/runtime/state-hash.ts";
import { TestRedis } from "../support/redis.ts";
import { RedisWorld, type RedisWorldOptions } from "../support/redis-world.ts";

const LENDERS = Array.from({ length: 40 }, (_, at) => `lender-${at}`);
const LOANS = ["spring", "summer", "autumn"];
/** Autumn becomes full on the way. */
const PRINCIPALS_CENTS: Readonly<Record<string, number>> = { autumn: 40_000_00 };
const WAVE = 25;
const BIDS = 3_000;

/** Checkpoints follow each other, and actors leave memory between two of their requests. */
const RESTLESS: Partial<RuntimeLimits> = { checkpointMs: 5, idleMs: 20, snapshotSliceBytes: 4_096 };
/** The next checkpoint is too late for the test: what happens stays in the tail. */
const NO_CHECKPOINT: Partial<RuntimeLimits> = { checkpointMs: 600_000 };

async function startRedis(): Promise<TestRedis> {
  const redis = await TestRedis.start();
  onTestFinished(() => redis.stop());
  return redis;
}

async function startWorld(
  redis: TestRedis,
  options: Omit<RedisWorldOptions, "url">,
): Promise<RedisWorld> {
  const world = new RedisWorld({ url: `unix:${redis.socketPath}`, ...options });
  onTestFinished(() => world.crash());
  return world.start();
}

async function populate(world: RedisWorld): Promise<void> {
  await Promise.all(LENDERS.map((id) => world.openWithMoney(id, 50_000_00)));
  for (const id of LOANS) await world.listLoan(id, PRINCIPALS_CENTS[id] ?? 9_000_000_00);
}

/** Bids in small waves, so that there are many commits, with a cancel now and then. */
async function bidInWaves(world: RedisWorld, bids: number): Promise<{ placed: number }> {
  let placed = 0;
  for (let from = 0; from < bids; from += WAVE) {
    const requests = Array.from({ length: WAVE }, (_, at) => {
      const number = from + at;
      // One half of them at a time, so that the others have time to leave memory.
      const half = Math.floor(number / 500) % 2;
      const lender = LENDERS[((number * 7) % 20) + half * 20]!;
      if (number % 10 === 9) {
        return world.submit({ type: "CancelBid", bidId: 1 + (number % 40) }, lender).request;
      }
      const amountCents = (1 + (number % 4)) * 100_00;
      return world.bid(lender, LOANS[number % LOANS.length]!, amountCents).request;
    });
    await world.until(() => requests.every((each) => world.answerTo(each) !== undefined));
    placed += requests.filter((each) => world.answerTo(each)!.type === "BidPlaced").length;
  }
  return { placed };
}

/** Brings everybody into memory, from snapshots where the tail did not name them. */
async function loadAll(world: RedisWorld): Promise<void> {
  for (const id of [...LENDERS, "borrower"]) {
    await world.ask({ type: "GetAccount", accountId: accountId(id) });
  }
  for (const id of LOANS) await world.ask({ type: "GetLoan", loanId: loanId(id) });
}

/** Every actor and the trial balance, of all shards. */
function stateOf(world: RedisWorld): unknown[] {
  return Array.from({ length: world.shards }, (_, shard) => [
    [...world.hashes(shard)].sort(),
    world.trialBalance(shard),
  ]);
}

async function replayedStateOf(world: RedisWorld): Promise<{ state: unknown[]; events: number }> {
  const state: unknown[] = [];
  let events = 0;
  for (let shard = 0; shard < world.shards; shard++) {
    const full = await world.fullReplay(shard);
    state.push([[...cellHashes(full.cells.all())].sort(), full.state.trial.totals()]);
    events += full.events;
  }
  return { state, events };
}

describe.each([1, 4])("Recovery from a real Redis, shards: %i", { timeout: 120_000 }, (shards) => {
  it("from snapshots and the tail equals a full replay, after a crash under load", async () => {
    const redis = await startRedis();
    const first = await startWorld(redis, {
      shards,
      limits: { ...RESTLESS, journalKeep: "all" },
    });
    await populate(first);
    const { placed } = await bidInWaves(first, BIDS);
    expect(placed).toBeGreaterThan(BIDS / 2);
    expect(first.counters.passivated).toBeGreaterThan(0);
    expect(first.counters.checkpoints).toBeGreaterThan(shards);
    await first.until(() => first.isInSnapshots);
    await first.crash();
    // The tail is made by a second life without checkpoints, and ends in the middle of its bids.
    const tail = await startWorld(redis, {
      shards,
      limits: { ...NO_CHECKPOINT, journalKeep: "all" },
    });
    await bidInWaves(tail, 200);
    const late = LENDERS.slice(0, 30).map((id) => tail.bid(id, "spring", 100_00).request);
    await tail.until(() => late.some((request) => tail.answerTo(request) !== undefined));
    await tail.crash();

    const second = await startWorld(redis, {
      shards,
      limits: { ...NO_CHECKPOINT, journalKeep: "all" },
    });
    await second.settled();
    await loadAll(second);
    const { state, events } = await replayedStateOf(second);
    expect(stateOf(second)).toEqual(state);
    expect((await second.audit()).violations).toEqual([]);
    expect(second.counters.lastRecoveryEvents).toBeGreaterThan(0);
    expect(second.counters.lastRecoveryEvents).toBeLessThan(events / 2);
    expect(second.counters.loaded).toBeGreaterThan(0);
  });

  it("from a trimmed journal gives what was before the stop, and before a crash", async () => {
    const redis = await startRedis();
    const first = await startWorld(redis, {
      shards,
      limits: { ...RESTLESS, idleMs: 600_000, journalKeep: "checkpoint" },
    });
    await populate(first);
    await bidInWaves(first, BIDS);
    await first.settled();
    await loadAll(first);
    const beforeStop = stateOf(first);
    await first.stop();
    for (let shard = 0; shard < shards; shard++) {
      const [entry] = (await redis.run(
        "XRANGE",
        shardKeys(shard).journal,
        "-",
        "+",
        "COUNT",
        1,
      )) as [[Buffer]];
      expect(String(entry[0])).not.toBe("1-0");
    }

    const second = await startWorld(redis, { shards, limits: NO_CHECKPOINT });
    // An orderly stop leaves nothing to replay.
    expect(second.counters.lastRecoveryEvents).toBe(0);
    await loadAll(second);
    expect(stateOf(second)).toEqual(beforeStop);

    await bidInWaves(second, 200);
    await second.settled();
    await loadAll(second);
    const beforeCrash = stateOf(second);
    expect(beforeCrash).not.toEqual(beforeStop);
    await second.crash();
    const third = await startWorld(redis, { shards, limits: NO_CHECKPOINT });
    expect(third.counters.lastRecoveryEvents).toBeGreaterThan(0);
    await loadAll(third);
    expect(stateOf(third)).toEqual(beforeCrash);
  });
});

describe("A snapshot that was tampered with in Redis", { timeout: 60_000 }, () => {
  const KEYS = shardKeys(0);

  async function leftBehind(): Promise<TestRedis> {
    const redis = await startRedis();
    const world = await startWorld(redis, { limits: RESTLESS });
    await populate(world);
    await bidInWaves(world, BIDS);
    await world.stop();
    return redis;
  }

  async function flipBit(redis: TestRedis, field: string): Promise<void> {
    const value = (await redis.run("HGET", KEYS.snapshots, field)) as Buffer;
    value[value.length - 3]! ^= 0x01;
    await redis.run("HSET", KEYS.snapshots, field, value);
  }

  it("of the shard itself: the shard is not taken into service", async () => {
    const redis = await leftBehind();
    await flipBit(redis, "shard");
    const world = new RedisWorld({ url: `unix:${redis.socketPath}` });
    onTestFinished(() => world.crash());
    await expect(world.start()).rejects.toMatchObject({ code: "tampered" });
    expect(world.system.shard(0).status).toEqual({ status: "failed", reason: "tampered" });
    expect(world.system.readiness.ready).toBe(false);
    expect(world.bid("lender-1", "spring", 100_00).rejection).toMatchObject({
      code: "unavailable",
    });
  });

  it.each(["account/lender-1", "loan/spring", "loan/spring#0"])(
    "of an actor, %s: the shard halts at its first use, and nothing is served from it",
    async (field) => {
      const redis = await leftBehind();
      await flipBit(redis, field);
      const world = await startWorld(redis, {});
      const read = world.submit(
        field.startsWith("loan")
          ? { type: "GetLoan", loanId: loanId("spring") }
          : { type: "GetAccount", accountId: accountId("lender-1") },
      );
      const bid = world.bid("lender-1", "spring", 100_00);
      expect([read.rejection, bid.rejection]).toEqual([undefined, undefined]);
      await world.until(() => world.system.shard(0).status.status === "failed");
      expect(world.system.shard(0).status).toEqual({ status: "failed", reason: "tampered" });
      // It stays so: another life would read the same.
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(world.system.shard(0).status).toEqual({ status: "failed", reason: "tampered" });
      expect(world.told).toEqual([]);
      expect(world.bid("lender-2", "spring", 100_00).rejection).toMatchObject({
        code: "unavailable",
      });
    },
  );
});
