// The part of `loanloom verify` that is about snapshots: they must be those that were sealed last
// and, where the journal is kept whole, what it says. What the auditor's own model is not for.

import { ACTOR_LAYOUTS } from "../../actors/kinds.ts";
import { UPCASTERS } from "../../actors/upcasters.ts";
import type { JournalEntry } from "../history/audit.ts";
import type { RedisConnect } from "../journal/connection.ts";
import { JournalError } from "../journal/errors.ts";
import { JournalReader } from "../journal/journal-reader.ts";
import { MacChain } from "../journal/mac-chain.ts";
import { RecordCodec } from "../journal/records.ts";
import { compareWithSeal, type SnapshotVerdict } from "../journal/snapshot-audit.ts";
import {
  compareWithReplay,
  isCheckpointSealed,
  replaySource,
} from "../runtime/replay-comparison.ts";
import { whole } from "./audit-text.ts";

interface Place {
  readonly shard: number;
  readonly shards: number;
  readonly connect: RedisConnect;
  readonly macKey: Uint8Array;
}

const NAMED_MAX = 10;
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * The entries, and behind them what is wrong with the snapshots: a JournalError `snapshots_differ`.
 * Tells what was found of them otherwise.
 */
export async function* withSnapshots(
  entries: Iterable<JournalEntry> | AsyncIterable<JournalEntry>,
  place: Place,
  onVerdict: (verdict: SnapshotVerdict) => void,
): AsyncGenerator<JournalEntry> {
  yield* entries;
  const reader = new JournalReader(place);
  try {
    const verdict = await compareWithSeal(
      reader.snapshots,
      new MacChain(place.macKey, place.shard),
    );
    if (verdict.verdict === "differ") throw differ(verdict.detail);
    if (verdict.verdict === "unsealed" && (await isCheckpointSealed(reader.snapshots))) {
      throw differ("the seal of the snapshots was deleted");
    }
    onVerdict(verdict);
    if (verdict.verdict !== "none") await compareReplayed(reader, place);
  } finally {
    reader.close();
  }
}

async function compareReplayed(reader: JournalReader, { shard, shards }: Place): Promise<void> {
  const codec = new RecordCodec(ACTOR_LAYOUTS, UPCASTERS);
  let differing: string[];
  try {
    differing = await compareWithReplay(replaySource(reader), shard, shards, codec, SILENT);
  } catch (error) {
    // Nothing is known of what came before: the seal must do.
    if (error instanceof JournalError && error.code === "trimmed") return;
    if (error instanceof JournalError && error.code === "tampered") throw differ(error.message);
    throw error;
  }
  if (differing.length === 0) return;
  const more = differing.length > NAMED_MAX ? `, and ${differing.length - NAMED_MAX} more` : "";
  throw differ(`${differing.slice(0, NAMED_MAX).join(", ")}${more}`);
}

function differ(detail: string): JournalError {
  return new JournalError("snapshots_differ", detail);
}

/** For people. */
export function snapshotsText(verdicts: readonly SnapshotVerdict[]): string {
  if (verdicts.some(({ verdict }) => verdict === "moving")) {
    return "not held against their seal: they are being written all the time";
  }
  let fields = 0;
  for (const verdict of verdicts) if ("fields" in verdict) fields += verdict.fields;
  const isUnsealed = verdicts.some(({ verdict }) => verdict === "unsealed");
  return `${whole(fields)}${isUnsealed ? ", of a program that did not seal them" : ""}`;
}
