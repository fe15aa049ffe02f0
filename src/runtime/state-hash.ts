// A hash over the whole state of a shard, for the check that a recovery gives what a full replay
// gives. Canonical: actors by name, each state in full.

import { createHash } from "node:crypto";
import { cellKey, type Cell } from "./cell.ts";
import { packValues } from "./snapshot-codec.ts";

/** SHA-256 of one actor's state, in hex. */
export function cellHash(cell: Cell): string {
  const { main, parts } = cell.kind.snapshot(cell.state, "all");
  const hash = createHash("sha256").update(packValues([cell.version, plain(main)]));
  const ordered = [...parts].sort(([a], [b]) => a - b);
  for (const [partNo, numbers] of ordered) {
    hash.update(`#${partNo}:`).update(numbers === null ? "" : packValues(numbers));
  }
  return hash.digest("hex");
}

/** Hashes by name; actors that never were are left out. */
export function cellHashes(cells: Iterable<Cell>): Map<string, string> {
  const hashes = new Map<string, string>();
  for (const cell of cells) {
    if (!cell.isAbsent) hashes.set(cellKey(cell.kind.name, cell.id), cellHash(cell));
  }
  return hashes;
}

/** Lists of numbers as any others: hashes stay what they are, whatever form snapshots give them. */
function plain(value: unknown): unknown {
  if (value instanceof Float64Array) return Array.from(value);
  return Array.isArray(value) ? value.map(plain) : value;
}
