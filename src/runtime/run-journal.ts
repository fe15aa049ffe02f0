// What a life of a shard needs of its journal. ShardJournal of src/journal is it; a simulation can
// bring another.

import type { Position } from "../journal/position.ts";
import type { SnapshotItem } from "../journal/snapshots.ts";
import type { Cargo } from "./batch.ts";

/** What recovery reads. */
export interface ReadSnapshots {
  /**
   * Whether it can tell an old or deleted snapshot from the last one: noted in each checkpoint, so
   * that the next life insists on it. Known once anything was read.
   */
  readonly isSealed: boolean;
  read(field: string): Promise<{ position: number; payload: Buffer } | null>;
  readParts(field: string, partNos: number[]): Promise<Map<number, Buffer>>;
}

export interface RunSnapshots extends ReadSnapshots {
  write(items: readonly SnapshotItem[]): Promise<unknown>;
  /** Begins to look, in its own time, whether all there is is what was written last. */
  checkAll(onFailed: (error: Error) => void): void;
}

export interface RunJournal {
  readonly ready: boolean;
  readonly inFlight: number;
  /** Whether nobody else can have taken over: committed state may be read without a commit. */
  readonly leaseHeld: boolean;
  readonly committed: Position;
  /** The last appended entry, or the take-over when nothing was appended yet. */
  readonly last: { readonly position: Position; readonly mac: Uint8Array };
  /** A copy of the bytes of a batch, for `append`: in memory that is the journal's. */
  payloadOf(bytes: Uint8Array): Buffer;
  append(payload: Buffer, cargo: Cargo): unknown;
  readonly snapshots: RunSnapshots;
  trim(before: Position): Promise<void>;
}
