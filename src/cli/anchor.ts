// `loanloom anchor`: the journals beside their anchors, and the one way to go on without what a
// journal has lost. Only `accept` writes, only the anchor, and it says what is given up.

import { Command } from "commander";
import { UsageError } from "../command/exit-codes.ts";
import { within } from "../command/number-options.ts";
import type { JournalAccess } from "../history/journal-access.ts";
import { countJournals, countShards } from "../history/journal-source.ts";
import { whyNotAnchored, type Anchor, type Anchors } from "../journal/anchor.ts";
import { connectTo } from "../journal/connection.ts";
import { JournalError } from "../journal/errors.ts";
import { readEnd } from "../journal/journal-end.ts";
import { shardKeys } from "../journal/keys.ts";
import { MacChain, type ChainPoint } from "../journal/mac-chain.ts";
import { OnDemandLink } from "../journal/on-demand-link.ts";
import { formatPosition, ORIGIN, type Position } from "../journal/position.ts";
import { EXIT, EXIT_HELP } from "./exit-codes.ts";
import { journalsBy, withJournalPlace } from "./journal-place.ts";
import { tableText } from "./table-text.ts";

interface AnchorCommandOptions {
  readonly redis?: string;
  readonly data?: string;
  readonly anchors?: string;
  readonly json: boolean;
}

const FOUND_HELP =
  "\nJournals, MAC key and anchors are found as `serve` finds them: REDIS_URL or LOANLOOM_DATA," +
  "\nLOANLOOM_MAC_KEY, LOANLOOM_ANCHOR_FOLDER. With --redis the folder must be named.";

export function anchorCommand(): Command {
  const command = new Command("anchor")
    .description("anchors tell, outside of Redis, where the journals should end")
    .addHelpText("after", EXIT_HELP);
  command.addCommand(
    withJournalPlace(new Command("show"))
      .description("each journal beside its anchor, without changing anything")
      .option("--json", "print one line of JSON", false)
      .addHelpText(
        "after",
        `${FOUND_HELP}\nExit codes: 0 each can be gone on with, 1 one cannot, 2 usage,` +
          " 3 Redis cannot be reached.",
      )
      .action((options: AnchorCommandOptions) => run(options, show)),
  );
  command.addCommand(
    withJournalPlace(new Command("accept"))
      .description(
        "go on from where a journal ends now: what its anchor says beyond it is given up",
      )
      .requiredOption("--shard <number>", "the shard", within(0, 255))
      .option("--json", "print one line of JSON", false)
      .addHelpText(
        "after",
        `${FOUND_HELP}\nLook first for a Redis, or a copy of its data, that has what is missing.` +
          "\nExit codes: 0 done, or nothing to be done, 2 usage, 3 Redis cannot be reached.",
      )
      .action((options: AnchorCommandOptions & { readonly shard: number }) =>
        run(options, (journals, anchors) => accept(journals, anchors, options)),
      ),
  );
  return command;
}

async function run(
  options: AnchorCommandOptions,
  act: (
    journals: JournalAccess,
    anchors: Anchors,
    options: AnchorCommandOptions,
  ) => Promise<number>,
): Promise<void> {
  const journals = await journalsBy(options, process.env);
  try {
    if (journals.anchors === null) {
      throw new UsageError("where are the anchors? Give --anchors or LOANLOOM_ANCHOR_FOLDER");
    }
    process.exitCode = await act(journals, journals.anchors, options);
  } finally {
    await journals.close();
  }
}

/**
 * `lost`: behind its anchor, or another history; a server refuses it, as it does with `invalid`.
 */
type Verdict = "whole" | "unanchored" | "lost" | "invalid";

interface Sight {
  readonly shard: number;
  readonly verdict: Verdict;
  readonly anchor: Anchor | null;
  readonly end: ChainPoint;
  /** Why it is refused. */
  readonly detail: string | null;
}

async function look(
  { connect, macKey }: JournalAccess,
  anchors: Anchors,
  shard: number,
): Promise<Sight> {
  const link = new OnDemandLink(connectTo(connect, shard), "reads");
  try {
    let anchor: Anchor | null = null;
    let invalid: string | null = null;
    try {
      anchor = await anchors.read(shard);
    } catch (error) {
      if (!(error instanceof JournalError) || error.code !== "anchor_invalid") throw error;
      invalid = error.message;
    }
    const chain = new MacChain(macKey, shard);
    const end = await readEnd(link, shardKeys(shard), chain, anchor?.position ?? ORIGIN);
    const seen = { shard, anchor, end: end.point };
    if (invalid !== null) return { ...seen, verdict: "invalid", detail: invalid };
    if (anchor === null) return { ...seen, verdict: "unanchored", detail: null };
    const why = whyNotAnchored(anchor, end, anchors.nameOf(shard));
    if (why === undefined) return { ...seen, verdict: "whole", detail: null };
    return { ...seen, verdict: "lost", detail: why.message };
  } finally {
    link.close();
  }
}

/** Null before the first entry. */
function placeOf(position: Position): string | null {
  return position.epoch === 0 ? null : formatPosition(position);
}

async function show(
  journals: JournalAccess,
  anchors: Anchors,
  { json }: AnchorCommandOptions,
): Promise<number> {
  const { shards: found } = await countJournals(journals.connect);
  const shards = await countShards(found, anchors);
  if (shards === 0) throw new UsageError("there is no journal, and no anchor");
  const sights: Sight[] = [];
  for (let shard = 0; shard < shards; shard++) sights.push(await look(journals, anchors, shard));
  const rows = sights.map(({ shard, verdict, anchor, end, detail }) => ({
    shard,
    verdict,
    journalEndsAt: placeOf(end.position),
    anchoredAt: anchor === null ? null : placeOf(anchor.position),
    anchorAtMs: anchor?.atMs ?? null,
    detail,
  }));
  if (json) process.stdout.write(`${JSON.stringify({ shards: rows })}\n`);
  else process.stdout.write(`${textOf(rows)}\n`);
  const isRefused = sights.some(({ verdict }) => verdict === "lost" || verdict === "invalid");
  return isRefused ? EXIT.refused : EXIT.ok;
}

interface Row {
  readonly shard: number;
  readonly verdict: Verdict;
  readonly journalEndsAt: string | null;
  readonly anchoredAt: string | null;
  readonly anchorAtMs: number | null;
  readonly detail: string | null;
}

function textOf(rows: readonly Row[]): string {
  const head = ["shard", "journal ends at", "anchor", "written", "verdict"];
  const cells = rows.map(({ shard, verdict, journalEndsAt, anchoredAt, anchorAtMs }) => [
    String(shard),
    journalEndsAt ?? "empty",
    anchoredAt ?? (anchorAtMs === null ? "none" : "empty"),
    anchorAtMs === null ? "-" : new Date(anchorAtMs).toISOString(),
    verdict,
  ]);
  const details = rows.flatMap(({ shard, detail }) =>
    detail === null ? [] : [`shard ${shard}: ${detail}`],
  );
  const table = tableText([head, ...cells], [true, false, false, false, false]);
  return [table, ...(details.length > 0 ? ["", ...details] : [])].join("\n");
}

async function accept(
  journals: JournalAccess,
  anchors: Anchors,
  { shard, json }: AnchorCommandOptions & { readonly shard: number },
): Promise<number> {
  const sight = await look(journals, anchors, shard);
  const { verdict, anchor, end } = sight;
  if (verdict === "unanchored" && placeOf(end.position) === null) {
    throw new UsageError(`shard ${shard} has no journal, and no anchor`);
  }
  if (verdict !== "whole") await anchors.replace(shard, end);
  if (json) {
    const fields = {
      shard,
      verdict,
      anchoredAt: anchor === null ? null : placeOf(anchor.position),
      acceptedAt: placeOf(end.position),
    };
    process.stdout.write(`${JSON.stringify(fields)}\n`);
  } else process.stdout.write(`shard ${shard}: ${sentenceOf(sight)}\n`);
  return EXIT.ok;
}

function sentenceOf({ verdict, anchor, end, detail }: Sight): string {
  const ends = placeOf(end.position) ?? "its beginning, for the journal is empty";
  switch (verdict) {
    case "whole":
      return "the journal has what was anchored; nothing is to be accepted.";
    case "unanchored":
      return `there was no anchor; it is at ${ends} now.`;
    case "invalid":
      return `the anchor is at ${ends} now. Given up: whatever the one before said. (${detail})`;
    case "lost": {
      const before = formatPosition(anchor!.position);
      const of = new Date(anchor!.atMs).toISOString();
      return (
        `the anchor went from ${before} of ${of} to ${ends}. ` +
        `Given up: all that was acknowledged up to ${before} and is not in this journal.`
      );
    }
  }
}
