import { afterEach, describe, expect, it } from "vitest";
import { accountId, loanId } from "../../actors/address.ts";
import { KINDS, type ActorKind } from "../../src/runtime/kind.ts";
import { World } from "../support/world.ts";

let world: World;
const undo: (() => void)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0)) step();
  await world.stop();
});

/** A bug in an actor, for as long as the test runs: real code around it, no stand-ins. */
function bug<Name extends "decide" | "evolve">(
  kind: "account" | "loan",
  name: Name,
  when: (id: string) => boolean,
) {
  const actor = KINDS[kind] as { -readonly [K in keyof ActorKind]: ActorKind[K] };
  const whole = actor[name] as (...args: unknown[]) => unknown;
  const broken = (...args: unknown[]): unknown => {
    const last = args[2];
    const command = args[1] as { loanId?: string; reference?: string };
    if (when(String(command.reference ?? command.loanId ?? last))) throw new Error("a bug");
    return whole(...args);
  };
  actor[name] = broken as ActorKind[Name];
  undo.push(() => (actor[name] = whole as ActorKind[Name]));
}

const deposit = (id: string, reference: string) => {
  return { type: "Deposit" as const, accountId: accountId(id), amountCents: 1_00, reference };
};

async function available(id: string): Promise<number> {
  const answer = await world.ask({ type: "GetAccount", accountId: accountId(id) });
  if (answer.type !== "Account") throw new Error(JSON.stringify(answer));
  return answer.view.availableCents;
}

describe("Supervision", () => {
  it("a throw in decide fails that command alone", async () => {
    world = await new World().start();
    await world.openWithMoney("a", 100_00);
    bug("account", "decide", (reference) => reference === "bad");
    const requests = ["good", "bad", "good too"].map((reference) => {
      return world.submit(deposit("a", reference)).request;
    });
    const answers = [];
    for (const request of requests) answers.push(await world.answered(request));
    expect(answers.map(({ type }) => type)).toEqual(["Deposited", "Failed", "Deposited"]);
    expect(answers[1]).toMatchObject({ code: "internal_error" });
    expect(await available("a")).toBe(102_00);
    expect(world.counters.decideErrors).toBe(1);
    expect(world.resets).toEqual([]);
  });

  it("a throw in evolve ends the shard's life before anything more leaves; it recovers", async () => {
    world = await new World().start();
    await world.openWithMoney("a", 100_00);
    bug("account", "evolve", (reference) => reference === "bad");
    const good = world.submit(deposit("a", "good")).request;
    const bad = world.submit(deposit("a", "bad")).request;
    await world.until(() => world.resets.length === 1);
    await world.until(() => world.system.readiness.ready);
    expect(world.answerTo(good)).toBeUndefined(); // Its batch was never closed.
    expect(world.answerTo(bad)).toBeUndefined();
    expect(await available("a")).toBe(100_00);
    expect(world.system.inFlight).toBe(0);
  });

  it("an event that cannot be replayed quarantines its actor, and nobody else", async () => {
    world = await new World(1, { checkpointMs: 1 }).start();
    await world.openWithMoney("a", 100_00);
    await world.openWithMoney("b", 100_00);
    world.journals[0]!.snapshotsFail = true; // The journal alone has what comes now.
    await world.ask(deposit("a", "poison"));
    bug("account", "evolve", (reference) => reference === "poison");
    await world.crash();
    expect(world.gauges()).toMatchObject({ quarantinedActors: 1 });
    const refused = await world.ask(deposit("a", "more"));
    expect(refused).toMatchObject({ type: "Failed", code: "actor_quarantined" });
    expect(await world.ask(deposit("b", "fine"))).toMatchObject({ type: "Deposited" });
    expect(world.gauges().trialBalanceDifferenceCents).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 100)); // Nothing is trimmed meanwhile.
    // The mended program reads the same journal, and the actor is back with all its money.
    for (const step of undo.splice(0)) step();
    await world.crash();
    expect(world.gauges().quarantinedActors).toBe(0);
    expect(await available("a")).toBe(101_00);
  });

  it("a message that its receiver cannot carry out waits for a mended program", async () => {
    world = await new World().start();
    await world.openWithMoney("a", 500_00);
    await world.listLoan("l");
    bug("loan", "decide", () => true);
    const sent = world.bid("a", "l", 200_00);
    await world.until(() => world.counters.decideErrors === 1);
    expect(world.answerTo(sent.request)).toBeUndefined();
    for (const step of undo.splice(0)) step();
    await world.crash();
    const again = world.bid("a", "l", 200_00, { requestId: sent.requestId });
    expect(await world.answered(again.request)).toMatchObject({ type: "BidPlaced", rank: 1 });
    const loan = await world.ask({ type: "GetLoan", loanId: loanId("l") });
    expect(loan).toMatchObject({ view: { raisedCents: 200_00, bids: 1 } });
  });
});

describe("Degraded", () => {
  it("refuses what changes anything, and still reads what has no uncommitted change", async () => {
    world = await new World().start();
    await world.openWithMoney("a", 100_00);
    await world.openWithMoney("b", 100_00);
    world.auto = false;
    const before = world.submit(deposit("a", "in flight")).request;
    await world.turns(20);
    world.journals[0]!.degrade(true);
    expect(world.system.readiness.ready).toBe(false);
    expect(world.submit(deposit("b", "x")).rejection).toMatchObject({ code: "unavailable" });
    expect(await available("b")).toBe(100_00);
    const dirty = await world.ask({ type: "GetAccount", accountId: accountId("a") });
    expect(dirty).toMatchObject({ type: "Failed", code: "unavailable" });
    expect(world.answerTo(before)).toBeUndefined();
    world.journals[0]!.degrade(false);
    world.auto = true;
    expect(await world.answered(before)).toMatchObject({ availableCents: 101_00 });
    expect(await available("a")).toBe(101_00);
    expect(world.system.readiness.ready).toBe(true);
  });

  it("beyond the most in flight, or in one inbox, requests are refused server_busy", async () => {
    world = await new World(1, { inFlightMax: 5, mailboxMax: 3 }).start();
    await world.openWithMoney("a", 100_00);
    await world.openWithMoney("b", 100_00);
    const codes = ["a", "a", "a", "a", "b", "b", "b"].map((id) => {
      return world.submit(deposit(id, "")).rejection?.code;
    });
    const busy = "server_busy";
    expect(codes).toEqual([undefined, undefined, undefined, busy, undefined, undefined, busy]);
    await world.until(() => world.system.inFlight === 0);
    expect(await available("a")).toBe(103_00);
    expect(await available("b")).toBe(102_00);
  });
});

describe("Passivation", () => {
  it("an idle actor leaves memory and comes back whole, in order, with nothing lost", async () => {
    world = await new World(1, { idleMs: 1, checkpointMs: 1 }).start();
    await world.openWithMoney("a", 100_00);
    await world.until(() => world.gauges().residentActors === 0);
    const requests = Array.from({ length: 5 }, (_, n) => {
      return world.submit(deposit("a", `r${n}`)).request;
    });
    for (const [n, request] of requests.entries()) {
      expect(await world.answered(request)).toMatchObject({ availableCents: 101_00 + n * 1_00 });
    }
    expect(world.counters.passivated).toBeGreaterThan(0);
  });

  it("a watched account stays", async () => {
    world = await new World(1, { idleMs: 1, checkpointMs: 1 }).start();
    await world.openWithMoney("a", 100_00);
    await world.ask({ type: "WatchAccount", accountId: accountId("a"), after: null });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(world.gauges().residentActors).toBe(1);
    world.system.unwatchAccount(accountId("a"));
    await world.until(() => world.gauges().residentActors === 0);
  });

  it("a listing that nobody touches expires at its deadline, and every hold is voided", async () => {
    world = await new World(4, { idleMs: 1, checkpointMs: 1 }).start();
    for (const id of ["a", "b"]) await world.openWithMoney(id, 500_00);
    await world.listLoan("l");
    for (const id of ["a", "b"]) await world.answered(world.bid(id, "l", 300_00).request);
    expect(world.system.openLoans(10)).toEqual(["l"]);
    await world.until(() => world.gauges().residentActors === 0);
    await world.crash();
    expect(world.system.openLoans(10)).toEqual(["l"]);
    world.nowMs += 60_000;
    await world.until(() => world.system.openLoans(10).length === 0);
    for (const id of ["a", "b"]) await expect.poll(() => available(id)).toBe(500_00);
    const loan = await world.ask({ type: "GetLoan", loanId: loanId("l") });
    expect(loan).toMatchObject({ view: { status: "expired" } });
  });
});

describe("Stopping", () => {
  it("leaves nothing to replay: the last checkpoint has it all", async () => {
    world = await new World(2, { checkpointMs: 3_600_000 }).start();
    for (let n = 0; n < 50; n++) await world.openWithMoney(`a-${n}`, 100_00);
    expect(world.counters.checkpoints).toBe(0);
    await world.stop();
    expect(world.counters.checkpoints).toBe(2);
    for (const store of world.stores) expect(store.entries.length).toBeLessThanOrEqual(1);
    world = await world.reopen();
    expect(await available("a-49")).toBe(100_00);
    expect(world.counters.lastRecoveryEvents).toBe(0);
  });
});

describe("Watching", () => {
  it("an account's stream has no gap: snapshot, what is kept after `after`, then each entry", async () => {
    world = await new World().start();
    await world.openWithMoney("a", 100_00);
    for (let n = 0; n < 4; n++) await world.ask(deposit("a", ""));
    const watch = (after: number | null) => {
      return world.ask({ type: "WatchAccount", accountId: accountId("a"), after });
    };
    expect(await watch(3)).toMatchObject({
      view: { entry: 5, resumed: true, entries: [{ entry: 4 }, { entry: 5 }] },
    });
    expect(await watch(9)).toMatchObject({ view: { entry: 5, resumed: false, entries: [] } });
    await world.ask(deposit("a", ""));
    const pushed = world.told.flatMap(({ release }) =>
      release.kind === "entry" ? [release.entry.entry] : [],
    );
    expect(pushed).toEqual([6]);
  });

  it("a watched loan's progress is told once a commit, never before it", async () => {
    world = await new World().start();
    await world.openWithMoney("a", 900_00);
    await world.listLoan("l");
    await world.ask({ type: "WatchLoan", loanId: loanId("l") });
    world.auto = false;
    for (let n = 0; n < 5; n++) world.bid("a", "l", 100_00);
    await world.turns(30);
    const seen = () => world.told.filter(({ release }) => release.kind === "progress");
    expect(seen()).toEqual([]);
    world.auto = true;
    await world.until(() => world.system.inFlight === 0);
    const last = seen().at(-1)?.release;
    expect(last).toMatchObject({ progress: { raisedCents: 500_00, bids: 5, seq: 6 } });
    expect(seen().length).toBeLessThan(5);
  });
});
