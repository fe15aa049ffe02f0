// Holds the snapshots of a shard against a replay of its whole journal, without any snapshot: what
// the next start would load must be what the journal says. For auditors; it only reads.

import type { JournalReader } from "../journal/journal-reader.ts";
import { Cell, cellKey } from "./cell.ts";
import type { RecordCodec } from "../journal/records.ts";
import { readCell } from "./loader.ts";
import { replayShard, type ReplaySource } from "./replay.ts";
import type { ReadSnapshots } from "./run-journal.ts";
import type { RunLog } from "./run-options.ts";
import { unpackValues } from "./snapshot-codec.ts";
import { SEALED, SHARD_FIELD } from "./snapshotter.ts";
import { cellHash } from "./state-hash.ts";

const NO_SNAPSHOTS: ReadSnapshots = {
  isSealed: false,
  read: () => Promise.resolve(null),
  readParts: () => Promise.resolve(new Map<number, Buffer>()),
};
const CHUNK = 256;

/** What is compared, from whoever reads a journal for auditors. The seal is not looked at here. */
export function replaySource(reader: JournalReader): ReplaySource {
  const { snapshots } = reader;
  return {
    snapshots: {
      isSealed: false,
      read: (field) => snapshots.read(field),
      readParts: (field, partNos) => snapshots.readParts(field, partNos),
    },
    read: () => reader.read(null),
  };
}

/** Whether the last checkpoint says that snapshots are sealed. */
export async function isCheckpointSealed(snapshots: Pick<ReadSnapshots, "read">): Promise<boolean> {
  const stored = await snapshots.read(SHARD_FIELD);
  return stored !== null && unpackValues(stored.payload)[3] === SEALED;
}

/**
 * What differs, a sentence for each actor. Of those that changed since the last
 * checkpoint a snapshot may be older, or not there yet. Rejects as the journal does,
 * and with JournalError `tampered`.
 */
export async function compareWithReplay(
  source: ReplaySource,
  shard: number,
  shards: number,
  codec: RecordCodec,
  log: RunLog,
): Promise<string[]> {
  const { snapshots } = source;
  const checkpoint = await snapshots.read(SHARD_FIELD);
  const covered = checkpoint?.position ?? 0;
  const whole: ReplaySource = { snapshots: NO_SNAPSHOTS, read: (from) => source.read(from) };
  const { cells, state } = await replayShard(whole, shard, shards, codec, log);
  const differing: string[] = [];
  const compare = async (replayed: Cell): Promise<void> => {
    const name = cellKey(replayed.kind.name, replayed.id);
    const stored = new Cell(replayed.kind, replayed.id);
    await readCell(snapshots, stored);
    // Written after the journal was read.
    if (stored.snapshotAt > state.recordNo) return;
    if (stored.isAbsent || stored.snapshotAt < replayed.changedAt) {
      if (replayed.changedAt > covered) return;
      differing.push(`${name} has ${stored.isAbsent ? "no snapshot" : "an older snapshot"}`);
    } else if (cellHash(stored) !== cellHash(replayed)) {
      differing.push(`${name} is not what its journal says`);
    }
  };
  let chunk: Promise<void>[] = [];
  for (const cell of cells.all()) {
    if (cell.isAbsent || cell.phase === "quarantined") continue;
    chunk.push(compare(cell));
    if (chunk.length < CHUNK) continue;
    await Promise.all(chunk);
    chunk = [];
  }
  await Promise.all(chunk);
  return differing;
}
