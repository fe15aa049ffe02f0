// Snapshots are acknowledged by the master alone, so a failover can lose them, with commits or
// without. What was acknowledged is then in the journal: nothing may be written or trimmed on top
// of the older ones, and the owner does not end before the journal has what it keeps in memory.

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { JournalLimits } from "../../src/journal/limits.ts";
import { shardKeys } from "../../src/journal/keys.ts";
import type { SnapshotItem } from "../../src/journal/snapshots.ts";
import type { TestRedis } from "../support/redis.ts";
import type { TcpProxy } from "../support/tcp-proxy.ts";
import { Owner, oneTo, startProxy, startRedis, storedCargoes } from "./journals.ts";

const { snapshots: SNAP, head: HEAD, journal: JOURNAL } = shardKeys(0);
const WENT_BACK = "Redis went back to older snapshots";

interface Pair {
  readonly replica: TestRedis;
  readonly proxy: TcpProxy;
  readonly owner: Owner;
  /** Of what the replica has. */
  readonly seal: string;
}

function item(field: string, position: number): SnapshotItem {
  return { field, position, payload: Buffer.from(`${field} at ${position}`) };
}

const sealOf = async (redis: TestRedis) => String(await redis.run("HGET", SNAP, "seal"));

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(5);
}

/** A replica that lacks the last snapshot, and with it the last `lost` of so many commits. */
async function lagging(
  commits: number,
  lost: number,
  limits: Partial<JournalLimits> = {},
): Promise<Pair> {
  const master = await startRedis(["--repl-diskless-sync-delay", "0"]);
  const replica = await startRedis();
  const proxy = await startProxy(master);
  const owner = await Owner.takeOver(proxy.url, { limits: { leaseMs: 60_000, ...limits } });
  await replica.run("REPLICAOF", "127.0.0.1", master.port);
  await owner.appendUpTo(commits - lost, 5_000);
  await owner.releasedAll();
  await owner.journal.snapshots.write([item("a/lost", 5), item("a/kept", 5)]);
  const seal = await sealOf(master);
  await until(async () => (await sealOf(replica)) === seal);
  await until(async () =>
    String(await replica.run("GET", HEAD)).startsWith(`1-${commits - lost}:`),
  );
  await replica.run("REPLICAOF", "NO", "ONE");
  await owner.appendUpTo(commits, 5_000);
  await owner.releasedAll();
  await owner.journal.snapshots.write([item("a/lost", commits), item("shard", commits)]);
  return { replica, proxy, owner, seal };
}

async function failOver({ proxy, replica }: Pair): Promise<void> {
  proxy.retarget(replica);
  proxy.cutClients();
  await sleep(20);
}

/** It is `unavailable`, and that is the end of this life. */
async function refused(owner: Owner, ask: () => Promise<unknown>): Promise<void> {
  await expect(ask()).rejects.toMatchObject({ code: "unavailable" });
  const giveUpAt = performance.now() + 5_000;
  await until(() => owner.rewinds.length > 0 || performance.now() > giveUpAt);
}

async function nextFindsAllInOrder({ replica, owner }: Pair): Promise<void> {
  await owner.journal.close();
  const next = await Owner.takeOver(replica.socketPath);
  next.journal.snapshots.checkAll(() => {});
  await until(() => next.journal.snapshots.isChecked || next.halted !== undefined);
  expect(next.halted).toBeUndefined();
  expect((await next.journal.snapshots.read("a/lost"))!.position).toBe(5);
}

const ASKING: Record<string, (owner: Owner) => Promise<unknown>> = {
  "the next write": (owner) => owner.journal.snapshots.write([item("a/kept", 20)]),
  "the next read": (owner) => owner.journal.snapshots.read("a/lost"),
  "the next trim": (owner) => owner.journal.trim({ epoch: 1, seq: 20 }),
};

describe("After a failover that lost snapshots", () => {
  test.each(Object.entries(ASKING))(
    "and no commit, %s ends the life, and the next owner finds all in order",
    async (_, ask) => {
      const pair = await lagging(20, 0);
      const { owner, replica, seal } = pair;
      await failOver(pair);
      await refused(owner, () => ask(owner));
      expect(owner.rewinds).toEqual([WENT_BACK]);
      expect(await sealOf(replica)).toBe(seal);
      await nextFindsAllInOrder(pair);
    },
  );

  test.each(Object.entries(ASKING))(
    "and commits, %s has the journal mended from memory before the life ends",
    async (_, ask) => {
      const pair = await lagging(20, 10);
      const { owner, replica, seal } = pair;
      await failOver(pair);
      await refused(owner, () => ask(owner));
      expect(owner.rewinds[0]).toBe("Redis went back to 1-10");
      expect(await storedCargoes(replica)).toEqual(oneTo(20));
      expect(await sealOf(replica)).toBe(seal);
      await nextFindsAllInOrder(pair);
    },
  );

  test("not a slice is trimmed of what the lost ones covered", async () => {
    const pair = await lagging(600, 0, { trimSliceEntries: 101 });
    const { owner, replica } = pair;
    await failOver(pair);
    const trim = () => owner.journal.trim({ epoch: 1, seq: 600 });
    await expect(trim()).rejects.toMatchObject({ code: "unavailable" });
    await trim();
    expect(await replica.run("XLEN", JOURNAL)).toBe(601);
  });

  test("a server that is never at rest ends its life, too", async () => {
    const pair = await lagging(20, 0);
    const { owner } = pair;
    await failOver(pair);
    void owner.appendUpTo(1_000_000);
    await refused(owner, () => owner.journal.snapshots.read("a/lost"));
    expect(owner.journal.inFlight).toBeGreaterThan(0);
    expect(owner.rewinds).toEqual([WENT_BACK]);
  });
});

describe("Redis that went back to before the first seal", () => {
  test.each(["read", "write"] as const)("is not taken for tampering by a %s", async (how) => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath);
    await owner.journal.snapshots.write([item("a/lost", 0)]);
    await redis.run("DEL", SNAP);
    const { snapshots } = owner.journal;
    await refused(owner, () =>
      how === "read" ? snapshots.read("a/lost") : snapshots.write([item("a/kept", 0)]),
    );
    expect(owner.rewinds).toEqual([WENT_BACK]);
    expect(owner.halted).toBeUndefined();
    expect(await redis.run("EXISTS", SNAP)).toBe(0);
  });
});
