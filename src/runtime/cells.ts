// The resident actors of a shard, by kind and id. A plain table, not an actor: nothing is copied
// and nothing is woken to find somebody.

import type { Cell } from "./cell.ts";

export class Cells {
  readonly #byKind: Map<string, Cell>[] = [];
  #sweep: Iterator<Cell> | null = null;

  get(kind: number, id: string): Cell | undefined {
    return this.#byKind[kind]?.get(id);
  }

  add(cell: Cell): void {
    (this.#byKind[cell.kind.number] ??= new Map()).set(cell.id, cell);
  }

  remove(cell: Cell): void {
    this.#byKind[cell.kind.number]?.delete(cell.id);
  }

  get size(): number {
    let size = 0;
    for (const cells of this.#byKind) size += cells?.size ?? 0;
    return size;
  }

  *all(): Generator<Cell> {
    for (const cells of this.#byKind) if (cells !== undefined) yield* cells.values();
  }

  /** The next cells of an endless round over all, at most `limit`; removal meanwhile is fine. */
  sweep(limit: number): Cell[] {
    const seen: Cell[] = [];
    this.#sweep ??= this.all();
    while (seen.length < limit) {
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = null;
        break;
      }
      seen.push(next.value);
    }
    return seen;
  }
}
