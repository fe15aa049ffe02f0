// `loanloom verify`: walks the journals of a deployment and checks ids, MACs and invariants. It
// only reads, and may run beside the server: shards are read one after the other, and what one of
// them has from beyond where the other was read is counted, and not judged.

import { SingleBar } from "cli-progress";
import { Command } from "commander";
import { UsageError } from "../command/exit-codes.ts";
import { within } from "../command/number-options.ts";
import { audit } from "../history/audit.ts";
import type { JournalAccess } from "../history/journal-access.ts";
import {
  countJournals,
  countShards,
  journalSource,
  notOvertaken,
} from "../history/journal-source.ts";
import type { AuditReport } from "../history/report.ts";
import { shardOf } from "../runtime/shard-of.ts";
import type { SnapshotVerdict } from "../journal/snapshot-audit.ts";
import { auditText } from "./audit-text.ts";
import { EXIT } from "./exit-codes.ts";
import { journalsBy, withJournalPlace } from "./journal-place.ts";
import { snapshotsText, withSnapshots } from "./verified-snapshots.ts";

interface VerifyOptions {
  readonly redis?: string;
  readonly data?: string;
  readonly anchors?: string;
  readonly shards?: number;
  readonly atRest: boolean;
  readonly json: boolean;
}

export function verifyCommand(): Command {
  return withJournalPlace(new Command("verify"))
    .description(
      "walk the journals and check ids, MACs and, of journals that are whole, all invariants; changes nothing",
    )
    .option(
      "--shards <number>",
      "how many shards there must be (default: as many as there are)",
      within(1, 256),
    )
    .option("--at-rest", "also fail when messages are still under way", false)
    .option("--json", "print the report as one line of JSON", false)
    .addHelpText(
      "after",
      "\nWith LOANLOOM_JOURNAL_KEEP=checkpoint, the default, journals are trimmed in front: ids, MACs, numbers," +
        "\nversions and sums of postings of what is left are checked, and with --json what was not is null." +
        "\nThe MAC key is found as `serve` finds it: LOANLOOM_MAC_KEY, or mac.key in the data folder. So are" +
        "\nthe anchors, which the journals are held against; with --redis they must be named." +
        "\nExit codes: 0 everything holds, 1 violations, 2 usage, 3 Redis cannot be reached.",
    )
    .action(async (options: VerifyOptions) => {
      process.exitCode = await verify(options);
    });
}

async function verify(options: VerifyOptions): Promise<number> {
  const journals = await journalsBy(options, process.env);
  try {
    const { report, verdicts } = await notOvertaken(async () => {
      const verdicts: SnapshotVerdict[] = [];
      const onSnapshots = (verdict: SnapshotVerdict) => void verdicts.push(verdict);
      return { report: await auditJournals(journals, options, onSnapshots), verdicts };
    });
    if (options.json) {
      process.stdout.write(`${JSON.stringify(asChecked(report))}\n`);
    } else {
      process.stdout.write(
        `journals of ${journals.name}\n\n${auditText(report, snapshotsText(verdicts))}\n`,
      );
    }
    return report.ok ? EXIT.ok : EXIT.refused;
  } finally {
    await journals.close();
  }
}

/** Sums that a journal has from its start only. */
const NEED_ALL = [
  ...([
    "messages",
    "messagesInFlight",
    "messagesAhead",
    "accounts",
    "loans",
    "bids",
    "clearings",
    "legs",
  ] as const),
  ...(["depositedCents", "paidOutCents", "availableCents", "heldCents"] as const),
  ...(["raisedCents", "clearingCents", "transitCents"] as const),
] satisfies (keyof AuditReport["totals"])[];

/** Null is what was not looked at: of a journal without its beginning a zero would be a claim. */
function asChecked(report: AuditReport): object {
  if (report.coverage === "full") return report;
  const unknown = Object.fromEntries(NEED_ALL.map((name) => [name, null]));
  return { ...report, totals: { ...report.totals, ...unknown } };
}

async function auditJournals(
  { connect, macKey, anchors }: JournalAccess,
  options: VerifyOptions,
  onSnapshots: (verdict: SnapshotVerdict) => void,
): Promise<AuditReport> {
  const found = await countJournals(connect);
  const there = anchors === null ? found.shards : await countShards(found.shards, anchors);
  const count = options.shards ?? there;
  if (there === 0) throw new UsageError("there is no journal");
  if (there !== count) throw new UsageError(`there are ${there} shards, not ${count}`);
  const sources = Array.from({ length: count }, (_, shard) =>
    journalSource({ shard, connect, macKey, anchors }),
  );
  const bar = options.json ? null : progressBar(found.entries);
  const done = sources.map(() => 0);
  try {
    return await audit({
      shards: sources.map(({ shard, entries, hasGoneOn }) => {
        const of = { shard, shards: count, connect, macKey };
        return { shard, entries: withSnapshots(entries, of, onSnapshots), hasGoneOn };
      }),
      shardOf: (address) => shardOf(address, count),
      atRest: options.atRest,
      onProgress: (shard, entries) => {
        done[shard] = entries;
        bar?.update(done.reduce((sum, each) => sum + each, 0));
      },
    });
  } finally {
    bar?.stop();
    for (const source of sources) source.close();
  }
}

/** On standard error, and only where somebody watches. */
function progressBar(entries: number): SingleBar | null {
  if (!process.stderr.isTTY) return null;
  const bar = new SingleBar({
    format: "{bar} {percentage} %  {value} of {total} entries",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(entries, 0);
  return bar;
}
