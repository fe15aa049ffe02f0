import { describe, expect, test } from "vitest";
import { cents } from "../../src/money/cents.ts";
import { reconcileDay, type OurMovement } from "../../src/custodian/daily.ts";
import type { CustodianStatement } from "../../src/custodian/port.ts";
import { boundsOf, parseStatementDate } from "../../src/custodian/statement-date.ts";

const DATE = parseStatementDate("2026-11-24")!;
const { fromMs, untilMs } = boundsOf(DATE, 480);
const NOON_MS = fromMs + 12 * 3_600_000;

function line(
  kind: "deposit" | "payout",
  reference: string,
  amountCents: number,
  bookedAtMs = NOON_MS,
) {
  return { kind, reference, amountCents: cents(amountCents), bookedAtMs };
}

const BEFORE: OurMovement = line("deposit", "d-0", 100_00, fromMs - 1);
const DAY = [line("deposit", "d-1", 50_00, fromMs), line("payout", "w-ann-1", 20_00, untilMs - 1)];

function statement(more: Partial<CustodianStatement> = {}): CustodianStatement {
  return {
    date: DATE,
    utcOffsetMinutes: 480,
    openingCents: cents(100_00),
    closingCents: cents(130_00),
    isFinal: true,
    lines: DAY,
    ...more,
  };
}

describe("A day against the books", () => {
  test("agrees when every line and both balances do, whatever comes before and after", () => {
    const after = line("payout", "w-ann-2", 5_00, untilMs);
    expect(reconcileDay(statement(), [BEFORE, ...DAY, after], true)).toEqual({
      matchedLines: 2,
      differences: [],
      booksLines: 2,
      booksOpeningCents: 100_00,
      booksClosingCents: 130_00,
    });
  });

  test("does not compare balances of which it knows no beginning", () => {
    const found = reconcileDay(statement(), DAY, false);
    expect(found).toMatchObject({ differences: [], booksOpeningCents: null });
    expect(reconcileDay(statement(), DAY, true).differences).toMatchObject([
      { type: "opening_differs", booksCents: 0 },
      { type: "closing_differs", booksCents: 30_00 },
    ]);
  });

  test("says of a line under another day that the dates differ, and the amounts where they do", () => {
    const moved = line("payout", "w-ann-1", 21_00, untilMs + 1);
    const { differences, matchedLines } = reconcileDay(statement(), [BEFORE, DAY[0]!, moved], true);
    expect(matchedLines).toBe(1);
    expect(differences).toMatchObject([
      { type: "amount_differs", books: { amountCents: 21_00 } },
      { type: "date_differs", custodian: { date: DATE }, books: { date: "2026-11-25" } },
      { type: "closing_differs" },
    ]);
  });

  test("does not take a deposit for a payout of the same name", () => {
    const other = line("deposit", "w-ann-1", 20_00, untilMs + 1);
    const { differences } = reconcileDay(statement(), [BEFORE, DAY[0]!, other], true);
    expect(differences).toMatchObject([
      { type: "missing_in_books", line: { kind: "payout", reference: "w-ann-1" } },
      { type: "closing_differs" },
    ]);
  });
});
