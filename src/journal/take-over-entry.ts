// The first entry of each owner: who took over, when, and how many shards the
// deployment has. Whoever takes over with another count would look for accounts where
// they are not. Formats are read for ever.
//
//   1   [1, owner, time in ms]
//   2   [2, owner, time in ms, shards]

import { pack, Unpackr } from "msgpackr";
import { JournalError } from "./errors.ts";

export interface TakeOverEntry {
  readonly owner: string;
  readonly atMs: number;
  readonly shards: number;
}

const FORMAT = 2;
const unpackr = new Unpackr({ useRecords: false });

export function packTakeOver({ owner, atMs, shards }: TakeOverEntry): Buffer {
  return pack([FORMAT, owner, atMs, shards]);
}

/** Null when the entry does not say: of an earlier format, of a later one, or none of ours. */
export function shardsOfTakeOver(payload: Uint8Array): number | null {
  let values: unknown;
  try {
    values = unpackr.unpack(payload);
  } catch {
    // What is no entry at all is for the walk to say.
    return null;
  }
  if (!Array.isArray(values) || values[0] !== FORMAT) return null;
  const shards: unknown = values[3];
  return typeof shards === "number" && Number.isSafeInteger(shards) ? shards : null;
}

export function wrongShardCount(created: number, asked: number): JournalError {
  return new JournalError(
    "wrong_shard_count",
    `the deployment was created with LOANLOOM_SHARDS=${created}, and it is ${asked} here: ` +
      "the count is fixed",
  );
}
