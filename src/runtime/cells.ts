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

  /**
   * Looks at the next cells of an endless round over all, at most `limit`, and takes out those that
   * were not used since `idleBeforeMs`, or do not exist, and may leave.
   */
  takeIdle(limit: number, idleBeforeMs: number, committedRecordNo: number): Cell[] {
    const idle: Cell[] = [];
    this.#sweep ??= this.all();
    for (let seen = 0; seen < limit; seen++) {
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = null;
        break;
      }
      const cell = next.value;
      const isIdle = cell.isAbsent || cell.lastUsedMs < idleBeforeMs;
      if (isIdle && cell.mayLeave(committedRecordNo)) idle.push(cell);
    }
    for (const cell of idle) this.remove(cell);
    return idle;
  }
}
