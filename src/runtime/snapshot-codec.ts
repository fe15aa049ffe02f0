// Snapshots as bytes: MessagePack by msgpackr, which is at its best with nested values. What is a
// Float64Array in the values has a form of its own, and comes back as a list of numbers; snapshots
// of before that form have such lists as MessagePack, and are read for ever.

import { Packr, Unpackr, addExtension } from "msgpackr";
import type { RowSegment } from "../../actors/rows.ts";
import type { Cell } from "./cell.ts";
import type { ActorKind, ShellState } from "./kind.ts";
import { packNumbers, unpackNumbers } from "./number-list.ts";

addExtension({
  Class: Float64Array,
  type: 0x4e,
  pack: (numbers: Float64Array) => packNumbers(numbers),
  unpack: (bytes: Uint8Array) => unpackNumbers(bytes),
});
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

/**
 * What of a cell changed. The first value is the actor's version, the second what its kind says.
 */
export function packCell(cell: Cell): PackedCell {
  const { main, parts } = cell.kind.snapshot(cell.state, "changed");
  return {
    main: packr.pack([cell.version, main]),
    parts: parts.map(([partNo, numbers]) => [
      partNo,
      numbers === null ? null : packr.pack(new Float64Array(numbers)),
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
