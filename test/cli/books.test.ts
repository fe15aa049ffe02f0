import { describe, expect, test } from "vitest";
import { booksText, isInBalance } from "../../src/cli/books.ts";
import { parseBusinessDate } from "../../src/lending/business-date.ts";

const DAY = parseBusinessDate("2026-01-31")!;
const row = (code: string, shard: number | null, cents: number) => ({
  code,
  isMemo: code.startsWith("memo."),
  shard,
  debitCents: Math.max(cents, 0),
  creditCents: Math.max(-cents, 0),
});
const BOOKS = {
  position: "",
  day: DAY,
  isClosed: true,
  cashDebitCents: 9_000_00,
  cashCreditCents: 9_000_00,
  memoDebitCents: 100_00,
  memoCreditCents: 100_00,
  differenceCents: 0,
  inTransitCents: 0,
  totals: [
    row("asset.custody", 0, 9_000_00),
    row("client.available", 0, -8_000_00),
    row("client.available", 1, -1_000_00),
    row("transit", 0, -1_000_00),
    row("transit", 1, 1_000_00),
    row("memo.claim", 0, 100_00),
    row("memo.debt", 0, -100_00),
  ],
  closings: [{ day: DAY, cashCents: 9_000_00, memoCents: 100_00, differenceCents: 0 }],
};

describe("loanloom books", () => {
  test("prints a trial balance: debits left, credits right, a sum below each book", () => {
    expect(booksText(BOOKS, false).split("\n")).toEqual([
      "Trial balance of 2026-01-31, as it was closed.",
      "",
      "code              shard     debit    credit",
      "asset.custody       all  9,000.00",
      "client.available    all            9,000.00",
      "CASH BOOK                9,000.00  9,000.00",
      "",
      "memo.claim          all    100.00",
      "memo.debt           all              100.00",
      "MEMO BOOK                  100.00    100.00",
      "",
      "In balance. In transit between actors: 0.00.",
      "Closed days kept: 1, all in balance.",
    ]);
  });

  test("shows each shard with what it owes to others, and sums what it shows", () => {
    const text = booksText(BOOKS, true);
    expect(text).toMatch(/^transit +0 +1,000\.00$/m);
    expect(text).toMatch(/^transit +1 {3}1,000\.00$/m);
    expect(text).toMatch(/^CASH BOOK +10,000\.00 {2}10,000\.00$/m);
  });

  test("says aloud what does not balance", () => {
    const [closing] = BOOKS.closings;
    const wrong = { ...closing!, differenceCents: 1 };
    const text = booksText({ ...BOOKS, differenceCents: 1_23, closings: [wrong] }, false);
    expect(text).toContain("OUT OF BALANCE by 1.23.");
    expect(text).toContain("OUT OF BALANCE: 2026-01-31.");
  });

  test("fails for a closed day that does not balance, as for what it shows", () => {
    const [closing] = BOOKS.closings;
    expect(isInBalance(BOOKS)).toBe(true);
    expect(isInBalance({ ...BOOKS, differenceCents: 1 })).toBe(false);
    const closings = [{ ...closing!, differenceCents: 1 }, closing!];
    expect(isInBalance({ ...BOOKS, closings })).toBe(false);
  });
});
