// Loans that are repaid, on a whole runtime over journals in memory: disbursement, instalments by
// the calendar, repayments by hand, late ones, and crashes in the middle of a clearing.

import { afterEach, describe, expect, it } from "vitest";
import { accountId, loanId } from "../../actors/address.ts";
import type { AccountState } from "../../actors/account/account.ts";
import { audit } from "../../src/history/audit.ts";
import type { RuntimeLimits } from "../../src/runtime/limits.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import { LENDERS, TERMS } from "../support/repaid-world.ts";
import { World, type Draft } from "../support/world.ts";

let world: World;
afterEach(async () => world.stop());

async function account(id: string) {
  const answer = await world.ask({ type: "GetAccount", accountId: accountId(id) });
  if (answer.type !== "Account") throw new Error(`no account: ${JSON.stringify(answer)}`);
  return answer.view;
}

async function loan() {
  const answer = await world.ask({ type: "GetLoan", loanId: loanId("spring") });
  if (answer.type !== "Loan") throw new Error(`no loan: ${JSON.stringify(answer)}`);
  return answer.view;
}

/** Seven lenders fill the loan, and the borrower has the money, and a little more for interest. */
async function paidOut(
  shards: number,
  terms: Partial<Record<string, unknown>> = {},
  limits: Partial<RuntimeLimits> = {},
) {
  world = await new World(shards, { journalKeep: "all", ...limits }).start();
  await world.openWithMoney("borrower", 2_000_00);
  for (const id of LENDERS) await world.openWithMoney(id, 1_000_00);
  await world.listLoan("spring", { ...TERMS, ...terms });
  await Promise.all(LENDERS.map((id) => world.answered(world.bid(id, "spring", 1_000_00).request)));
  await expect.poll(async () => (await loan()).status).toBe("repaying");
  await world.until(() => isQuiet());
}

function isQuiet(): boolean {
  return world.stores.every((_, shard) => {
    const run = world.system.shard(shard).run;
    return run !== null && run.isSettled && run.state.pending.size === 0;
  });
}

async function months(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const { nextDueOn } = await loan();
    await world.system.advanceTo(nextDueOn!);
    await world.until(() => isQuiet());
  }
}

async function repay(amountCents: number, mode: string) {
  const draft: Draft = { type: "RepayLoan", loanId: loanId("spring"), amountCents, mode };
  const answer = await world.ask(draft, "borrower");
  await world.until(() => isQuiet());
  return answer;
}

async function expectSound(): Promise<void> {
  await world.until(() => isQuiet());
  const report = await audit({
    shards: world.stores.map(({ entries }, shard) => ({ shard, entries })),
    shardOf: (address) => shardOf(address, world.stores.length),
    atRest: true,
  });
  expect(report.violations).toEqual([]);
  expect(world.gauges().trialBalanceDifferenceCents).toBe(0);
}

function entriesOf(id: string) {
  const shard = shardOf({ kind: "account", id: accountId(id) }, world.stores.length);
  const cell = world.system.shard(shard).run!.cells.get(1, id)!;
  const state = cell.state as unknown as AccountState;
  if (state.status !== "open") throw new Error(`${id} is not open`);
  return state.entries.after(0);
}

describe.each([1, 3])("Repayment with %i shards", (shards) => {
  it("a full loan is paid out net of its fee, in the same breath", async () => {
    await paidOut(shards);
    expect(await account("borrower")).toMatchObject({ availableCents: 2_000_00 + 6_930_00 });
    expect(await loan()).toMatchObject({ outstandingCents: 7_000_00, owedCents: 0, clearings: 0 });
    await expectSound();
  });

  it("twelve instalments are collected on their days, and everybody has exactly the principal", async () => {
    await paidOut(shards);
    await months(12);
    expect(await loan()).toMatchObject({
      status: "settled",
      outstandingCents: 0,
      owedCents: 0,
      nextDueOn: null,
      clearings: 12,
    });
    for (const id of LENDERS) {
      const received = entriesOf(id).filter(({ kind }) => kind === "repayment_received");
      expect(received.length).toBe(12);
      expect(received.map(({ clearing }) => clearing)).toEqual(
        [...Array(12).keys()].map((n) => n + 1),
      );
      const principal = received.reduce((sum, each) => sum + each.principalCents!, 0);
      expect(principal).toBe(1_000_00);
      for (const { amountCents, principalCents, interestCents, feeCents } of received) {
        expect(amountCents).toBe(principalCents! + interestCents! - feeCents!);
      }
    }
    await expectSound();
  });

  it("lenders who have left memory since they were paid last are paid again", async () => {
    await paidOut(shards, {}, { checkpointMs: 1, idleMs: 5 });
    for (let month = 1; month <= 3; month++) {
      await world.until(() => world.gauges().residentActors === 0);
      await months(1);
    }
    // A deposit, a hold, that it was posted, and three repayments.
    for (const id of LENDERS) expect(await account(id)).toMatchObject({ entry: 6 });
    expect(world.resets).toEqual([]);
    await expectSound();
  });

  it("a day that has begun begins once, however often it is asked for", async () => {
    await paidOut(shards);
    const { nextDueOn } = await loan();
    const before = await account("borrower");
    await Promise.all([1, 2, 3].map(() => world.system.advanceTo(nextDueOn!)));
    await world.system.advanceTo(nextDueOn! - 5);
    const after = await account("borrower");
    expect(before.availableCents - after.availableCents).toBe(621_94);
    expect(world.system.businessDay).toBe(nextDueOn);
    await expectSound();
  });

  it("repayments are refused with the reason, and the money is back", async () => {
    await paidOut(shards);
    const before = (await account("borrower")).availableCents;
    expect(await repay(1_00, "due")).toEqual({ type: "Refused", code: "nothing_due" });
    expect(await repay(6_000_00, "early_full")).toEqual({ type: "Refused", code: "below_payoff" });
    expect(await repay(7_500_00, "early_keep_term")).toEqual({
      type: "Refused",
      code: "repays_all",
    });
    expect(await repay(9_999_999_00, "due")).toEqual({
      type: "Refused",
      code: "exceeds_available",
    });
    const draft: Draft = {
      type: "RepayLoan",
      loanId: loanId("spring"),
      amountCents: 1,
      mode: "due",
    };
    expect(await world.ask(draft, "ann")).toEqual({ type: "Refused", code: "exceeds_available" });
    await world.ask({
      type: "Deposit",
      accountId: accountId("ann"),
      amountCents: 5_00,
      reference: "x",
    });
    expect(await world.ask(draft, "ann")).toEqual({ type: "Refused", code: "not_the_borrower" });
    const nowhere = { ...draft, loanId: loanId("nowhere") };
    expect(await world.ask(nowhere, "ann")).toEqual({ type: "Refused", code: "loan_not_found" });
    expect((await account("borrower")).availableCents).toBe(before);
    await expectSound();
  });

  it("is repaid early in full, and what was too much comes back", async () => {
    await paidOut(shards);
    await months(2);
    await world.system.advanceTo(world.system.businessDay + 10);
    const { outstandingCents } = await loan();
    const answer = await repay(7_000_00, "early_full");
    expect(answer).toMatchObject({ type: "Repaid", principalCents: outstandingCents });
    expect(await loan()).toMatchObject({ status: "settled", outstandingCents: 0 });
    expect(await repay(1_00, "due")).toEqual({ type: "Refused", code: "loan_settled" });
    await expectSound();
  });

  it("is repaid early in part: with the term kept, or the instalment", async () => {
    await paidOut(shards);
    await months(1);
    expect(await repay(1_000_00, "early_keep_term")).toMatchObject({ type: "Repaid" });
    expect(await repay(1_000_00, "early_keep_instalment")).toMatchObject({ type: "Repaid" });
    const days: number[] = [];
    while ((await loan()).status === "repaying") {
      await months(1);
      days.push(world.system.businessDay);
    }
    expect(days.length).toBeLessThan(11);
    for (const id of LENDERS) {
      const received = entriesOf(id).filter(({ kind }) => kind === "repayment_received");
      expect(received.reduce((sum, each) => sum + each.principalCents!, 0)).toBe(1_000_00);
    }
    await expectSound();
  });

  it("a late payer owes penalties after grace, once for each day, and defaults after 90 days", async () => {
    await paidOut(shards);
    // The borrower puts its money elsewhere.
    await world.listLoan("other", { principalCents: 8_930_00, borrowerId: accountId("zoe") });
    await world.answered(world.bid("borrower", "other", 8_930_00).request);
    await months(1);
    expect(await loan()).toMatchObject({ status: "repaying", owedCents: 621_94, lateDays: 0 });
    const due = world.system.businessDay;
    await world.system.advanceTo(due + 3);
    expect(await loan()).toMatchObject({ owedCents: 621_94, lateDays: 3 });
    await world.system.advanceTo(due + 13);
    // 621.94 * 0.0005 * 10 days = 3.1097.
    expect(await loan()).toMatchObject({ owedCents: 621_94 + 3_11, lateDays: 13 });
    await world.ask({
      type: "Deposit",
      accountId: accountId("borrower"),
      amountCents: 100_00,
      reference: "y",
    });
    expect(await repay(50_00, "early_full")).toEqual({
      type: "Refused",
      code: "instalment_is_due",
    });
    const partly = await repay(50_00, "due");
    expect(partly).toMatchObject({ type: "Repaid", penaltyCents: 3_11, interestCents: 46_89 });
    await world.system.advanceTo(due + 14);
    expect(await loan()).toMatchObject({ status: "repaying" });
    await world.system.advanceTo(due + 90);
    expect(await loan()).toMatchObject({ status: "repaying", lateDays: 90 });
    await world.system.advanceTo(due + 91);
    expect(await loan()).toMatchObject({ status: "defaulted", lateDays: 91 });
    await expectSound();
  });

  it("survives crashes anywhere in a clearing: every leg exactly once", async () => {
    await paidOut(shards, { principalCents: 7_000_00, lenderCapCents: null });
    world.auto = false;
    const { nextDueOn } = await loanUnacknowledged();
    void world.system.advanceTo(nextDueOn).catch(() => undefined);
    for (let step = 0; step < 12; step++) {
      await world.turns(3);
      for (const journal of world.journals) journal.acknowledge(step % 2);
      await world.crash(world.stores.map((_, shard) => (step + shard) % 3));
      void world.system.advanceTo(nextDueOn).catch(() => undefined);
    }
    world.auto = true;
    await world.system.advanceTo(nextDueOn);
    await world.until(() => isQuiet());
    for (const id of LENDERS) {
      const { availableCents } = await account(id);
      expect(availableCents).toBeGreaterThan(80_00);
      expect(entriesOf(id).filter(({ kind }) => kind === "repayment_received").length).toBe(1);
    }
    expect(await loan()).toMatchObject({ clearings: 1, owedCents: 0 });
    await expectSound();
  });
});

async function loanUnacknowledged(): Promise<{ nextDueOn: number }> {
  world.auto = true;
  const { nextDueOn } = await loan();
  world.auto = false;
  return { nextDueOn: nextDueOn! };
}
