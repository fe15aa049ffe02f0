// Snapshots as bytes: MessagePack by msgpackr, which is at its best with nested values.

import { Packr, Unpackr } from "msgpackr";
import type { RowSegment } from "../../actors/rows.ts";
import type { Cell } from "./cell.ts";
import type { ActorKind, ShellState } from "./kind.ts";

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });

export function packValues(values: unknown): Buffer {
  return packr.pack(values);
}

export function unpackValues(payload: Uint8Array): unknown[] {
  return unpackr.unpack(payload) as unknown[];
}

export interface PackedCell {
  readonly main: Buffer;
  readonly parts: [partNo: number, payload: Buffer | null][];
}

/** The first value is the actor's version, the second what its kind says of the state. */
export function packCell(cell: Cell, parts: "changed" | "all"): PackedCell {
  const snapshot = cell.kind.snapshot(cell.state, parts);
  return {
    main: packr.pack([cell.version, snapshot.main]),
    parts: snapshot.parts.map(([partNo, numbers]) => [
      partNo,
      numbers === null ? null : packr.pack(numbers),
    ]),
  };
}

export interface UnpackedMain {
  readonly version: number;
  readonly main: readonly unknown[];
}

export function unpackMain(payload: Uint8Array): UnpackedMain {
  const [version, main] = unpackr.unpack(payload) as [number, unknown[]];
  return { version, main };
}

export function restoreState(
  kind: ActorKind,
  id: string,
  main: readonly unknown[],
  parts: ReadonlyMap<number, Uint8Array>,
): ShellState {
  const segments: RowSegment[] = [];
  for (const [partNo, payload] of parts) {
    segments.push([partNo, unpackr.unpack(payload) as number[]]);
  }
  return kind.restore(id, main, segments);
}
