// What is read of accounts, loans and books, on a whole runtime over journals in memory.

import { afterEach, describe, expect, it } from "vitest";
import { accountId, loanId } from "../../actors/address.ts";
import { POSITIONS_PAGE_MAX } from "../../actors/account/positions-view.ts";
import { PAYMENTS_PAGE_MAX } from "../../actors/loan/repayment/schedule-view.ts";
import { ROWS_MAX } from "../../src/protocol/plans.ts";
import type { ReplyOf } from "../../src/protocol/table.ts";
import { BOOK_ROWS_MAX } from "../../src/runtime/books.ts";
import { CLOSINGS_KEPT_MAX } from "../../src/runtime/calendar.ts";
import { RepaidWorld } from "../support/repaid-world.ts";

let repaid: RepaidWorld;
afterEach(async () => repaid.world.stop());

type Books = ReplyOf<"books.get">;
const books = (day: number | null = null) => repaid.read<Books>({ type: "GetBooks", day });

describe.each([1, 3])("Reads with %i shards", (shards) => {
  it("positions show what was lent and what came back, with sums over all loans", async () => {
    repaid = await RepaidWorld.paidOut(shards);
    await repaid.world.openWithMoney("zoe", 1_00);
    await repaid.months(2);
    const ask = (from: number | null) =>
      repaid.read<ReplyOf<"account.positions">>(
        { type: "GetPositions", accountId: null, from },
        "ann",
      );
    const entries = (await repaid.entriesOf("ann")).filter((each) => each.clearing !== null);
    const sum = (of: "principalCents" | "interestCents" | "feeCents") =>
      entries.reduce((total, each) => total + each[of]!, 0);
    const position = {
      lentCents: 1_000_00,
      repaidCents: sum("principalCents"),
      receivedCents: sum("interestCents"),
      feesCents: sum("feeCents"),
    };
    expect(entries.length).toBe(2);
    const whole = { accountId: "ann", loans: 1, ...position };
    expect(await ask(null)).toEqual({ ...whole, positions: [{ loanId: "spring", ...position }] });
    expect(await ask(1)).toEqual({ ...whole, positions: [] });
    const none = await repaid.read({
      type: "GetPositions",
      accountId: accountId("zoe"),
      from: null,
    });
    expect(none).toMatchObject({ loans: 0, lentCents: 0, positions: [] });
    const absent = { type: "GetPositions", accountId: accountId("nobody"), from: null } as const;
    expect(await repaid.world.ask(absent)).toEqual({ type: "Refused", code: "account_not_found" });
  });

  it("a loan's schedule is what is still to pay, and what was paid", async () => {
    repaid = await RepaidWorld.paidOut(shards);
    await repaid.months(2);
    const ask = (after: number | null = null, id = "spring") =>
      repaid.read<ReplyOf<"loan.schedule">>({ type: "GetLoanSchedule", loanId: loanId(id), after });
    const { instalments, payments, ...rest } = await ask();
    expect(rest).toMatchObject({
      principalCents: 7_000_00,
      owedCents: 0,
      lateDays: 0,
      clearings: 2,
    });
    expect(instalments.map(({ k }) => k)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    const left = instalments.reduce((sum, each) => sum + each.principalCents, 0);
    const paid = payments.reduce((sum, each) => sum + each.principalCents, 0);
    expect(left).toBe(rest.outstandingCents);
    expect(left + paid).toBe(7_000_00);
    expect(payments.map(({ clearing, k }) => [clearing, k])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect((await ask(1)).payments).toEqual([payments[1]]);
    expect((await ask(2)).payments).toEqual([]);
    await repaid.world.listLoan("autumn");
    const listed = await ask(null, "autumn");
    expect(listed).toMatchObject({ outstandingCents: 0, clearings: 0, instalments: [] });
    const absent = { type: "GetLoanSchedule", loanId: loanId("nowhere"), after: null } as const;
    expect(await repaid.world.ask(absent)).toEqual({ type: "Refused", code: "loan_not_found" });
  });

  it("an instalment that was not paid is due, with its penalty", async () => {
    repaid = await RepaidWorld.paidOut(shards);
    await repaid.world.listLoan("other", {
      principalCents: 8_930_00,
      borrowerId: accountId("zoe"),
    });
    await repaid.world.answered(repaid.world.bid("borrower", "other", 8_930_00).request);
    await repaid.months(1);
    await repaid.world.system.advanceTo(repaid.world.system.businessDay + 13);
    const draft = { type: "GetLoanSchedule", loanId: loanId("spring"), after: null } as const;
    const { instalments, owedCents, lateDays } = await repaid.read<ReplyOf<"loan.schedule">>(draft);
    const [due, next] = instalments;
    expect(due).toMatchObject({ k: 1, isDue: true, interestCents: 70_00, penaltyCents: 3_11 });
    expect(next).toMatchObject({ k: 2, isDue: false, penaltyCents: 0 });
    expect(owedCents).toBe(due!.principalCents + due!.interestCents + due!.penaltyCents);
    expect(lateDays).toBe(13);
  });

  it("the books balance, now and as every day was closed", async () => {
    repaid = await RepaidWorld.paidOut(shards);
    const first = repaid.world.system.businessDay;
    const before = await books();
    await repaid.months(3);
    const now = await books();
    expect(now).toMatchObject({
      day: repaid.world.system.businessDay,
      isClosed: false,
      differenceCents: 0,
      inTransitCents: 0,
      cashDebitCents: 9_000_00,
      cashCreditCents: 9_000_00,
    });
    const { outstandingCents } = await repaid.loan();
    expect(now.memoDebitCents).toBe(outstandingCents);
    expect(now.memoCreditCents).toBe(outstandingCents);
    const custody = now.totals.filter(({ code }) => code === "asset.custody");
    expect(custody.reduce((sum, each) => sum + each.debitCents, 0)).toBe(9_000_00);
    for (const each of now.totals) expect(each.debitCents * each.creditCents).toBe(0);
    for (const each of now.closings) expect(each.differenceCents).toBe(0);
    expect(now.closings.map(({ day }) => day)).toContain(first);

    const closed = await books(first);
    expect(closed).toMatchObject({ ...before, isClosed: true, closings: now.closings });
    // Nothing began on the day after: its totals at the close are those of the day before.
    expect((await books(first + 1)).totals).toEqual(before.totals);
    for (const day of [now.day, now.day + 1, first - 1]) {
      const answer = await repaid.world.ask({ type: "GetBooks", day });
      expect(answer).toMatchObject({ type: "Failed", code: "day_not_kept" });
    }
  });

  it("books that are not durable are not told", async () => {
    repaid = await RepaidWorld.paidOut(shards);
    const { world } = repaid;
    world.auto = false;
    const { request } = world.submit({
      type: "Deposit",
      accountId: accountId("ann"),
      amountCents: 5_00,
      reference: "r",
    });
    await world.turns(20);
    const asked = world.submit({ type: "GetBooks", day: null });
    await world.turns(20);
    expect(world.answerTo(request)).toBeUndefined();
    expect(world.answerTo(asked.request)).toBeUndefined();
    expect(world.system.inFlight).toBe(2);
    world.auto = true;
    const answer = await world.answered(asked.request);
    expect(answer).toMatchObject({ type: "Read", view: { cashDebitCents: 9_005_00 } });
    expect(world.system.inFlight).toBe(0);
  });

  it("books of a shard that was lost are unavailable, not forgotten", async () => {
    repaid = await RepaidWorld.paidOut(shards);
    const { world } = repaid;
    world.auto = false;
    world.submit({ type: "Deposit", accountId: accountId("ann"), amountCents: 1, reference: "r" });
    await world.turns(20);
    const { request } = world.submit({ type: "GetBooks", day: null });
    await world.turns(5);
    for (const store of world.stores.keys()) {
      world.system.shard(store).run!.fail("evolve_failed", new Error("a bug"));
    }
    expect(await world.answered(request)).toMatchObject({ type: "Failed", code: "unavailable" });
    expect(world.system.inFlight).toBe(0);
    world.auto = true;
    await world.until(() => world.system.readiness.ready);
  });
});

describe("Pages", () => {
  it("have no more rows than the protocol takes", async () => {
    repaid = await RepaidWorld.paidOut(1);
    expect(Math.max(POSITIONS_PAGE_MAX, PAYMENTS_PAGE_MAX, BOOK_ROWS_MAX)).toBeLessThanOrEqual(
      ROWS_MAX,
    );
    expect(CLOSINGS_KEPT_MAX).toBeLessThanOrEqual(ROWS_MAX);
  });
});
