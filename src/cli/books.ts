// `loanloom books`: the trial balance as an accountant reads it, now or as a day was closed.

import { Command } from "commander";
import { businessDate, formatBusinessDate } from "../lending/business-date.ts";
import type { Reply } from "../client/client.ts";
import { EXIT } from "./exit-codes.ts";
import { withRemoteOptions, withServer, type RemoteOptions } from "./remote.ts";
import { tableText } from "./table-text.ts";
import { businessDay, centsText } from "./values.ts";

type Books = Reply<"books.get">;

interface BooksOptions extends RemoteOptions {
  readonly date?: number;
  readonly byShard: boolean;
}

export function booksCommand(): Command {
  return withRemoteOptions(new Command("books"))
    .description(
      "the trial balance, now or as a day was closed; fails when it, or any closed day, does not balance",
    )
    .option("--date <date>", "a closed business date, as 2026-01-31 (default: now)", businessDay)
    .option("--by-shard", "a line for each shard", false)
    .action(async (options: BooksOptions) => {
      await withServer(options, ["operator"], async (client) => {
        const { date } = options;
        const books = await client.request("books.get", date === undefined ? {} : { day: date });
        const shown = options.json ? JSON.stringify(books) : booksText(books, options.byShard);
        process.stdout.write(`${shown}\n`);
        if (!isInBalance(books)) process.exitCode = EXIT.refused;
      });
    });
}

/** What is shown, and every closed day that is kept. */
export function isInBalance({ differenceCents, closings }: Books): boolean {
  return differenceCents === 0 && outOfBalance(closings).length === 0;
}

function outOfBalance(closings: Books["closings"]): Books["closings"] {
  return closings.filter(({ differenceCents }) => differenceCents !== 0);
}

/** A book after the other: a line for each code, debits and credits, and what the lines sum to. */
export function booksText(books: Books, byShard: boolean): string {
  const date = formatBusinessDate(businessDate(books.day));
  const state = books.isClosed ? "as it was closed" : "not closed yet";
  const lines = byShard ? books.totals.map(lineOf) : linesByCode(books);
  const table = [
    ["code", "shard", "debit", "credit"],
    ...bookLines(
      "CASH BOOK",
      lines.filter(({ isMemo }) => !isMemo),
    ),
    [""],
    ...bookLines(
      "MEMO BOOK",
      lines.filter(({ isMemo }) => isMemo),
    ),
  ];
  const verdict =
    books.differenceCents === 0
      ? "In balance."
      : `OUT OF BALANCE by ${centsText(books.differenceCents)}.`;
  return [
    `Trial balance of ${date}, ${state}.`,
    "",
    tableText(table, [false, true, true, true]),
    "",
    `${verdict} In transit between actors: ${centsText(books.inTransitCents)}.`,
    ...closingLines(books),
  ].join("\n");
}

/** Debits are positive. */
interface Line {
  readonly code: string;
  readonly isMemo: boolean;
  readonly shard: string;
  readonly cents: number;
}

function lineOf({ code, isMemo, shard, debitCents, creditCents }: Books["totals"][number]): Line {
  return {
    code,
    isMemo,
    shard: shard === null ? "all" : `${shard}`,
    cents: debitCents - creditCents,
  };
}

/** What is between two shards is a debit in one and a credit in the other: nothing, over all. */
function linesByCode({ totals }: Books): Line[] {
  const byCode = new Map<string, Line>();
  for (const row of totals) {
    const line = lineOf(row);
    const cents = (byCode.get(line.code)?.cents ?? 0) + line.cents;
    byCode.set(line.code, { ...line, shard: "all", cents });
  }
  return [...byCode.values()].filter(({ cents }) => cents !== 0);
}

function bookLines(title: string, lines: readonly Line[]): string[][] {
  const debitCents = lines.reduce((sum, { cents }) => sum + Math.max(cents, 0), 0);
  const creditCents = lines.reduce((sum, { cents }) => sum + Math.max(-cents, 0), 0);
  return [
    ...lines.map(({ code, shard, cents }) =>
      cents > 0 ? [code, shard, centsText(cents), ""] : [code, shard, "", centsText(-cents)],
    ),
    [title, "", centsText(debitCents), centsText(creditCents)],
  ];
}

/** What is wrong with a closed day is news; that all others balance is one line. */
function closingLines({ closings }: Books): string[] {
  if (closings.length === 0) return [];
  const wrong = outOfBalance(closings);
  const kept = `Closed days kept: ${closings.length}`;
  if (wrong.length === 0) return [`${kept}, all in balance.`];
  const days = wrong.map(({ day }) => formatBusinessDate(businessDate(day))).join(", ");
  return [`${kept}; OUT OF BALANCE: ${days}.`];
}
