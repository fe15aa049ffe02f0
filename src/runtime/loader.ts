// Brings an actor into memory on its first use: its snapshot, or the absent state when there is
// none. Meanwhile its inbox fills; nothing is lost and nothing overtakes.

import { JournalError } from "../journal/errors.ts";
import { cellKey, type Cell } from "./cell.ts";
import type { ReadSnapshots } from "./run-journal.ts";
import { restoreState, unpackMain } from "./snapshot-codec.ts";

export interface LoaderHost {
  loaded(cell: Cell): void;
  /** The store did not answer; it may later. */
  failed(cell: Cell): void;
  /** The store answered with something that cannot be right. */
  broken(error: unknown): void;
}

export class Loader {
  readonly #snapshots: ReadSnapshots;
  readonly #host: LoaderHost;

  constructor(snapshots: ReadSnapshots, host: LoaderHost) {
    this.#snapshots = snapshots;
    this.#host = host;
  }

  load(cell: Cell): void {
    readCell(this.#snapshots, cell).then(
      () => this.#host.loaded(cell),
      (error: unknown) => {
        if (isUnreachable(error)) this.#host.failed(cell);
        else this.#host.broken(error);
      },
    );
  }
}

/** Fills a cell from its snapshot; leaves it absent when there is none. */
export async function readCell(snapshots: ReadSnapshots, cell: Cell): Promise<void> {
  const field = cellKey(cell.kind.name, cell.id);
  const stored = await snapshots.read(field);
  if (stored === null) return;
  const { version, main } = unpackMain(stored.payload);
  const partNos = cell.kind.partsOf(main);
  const parts =
    partNos.length === 0 ? new Map<number, Buffer>() : await snapshots.readParts(field, partNos);
  cell.state = restoreState(cell.kind, cell.id, main, parts);
  cell.version = version;
  cell.changedAt = stored.position;
  cell.snapshotAt = stored.position;
  cell.encodedAt = stored.position;
}

/** Tampered with: another life would read the same, so the shard stays down. */
export function whyBroken(error: unknown): "tampered" | "snapshot_invalid" {
  return error instanceof JournalError && error.code === "tampered"
    ? "tampered"
    : "snapshot_invalid";
}

/** Faults of operation pass; anything else is a wrong snapshot. */
function isUnreachable(error: unknown): boolean {
  return error instanceof JournalError && whyBroken(error) === "snapshot_invalid";
}
