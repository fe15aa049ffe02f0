// The custodian's statement of a day against our books of the same day, line by line. Every
// difference is listed, and nothing is repaired: what a difference means, a person decides. Pure,
// and linear in the number of lines.

import type { Cents } from "../money/cents.ts";
import type { CustodianStatement, MovementKind } from "./port.ts";
import { statementDates, type StatementDate } from "./statement-date.ts";
import { signedCents } from "./wire.ts";

/** One movement of the custody account, as one side has it. */
export interface BookLine {
  readonly kind: MovementKind;
  /** The custodian's for a deposit, ours for a payout. Unique within its kind. */
  readonly reference: string;
  /** More than zero. */
  readonly amountCents: Cents;
  /** The day on which this side has booked it. */
  readonly date: StatementDate;
}

/** One side of a day. */
export interface Books {
  readonly openingCents: Cents;
  readonly closingCents: Cents;
  readonly lines: readonly BookLine[];
}

export type Side = "custodian" | "books";

export type Difference =
  /** Our books have it, the statement does not. */
  | { readonly type: "missing_at_custodian"; readonly line: BookLine }
  /** The statement has it, our books do not. */
  | { readonly type: "missing_in_books"; readonly line: BookLine }
  | { readonly type: "amount_differs"; readonly custodian: BookLine; readonly books: BookLine }
  | { readonly type: "date_differs"; readonly custodian: BookLine; readonly books: BookLine }
  /** One side has the same kind and reference once more than it may; `line` is the one too many. */
  | { readonly type: "duplicate"; readonly side: Side; readonly line: BookLine }
  /** Opening + movements is not closing, on one side by itself. */
  | {
      readonly type: "balance_differs";
      readonly side: Side;
      readonly movedToCents: number;
      readonly closingCents: Cents;
    }
  /** A balance on the way is beyond what an amount can be: nothing is said about the sum. */
  | { readonly type: "balance_out_of_range"; readonly side: Side }
  | {
      readonly type: "opening_differs" | "closing_differs";
      readonly custodianCents: Cents;
      readonly booksCents: Cents;
    };

export interface Reconciliation {
  /** Lines that both sides have, equal in all. */
  readonly matchedLines: number;
  /**
   * In this order: what is found at the statement's lines, in their order; then what only our books
   * have, in their order; then balances. The same input gives the same list.
   */
  readonly differences: readonly Difference[];
}

/** The custodian's side of a day, from its statement. */
export function booksOf(statement: CustodianStatement): Books {
  const dateOf = statementDates(statement.utcOffsetMinutes);
  return {
    openingCents: statement.openingCents,
    closingCents: statement.closingCents,
    lines: statement.lines.map(({ kind, reference, amountCents, bookedAtMs }) => ({
      kind,
      reference,
      amountCents,
      date: dateOf(bookedAtMs),
    })),
  };
}

/**
 * Where a kind and reference stands more than once on a side, the line that agrees best with the
 * other side (in all, then in amount, then the first) is taken for it and the others are
 * duplicates. One pair of lines can differ in amount and in date: these are two differences.
 */
export function reconcile(custodian: Books, books: Books): Reconciliation {
  const partners = partnersOf(custodian.lines, books.lines);
  const differences: Difference[] = [];
  let matchedLines = 0;
  custodian.lines.forEach((line, at) => {
    const partner = partners.ofCustodian[at]!;
    if (partner === DUPLICATE) {
      differences.push({ type: "duplicate", side: "custodian", line });
    } else if (partner === MISSING) {
      differences.push({ type: "missing_in_books", line });
    } else {
      const found = differencesOf(line, books.lines[partner]!);
      if (found.length === 0) matchedLines++;
      differences.push(...found);
    }
  });
  books.lines.forEach((line, at) => {
    const partner = partners.ofBooks[at]!;
    if (partner === DUPLICATE) differences.push({ type: "duplicate", side: "books", line });
    else if (partner === MISSING) differences.push({ type: "missing_at_custodian", line });
  });
  differences.push(
    ...balanceOf("custodian", custodian),
    ...balanceOf("books", books),
    ...ends("opening_differs", custodian.openingCents, books.openingCents),
    ...ends("closing_differs", custodian.closingCents, books.closingCents),
  );
  return { matchedLines, differences };
}

const MISSING = -1;
const DUPLICATE = -2;

/** For each line of a side the number of its line on the other one, `MISSING` or `DUPLICATE`. */
interface Partners {
  readonly ofCustodian: Int32Array;
  readonly ofBooks: Int32Array;
}

function partnersOf(custodian: readonly BookLine[], books: readonly BookLine[]): Partners {
  const ofCustodian = new Int32Array(custodian.length).fill(MISSING);
  const ofBooks = new Int32Array(books.length).fill(MISSING);
  const firsts = { deposit: new Map<string, number>(), payout: new Map<string, number>() };
  /** The references that a side has more than once, with all their lines: there are few. */
  const crowds = { deposit: new Map<string, Crowd>(), payout: new Map<string, Crowd>() };
  custodian.forEach(({ kind, reference }, at) => {
    const first = firsts[kind].get(reference);
    if (first === undefined) firsts[kind].set(reference, at);
    else crowdOf(crowds[kind], reference, first, ofCustodian).custodian.push(at);
  });
  books.forEach(({ kind, reference }, at) => {
    const first = firsts[kind].get(reference);
    const crowd = crowds[kind].get(reference);
    if (crowd !== undefined) {
      crowd.books.push(at);
    } else if (first === undefined) {
      // Not at the custodian. A second one of these is a duplicate.
      crowds[kind].set(reference, { custodian: [], books: [at] });
    } else if (ofCustodian[first] === MISSING) {
      ofCustodian[first] = at;
      ofBooks[at] = first;
    } else {
      crowdOf(crowds[kind], reference, first, ofCustodian).books.push(at);
    }
  });
  for (const kind of ["deposit", "payout"] as const) {
    for (const crowd of crowds[kind].values())
      pairUp(crowd, custodian, books, ofCustodian, ofBooks);
  }
  return { ofCustodian, ofBooks };
}

interface Crowd {
  readonly custodian: number[];
  readonly books: number[];
}

function crowdOf(
  crowds: Map<string, Crowd>,
  reference: string,
  first: number,
  ofCustodian: Int32Array,
): Crowd {
  const known = crowds.get(reference);
  if (known !== undefined) return known;
  const partner = ofCustodian[first]!;
  const crowd = { custodian: [first], books: partner === MISSING ? [] : [partner] };
  crowds.set(reference, crowd);
  return crowd;
}

function pairUp(
  crowd: Crowd,
  custodian: readonly BookLine[],
  books: readonly BookLine[],
  ofCustodian: Int32Array,
  ofBooks: Int32Array,
): void {
  const [first] = crowd.custodian;
  const [firstOfBooks] = crowd.books;
  for (const at of crowd.custodian) ofCustodian[at] = DUPLICATE;
  for (const at of crowd.books) ofBooks[at] = DUPLICATE;
  if (first === undefined) {
    ofBooks[firstOfBooks!] = MISSING;
  } else if (firstOfBooks === undefined) {
    ofCustodian[first] = MISSING;
  } else {
    const [one, other] = firstAgreeing(crowd, custodian, books, wholeOf) ??
      firstAgreeing(crowd, custodian, books, amountOf) ?? [first, firstOfBooks];
    ofCustodian[one] = other;
    ofBooks[other] = one;
  }
}

/** Linear also where somebody has put the same reference into every line. */
function firstAgreeing(
  crowd: Crowd,
  custodian: readonly BookLine[],
  books: readonly BookLine[],
  trait: (line: BookLine) => string,
): readonly [number, number] | undefined {
  const traits = new Map<string, number>();
  for (const at of crowd.books) {
    const key = trait(books[at]!);
    if (!traits.has(key)) traits.set(key, at);
  }
  for (const at of crowd.custodian) {
    const other = traits.get(trait(custodian[at]!));
    if (other !== undefined) return [at, other];
  }
  return undefined;
}

function wholeOf({ amountCents, date }: BookLine): string {
  return `${amountCents} ${date}`;
}

function amountOf({ amountCents }: BookLine): string {
  return `${amountCents}`;
}

function differencesOf(custodian: BookLine, books: BookLine): readonly Difference[] {
  const found: Difference[] = [];
  if (custodian.amountCents !== books.amountCents) {
    found.push({ type: "amount_differs", custodian, books });
  }
  if (custodian.date !== books.date) found.push({ type: "date_differs", custodian, books });
  return found;
}

function balanceOf(side: Side, { openingCents, closingCents, lines }: Books): Difference[] {
  let movedToCents: number = openingCents;
  for (const line of lines) {
    movedToCents += signedCents(line);
    if (!Number.isSafeInteger(movedToCents)) return [{ type: "balance_out_of_range", side }];
  }
  if (movedToCents === closingCents) return [];
  return [{ type: "balance_differs", side, movedToCents, closingCents }];
}

function ends(
  type: "opening_differs" | "closing_differs",
  custodianCents: Cents,
  booksCents: Cents,
): Difference[] {
  return custodianCents === booksCents ? [] : [{ type, custodianCents, booksCents }];
}
