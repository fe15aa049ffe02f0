// A loan that an operator cancels: every cent that was held for it is available again, whatever
// crashed on the way, and the journal of all that holds before the auditor.

import { afterEach, describe, expect, test } from "vitest";
import { accountId, loanId } from "../../actors/address.ts";
import { audit } from "../../src/history/audit.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import { requestId, World } from "../support/world.ts";

const LENDERS = ["ann", "ben", "cora"];
const MONEY_CENTS = 500_00;
const PRINCIPAL_CENTS = 900_00;
const kiln = loanId("kiln");

let world: World;
afterEach(async () => world.stop());

/** Three lenders with a bid each, in a loan that waits for an operator's word when it is full. */
async function raised(shards: number, bidCents: number): Promise<void> {
  world = await new World(shards, { journalKeep: "all", checkpointMs: 1, idleMs: 5 }).start();
  for (const lender of LENDERS) await world.openWithMoney(lender, MONEY_CENTS);
  await world.listLoan("kiln", { principalCents: PRINCIPAL_CENTS });
  for (const lender of LENDERS) {
    const { request } = world.bid(lender, "kiln", bidCents);
    expect(await world.answered(request)).toMatchObject({ type: "BidPlaced" });
  }
}

function cancel(more: object = {}) {
  return world.ask({ type: "CancelLoan", loanId: kiln, by: "olav", reason: "a fraud", ...more });
}

async function status(): Promise<string> {
  const answer = await world.ask({ type: "GetLoan", loanId: kiln });
  return answer.type === "Loan" ? answer.view.status : answer.type;
}

async function money(lender: string): Promise<object> {
  const answer = await world.ask({ type: "GetAccount", accountId: accountId(lender) });
  return answer.type === "Account" ? answer.view : answer;
}

async function settled(): Promise<void> {
  await world.until(() =>
    world.stores.every((_, shard) => {
      const run = world.system.shard(shard).run;
      return run !== null && run.isSettled && run.state.pending.size === 0;
    }),
  );
}

async function expectAllBack(): Promise<void> {
  await settled();
  expect(await status()).toBe("cancelled");
  for (const lender of LENDERS) {
    expect(await money(lender)).toMatchObject({ availableCents: MONEY_CENTS, heldCents: 0 });
  }
  const report = await audit({
    shards: world.stores.map(({ entries }, shard) => ({ shard, entries })),
    shardOf: (address) => shardOf(address, world.stores.length),
    atRest: true,
  });
  expect(report.violations).toEqual([]);
  expect(report.loans).toMatchObject([{ loanId: "kiln", status: "cancelled", heldCents: 0 }]);
  expect(report.totals).toMatchObject({ heldCents: 0, raisedCents: 0, trialBalanceCents: 0 });
}

describe.each([1, 3])("A cancelled loan, with %i shards", (shards) => {
  test.each([
    ["takes bids", 200_00, "listed"],
    ["is full and waits for an operator", 300_00, "funded"],
  ])("gives all back when it %s", async (_, bidCents, before) => {
    await raised(shards, bidCents);
    expect(await status()).toBe(before);
    const id = requestId();
    expect(await cancel({ requestId: id })).toEqual({ type: "LoanCancelled", bids: 3 });
    await expectAllBack();
    expect(await cancel({ requestId: id })).toEqual({ type: "LoanCancelled", bids: 3 });
    expect(await cancel()).toEqual({ type: "Refused", code: "listing_closed" });
    const { request } = world.bid("ann", "kiln", 100_00);
    expect(await world.answered(request)).toMatchObject({ code: "listing_closed" });
    await world.crash();
    await expectAllBack();
  });

  test("gives all back after crashes anywhere on the way", async () => {
    await raised(shards, 300_00);
    await settled();
    world.auto = false;
    const id = requestId();
    const again = () =>
      void cancel({ requestId: id }).then(undefined, () => {
        // The process that was asked is no more.
      });
    for (let step = 0; step < 10; step++) {
      again();
      await world.turns(3);
      for (const journal of world.journals) journal.acknowledge(step % 2);
      await world.crash(world.stores.map((_, shard) => (step + shard) % 3));
    }
    world.auto = true;
    expect(await cancel({ requestId: id })).toEqual({ type: "LoanCancelled", bids: 3 });
    await expectAllBack();
  });
});
