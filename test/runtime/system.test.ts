import { afterEach, describe, expect, it } from "vitest";
import { accountId, loanId } from "../../actors/address.ts";
import { World } from "../support/world.ts";

let world: World;
afterEach(async () => world.stop());

async function account(id: string) {
  const answer = await world.ask({ type: "GetAccount", accountId: accountId(id) });
  if (answer.type !== "Account") throw new Error(`no account: ${JSON.stringify(answer)}`);
  return answer.view;
}

async function loan(id: string) {
  const answer = await world.ask({ type: "GetLoan", loanId: loanId(id) });
  if (answer.type !== "Loan") throw new Error(`no loan: ${JSON.stringify(answer)}`);
  return answer.view;
}

describe.each([1, 4])("Runtime with %i shards", (shards) => {
  it("holds money, fills the loan to the cent and refuses the rest", async () => {
    world = await new World(shards).start();
    for (const id of ["a", "b", "c"]) await world.openWithMoney(id, 600_00);
    await world.listLoan("l1");
    const first = await world.answered(world.bid("a", "l1", 400_00).request);
    expect(first).toMatchObject({ type: "BidPlaced", filledCents: 400_00, rank: 1 });
    const second = await world.answered(world.bid("b", "l1", 500_00).request);
    expect(second).toMatchObject({ type: "BidPlaced", remainingCents: 100_00 });
    const third = await world.answered(world.bid("c", "l1", 500_00, { fill: "upTo" }).request);
    expect(third).toMatchObject({ type: "BidPlaced", filledCents: 100_00, remainingCents: 0 });
    const late = await world.answered(world.bid("a", "l1", 100_00).request);
    expect(late).toEqual({ type: "Refused", code: "loan_full" });
    expect(await account("c")).toMatchObject({ availableCents: 500_00, heldCents: 100_00 });
    expect(await account("a")).toMatchObject({ availableCents: 200_00, heldCents: 400_00 });
    expect(await loan("l1")).toMatchObject({ status: "funded", raisedCents: 1_000_00, bids: 3 });
    await world.ask({ type: "ConfirmLoan", loanId: loanId("l1") });
    await world.until(() => world.gauges().mailboxDepth === 0);
    await expect.poll(async () => (await loan("l1")).status).toBe("repaying");
    expect(await account("a")).toMatchObject({ availableCents: 200_00, heldCents: 0 });
    expect(world.gauges().trialBalanceDifferenceCents).toBe(0);
  });

  it("tells nothing before it is durable", async () => {
    world = await new World(shards).start();
    await world.openWithMoney("a", 600_00);
    await world.listLoan("l1");
    world.auto = false;
    const before = world.told.length;
    world.bid("a", "l1", 100_00);
    world.submit({ type: "GetAccount", accountId: accountId("a") });
    await world.turns(50);
    expect(world.told.length).toBe(before);
    world.auto = true;
    await world.until(() => world.told.length === before + 2);
  });

  it("after a crash has all that was acknowledged, and a repeat gets the first outcome", async () => {
    world = await new World(shards).start();
    await world.openWithMoney("a", 600_00);
    await world.listLoan("l1");
    const sent = world.bid("a", "l1", 300_00);
    const outcome = await world.answered(sent.request);
    await world.crash();
    const again = world.bid("a", "l1", 300_00, { requestId: sent.requestId });
    expect(await world.answered(again.request)).toEqual(outcome);
    expect(await account("a")).toMatchObject({ availableCents: 300_00, heldCents: 300_00 });
    const other = world.bid("a", "l1", 300_00, { requestId: sent.requestId, fingerprint: 2 });
    expect(await world.answered(other.request)).toMatchObject({ code: "request_id_reused" });
  });

  it("opens and closes a listing by the time of each bid, however long its batch waits", async () => {
    world = await new World(shards).start();
    for (const id of ["early", "right", "late"]) await world.openWithMoney(id, 600_00);
    const opensAtMs = world.nowMs + 10;
    await world.listLoan("l1", { opensAtMs, closesAtMs: opensAtMs + 10 });
    world.auto = false; // Nothing is committed meanwhile: all three share a batch.
    const early = world.bid("early", "l1", 100_00);
    await world.turns(10);
    world.nowMs = opensAtMs;
    const right = world.bid("right", "l1", 100_00);
    await world.turns(10);
    world.nowMs = opensAtMs + 10;
    const late = world.bid("late", "l1", 100_00);
    await world.turns(10);
    world.auto = true;
    expect(await world.answered(right.request)).toMatchObject({ type: "BidPlaced", rank: 1 });
    expect(await world.answered(late.request)).toMatchObject({ code: "listing_closed" });
    expect(await world.answered(early.request)).toMatchObject({ code: "listing_not_open_yet" });
  });
});
