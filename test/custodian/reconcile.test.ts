import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cents, type Cents } from "../../src/money/cents.ts";
import {
  booksOf,
  reconcile,
  type BookLine,
  type Books,
  type Difference,
  type Side,
} from "../../src/custodian/reconcile.ts";
import type { StatementDate } from "../../src/custodian/statement-date.ts";

const DAY = "2026-11-24" as StatementDate;
const NEXT_DAY = "2026-11-25" as StatementDate;

function line(kind: BookLine["kind"], reference: string, amountCents = 100): BookLine {
  return { kind, reference, amountCents: cents(amountCents), date: DAY };
}

function sumOf(lines: readonly BookLine[]): number {
  return lines.reduce(
    (sum, { kind, amountCents }) => sum + (kind === "deposit" ? amountCents : -amountCents),
    0,
  );
}

/** With a closing balance that adds up. */
function books(lines: readonly BookLine[], openingCents = 0): Books {
  const closingCents = cents(openingCents + sumOf(lines));
  return { openingCents: cents(openingCents), closingCents, lines };
}

/** What is listed about lines, without what follows from them for the balances. */
function ofLines(differences: readonly Difference[]): readonly Difference[] {
  return differences.filter(({ type }) => type !== "closing_differs");
}

describe("Reconcile", () => {
  const one = line("deposit", "d-1");
  const two = line("payout", "w-1", 40);

  test("finds nothing where both sides say the same, in any order", () => {
    expect(reconcile(books([one, two], 7), books([two, one], 7))).toEqual({
      matchedLines: 2,
      differences: [],
    });
    expect(reconcile(books([]), books([]))).toEqual({ matchedLines: 0, differences: [] });
  });

  test("takes the same reference of a deposit and of a payout for two things", () => {
    const deposit = line("deposit", "same");
    const payout = line("payout", "same");
    expect(reconcile(books([deposit, payout]), books([payout, deposit]))).toMatchObject({
      matchedLines: 2,
      differences: [],
    });
    expect(reconcile(books([deposit]), books([payout])).differences).toMatchObject([
      { type: "missing_in_books", line: deposit },
      { type: "missing_at_custodian", line: payout },
      { type: "closing_differs" },
    ]);
  });

  test("lists what is off about one line as two differences when it is off in two ways", () => {
    const off = { ...one, amountCents: cents(101), date: NEXT_DAY };
    expect(ofLines(reconcile(books([off]), books([one])).differences)).toEqual([
      { type: "amount_differs", custodian: off, books: one },
      { type: "date_differs", custodian: off, books: one },
    ]);
  });

  test("takes of several lines with one reference the one that agrees best", () => {
    const wrong = { ...one, amountCents: cents(5) };
    const late = { ...one, date: NEXT_DAY };
    const found = (statement: readonly BookLine[], ours: readonly BookLine[]): unknown =>
      ofLines(reconcile(books(statement), books(ours)).differences);
    expect(found([wrong, late, one], [one])).toEqual([
      { type: "duplicate", side: "custodian", line: wrong },
      { type: "duplicate", side: "custodian", line: late },
    ]);
    expect(found([wrong, late], [one])).toEqual([
      { type: "duplicate", side: "custodian", line: wrong },
      { type: "date_differs", custodian: late, books: one },
    ]);
    expect(found([one], [wrong, one])).toEqual([{ type: "duplicate", side: "books", line: wrong }]);
    expect(found([one, one], [])).toEqual([
      { type: "missing_in_books", line: one },
      { type: "duplicate", side: "custodian", line: one },
    ]);
    expect(found([], [one, one])).toEqual([
      { type: "missing_at_custodian", line: one },
      { type: "duplicate", side: "books", line: one },
    ]);
    expect(found([one, one], [one, one])).toEqual([
      { type: "duplicate", side: "custodian", line: one },
      { type: "duplicate", side: "books", line: one },
    ]);
  });

  test("checks opening + movements = closing on each side, and the sides against each other", () => {
    const good = books([one], 10);
    const wrong = { ...good, closingCents: cents(111) };
    expect(reconcile(wrong, good).differences).toEqual([
      { type: "balance_differs", side: "custodian", movedToCents: 110, closingCents: 111 },
      { type: "closing_differs", custodianCents: 111, booksCents: 110 },
    ]);
    expect(reconcile(good, { ...wrong, openingCents: cents(11) }).differences).toEqual([
      { type: "opening_differs", custodianCents: 10, booksCents: 11 },
      { type: "closing_differs", custodianCents: 110, booksCents: 111 },
    ]);
  });

  test("says so when a sum is beyond what an amount can be, and never a rounded one", () => {
    const most = Number.MAX_SAFE_INTEGER;
    const lines = [line("deposit", "d-1", most), line("deposit", "d-2", 2)];
    const side = { openingCents: cents(0), closingCents: cents(most), lines };
    expect(reconcile(side, side).differences).toEqual([
      { type: "balance_out_of_range", side: "custodian" },
      { type: "balance_out_of_range", side: "books" },
    ]);
  });

  test("stays linear where one reference stands in every line", () => {
    const statement = Array.from({ length: 100_000 }, (_, at) => line("payout", "w", at + 1));
    const ours = Array.from({ length: 100_000 }, (_, at) => line("payout", "w", at + 500_000));
    const { matchedLines, differences } = reconcile(books(statement), books(ours));
    expect(matchedLines).toBe(0);
    expect(ofLines(differences)).toHaveLength(2 * 99_999 + 1);
  });

  test("takes the custodian's day from the times of its statement", () => {
    const line = { kind: "deposit", reference: "d-1", amountCents: cents(5) } as const;
    const statement = {
      date: DAY,
      utcOffsetMinutes: 480,
      openingCents: cents(0),
      closingCents: cents(5),
      isFinal: true,
      lines: [{ ...line, bookedAtMs: Date.parse("2026-11-23T16:00:00Z") }],
    };
    expect(booksOf(statement).lines).toEqual([{ ...line, date: DAY }]);
  });
});

type Corruption =
  | { readonly type: "drop"; readonly side: Side }
  | { readonly type: "double"; readonly side: Side; readonly to: number }
  | { readonly type: "amount"; readonly side: Side; readonly byCents: number }
  | { readonly type: "date"; readonly side: Side }
  | { readonly type: "amount_and_date"; readonly side: Side; readonly byCents: number };

const side = fc.constantFrom<Side>("custodian", "books");
const byCents = fc.integer({ min: 1, max: 10 ** 9 });
const corruption: fc.Arbitrary<Corruption> = fc.oneof(
  fc.record({ type: fc.constant("drop" as const), side }),
  fc.record({ type: fc.constant("double" as const), side, to: fc.nat() }),
  fc.record({ type: fc.constant("amount" as const), side, byCents }),
  fc.record({ type: fc.constant("date" as const), side }),
  fc.record({ type: fc.constant("amount_and_date" as const), side, byCents }),
);

const trueLine = fc.record({
  kind: fc.constantFrom<BookLine["kind"]>("deposit", "payout"),
  reference: fc.stringMatching(/^[a-c][0-9]{1,3}$/),
  amountCents: fc.integer({ min: 1, max: 10 ** 10 }).map(cents),
  date: fc.constant(DAY),
  corruption: fc.option(corruption, { freq: 3 }),
});

/** A true day, spoilt line by line, with what must be listed for it. */
function spoil(day: readonly (BookLine & { readonly corruption: Corruption | null })[]): {
  readonly sides: Record<Side, BookLine[]>;
  readonly expected: Difference[];
} {
  const sides: Record<Side, BookLine[]> = { custodian: [], books: [] };
  const expected: Difference[] = [];
  const doubles: { readonly side: Side; readonly to: number; readonly line: BookLine }[] = [];
  for (const { corruption, ...line } of day) {
    const both = { custodian: line, books: line };
    const change = (changed: BookLine): void => {
      both[corruption!.side] = changed;
    };
    if (corruption?.type === "drop") {
      const other = corruption.side === "custodian" ? "books" : "custodian";
      sides[other].push(line);
      const type = other === "books" ? "missing_at_custodian" : "missing_in_books";
      expected.push({ type, line });
      continue;
    }
    if (corruption?.type === "double") {
      doubles.push({ side: corruption.side, to: corruption.to, line });
      expected.push({ type: "duplicate", side: corruption.side, line });
    } else if (corruption !== null) {
      const isOther = corruption.type !== "date";
      const amountCents = isOther ? cents(line.amountCents + corruption.byCents) : line.amountCents;
      change({ ...line, amountCents, date: corruption.type === "amount" ? DAY : NEXT_DAY });
      if (isOther) expected.push({ type: "amount_differs", ...both });
      if (corruption.type !== "amount") expected.push({ type: "date_differs", ...both });
    }
    sides.custodian.push(both.custodian);
    sides.books.push(both.books);
  }
  for (const { side, to, line } of doubles) {
    sides[side].splice(to % (sides[side].length + 1), 0, line);
  }
  return { sides, expected };
}

const byText = (one: unknown, other: unknown): number =>
  JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;

describe("Reconcile, on any day spoilt anyhow", () => {
  const day = fc.uniqueArray(trueLine, {
    maxLength: 60,
    selector: ({ kind, reference }) => `${kind} ${reference}`,
  });

  test("lists every difference that was made, and no other", () => {
    fc.assert(
      fc.property(day, fc.integer(), (lines, openingCents) => {
        const { sides, expected } = spoil(lines);
        const custodian = books(sides.custodian, openingCents);
        const ours = books(sides.books, openingCents);
        if (custodian.closingCents !== ours.closingCents) {
          expected.push({
            type: "closing_differs",
            custodianCents: custodian.closingCents,
            booksCents: ours.closingCents,
          });
        }
        const found = reconcile(custodian, ours);
        expect([...found.differences].sort(byText)).toEqual([...expected].sort(byText));
        const untouched = lines.filter(({ corruption }) => corruption === null).length;
        const doubled = lines.filter(({ corruption }) => corruption?.type === "double").length;
        expect(found.matchedLines).toBe(untouched + doubled);
      }),
      { numRuns: 500 },
    );
  });

  test("lists the same for our lines in any order, and mirrored when the sides change places", () => {
    fc.assert(
      fc.property(day, fc.infiniteStream(fc.nat()), (lines, chances) => {
        const { sides } = spoil(lines);
        const mixed = sides.books
          .map((line) => ({ line, at: chances.next().value as number }))
          .sort((one, other) => one.at - other.at)
          .map(({ line }) => line);
        const straight = reconcile(books(sides.custodian), books(sides.books)).differences;
        const other = reconcile(books(sides.custodian), books(mixed)).differences;
        expect([...other].sort(byText)).toEqual([...straight].sort(byText));
        const back = reconcile(books(sides.books), books(sides.custodian)).differences;
        expect(back.map(mirrored).sort(byText)).toEqual([...straight].sort(byText));
      }),
    );
  });
});

function mirrored(difference: Difference): Difference {
  const other = (side: Side): Side => (side === "books" ? "custodian" : "books");
  switch (difference.type) {
    case "missing_at_custodian":
      return { ...difference, type: "missing_in_books" };
    case "missing_in_books":
      return { ...difference, type: "missing_at_custodian" };
    case "amount_differs":
    case "date_differs": {
      const { type, custodian, books } = difference;
      return { type, custodian: books, books: custodian };
    }
    case "opening_differs":
    case "closing_differs": {
      const { type, custodianCents, booksCents } = difference;
      return { type, custodianCents: booksCents as Cents, booksCents: custodianCents as Cents };
    }
    default:
      return { ...difference, side: other(difference.side) };
  }
}
