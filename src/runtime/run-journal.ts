// What a life of a shard needs of its journal. ShardJournal of src/journal is it; a simulation can
// bring another.

import type { Position } from "../journal/position.ts";
import type { Cargo } from "./batch.ts";

export interface SnapshotItem {
  readonly field: string;
  /** The record up to which the payload shows the state. */
  readonly position: number;
  readonly payload: Uint8Array;
  /** Numbered parts that changed; null for one that is gone. */
  readonly parts?: [partNo: number, payload: Uint8Array | null][];
}

export interface RunSnapshots {
  write(items: SnapshotItem[]): Promise<void>;
  read(field: string): Promise<{ position: number; payload: Buffer } | null>;
  readParts(field: string, partNos: number[]): Promise<Map<number, Buffer>>;
}

export interface RunJournal {
  readonly ready: boolean;
  readonly inFlight: number;
  readonly committed: Position;
  append(payload: Buffer, cargo: Cargo): { position: Position; mac: Uint8Array };
  readonly snapshots: RunSnapshots;
  trim(before: Position): Promise<void>;
}
