// `loanloom reconcile`: the custodian's statement of a day against the journals, line
// by line. It only reads, on both sides, and may run beside the server. What a
// difference means, a person decides.

import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { UsageError } from "../command/exit-codes.ts";
import { loadConfig, type Config } from "../config.ts";
import { HttpCustodian } from "../custodian/client.ts";
import { reconcileDay, type DailyReconciliation } from "../custodian/daily.ts";
import { systemEnvironment } from "../custodian/environment.ts";
import type { CustodianFault, CustodianStatement } from "../custodian/port.ts";
import type { BookLine, Difference } from "../custodian/reconcile.ts";
import { clientLimits, keysOf } from "../custodian/service.ts";
import { boundsOf, parseStatementDate, type StatementDate } from "../custodian/statement-date.ts";
import { readCustodyLines } from "../history/custody-lines.ts";
import type { JournalAccess } from "../history/journal-access.ts";
import { countJournals, journalSource, notOvertaken } from "../history/journal-source.ts";
import { assertNever } from "../money/assert.ts";
import { EXIT } from "./exit-codes.ts";
import { journalsBy } from "./journal-place.ts";
import { centsText } from "./values.ts";

interface ReconcileOptions {
  readonly date: StatementDate;
  readonly redis?: string;
  readonly data?: string;
  readonly json: boolean;
}

export function reconcileCommand(): Command {
  return new Command("reconcile")
    .description("compare the custodian's statement of a day with the journals, line by line")
    .requiredOption("--date <day>", "the custodian's business day, such as 2026-11-24", day)
    .option("--redis <url>", "the Redis to read (default: REDIS_URL, else the data folder)")
    .option("--data <folder>", "the data folder of an embedded Redis (default: LOANLOOM_DATA)")
    .option("--json", "print the result as one line of JSON", false)
    .addHelpText(
      "after",
      "\nThe custodian and the keys are found as `serve` finds them: LOANLOOM_CUSTODIAN_URL and" +
        "\nLOANLOOM_CUSTODIAN_SECRET, or custodian.key in the data folder. Balances are compared when" +
        "\nthe journals are there from their start (LOANLOOM_JOURNAL_KEEP=all); of trimmed ones the" +
        "\nlines of a day that they still cover." +
        "\nExit codes: 0 no difference, 1 differences, 2 usage (also what the bank rejects: a wrong" +
        "\nkey, a day to come), 3 bank or Redis cannot be reached.",
    )
    .action(async (options: ReconcileOptions) => {
      process.exitCode = await run(options);
    });
}

function day(text: string): StatementDate {
  const date = parseStatementDate(text);
  if (date === undefined) throw new InvalidArgumentError("expected a day such as 2026-11-24");
  return date;
}

async function run(options: ReconcileOptions): Promise<number> {
  const config = loadConfig(process.env);
  const statement = await statementOf(config, options);
  if (typeof statement === "string") {
    process.stderr.write(`loanloom: no statement of the custodian: ${statement}\n`);
    // It was reached, and takes neither the key nor the day: trying again is of no use.
    return statement === "rejected" ? EXIT.usage : EXIT.unreachable;
  }
  const journals = await journalsBy(options, process.env);
  try {
    const result = await notOvertaken(() => compare(journals, statement));
    const { date, isFinal, openingCents, closingCents, lines } = statement;
    const custodian = { openingCents, closingCents, lines: lines.length };
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ date, isFinal, custodian, ...result })}\n`);
    } else {
      process.stdout.write(`${textOf(statement, result).join("\n")}\n`);
    }
    return result.differences.length === 0 ? EXIT.ok : EXIT.refused;
  } finally {
    await journals.close();
  }
}

/** A fault says why there is none. */
async function statementOf(
  { custodian, deployment }: Config,
  { date, data }: ReconcileOptions,
): Promise<CustodianStatement | CustodianFault> {
  const { url } = custodian;
  if (url === null) throw new UsageError("LOANLOOM_CUSTODIAN_URL is not set");
  const keys = await keysOf(custodian, join(data ?? deployment.dataDir, "custodian.key"));
  const limits = clientLimits(custodian);
  const client = new HttpCustodian({ url, keys, environment: systemEnvironment, limits });
  const read = await client.readStatement(date);
  client.close();
  return read.kind === "read" ? read.statement : read.fault;
}

async function compare(
  { connect, macKey }: JournalAccess,
  statement: CustodianStatement,
): Promise<DailyReconciliation> {
  const { shards } = await countJournals(connect);
  if (shards === 0) throw new UsageError("there is no journal");
  const sources = Array.from({ length: shards }, (_, shard) =>
    journalSource({ shard, connect, macKey }),
  );
  try {
    const { lines, completeFromMs } = await readCustodyLines(sources);
    const { fromMs } = boundsOf(statement.date, statement.utcOffsetMinutes);
    if (completeFromMs !== null && completeFromMs > fromMs) {
      const from = new Date(completeFromMs).toISOString();
      throw new UsageError(`the journals were trimmed: what is left of them begins at ${from}`);
    }
    return reconcileDay(statement, lines, completeFromMs === null);
  } finally {
    for (const source of sources) source.close();
  }
}

function textOf(statement: CustodianStatement, result: DailyReconciliation): string[] {
  const { booksOpeningCents, booksClosingCents, booksLines, matchedLines, differences } = result;
  const money = (value: number | null): string => (value === null ? "unknown" : centsText(value));
  const row = (name: string, theirs: string, ours: string): string =>
    `  ${name.padEnd(10)}${theirs.padStart(20)}${ours.padStart(20)}`;
  const { date, isFinal, openingCents, closingCents, lines } = statement;
  return [
    `${date}${isFinal ? "" : ", a day that is not over: lines may be added"}`,
    row("", "custodian", "books"),
    row("opening", money(openingCents), money(booksOpeningCents)),
    row("lines", String(lines.length), String(booksLines)),
    row("closing", money(closingCents), money(booksClosingCents)),
    "",
    ...differences.map((each) => `  ${sentenceOf(each)}`),
    `${matchedLines} lines agree, ${differences.length} differences`,
  ];
}

function sentenceOf(difference: Difference): string {
  switch (difference.type) {
    case "missing_at_custodian":
    case "missing_in_books":
      return `${difference.type}: ${lineText(difference.line)}`;
    case "amount_differs":
    case "date_differs": {
      const { type, custodian, books } = difference;
      return `${type}: custodian ${lineText(custodian)}; books ${lineText(books)}`;
    }
    case "duplicate":
      return `duplicate in ${difference.side}: ${lineText(difference.line)}`;
    case "balance_differs": {
      const { side, movedToCents, closingCents } = difference;
      return `balance_differs in ${side}: lines lead to ${centsText(movedToCents)}, closing is ${centsText(closingCents)}`;
    }
    case "balance_out_of_range":
      return `balance_out_of_range in ${difference.side}`;
    case "opening_differs":
    case "closing_differs": {
      const { type, custodianCents, booksCents } = difference;
      return `${type}: custodian ${centsText(custodianCents)}, books ${centsText(booksCents)}`;
    }
    default:
      return assertNever(difference);
  }
}

function lineText({ kind, reference, amountCents, date }: BookLine): string {
  return `${kind} ${reference} of ${centsText(amountCents)} on ${date}`;
}
