// Money is neither made nor burnt by putting back what an account was, or by deleting it: a whole
// runtime on a real Redis, whose snapshots are edited while it serves, and while it does not.

import { afterEach, describe, expect, it } from "vitest";
import { accountId } from "../../actors/address.ts";
import { MacChain } from "../../src/journal/mac-chain.ts";
import { openSnapshot, sealSnapshot } from "../../src/journal/snapshot-format.ts";
import { packValues, unpackValues } from "../../src/runtime/snapshot-codec.ts";
import { SEALED, SHARD_FIELD } from "../../src/runtime/snapshotter.ts";
import { MAC_KEY, RedisWorld } from "../support/redis-world.ts";
import { TestRedis } from "../support/redis.ts";

const SNAP = "{ll:s0}:snap";
const limits = { idleMs: 1, checkpointMs: 1 };
let redis: TestRedis;
let world: RedisWorld;

afterEach(async () => {
  await world.stop();
  await redis.stop();
});

const start = () => new RedisWorld({ url: redis.socketPath, limits }).start();
const ask = (id: string) => world.ask({ type: "GetAccount", accountId: accountId(id) });
const status = () => world.system.shard(0).status;
const gone = () => world.until(() => world.system.shard(0).run?.cells.size === 0);

/** Alice with 5,010.00, Carol with 10.00, both out of memory; Alice's snapshot of before. */
async function passivated(): Promise<Buffer> {
  redis = await TestRedis.start();
  world = await start();
  await world.openWithMoney("alice", 10_00);
  await world.openWithMoney("carol", 10_00);
  await gone();
  const old = (await redis.run("HGET", SNAP, "account/alice")) as Buffer;
  const draft = { type: "Deposit", accountId: accountId("alice"), reference: "r" } as const;
  await world.ask({ ...draft, amountCents: 5_000_00 });
  await gone();
  return old;
}

/** A checkpoint that knows no seal, and none was written with it. */
async function asOfAnEarlierProgram(): Promise<void> {
  const chain = new MacChain(MAC_KEY, 0);
  const value = (await redis.run("HGET", SNAP, SHARD_FIELD)) as Buffer;
  const { position, payload } = openSnapshot(chain, SHARD_FIELD, value);
  const values = unpackValues(payload);
  expect(values.pop()).toBe(SEALED);
  const earlier = sealSnapshot(chain, SHARD_FIELD, position, packValues(values));
  await redis.run("HSET", SNAP, SHARD_FIELD, earlier);
}

const EDITS = {
  alice: (old: Buffer) => redis.run("HSET", SNAP, "account/alice", old),
  carol: () => redis.run("HDEL", SNAP, "account/carol"),
};

describe("An account's snapshot", () => {
  it.each(["alice", "carol"] as const)("of %s that is not the last halts the shard", async (id) => {
    const old = await passivated();
    await EDITS[id](old);
    void world.submit({ type: "GetAccount", accountId: accountId(id) });
    await world.until(() => status().status === "failed");
    expect(status()).toMatchObject({ reason: "tampered" });
    expect(world.system.readiness.ready).toBe(false);
    expect(world.told.at(-1)!.answer).not.toMatchObject({ view: { availableCents: 10_00 } });
  });

  it.each(["alice", "carol"] as const)("of %s is found after a restart, too", async (id) => {
    const old = await passivated();
    await world.stop();
    await EDITS[id](old);
    world = await start();
    await world.until(() => status().status === "failed");
    expect(status()).toMatchObject({ reason: "tampered" });
    // Nothing was written over it: the next one finds it as well.
    await world.stop();
    world = await start();
    await world.until(() => status().status === "failed");
  });

  it("is found also when the seal was deleted with it", async () => {
    const old = await passivated();
    await world.stop();
    await EDITS.alice(old);
    await redis.run("HDEL", SNAP, "seal");
    world = new RedisWorld({ url: redis.socketPath, limits });
    await expect(world.start()).rejects.toMatchObject({ code: "tampered" });
  });

  it("is sealed anew after an earlier program has written, when an operator says so", async () => {
    await passivated();
    await world.stop();
    await asOfAnEarlierProgram();
    world = await start();
    await world.until(() => status().status === "failed");
    expect(status()).toMatchObject({ reason: "tampered" });
    await world.stop();
    await redis.run("HDEL", SNAP, "seal");
    world = await start();
    await world.until(() => world.journals[0]!.snapshots.isChecked);
    expect(await ask("alice")).toMatchObject({ view: { availableCents: 5_010_00 } });
    await world.openWithMoney("dave", 10_00);
    await world.stop();
    expect(await redis.run("HEXISTS", SNAP, "seal")).toBe(1);
    world = await start();
    await world.until(() => world.journals[0]!.snapshots.isChecked);
    expect(status().status).toBe("serving");
  });

  it("is the last one through crashes at any moment", async () => {
    await passivated();
    for (let round = 0; round < 6; round++) {
      const draft = { type: "Deposit", accountId: accountId("carol"), amountCents: 1 } as const;
      for (let n = 0; n <= round * 3; n++) {
        await world.ask({ ...draft, reference: `${round}-${n}` });
      }
      await world.crash();
      world = await start();
    }
    await world.until(() => world.journals[0]!.snapshots.isChecked);
    expect(await ask("alice")).toMatchObject({ view: { availableCents: 5_010_00 } });
    expect(await ask("carol")).toMatchObject({
      view: { availableCents: 10_00 + 1 + 4 + 7 + 10 + 13 + 16 },
    });
    expect(status().status).toBe("serving");
  });
});
