// Returns of lenders on a whole runtime: what came, what comes, and at what rate.

import { afterEach, describe, expect, it } from "vitest";
import { accountId } from "../../actors/address.ts";
import { businessDate } from "../../src/lending/business-date.ts";
import { xirr } from "../../src/lending/xirr.ts";
import type { ReplyOf } from "../../src/protocol/table.ts";
import { systemScheduler } from "../../src/runtime/environment.ts";
import { GATHERINGS_MAX } from "../../src/runtime/gatherings.ts";
import { LENDERS, RepaidWorld, TERMS } from "../support/repaid-world.ts";
import { World } from "../support/world.ts";

type Returns = ReplyOf<"account.returns">;

let repaid: RepaidWorld;
afterEach(async () => repaid.world.stop());

function returns(id: string, more: { from?: number; seconds?: boolean } = {}): Promise<Returns> {
  const { from = null, seconds = null } = more;
  return repaid.read<Returns>({ type: "GetReturns", accountId: null, from, seconds }, id);
}

describe.each([1, 3])("Returns with %i shards", (shards) => {
  it("are of the first day: nothing accrued, no rate, all interest still to come", async () => {
    repaid = await RepaidWorld.paidOut(shards);
    const { returns: rows, ...sums } = await returns("ann");
    expect(sums).toMatchObject({
      accountId: "ann",
      day: repaid.world.system.businessDay,
      loans: 1,
      lentCents: 1_000_00,
      outstandingCents: 1_000_00,
      accruedCents: 0,
      dueCents: 0,
      xirrPpm: null,
    });
    // A year's interest on 7,000.00 at 12 %, of which a seventh: 463.30 / 7.
    expect(sums.expectedCents).toBe(66_19);
    expect(rows).toEqual([
      expect.objectContaining({ loanId: "spring", status: "repaying", lentCents: 1_000_00 }),
    ]);
  });

  it("accrue by days, and to the second if asked", async () => {
    repaid = await RepaidWorld.paidOut(shards);
    const start = repaid.world.system.businessDay;
    const { nextDueOn } = await repaid.loan();
    const period = nextDueOn! - start;
    repaid.world.nowMs = (start + 10) * 86_400_000;
    await repaid.world.system.advanceTo(start + 10);
    // The first instalment has 70.00 of interest, of which ann has 10.00.
    const byDays = Math.round(Math.round((70_00 * 10) / period) / 7);
    expect((await returns("ann")).accruedCents).toBe(byDays);
    expect((await returns("ann", { seconds: true })).accruedCents).toBe(byDays);
    repaid.world.nowMs += 43_200_000;
    const bySeconds = Math.round(Math.round((70_00 * 10.5) / period) / 7);
    expect((await returns("ann", { seconds: true })).accruedCents).toBe(bySeconds);
    expect(bySeconds).toBeGreaterThan(byDays);
    expect((await returns("ann")).accruedCents).toBe(byDays);
  });

  it("accrue to the second from the midnight of their own date, and never fall", async () => {
    const world = new World(shards, { journalKeep: "all" }, systemScheduler, 480);
    const terms = { method: "bullet", rateBps: 3_600, serviceFeeBps: 0 };
    repaid = await RepaidWorld.paidOutIn(world, terms);
    const start = world.system.businessDay;
    // Their dates begin at 16:00 UTC of the day before.
    const midnightMs = (start + 10) * 86_400_000 - 480 * 60_000;
    // A year of 366 days has 360.00 of interest.
    const right = (days: number): number => Math.round((360_00 * days) / 366);
    const told: number[] = [];
    for (const [hour, days] of [
      [0, 10],
      [7.99, 10.333],
      // UTC's own midnight is in the middle of the date.
      [8.01, 10.334],
      [23.99, 10.9996],
    ] as const) {
      world.nowMs = midnightMs + hour * 3_600_000;
      await world.system.advanceTo(start + 10);
      told.push((await returns("ann", { seconds: true })).accruedCents);
      expect(Math.abs(told.at(-1)! - right(days))).toBeLessThanOrEqual(1);
    }
    // The clock is past the date until the next one begins, and before
    // a date that an operator begins.
    world.nowMs = midnightMs + 30 * 3_600_000;
    told.push((await returns("ann", { seconds: true })).accruedCents);
    await world.system.advanceTo(start + 12);
    told.push((await returns("ann", { seconds: true })).accruedCents);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-2)).toBe(right(11));
    expect(told.at(-1)).toBe((await returns("ann")).accruedCents);
  });

  it("at the end are the rate that the flows have, and nothing is expected", async () => {
    repaid = await RepaidWorld.paidOut(shards);
    const start = repaid.world.system.businessDay;
    const paidOn: number[] = [];
    for (let n = 0; n < 12; n++) {
      await repaid.months(1);
      paidOn.push(repaid.world.system.businessDay);
    }
    const entries = (await repaid.entriesOf("ben")).filter((each) => each.clearing !== null);
    const flows = entries.map(({ amountCents }, at) => {
      return { on: businessDate(paidOn[at]!), amountCents };
    });
    const rate = xirr([{ on: businessDate(start), amountCents: -1_000_00 }, ...flows]);
    const { returns: rows, ...sums } = await returns("ben");
    expect(rate.defined && rate.annualPpm).toBe(sums.xirrPpm);
    expect(sums).toMatchObject({ outstandingCents: 0, accruedCents: 0, expectedCents: 0 });
    // 12 % a year paid monthly is 12.68 %; the fee of 10 % of the interest leaves some 11.4 %.
    expect(sums.xirrPpm).toBeGreaterThan(110_000);
    expect(sums.xirrPpm).toBeLessThan(118_000);
    expect(rows[0]).toMatchObject({ status: "settled", xirrPpm: sums.xirrPpm, dueCents: 0 });
    const received = entries.reduce((sum, each) => sum + each.interestCents!, 0);
    expect(sums).toMatchObject({ repaidCents: 1_000_00, receivedCents: received });
  });

  it("hold the rate of the loan on any day between, near enough", async () => {
    repaid = await RepaidWorld.paidOut(shards);
    for (const days of [7, 40, 15]) {
      await repaid.world.system.advanceTo(repaid.world.system.businessDay + days);
      await repaid.quiet();
      const { xirrPpm } = await returns("gus");
      expect(xirrPpm).toBeGreaterThan(105_000);
      expect(xirrPpm).toBeLessThan(120_000);
    }
  });

  it("sum up over several loans, by pages, each share counted once", async () => {
    repaid = await RepaidWorld.paidOut(shards);
    for (const id of LENDERS) {
      await repaid.world.deposit(id, 500_00);
    }
    await repaid.lend("summer", 200_00, { rateBps: 600 });
    await repaid.lend("autumn", 300_00, { method: "bullet" });
    await repaid.months(1);
    const all = await returns("eve");
    expect(all.returns.map(({ loanId }) => loanId)).toEqual(["spring", "summer", "autumn"]);
    expect(all).toMatchObject({ loans: 3, lentCents: 1_500_00 });
    for (const name of ["accruedCents", "expectedCents", "outstandingCents"] as const) {
      expect(all[name]).toBe(all.returns.reduce((sum, row) => sum + row[name], 0));
    }
    const rest = await returns("eve", { from: 1 });
    expect(rest.returns).toEqual(all.returns.slice(1));
    expect(rest.lentCents).toBe(1_500_00);
    const [spring, summer] = all.returns;
    expect(summer!.xirrPpm).toBeLessThan(spring!.xirrPpm!);
    expect((await returns("eve", { from: 3 })).returns).toEqual([]);
  });

  it("show what is due and not paid", async () => {
    repaid = await RepaidWorld.paidOut(shards);
    await repaid.world.listLoan("other", {
      principalCents: 8_930_00,
      borrowerId: accountId("zoe"),
    });
    await repaid.world.answered(repaid.world.bid("borrower", "other", 8_930_00).request);
    await repaid.months(1);
    await repaid.world.system.advanceTo(repaid.world.system.businessDay + 13);
    // 70.00 of interest and 3.11 of penalty, a seventh of both.
    expect(await returns("fay")).toMatchObject({ dueCents: 10_44, receivedCents: 0 });
    // Money that is still held for a loan is in no loan yet.
    expect(await returns("borrower")).toMatchObject({ loans: 0, lentCents: 0, returns: [] });
  });

  it("of nobody's account are refused; beyond a bound they are asked to wait", async () => {
    repaid = await RepaidWorld.paidOut(shards);
    const draft = { type: "GetReturns", from: null, seconds: null } as const;
    const nobody = { ...draft, accountId: accountId("nobody") };
    const refused = { type: "Refused", code: "account_not_found" };
    expect(await repaid.world.ask(nobody)).toEqual(refused);
    const asked = Array.from({ length: GATHERINGS_MAX + 5 }, () =>
      repaid.world.submit({ ...draft, accountId: accountId("ann") }),
    );
    const busy = asked.filter(({ rejection }) => rejection?.code === "server_busy");
    expect(busy.length).toBe(5);
    for (const { request, rejection } of asked) {
      if (rejection === undefined) await repaid.world.answered(request);
    }
    expect(repaid.world.system.inFlight).toBe(0);
  });
});

describe("Returns of a lender whose shard serves while another one recovers", () => {
  it("are to be asked for again: without the business date nothing of them is true", async () => {
    const world = await new World(2, { journalKeep: "all" }).start();
    repaid = new RepaidWorld(world);
    const [lender, loan] = [world.idIn("account", 0, "lender"), world.idIn("loan", 0, "loan")];
    await world.openWithMoney(lender, 1_000_00);
    await world.listLoan(loan, { ...TERMS, principalCents: 1_000_00 });
    await world.answered(world.bid(lender, loan, 1_000_00).request);
    await repaid.quiet();
    await world.system.advanceTo(world.system.businessDay + 20);
    const before = await returns(lender);
    expect(before.accruedCents).toBeGreaterThan(0);
    const draft = { type: "GetReturns", accountId: null, from: null, seconds: null } as const;
    world.system.shard(1).run!.fail("rewound_healed", new Error("a test"));
    expect(await world.ask(draft, lender)).toEqual({
      type: "Failed",
      code: "unavailable",
      retryAfterMs: world.limits.retryAfterMs,
    });
    await repaid.quiet();
    expect(await returns(lender)).toEqual(before);
  });
});
