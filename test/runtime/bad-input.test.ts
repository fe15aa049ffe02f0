// What people get wrong about loans and repayments, on a whole runtime: each is refused with its
// reason, and changes nothing of what anybody has, owes or is owed.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accountId, loanId } from "../../actors/address.ts";
import { audit } from "../../src/history/audit.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import { TERMS } from "../support/repaid-world.ts";
import { World, type Draft } from "../support/world.ts";

const PEOPLE = ["ann", "ben", "bob", "poor"];
const LOANS = ["open", "running", "due", "settled"];
const AMOUNTS = ["availableCents", "heldCents"] as const;

let world: World;
afterAll(async () => world.stop());

async function settled(): Promise<void> {
  await world.until(() =>
    world.stores.every((_, shard) => {
      const run = world.system.shard(shard).run;
      return run !== null && run.isSettled && run.state.pending.size === 0;
    }),
  );
}

async function lent(id: string, term: number): Promise<void> {
  const terms = { ...TERMS, principalCents: 1_000_00, borrowerId: accountId("bob"), term };
  await world.listLoan(id, { ...terms, method: "bullet" });
  await world.answered(world.bid("ann", id, 1_000_00).request);
  await settled();
}

const repay = (id: string, amountCents: number, mode = "due"): Draft => {
  return { type: "RepayLoan", loanId: loanId(id), amountCents, mode };
};

/**
 * Bob owes three loans: `settled` is repaid, `due` fell due while his money was lent on, `running`
 * is due in a year. `open` takes bids from 100.00 on.
 */
beforeAll(async () => {
  world = await new World(3, { journalKeep: "all" }).start();
  await world.openWithMoney("ann", 9_000_00);
  await world.openWithMoney("ben", 500_00);
  await world.openWithMoney("bob", 1_00);
  await world.openWithMoney("poor", 1);
  await world.listLoan("open", { principalCents: 9_000_00, borrowerId: accountId("zoe") });
  await lent("settled", 12);
  await world.ask(repay("settled", 990_00, "early_keep_term"), "bob");
  await world.ask({
    type: "Deposit",
    accountId: accountId("bob"),
    amountCents: 20_00,
    reference: "r",
  });
  const rest = await world.ask(repay("settled", 16_00, "early_full"), "bob");
  expect(rest).toMatchObject({ type: "Repaid" });
  await lent("running", 12);
  await lent("due", 1);
  await world.answered(world.bid("bob", "open", 1_900_00).request);
  const due = await world.ask({ type: "GetLoan", loanId: loanId("due") });
  await world.system.advanceTo(due.type === "Loan" ? due.view.nextDueOn! : 0);
  const more = { accountId: accountId("bob"), amountCents: 5_000_00, reference: "r2" };
  await world.ask({ type: "Deposit", ...more });
  await settled();
});

/** All that anybody has, owes or is owed. */
async function everything(): Promise<unknown> {
  await settled();
  const accounts = await Promise.all(
    PEOPLE.map(async (id) => {
      const answer = await world.ask({ type: "GetAccount", accountId: accountId(id) });
      if (answer.type !== "Account") throw new Error(JSON.stringify(answer));
      return AMOUNTS.map((part) => answer.view[part]);
    }),
  );
  const loans = await Promise.all(
    LOANS.map(async (id) => {
      const answer = await world.ask({ type: "GetLoan", loanId: loanId(id) });
      if (answer.type !== "Loan") throw new Error(JSON.stringify(answer));
      return { ...answer.view, seq: 0 };
    }),
  );
  const books = await world.ask({ type: "GetBooks", day: null });
  return { accounts, loans, books };
}

const list = (more: object): Draft => ({
  type: "ListLoan",
  loanId: loanId("new"),
  borrowerId: accountId("bob"),
  stepCents: 1_00,
  minBidCents: 100_00,
  lenderCapCents: null,
  opensAtMs: null,
  closesAtMs: world.nowMs + 60_000,
  cancellable: true,
  ...TERMS,
  ...more,
});
const apply = (more: object): Draft => ({
  type: "CreateApplication",
  loanId: loanId("new"),
  amountCents: 500_00,
  purpose: "a kiln",
  method: "bullet",
  term: 12,
  rateBps: 900,
  ...more,
});
const bid = (id: string, amountCents: number): Draft => ({
  type: "PlaceBid",
  loanId: loanId(id),
  amountCents,
  fill: "exact",
  minCents: null,
});

type Row = readonly [what: string, code: string, who: string | null, draft: () => Draft];

const ROWS: readonly Row[] = [
  ["more than what is owed now", "exceeds_owed", "bob", () => repay("due", 4_000_00)],
  [
    "all that is owed and the rest of a loan in part",
    "repays_all",
    "bob",
    () => {
      return repay("running", 2_000_00, "early_keep_term");
    },
  ],
  [
    "less than everything as everything",
    "below_payoff",
    "bob",
    () => {
      return repay("running", 1_000_00, "early_full");
    },
  ],
  ["more than there is", "exceeds_available", "bob", () => repay("due", 90_000_00)],
  [
    "what does not cover a cent of principal",
    "amount_too_small",
    "bob",
    () => {
      return repay("running", 1, "early_keep_term");
    },
  ],
  ["a loan that takes bids", "loan_not_repaying", "bob", () => repay("open", 1_00)],
  ["a loan that is repaid", "loan_settled", "bob", () => repay("settled", 1_00)],
  ["a loan of which nothing is due", "nothing_due", "bob", () => repay("running", 1_00)],
  [
    "early, while something is due",
    "instalment_is_due",
    "bob",
    () => {
      return repay("due", 2_000_00, "early_full");
    },
  ],
  [
    "a bullet by keeping the instalment",
    "no_instalment_to_keep",
    "bob",
    () => {
      return repay("running", 100_00, "early_keep_instalment");
    },
  ],
  ["someone else's loan", "not_the_borrower", "ben", () => repay("due", 1_00)],
  ["a loan that is not there", "loan_not_found", "bob", () => repay("nowhere", 1_00)],
  ["a listing over no month", "terms_out_of_range", null, () => list({ term: 0 })],
  ["a listing over fifty years and a month", "terms_out_of_range", null, () => list({ term: 601 })],
  ["a listing by a year of 366 days", "terms_out_of_range", null, () => list({ basisDays: 366 })],
  ["a listing with 91 days of grace", "terms_out_of_range", null, () => list({ graceDays: 91 })],
  ["a listing above every rate", "rate_out_of_range", null, () => list({ rateBps: 100_001 })],
  [
    "a listing with more fee than there is",
    "rate_out_of_range",
    null,
    () => {
      return list({ serviceFeeBps: 10_001 });
    },
  ],
  [
    "a listing in half steps",
    "principal_not_multiple_of_step",
    null,
    () => {
      return list({ principalCents: 1_000_50 });
    },
  ],
  ["a listing that closed", "closing_in_the_past", null, () => list({ closesAtMs: 1 })],
  ["an application for a cent", "amount_out_of_range", "bob", () => apply({ amountCents: 1 })],
  ["an application over two months", "terms_out_of_range", "bob", () => apply({ term: 2 })],
  ["an application over 37 months", "terms_out_of_range", "bob", () => apply({ term: 37 })],
  [
    "an application over 89 days",
    "terms_out_of_range",
    "bob",
    () => {
      return apply({ method: "bullet_days", term: 89 });
    },
  ],
  ["a bid of a cent that is there", "below_minimum_bid", "poor", () => bid("open", 1)],
  ["a bid of a cent more than there is", "exceeds_available", "poor", () => bid("open", 2)],
  ["a bid between two steps", "not_multiple_of_step", "ben", () => bid("open", 100_01)],
  ["a bid on what is lent already", "loan_full", "ben", () => bid("running", 100_00)],
  [
    "a write-off of what is not in default",
    "loan_not_defaulted",
    null,
    () => {
      return { type: "ProposeWriteOff", loanId: loanId("due"), reason: "a feeling" };
    },
  ],
];

describe("Bad input is refused with its reason, and changes nothing", () => {
  it.each(ROWS)("%s: %s", async (_what, code, who, draft) => {
    const before = await everything();
    expect(await world.ask(draft(), who)).toEqual({ type: "Refused", code });
    expect(await everything()).toEqual(before);
  });

  it("the books of a day that is still going on, or never was", async () => {
    const code = "day_not_kept";
    for (const day of [world.system.businessDay, world.system.businessDay + 1, 1]) {
      expect(await world.ask({ type: "GetBooks", day })).toMatchObject({ type: "Failed", code });
    }
  });

  it("a business date that has begun already begins no more", async () => {
    const before = await everything();
    const { businessDay } = world.system;
    for (const day of [businessDay, businessDay - 1, 1]) await world.system.advanceTo(day);
    expect(world.system.businessDay).toBe(businessDay);
    expect(await everything()).toEqual(before);
  });

  it("the same debt twice at once: one payment is taken, the other comes back", async () => {
    const due = await world.ask({ type: "GetLoan", loanId: loanId("due") });
    const owedCents = due.type === "Loan" ? due.view.owedCents! : 0;
    const available = async () => {
      const answer = await world.ask({ type: "GetAccount", accountId: accountId("bob") });
      return answer.type === "Account" ? answer.view.availableCents : NaN;
    };
    const before = await available();
    const answers = await Promise.all(
      [1, 2, 3].map(() => world.ask(repay("due", owedCents), "bob")),
    );
    const taken = answers.filter(({ type }) => type === "Repaid");
    expect(taken).toHaveLength(1);
    for (const answer of answers) {
      if (answer.type !== "Repaid") expect(answer).toMatchObject({ code: "loan_settled" });
    }
    await settled();
    expect(await available()).toBe(before - owedCents);
  });

  it("and what is small but right is taken: a loan of a cent, free of interest, lent by whom a cent is all", async () => {
    const small = { principalCents: 1, stepCents: 1, minBidCents: 1, rateBps: 0, penaltyPpm: 0 };
    const terms = { ...TERMS, ...small, originationFeeBps: 0, method: "equal_instalment", term: 3 };
    await world.listLoan("cent", { ...terms, borrowerId: accountId("zoe") });
    await world.openWithMoney("zoe", 1);
    expect(await world.answered(world.bid("poor", "cent", 1).request)).toMatchObject({
      type: "BidPlaced",
      remainingCents: 0,
    });
    await settled();
    await world.system.advanceTo(world.system.businessDay + 100);
    await settled();
    expect(await world.ask({ type: "GetLoan", loanId: loanId("cent") })).toMatchObject({
      view: { status: "settled", outstandingCents: 0, overdue: "current" },
    });
    const poor = await world.ask({ type: "GetAccount", accountId: accountId("poor") });
    expect(poor).toMatchObject({ view: { availableCents: 1, heldCents: 0 } });
  });

  it("leaves journals in which the auditor finds nothing wrong", async () => {
    await settled();
    const report = await audit({
      shards: world.stores.map(({ entries }, shard) => ({ shard, entries })),
      shardOf: (address) => shardOf(address, world.stores.length),
      atRest: true,
    });
    expect(report.violations).toEqual([]);
  });
});
