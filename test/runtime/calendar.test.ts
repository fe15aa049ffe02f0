// Business dates over several shards: one begins when all that the one before brought is durable,
// and nobody who is out of service holds up the others.

import { afterEach, describe, expect, it, vi } from "vitest";
import { accountId, loanId } from "../../actors/address.ts";
import { Calendar } from "../../src/runtime/calendar.ts";
import { KINDS, type ActorKind } from "../../src/runtime/kind.ts";
import { World } from "../support/world.ts";

const SHARDS = 2;
const account = KINDS.account as { -readonly [Name in keyof ActorKind]: ActorKind[Name] };
const wholeEvolve = account.evolve;
const loan = KINDS.loan as { -readonly [Name in keyof ActorKind]: ActorKind[Name] };
const wholeDecides = { account: account.decide, loan: loan.decide };
let world: World;

async function paidOut(loan: string, borrower: string, lender: string, terms = {}): Promise<void> {
  await world.listLoan(loan, {
    borrowerId: accountId(borrower),
    principalCents: 1_000_00,
    method: "equal_instalment",
    term: 12,
    rateBps: 1_200,
    penaltyPpm: 1_000,
    graceDays: 0,
    disbursesAtOnce: true,
    ...terms,
  });
  await world.answered(world.bid(lender, loan, 1_000_00).request);
  await world.until(isQuiet);
}

function isQuiet(): boolean {
  return world.stores.every((_, shard) => {
    const { run } = world.system.shard(shard);
    return run !== null && run.isSettled && run.state.pending.size === 0;
  });
}

/** Commits come back until the date has begun, and from that moment on none does. */
async function begunAndNoMore(day: number): Promise<void> {
  world.auto = false;
  await world.until(() => {
    const hasBegun = world.stores.every((_, shard) => {
      return world.system.shard(shard).run?.state.calendar.day === day;
    });
    if (!hasBegun) for (const journal of world.journals) journal.acknowledge(8);
    return hasBegun;
  });
}

/** Nothing is under way but what waits for the account that is out of service. */
function isQuietButForBroken(): boolean {
  return world.stores.every((_, shard) => world.system.shard(shard).run?.isSettled === true);
}

async function view(loan: string) {
  const answer = await world.ask({ type: "GetLoan", loanId: loanId(loan) });
  if (answer.type !== "Loan") throw new Error(JSON.stringify(answer));
  return answer.view;
}

interface TwoLoans {
  readonly broken: string;
  readonly stuck: string;
  readonly other: string;
}

/** Two loans of the second shard, of borrowers in the first. */
async function twoLoans(): Promise<TwoLoans> {
  const [here, there] = [0, 1] as const;
  const broken = world.idIn("account", here, "broken");
  const whole = world.idIn("account", here, "whole");
  const lender = world.idIn("account", there, "lender");
  for (const id of [broken, whole, lender]) await world.openWithMoney(id, 9_000_00);
  const stuck = world.idIn("loan", there, "stuck");
  const other = world.idIn("loan", there, "other");
  await paidOut(stuck, broken, lender, { graceDays: 90 });
  await paidOut(other, whole, lender, { graceDays: 90 });
  return { broken, stuck, other };
}

/** The borrower of the one is out of service. */
async function twoLoansOneBorrowerBroken(): Promise<TwoLoans> {
  const loans = await twoLoans();
  const { broken } = loans;
  account.evolve = (state, event, id, at) => {
    if (id === broken) throw new Error("a bug");
    return wholeEvolve(state, event, id, at);
  };
  await world.crash();
  account.evolve = wholeEvolve;
  expect(world.gauges().quarantinedActors).toBe(1);
  return loans;
}

/** A bug in what the one loan, or its borrower's account, decides on its day. */
function bugOnTheDayOf({ stuck }: TwoLoans, kind: "loan" | "account"): void {
  const actor = kind === "loan" ? loan : account;
  const whole = wholeDecides[kind];
  actor.decide = (state, command, at, day) => {
    const { type, loanId: of } = command as { type: string; loanId?: string };
    const { loanId: self } = state as unknown as { loanId?: string };
    if (type === "DayCame" && self === stuck) throw new Error("a bug");
    if (type === "CollectDue" && of === stuck) throw new Error("a bug");
    return whole(state, command, at, day);
  };
}

describe("Calendar", () => {
  it("is done but for who is left behind, until one of them moves its wish", () => {
    const calendar = new Calendar();
    calendar.begin(100, {});
    for (const [name, day] of [
      ["a", 99],
      ["b", 100],
      ["c", 101],
    ] as const)
      calendar.set(name, day);
    expect(calendar.isDoneByOthers).toBe(false);
    expect(calendar.leaveBehind()).toEqual(["a", "b"]);
    calendar.set("a", 99); // The same wish: it did not get on.
    expect([calendar.isDone, calendar.isDoneByOthers]).toEqual([false, true]);
    calendar.set("a", 100);
    expect(calendar.isDoneByOthers).toBe(false);
    calendar.set("a", 130);
    expect(calendar.isDoneByOthers).toBe(true);
    calendar.begin(101, {});
    expect(calendar.isDoneByOthers).toBe(false);
    for (const name of ["b", "c"]) calendar.set(name, null);
    expect([calendar.isDone, calendar.isDoneByOthers]).toEqual([true, true]);
  });
});

describe("Business dates", () => {
  afterEach(async () => {
    account.evolve = wholeEvolve;
    account.decide = wholeDecides.account;
    loan.decide = wholeDecides.loan;
    await world.stop();
  });

  it("a date begins nowhere before what the one before brought is durable everywhere", async () => {
    world = await new World(SHARDS, { journalKeep: "all" }).start();
    const [here, there] = [0, 1] as const;
    const punctual = world.idIn("account", here, "punctual");
    const other = world.idIn("account", here, "other");
    const lender = world.idIn("account", here, "lender");
    for (const id of [punctual, other, lender]) await world.openWithMoney(id, 9_000_00);
    const due = world.idIn("loan", here, "due");
    // Of the other shard; five days later it asks an account of the first one.
    const later = world.idIn("loan", there, "later");
    await paidOut(due, punctual, lender);
    const first = (await view(due)).nextDueOn!;
    await paidOut(later, other, lender, {
      method: "bullet_days",
      term: first - world.system.businessDay + 5,
    });
    // The first shard's commits do not come back; the second's do.
    world.auto = false;
    void world.system.advanceTo(first + 5).catch(() => undefined);
    for (let turn = 0; turn < 400; turn++) {
      await world.turns(1);
      world.journals[there]!.acknowledge(8);
    }
    await world.crash();
    world.auto = true;
    await world.until(isQuiet);
    await world.system.advanceTo(first + 5);
    await world.until(isQuiet);
    // The money was there on the day: no penalty, whatever crashed.
    const paid = 9_000_00 + 1_000_00 - 88_85;
    const answer = await world.ask({ type: "GetAccount", accountId: accountId(punctual) });
    expect(answer).toMatchObject({ view: { availableCents: paid } });
    expect(await view(due)).toMatchObject({ owedCents: 0, clearings: 1 });
  });

  it("goes on without who is out of service, who is asked when it is back", async () => {
    world = await new World(SHARDS, { journalKeep: "all" }).start();
    const { stuck, other } = await twoLoansOneBorrowerBroken();
    const days = [];
    for (let month = 0; month < 3; month++) {
      const { nextDueOn } = await view(other);
      days.push(nextDueOn);
      await world.system.advanceTo(nextDueOn!);
    }
    expect(world.system.businessDay).toBe(days[2]);
    // Each instalment on its day, all three of them.
    expect(await view(other)).toMatchObject({ clearings: 3, owedCents: 0, lateDays: 0 });
    expect(await view(stuck)).toMatchObject({ clearings: 0, owedCents: 88_85 });
    await world.crash();
    await world.until(isQuiet);
    await world.system.advanceTo(days[2]! + 1);
    await world.until(isQuiet);
    expect(await view(stuck)).toMatchObject({ owedCents: 0, lateDays: 0 });
  });

  it.each(["loan", "account"] as const)(
    "goes on without a loan when a bug in what the %s decides is in its way, after a restart too",
    async (kind) => {
      world = await new World(SHARDS, { journalKeep: "all" }).start();
      const loans = await twoLoans();
      const { stuck, other } = loans;
      bugOnTheDayOf(loans, kind);
      const first = (await view(other)).nextDueOn!;
      await world.system.advanceTo(first);
      expect(await view(other)).toMatchObject({ clearings: 1, owedCents: 0 });
      expect(await view(stuck)).toMatchObject({ clearings: 0 });
      await world.crash();
      const next = (await view(other)).nextDueOn!;
      await world.system.advanceTo(next);
      expect(world.system.businessDay).toBe(next);
      expect(await view(other)).toMatchObject({ clearings: 2, owedCents: 0, lateDays: 0 });
      // The mended program goes on from the day where it stood.
      [account.decide, loan.decide] = [wholeDecides.account, wholeDecides.loan];
      await world.crash();
      await world.system.advanceTo(next + 1);
      await world.until(isQuiet);
      expect(await view(stuck)).toMatchObject({ owedCents: 0, lateDays: 0 });
    },
  );

  it("leaves nobody behind who only waits for commits, and waits again for who got on", async () => {
    world = await new World(SHARDS, { journalKeep: "all" }).start();
    const there = 1;
    const { other } = await twoLoansOneBorrowerBroken();
    // For longer than one that is out of service is waited for, no commit comes back.
    const { nextDueOn } = await view(other);
    const advanced = world.system.advanceTo(nextDueOn!);
    await begunAndNoMore(nextDueOn!);
    await new Promise((resolve) => setTimeout(resolve, 2_600));
    expect(world.system.shard(there).run!.isDayDone).toBe(false);
    world.auto = true;
    await advanced;
    expect(await view(other)).toMatchObject({ clearings: 1, owedCents: 0 });
    // Who was left behind and got on after all is not passed over on the next date.
    const run = world.system.shard(there).run!;
    for (const isLeftBehind of [true, false]) {
      const day = (await view(other)).nextDueOn!;
      const next = world.system.advanceTo(day);
      await begunAndNoMore(day);
      if (isLeftBehind) expect(run.days.leaveBehind()).toContain(`loan/${other}`);
      await world.turns(20);
      expect(run.isDayDone).toBe(isLeftBehind);
      world.auto = true;
      await next;
      await world.until(isQuietButForBroken);
    }
  });

  it("gives up on a shard that does not come back, and those behind have their turn", async () => {
    world = await new World(SHARDS).start();
    vi.useFakeTimers({ toFake: ["performance"] });
    const day = world.system.businessDay;
    world.system.shard(1).run!.fail("tampered", new Error("somebody has to look"));
    const both = [world.system.advanceTo(day + 1), world.system.advanceTo(day + 2)];
    const ends = Promise.allSettled(both);
    for (let second = 0; second < 100; second++) {
      vi.advanceTimersByTime(1_000);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(await ends).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
    vi.useRealTimers();
  });

  it("asks a borrower whose account has left memory, and pays lenders whose accounts have", async () => {
    const limits = { journalKeep: "all", checkpointMs: 1, idleMs: 5 } as const;
    world = await new World(SHARDS, limits).start();
    const [here, there] = [0, 1] as const;
    const borrower = world.idIn("account", here, "borrower");
    const lender = world.idIn("account", there, "lender");
    const loan = world.idIn("loan", there, "loan");
    for (const id of [borrower, lender]) await world.openWithMoney(id, 1_000_00);
    await paidOut(loan, borrower, lender);
    const { nextDueOn } = await view(loan);
    const isResident = (shard: number, id: string): boolean => {
      return world.system.shard(shard).run!.cells.get(KINDS.account.number, id) !== undefined;
    };
    await world.until(() => !isResident(here, borrower) && !isResident(there, lender));
    await world.system.advanceTo(nextDueOn!);
    await world.until(isQuiet);
    expect(await view(loan)).toMatchObject({ clearings: 1, owedCents: 0 });
    const answer = await world.ask({ type: "GetAccount", accountId: accountId(lender) });
    expect(answer).toMatchObject({ view: { availableCents: 88_85 } });
  });

  it("show no date that is not durable", async () => {
    world = await new World(SHARDS, {}).start();
    await world.until(() => world.system.businessDay > 0);
    const before = world.system.businessDay;
    world.auto = false;
    void world.system.advanceTo(before + 1).catch(() => undefined);
    await world.turns(50);
    const begun = [0, 1].map((shard) => world.system.shard(shard).run!.state.calendar.day);
    expect(begun).toEqual([before + 1, before + 1]);
    expect(world.system.businessDay).toBe(before);
    world.auto = true;
    await world.until(() => world.system.businessDay === before + 1);
  });
});
