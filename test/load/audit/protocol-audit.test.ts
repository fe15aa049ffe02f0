// What the protocol shows against what clients were told, on worlds that are spoilt in one place.

import { describe, expect, test } from "vitest";
import { expectationsOf } from "../../../load/audit/expectations.ts";
import {
  compareWorlds,
  type Watched,
  type WorldState,
} from "../../../load/audit/protocol-audit.ts";
import { FLAG, RequestLog } from "../../../load/driver/request-log.ts";
import { scenarioNamed } from "../../../load/scenarios/catalogue.ts";
import { planOf } from "../../../load/scenarios/plan.ts";
import { namesOf } from "../../../load/scenarios/world.ts";

const NAMES = namesOf("t");
const PLAN = planOf(scenarioNamed("fanout")!, {
  seed: 1,
  sizes: { lenders: 2, loans: 2, paidOutLoans: 1, lendersPerLoan: 2, watchers: 1 },
});
const [BID, CANCEL, REPAY] = [0, 1, 5];
const ID = Buffer.from("01938c3a7c007a3f8b2d5f6e7d8c9b0a", "hex");

function logOf(
  ...requests: readonly {
    operation: number;
    client: number;
    loan?: number;
    amount: number;
    placed?: [bidId: number, filled: number, rank: number, remaining: number];
    bidId?: number;
  }[]
): RequestLog {
  const log = new RequestLog();
  for (const { operation, client, loan = 0, amount, placed, bidId = 0 } of requests) {
    const at = log.add(operation, FLAG.mutating, client, loan, amount, 0);
    log.sent(at, 0, ID, bidId);
    if (placed === undefined) continue;
    log.answered(at, 1, "0:1-1");
    log.placed(at, ...placed);
  }
  return log;
}

/** Lender 0 bid twice and cancelled one, lender 1 bid once, the loan was repaid 300 for both. */
const LOG = logOf(
  { operation: BID!, client: 0, loan: 0, amount: 500, placed: [1, 500, 1, 9_500] },
  { operation: BID!, client: 0, loan: 1, amount: 700, placed: [2, 700, 1, 9_300] },
  { operation: CANCEL!, client: 0, amount: 0, bidId: 2, placed: [2, 700, 0, 0] },
  { operation: BID!, client: 1, loan: 1, amount: 900, placed: [1, 800, 2, 0] },
  { operation: REPAY!, client: 0, amount: 310, placed: [1, 290, 10, 10] },
);

const lender = (availableCents: number, heldCents: number, entry: number) => ({
  availableCents,
  heldCents,
  entry,
});
const market = (loanId: string, raisedCents: number, principalCents = 10_000) => ({
  loanId,
  raisedCents,
  principalCents,
});

const BEFORE: WorldState = {
  lenders: [lender(10_000, 0, 3), lender(10_000, 50, 3)],
  loans: [market("t-loan-00000", 0), market("t-loan-00001", 0)],
  paidOut: [{ clearings: 0, outstandingCents: 1_000 }],
};
const AFTER: WorldState = {
  lenders: [lender(9_650, 500, 7), lender(9_350, 850, 5)],
  loans: [market("t-loan-00000", 500), market("t-loan-00001", 800)],
  paidOut: [{ clearings: 1, outstandingCents: 710 }],
};
const WATCH: Watched = {
  accountId: "t-lender-00000",
  lastEntry: 7,
  availableCents: 9_650,
  heldCents: 500,
  gaps: 0,
  cut: false,
};
const BOOKS = { differenceCents: 0, inTransitCents: 0 };

function findings({ log = LOG, after = AFTER, watch = WATCH, books = BOOKS, before = BEFORE }) {
  const outcomes = { asked: 0, forgotten: 0 };
  const expected = expectationsOf([log]);
  return compareWorlds(PLAN, NAMES, expected, [watch], before, after, books, outcomes).findings;
}

function withLender(at: number, changed: object): { after: WorldState } {
  const lenders = AFTER.lenders.map((view, n) => (n === at ? { ...view, ...changed } : view));
  return { after: { ...AFTER, lenders } };
}

describe("The audit over the protocol", () => {
  test("finds nothing in a world that is as its clients were told", () => {
    expect(findings({})).toEqual([]);
  });

  test.each<[string, Parameters<typeof findings>[0], RegExp]>([
    [
      "a loan that raised more than its clients were told",
      { after: { ...AFTER, loans: [market("t-loan-00000", 501), AFTER.loans[1]!] } },
      /raised 501, clients know of 500/,
    ],
    [
      "a loan that is over-funded",
      { after: { ...AFTER, loans: [market("t-loan-00000", 500, 499), AFTER.loans[1]!] } },
      /over-funded/,
    ],
    [
      "an account that holds less than its bids",
      withLender(0, { heldCents: 0, availableCents: 10_150 }),
      /t-lender-00000 has 0 held, and knows of 500/,
    ],
    ["money that vanished", withLender(1, { availableCents: 9_349 }), /lenders have 299 more/],
    ["money that was minted", withLender(1, { availableCents: 9_351 }), /lenders have 301 more/],
    [
      "a repayment that was divided twice",
      { after: { ...AFTER, paidOut: [{ clearings: 2, outstandingCents: 420 }] } },
      /repaid 580 in 2 clearings/,
    ],
    ["an entry that its watcher was not pushed", { watch: { ...WATCH, lastEntry: 6 } }, /entry 7/],
    ["pushes with a gap", { watch: { ...WATCH, gaps: 1 } }, /gaps or twice/],
    ["books that differ", { books: { ...BOOKS, differenceCents: 1 } }, /books differ by 1/],
    [
      "money in transit at rest",
      { books: { ...BOOKS, inTransitCents: 5 } },
      /5 cents are in transit/,
    ],
    [
      "a bid that was filled with more than it asked",
      { log: logOf({ operation: BID!, client: 0, amount: 500, placed: [1, 501, 1, 0] }) },
      /a bid of 500 was filled with 501/,
    ],
    [
      "a bid number that was given twice",
      {
        log: logOf(
          { operation: BID!, client: 0, amount: 500, placed: [1, 500, 1, 0] },
          { operation: BID!, client: 0, amount: 500, placed: [1, 500, 2, 0] },
        ),
      },
      /told of bid 1 twice/,
    ],
    [
      "a cancel that released more than the bid held",
      {
        log: logOf(
          { operation: BID!, client: 0, amount: 500, placed: [1, 500, 1, 0] },
          { operation: CANCEL!, client: 0, amount: 0, bidId: 1, placed: [1, 501, 0, 0] },
        ),
      },
      /released 501 of 500/,
    ],
    [
      "a repayment whose parts are not the payment",
      { log: logOf({ operation: REPAY!, client: 0, amount: 300, placed: [1, 290, 9, 0] }) },
      /a repayment of 300 came to 290 \+ 9/,
    ],
  ])("finds %s", (_, spoilt, complaint) => {
    expect(findings(spoilt).join("\n")).toMatch(complaint);
  });

  test("passes over the last pushes of a connection that was cut", () => {
    expect(findings({ watch: { ...WATCH, lastEntry: 6, cut: true } })).toEqual([]);
  });

  test("keeps requests without an answer apart, to ask about them", () => {
    const log = logOf({ operation: BID!, client: 1, loan: 1, amount: 900, bidId: 0 });
    const { open, raisedCents } = expectationsOf([log]);
    expect(open).toMatchObject([{ operation: "bid", client: 1, loan: 1, amountCents: 900 }]);
    expect(raisedCents.size).toBe(0);
  });
});
