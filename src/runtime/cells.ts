// The resident actors of a shard, by kind and id. A plain table, not an actor: nothing is copied
// and nothing is woken to find somebody.

import type { Cell } from "./cell.ts";

/** In the time after which an idle actor leaves, all are looked at so often. */
const ROUNDS = 8;
const FRESH_LOOKS_MAX = 2_000;

export interface IdleLook {
  /** Monotonic. */
  readonly nowMs: number;
  readonly idleMs: number;
  /** The time from one look to the next. */
  readonly tickMs: number;
  /** Up to which records are durable. */
  readonly committedRecordNo: number;
}

export class Cells {
  readonly #byKind: Map<string, Cell>[] = [];
  #sweep: Iterator<Cell> | null = null;
  /** Came a short while ago, and may turn out not to exist. */
  readonly #fresh: Cell[] = [];

  get(kind: number, id: string): Cell | undefined {
    return this.#byKind[kind]?.get(id);
  }

  add(cell: Cell): void {
    (this.#byKind[cell.kind.number] ??= new Map()).set(cell.id, cell);
    this.#fresh.push(cell);
  }

  remove(cell: Cell): void {
    this.#byKind[cell.kind.number]?.delete(cell.id);
    cell.leave();
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
   * Takes out actors that were not used for `idleMs`, or that do not exist, if they may leave. Of
   * all, a share is looked at each time, in an endless round: a look at a million of them would
   * cost the processor's caches what the busy ones need. What was only asked for by a name that
   * nobody has must not wait for that round, and is looked at soon after it came.
   */
  takeIdle({ nowMs, idleMs, tickMs, committedRecordNo }: IdleLook): Cell[] {
    const idle = this.#takeAbsent(committedRecordNo);
    this.#sweep ??= this.all();
    const share = (tickMs * ROUNDS) / idleMs;
    for (let looks = Math.ceil(this.size * share); looks > 0; looks--) {
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = null;
        break;
      }
      const cell = next.value;
      if (cell.lastUsedMs < nowMs - idleMs && cell.mayLeave(committedRecordNo)) idle.push(cell);
    }
    for (const cell of idle) this.remove(cell);
    return idle;
  }

  #takeAbsent(committedRecordNo: number): Cell[] {
    const absent: Cell[] = [];
    for (const cell of this.#fresh.splice(0, FRESH_LOOKS_MAX)) {
      // What failed to load was taken out already.
      if (this.get(cell.kind.number, cell.id) !== cell) continue;
      if (cell.phase === "loading") this.#fresh.push(cell);
      else if (!cell.isAbsent || cell.phase === "quarantined") continue;
      else if (cell.mayLeave(committedRecordNo)) absent.push(cell);
      else this.#fresh.push(cell);
    }
    return absent;
  }
}
