// No money is lost when a failover has lost snapshots, with the commits that they show or without
// them: a whole runtime, and the replica that becomes its Redis.

import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { accountId } from "../../actors/address.ts";
import type { Answer } from "../../src/runtime/port.ts";
import { RedisWorld } from "../support/redis-world.ts";
import { TestRedis } from "../support/redis.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import type { Draft } from "../support/world.ts";

const SNAP = "{ll:s0}:snap";
const HEAD = "{ll:s0}:head";
let master: TestRedis;
let replica: TestRedis;
let proxy: TcpProxy;
let world: RedisWorld;

afterEach(async () => {
  await world.stop();
  await proxy.stop();
  await master.stop();
  await replica.stop();
});

/** Checkpoints come when they are asked for; what is in one leaves memory soon. */
async function start(): Promise<void> {
  master = await TestRedis.start(["--repl-diskless-sync-delay", "0"]);
  replica = await TestRedis.start();
  proxy = await TcpProxy.start(master);
  await replica.run("REPLICAOF", "127.0.0.1", master.port);
  const limits = { idleMs: 1, checkpointMs: 3_600_000 };
  world = await new RedisWorld({ url: proxy.url, limits }).start();
  await world.openWithMoney("alice", 100_00);
  await world.openWithMoney("bob", 100_00);
  await allInSnapshots();
}

async function allInSnapshots(): Promise<void> {
  await world.until(() => world.isInSnapshots && world.system.shard(0).run?.cells.size === 0);
}

async function replicated(): Promise<void> {
  const ends = async (redis: TestRedis) =>
    [await redis.run("GET", HEAD), await redis.run("HGET", SNAP, "seal")].join();
  while ((await ends(replica)) !== (await ends(master))) await sleep(2);
}

const deposit = (id: string, amountCents: number) =>
  answered({ type: "Deposit", accountId: accountId(id), amountCents, reference: `more ${id}` });

function failOver(): void {
  proxy.retarget(replica);
  proxy.cutClients();
}

/** Asked again while it is unavailable, and by whoever was cut off. */
async function answered(draft: Draft): Promise<Answer> {
  const giveUpAt = performance.now() + 8_000;
  while (performance.now() < giveUpAt) {
    const lives = world.resets.length;
    const { request } = world.submit(draft);
    const asked = performance.now();
    await world.until(() => {
      const isOver = world.resets.length > lives || performance.now() > asked + 500;
      return isOver || world.answerTo(request) !== undefined;
    });
    const answer = world.answerTo(request);
    if (answer !== undefined && answer.type !== "Failed") return answer;
    await sleep(10);
  }
  throw new Error(`nobody answers: ${JSON.stringify(world.system.shard(0).status)}`);
}

async function balanceOf(id: string): Promise<number> {
  const answer = await answered({ type: "GetAccount", accountId: accountId(id) });
  if (answer.type !== "Account") throw new Error(JSON.stringify(answer));
  return answer.view.availableCents;
}

describe("A failover that lost snapshots", () => {
  it("and the commits that they show: loading an older one first loses none of them", async () => {
    await start();
    await replicated();
    await replica.run("REPLICAOF", "NO", "ONE");
    expect(await deposit("alice", 900_00)).toMatchObject({ type: "Deposited" });
    await allInSnapshots();
    failOver();
    expect(await balanceOf("alice")).toBe(1_000_00);
    expect(world.resets.map(({ reason }) => reason)).toContain("rewound_healed");
    expect(world.system.shard(0).status.status).toBe("serving");
  });

  it("and no commit: what is written next loses nothing of what they showed", async () => {
    await start();
    expect(await deposit("alice", 900_00)).toMatchObject({ type: "Deposited" });
    await replicated();
    await replica.run("REPLICAOF", "NO", "ONE");
    await allInSnapshots();
    failOver();
    await deposit("bob", 1_00);
    await allInSnapshots();
    expect(await balanceOf("alice")).toBe(1_000_00);
    expect(await balanceOf("bob")).toBe(101_00);
    expect(world.system.shard(0).status.status).toBe("serving");
  });
});
