// Rule 6 of src/journal/OWNER-RULES.md: a failover to a replica that lags behind takes Redis back
// in time. What the owner still has is appended again; what is older cannot be, and then the shard
// halts. Two real servers.

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import type { JournalLimits } from "../../src/journal/limits.ts";
import { Owner, oneTo, startProxy, startRedis, storedCargoes } from "./journals.ts";
import type { TestRedis } from "../support/redis.ts";
import type { TcpProxy } from "../support/tcp-proxy.ts";

interface Pair {
  readonly master: TestRedis;
  readonly replica: TestRedis;
  readonly proxy: TcpProxy;
  readonly owner: Owner;
}

/** A replica that has the first ten commits and nothing after them. */
async function lagging(limits: Partial<JournalLimits>): Promise<Pair> {
  const master = await startRedis(["--repl-diskless-sync-delay", "0"]);
  const replica = await startRedis();
  const proxy = await startProxy(master);
  const owner = await Owner.takeOver(proxy.url, { limits });
  await replica.run("REPLICAOF", "127.0.0.1", master.port);
  await owner.appendUpTo(10);
  await owner.releasedAll();
  while (!String(await replica.run("GET", "{ll:s0}:head")).startsWith("1-10:")) await sleep(10);
  await replica.run("REPLICAOF", "NO", "ONE");
  return { master, replica, proxy, owner };
}

function failOver({ proxy, replica }: Pair): void {
  proxy.retarget(replica);
  proxy.cutClients();
}

describe("rule 6", () => {
  test("what a failover lost is appended again from memory, in order, and released once", async () => {
    const pair = await lagging({ leaseMs: 60_000 });
    const { owner, replica } = pair;
    await owner.appendUpTo(150, 5_000);
    await owner.releasedAll();
    failOver(pair);
    await owner.appendUpTo(200);
    await owner.releasedAll();
    expect(owner.rewinds).toEqual(["Redis went back to 1-10"]);
    expect(owner.degradations.map(({ degraded }) => degraded)).toEqual([true, false]);
    expect(owner.released.map(({ cargo }) => cargo)).toEqual(oneTo(200));
    expect(await storedCargoes(replica)).toEqual(oneTo(200));
  });

  test("an idle owner notices by its lease, and heals before anybody asks for anything", async () => {
    const pair = await lagging({ leaseMs: 300 });
    const { owner, replica } = pair;
    await owner.appendUpTo(40);
    await owner.releasedAll();
    failOver(pair);
    await owner.until(() => owner.rewinds.length === 1 && owner.journal.ready);
    expect(await storedCargoes(replica)).toEqual(oneTo(40));
    expect(owner.released.length).toBe(40);
  });

  test("after it nothing is trimmed any more: snapshots may be lost as well", async () => {
    const pair = await lagging({ leaseMs: 60_000, trimSliceEntries: 101 });
    const { owner, replica } = pair;
    await owner.appendUpTo(600, 5_000);
    await owner.releasedAll();
    failOver(pair);
    await owner.appendUpTo(610, 5_000);
    await owner.releasedAll();
    await owner.journal.trim({ epoch: 1, seq: 600 });
    expect((await storedCargoes(replica)).length).toBe(610);
  });

  test("trouble that lasts longer than what is kept takes nothing of it away", async () => {
    const pair = await lagging({ leaseMs: 300, keepAcknowledgedMs: 400 });
    const { owner, master, replica } = pair;
    await owner.appendUpTo(40);
    await owner.releasedAll();
    master.freeze();
    onTestFinished(() => master.thaw());
    owner.append();
    await owner.until(() => owner.degradations.at(-1)?.degraded === true);
    await sleep(1_500);
    failOver(pair);
    await owner.appendUpTo(60);
    await owner.releasedAll();
    expect(owner.rewinds).toEqual(["Redis went back to 1-10"]);
    expect(await storedCargoes(replica)).toEqual(oneTo(60));
  });

  test("a gap older than what is kept halts, and what is in flight is never released", async () => {
    const pair = await lagging({ leaseMs: 60_000, keepAcknowledgedMs: 100 });
    const { owner, replica } = pair;
    await owner.appendUpTo(20);
    await owner.releasedAll();
    await sleep(150);
    await owner.appendUpTo(30);
    await owner.releasedAll();
    failOver(pair);
    owner.append();
    expect((await owner.untilHalted()).reason).toBe("rewound");
    expect(owner.released.length).toBe(30);
    // Nobody is to go on from there, until this one is closed.
    await sleep(200);
    const next = { owner: "server-b", leaseWaitMs: 300 };
    await expect(Owner.takeOver(replica.socketPath, next)).rejects.toMatchObject({
      code: "lease_held",
    });
    expect(await storedCargoes(replica)).toEqual(oneTo(10));
  });

  test("the bytes that are kept are bounded too", async () => {
    const pair = await lagging({ leaseMs: 60_000, keepAcknowledgedBytesMax: 100_000 });
    const { owner } = pair;
    await owner.appendUpTo(60, 10_000);
    await owner.releasedAll();
    failOver(pair);
    owner.append();
    expect((await owner.untilHalted()).reason).toBe("rewound");
    expect(owner.released.length).toBe(60);
  });
});
