// A day of the custodian against all movements that our books have: picks the day's lines, reckons
// the balances from what came before, and says of a line that stands under another day that the
// dates differ, rather than that it is missing.

import { cents } from "../money/cents.ts";
import type { CustodianStatement, MovementKind } from "./port.ts";
import {
  booksOf,
  reconcile,
  type BookLine,
  type Difference,
  type Reconciliation,
} from "./reconcile.ts";
import { statementDates } from "./statement-date.ts";
import { signedCents } from "./wire.ts";

export interface OurMovement {
  readonly kind: MovementKind;
  readonly reference: string;
  readonly amountCents: number;
  readonly bookedAtMs: number;
}

export interface DailyReconciliation extends Reconciliation {
  readonly booksLines: number;
  /** Null when what came before the day is not known: then balances were not compared. */
  readonly booksOpeningCents: number | null;
  readonly booksClosingCents: number | null;
}

/** `isComplete`: `movements` are all that ever were; otherwise all of the day and after it. */
export function reconcileDay(
  statement: CustodianStatement,
  movements: readonly OurMovement[],
  isComplete: boolean,
): DailyReconciliation {
  const { date, utcOffsetMinutes } = statement;
  const dateOf = statementDates(utcOffsetMinutes);
  const lines: BookLine[] = [];
  const otherDays = new Map<string, BookLine>();
  let openingCents: number = isComplete ? 0 : statement.openingCents;
  for (const { kind, reference, amountCents, bookedAtMs } of movements) {
    const line = { kind, reference, amountCents: cents(amountCents), date: dateOf(bookedAtMs) };
    if (line.date === date) lines.push(line);
    else otherDays.set(keyOf(line), line);
    if (isComplete && line.date < date) openingCents += signedCents(line);
  }
  const closingCents = lines.reduce((sum, line) => sum + signedCents(line), openingCents);
  const books = { openingCents: cents(openingCents), closingCents: cents(closingCents), lines };
  const found = reconcile(booksOf(statement), books);
  const differences = found.differences.flatMap((each) => sharpened(each, otherDays));
  return {
    matchedLines: found.matchedLines,
    differences,
    booksLines: lines.length,
    booksOpeningCents: isComplete ? openingCents : null,
    booksClosingCents: isComplete ? closingCents : null,
  };
}

function sharpened(
  difference: Difference,
  otherDays: ReadonlyMap<string, BookLine>,
): readonly Difference[] {
  if (difference.type !== "missing_in_books") return [difference];
  const custodian = difference.line;
  const books = otherDays.get(keyOf(custodian));
  if (books === undefined) return [difference];
  const dates: Difference = { type: "date_differs", custodian, books };
  if (books.amountCents === custodian.amountCents) return [dates];
  return [{ type: "amount_differs", custodian, books }, dates];
}

function keyOf({ kind, reference }: BookLine): string {
  return `${kind}/${reference}`;
}
