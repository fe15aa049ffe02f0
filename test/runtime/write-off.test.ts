// A loan in default that two operators write off, on a whole runtime: killed at every step,
// replayed from the journal, and recovered in part afterwards.

import { afterEach, describe, expect, it } from "vitest";
import { accountId, loanId } from "../../actors/address.ts";
import { audit } from "../../src/history/audit.ts";
import { replayShard } from "../../src/runtime/replay.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import { cellHashes } from "../../src/runtime/state-hash.ts";
import { LENDERS, TERMS } from "../support/repaid-world.ts";
import { codec, requestId, World, type Draft } from "../support/world.ts";

let world: World;
afterEach(async () => world.stop());

const spring = loanId("spring");
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function settled(): Promise<void> {
  await world.until(() =>
    world.stores.every((_, shard) => {
      const run = world.system.shard(shard).run;
      return run !== null && run.isSettled && run.state.pending.size === 0;
    }),
  );
}

/** Seven lenders lent 7,000.00; the borrower lent it on, and is in default. */
async function defaulted(shards: number): Promise<void> {
  const limits = { journalKeep: "all", checkpointMs: 1, idleMs: 5 } as const;
  world = await new World(shards, limits).start();
  await world.openWithMoney("borrower", 70_00);
  for (const id of LENDERS) await world.openWithMoney(id, 1_000_00);
  await world.listLoan("spring", TERMS);
  for (const id of LENDERS) await world.answered(world.bid(id, "spring", 1_000_00).request);
  await world.until(() => world.system.openLoans(1).length === 0);
  await settled();
  await world.listLoan("other", { principalCents: 7_000_00, borrowerId: accountId("zoe") });
  await world.answered(world.bid("borrower", "other", 7_000_00).request);
  const { nextDueOn } = await view("GetLoan");
  await world.system.advanceTo((nextDueOn as number) + 91);
  await settled();
}

async function view(type: "GetLoan" | "GetWriteOff"): Promise<Record<string, unknown>> {
  const answer = await world.ask({ type, loanId: spring });
  if (!("view" in answer)) throw new Error(JSON.stringify(answer));
  return { ...answer.view };
}

const by = (who: string, draft: Draft) => {
  return world.ask({ loanId: spring, by: accountId(who), reason: null, ...draft });
};
const propose = (who = "oda", more = {}) => {
  return by(who, { type: "ProposeWriteOff", reason: "insolvent", ...more });
};
const decide = (who: string, proposal: number, answer = "confirm") => {
  return by(who, { type: "DecideWriteOff", proposal, answer });
};

async function recover(amountCents: number) {
  const account = { accountId: accountId("borrower") };
  await world.ask({ type: "Deposit", ...account, amountCents, reference: "found" });
  const payment = { type: "RepayLoan", loanId: spring, amountCents, mode: "due" } as const;
  const answer = await world.ask(payment, "borrower");
  await settled();
  return answer;
}

async function available(id: string): Promise<number> {
  const answer = await world.ask({ type: "GetAccount", accountId: accountId(id) });
  if (answer.type !== "Account") throw new Error(JSON.stringify(answer));
  return answer.view.availableCents;
}

/** What is resident is what a replay of the whole journal gives. */
async function compareWithReplay(): Promise<void> {
  for (const [shard] of world.stores.entries()) {
    const journal = world.journals[shard]!;
    const source = {
      snapshots: { ...journal.snapshots, read: async () => Promise.resolve(null) },
      read: () => journal.read(null),
    };
    const full = await replayShard(source, shard, world.stores.length, codec, silent);
    const expected = cellHashes(full.cells.all());
    for (const [key, hash] of cellHashes(world.system.shard(shard).run!.cells.all())) {
      expect(`${key} ${hash}`).toBe(`${key} ${expected.get(key)}`);
    }
  }
}

async function expectSound(): Promise<void> {
  await settled();
  const report = await audit({
    shards: world.stores.map(({ entries }, shard) => ({ shard, entries })),
    shardOf: (address) => shardOf(address, world.stores.length),
    atRest: true,
  });
  expect(report.violations).toEqual([]);
  expect(world.gauges().trialBalanceDifferenceCents).toBe(0);
}

async function memoBook(): Promise<Record<string, number>> {
  const answer = await world.ask({ type: "GetBooks", day: null });
  if (answer.type !== "Read" || !("totals" in answer.view)) throw new Error("no books");
  const memo: Record<string, number> = { "memo.claim": 0, "memo.debt": 0, "memo.lost": 0 };
  for (const { code, debitCents, creditCents } of answer.view.totals) {
    if (code in memo) memo[code] = memo[code]! + debitCents - creditCents;
  }
  return memo;
}

describe.each([1, 3])("Write-off with %i shards", (shards) => {
  it("is where it was after a kill at any step, and what comes back is divided", async () => {
    await defaulted(shards);
    expect(await view("GetLoan")).toMatchObject({ status: "defaulted", overdue: "days_over_90" });
    const steps: readonly (readonly [() => Promise<unknown>, object, object])[] = [
      [() => propose(), { proposal: 1 }, { status: "defaulted", proposal: 1, maker: "oda" }],
      [() => decide("otto", 1, "return"), { status: "defaulted" }, { proposal: null }],
      [() => propose(), { proposal: 2 }, { proposal: 2, checker: null }],
      [
        () => decide("otto", 2),
        { status: "written_off" },
        { status: "written_off", maker: "oda", checker: "otto", writtenOffCents: 7_000_00 },
      ],
      [() => recover(1_400_00), { type: "Repaid" }, { status: "written_off", proposal: 2 }],
    ];
    for (const [step, answer, seen] of steps) {
      expect(await step()).toMatchObject(answer);
      await settled();
      await compareWithReplay();
      await world.crash();
      expect(await view("GetWriteOff")).toMatchObject(seen);
    }
    const { writtenOffCents, outstandingCents } = await view("GetLoan");
    const recoveredCents = (writtenOffCents as number) - (outstandingCents as number);
    expect(recoveredCents).toBeGreaterThan(1_000_00);
    expect(await view("GetWriteOff")).toMatchObject({ recoveredCents });
    for (const id of LENDERS) expect(await available(id)).toBeGreaterThan(recoveredCents / 7);
    await expectSound();
  });

  it("turns claims into losses in the memo book, and recoveries lessen them", async () => {
    await defaulted(shards);
    const before = await memoBook();
    await propose();
    await decide("otto", 1);
    const lost = await memoBook();
    expect(lost["memo.lost"]).toBe(7_000_00);
    expect(lost["memo.claim"]).toBe(before["memo.claim"]! - 7_000_00);
    expect(lost["memo.debt"]).toBe(before["memo.debt"]);
    await recover(1_400_00);
    const { outstandingCents } = await view("GetLoan");
    const after = await memoBook();
    expect(after["memo.lost"]).toBe(outstandingCents);
    expect(after["memo.claim"]).toBe(lost["memo.claim"]);
    await expectSound();
  });

  it("is settled when everything came back after all", async () => {
    await defaulted(shards);
    await propose();
    await decide("otto", 1);
    await world.ask({
      type: "Deposit",
      accountId: accountId("borrower"),
      amountCents: 9_000_00,
      reference: "inheritance",
    });
    await world.system.advanceTo(world.system.businessDay + 400);
    await settled();
    expect(await view("GetLoan")).toMatchObject({ status: "settled", outstandingCents: 0 });
    expect((await memoBook())["memo.lost"]).toBe(0);
    expect(await view("GetWriteOff")).toMatchObject({ recoveredCents: 7_000_00 });
    expect(await propose()).toEqual({ type: "Refused", code: "loan_not_defaulted" });
    await expectSound();
  });

  it("takes two persons, and gives a repeat its first outcome", async () => {
    await defaulted(shards);
    const first = { requestId: requestId(world.nowMs) };
    expect(await propose("oda", first)).toEqual({ type: "ReviewProposed", proposal: 1 });
    expect(await propose("oda", first)).toEqual({ type: "ReviewProposed", proposal: 1 });
    for (const answer of ["confirm", "return"]) {
      const refused = await decide("oda", 1, answer);
      expect(refused).toEqual({ type: "Refused", code: "maker_is_checker" });
    }
    expect(await view("GetWriteOff")).toMatchObject({ status: "defaulted", checker: null });
    await world.crash();
    expect(await propose("oda", first)).toEqual({ type: "ReviewProposed", proposal: 1 });
    expect(await decide("otto", 1)).toEqual({ type: "WriteOffDecided", status: "written_off" });
    expect(await decide("otto", 1)).toMatchObject({ code: "loan_not_defaulted" });
    await expectSound();
  });
});
