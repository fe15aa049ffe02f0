// Many repayments at once: they wait for each other's legs, and all are carried out.

import { afterEach, expect, it } from "vitest";
import { loanId } from "../../actors/address.ts";
import { audit } from "../../src/history/audit.ts";
import { LegGate } from "../../src/runtime/leg-gate.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import { LENDERS, TERMS } from "../support/repaid-world.ts";
import { World, type Draft } from "../support/world.ts";

let world: World | undefined;
afterEach(async () => world?.stop());

it("what finds no room waits, in order, and goes on when legs were booked", () => {
  const soon: (() => void)[] = [];
  let legsQueued = 0;
  const gate = new LegGate({
    legsQueuedMax: 10,
    legsQueued: () => legsQueued,
    soon: (task) => void soon.push(task),
  });
  const passed: number[] = [];
  const pass = (no: number): void => gate.pass(() => void passed.push(no));
  pass(1);
  expect(passed).toEqual([1]);
  soon.shift()!();
  legsQueued = 10;
  for (let no = 2; no <= 40; no++) pass(no);
  expect(gate.isIdle).toBe(false);
  expect(soon).toEqual([]); // Nothing turns in vain while there is no room.
  legsQueued = 9;
  pass(41);
  expect(passed).toEqual([1]); // There is room, and nobody overtakes.
  let turns = 0;
  for (let task = soon.shift(); task !== undefined; task = soon.shift()) {
    task();
    turns++;
  }
  expect(passed).toEqual(Array.from({ length: 41 }, (_, at) => at + 1));
  expect(turns).toBeGreaterThan(1); // Their legs come later: not all are let through at once.
  expect(gate.isIdle).toBe(true);
});

it.each([1, 3])(
  "a morning of repayments is taken in as its legs are booked (%i shards)",
  async (shards) => {
    const LOANS = 60;
    const limits = { journalKeep: "all", legsQueuedMax: 8 } as const;
    world = await new World(shards, limits).start();
    const { system, stores } = world;
    for (const id of LENDERS) await world.openWithMoney(id, LOANS * 100_00);
    const names = Array.from({ length: LOANS }, (_, at) => `loan-${at}`);
    for (const name of names) {
      await world.openWithMoney(`owner-${name}`, 100_00);
      const borrowerId = `owner-${name}`;
      await world.listLoan(name, { ...TERMS, principalCents: 700_00, borrowerId });
      for (const id of LENDERS) await world.answered(world.bid(id, name, 100_00).request);
    }
    await world.until(() =>
      stores.every((_, shard) => system.shard(shard).run!.state.pending.size === 0),
    );
    const requests = names.map((name) => {
      const draft: Draft = {
        type: "RepayLoan",
        loanId: loanId(name),
        amountCents: 100_00,
        mode: "early_keep_term",
      };
      return world!.submit(draft, `owner-${name}`).request;
    });
    let most = 0;
    await world.until(() => {
      most = Math.max(most, ...system.gauges().map(({ legsQueued }) => legsQueued));
      return requests.every((request) => world!.answerTo(request) !== undefined);
    });
    await world.until(() => stores.every((_, shard) => system.shard(shard).run!.isSettled));
    for (const request of requests)
      expect(world.answerTo(request)).toMatchObject({ type: "Repaid" });
    expect(most).toBeGreaterThan(0);
    // 16 are let through in a turn, with seven legs each.
    expect(most).toBeLessThan(8 + 2 * 16 * LENDERS.length);
    expect(world.counters.legs).toBe(LOANS * LENDERS.length);
    const report = await audit({
      shards: stores.map(({ entries }, shard) => ({ shard, entries })),
      shardOf: (address) => shardOf(address, stores.length),
      atRest: true,
    });
    expect(report.violations).toEqual([]);
  },
);
