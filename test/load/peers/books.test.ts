// The check of a peer's books: it must find each kind of difference, or a
// wrong peer would have a figure.

import { describe, expect, test } from "vitest";
import { WrongState } from "../../../load/command/exit-codes.ts";
import { checkBooks, type LoanBooks, type PeerBooks } from "../../../load/peers/books.ts";

const TOLD = [
  { loanId: "hot", filledCents: 700, bids: 7, repaidCents: 0, repayments: 0, lenders: 0 },
  { loanId: "lent", filledCents: 0, bids: 0, repaidCents: 50, repayments: 2, lenders: 10 },
];

const HOT: LoanBooks = {
  raisedCents: 700,
  bids: 7,
  recordedCents: 700,
  repaidCents: 0,
  repayments: 0,
  creditedCents: 0,
  credits: 0,
};
const LENT: LoanBooks = {
  ...{ raisedCents: 0, bids: 0, recordedCents: 0 },
  ...{ repaidCents: 50, repayments: 2, creditedCents: 50, credits: 20 },
};
const RIGHT: PeerBooks = { loans: [HOT, LENT], availableCents: 300, heldCents: 700 };

describe("The books of a peer", () => {
  test("are right when they are what clients were told", () => {
    expect(() => checkBooks(RIGHT, TOLD, 1_000)).not.toThrow();
  });

  test("may leave out what a peer cannot say", () => {
    const silent = { ...HOT, recordedCents: null, creditedCents: null, credits: null };
    expect(() => checkBooks({ ...RIGHT, loans: [silent, LENT] }, TOLD, 1_000)).not.toThrow();
  });

  test.each<[string, Partial<LoanBooks>]>([
    ["a cent raised that nobody was told of", { raisedCents: 701 }],
    ["a bid that nobody was told of", { bids: 8 }],
    ["a bid that was told and is lost", { bids: 6 }],
    ["a record that is lost", { recordedCents: 600 }],
    ["a repayment that nobody was told of", { repaidCents: 1 }],
    ["a repayment that is counted twice", { repayments: 1 }],
    ["a lender that got a cent too much", { creditedCents: 1 }],
    ["a lender that got nothing", { credits: -1 }],
  ])("are wrong with %s", (_, wrong) => {
    const books = { ...RIGHT, loans: [{ ...HOT, ...wrong }, LENT] };
    expect(() => checkBooks(books, TOLD, 1_000)).toThrow(WrongState);
    expect(() => checkBooks(books, TOLD, 1_000)).toThrow(/hot/);
  });

  test.each<[string, Partial<PeerBooks>]>([
    ["money held for no bid", { heldCents: 701, availableCents: 299 }],
    ["money that came from nowhere", { availableCents: 301 }],
    ["a loan that is not there", { loans: [HOT] }],
  ])("are wrong with %s", (_, wrong) => {
    expect(() => checkBooks({ ...RIGHT, ...wrong }, TOLD, 1_000)).toThrow(WrongState);
  });
});
