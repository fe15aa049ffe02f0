// A master that is killed, Sentinels that promote a replica, and an owner that goes on there.

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { call, redisConnect } from "../../src/journal/connection.ts";
import { GuardedRedis } from "../support/guarded-redis.ts";
import { Owner, oneTo, storedCargoes } from "./journals.ts";

async function releasing(owner: Owner, count: number): Promise<void> {
  while (owner.released.length <= count) {
    if (owner.halted !== undefined) throw new Error(JSON.stringify(owner.halted));
    await sleep(5);
  }
}

describe("redis-sentinel://", () => {
  test("two failovers under load lose nothing that was released, and nothing comes twice", async () => {
    const guarded = await GuardedRedis.start();
    const owner = await Owner.takeOver(guarded.url, { limits: { replicasMin: 1 } });
    let isOver = false;
    const load = (async () => {
      while (!isOver && owner.halted === undefined) {
        if (owner.journal.ready) owner.append(300);
        await sleep(1);
      }
    })();
    for (let failover = 0; failover < 2; failover++) {
      const before = owner.released.length;
      await releasing(owner, before + 100);
      const master = await guarded.master();
      await master.kill();
      const atKill = owner.released.length;
      await releasing(owner, atKill + 100);
      expect(await guarded.master()).not.toBe(master);
      // Back as a replica, so that the next master has one too.
      await master.restart();
    }
    isOver = true;
    await load;
    await owner.releasedAll();
    expect(owner.halted).toBeUndefined();
    // One of two replicas has each commit, and Sentinels may have promoted the other one: what it
    // lacked was written again from memory. `owner.rewinds` tells whether it came to that.
    expect(owner.released.map(({ cargo }) => cargo)).toEqual(oneTo(owner.appended));
    expect(await storedCargoes(await guarded.master())).toEqual(oneTo(owner.appended));
    expect(owner.degradations.filter(({ degraded }) => degraded).length).toBeGreaterThanOrEqual(2);
  }, 60_000);

  test("a connection to a master that was left behind is closed as soon as another is promoted", async () => {
    const guarded = await GuardedRedis.start();
    const master = await guarded.master();
    // Of all purposes the one that bears the longest silence.
    const connection = await redisConnect(guarded.url)("reads");
    let closedAtMs: number | undefined;
    connection.onClose(() => (closedAtMs = performance.now()));
    master.freeze();
    onTestFinished(() => master.thaw());
    await guarded.untilPromoted(master);
    const promotedAtMs = performance.now();
    while (closedAtMs === undefined) await sleep(5);
    expect(closedAtMs - promotedAtMs).toBeLessThan(2_000);
    const again = await redisConnect(guarded.url)("reads");
    expect(String(await call(again, "ROLE"))).toContain("master");
    again.close();
  });

  test("Sentinels that do not answer are passed over, and unknown names are `unavailable`", async () => {
    const { sentinels } = await GuardedRedis.start();
    const [port] = sentinels.ports;
    const connect = redisConnect(`redis-sentinel://127.0.0.1:1,127.0.0.1:${port}/lending`);
    const connection = await connect("reads");
    connection.close();
    for (const url of [
      `redis-sentinel://127.0.0.1:${port}/another`,
      "redis-sentinel://127.0.0.1:1/lending",
    ]) {
      await expect(redisConnect(url)("reads")).rejects.toMatchObject({ code: "unavailable" });
    }
  });
});
