// Numbered rows of plain numbers, appended at the end, in segments. A loan with two million bids is
// two million rows and no objects: nothing for the garbage collector to walk, and a snapshot
// writes only the segments that changed.

import { assert } from "../src/money/assert.ts";

export const ROWS_PER_SEGMENT = 512;

/** A changed segment: its number, and its numbers row after row; null when it was dropped. */
export type RowSegment = readonly [segmentNo: number, numbers: readonly number[] | null];

function segmentOf(rowNo: number): number {
  return Math.floor((rowNo - 1) / ROWS_PER_SEGMENT);
}

function placeOf(rowNo: number): number {
  return (rowNo - 1) % ROWS_PER_SEGMENT;
}

export class Rows {
  readonly #columns: number;
  readonly #segments: (number[] | undefined)[] = [];
  /** How many rows of each segment are still open; a full segment without any is dropped. */
  readonly #open: number[] = [];
  /** Full segments that changed; null for none. The tail is in every snapshot anyway. */
  #dirty: Set<number> | null = null;
  #count = 0;

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** Rows ever appended. They are numbered from 1, so the next one gets `count + 1`. */
  get count(): number {
    return this.#count;
  }

  /**
   * Appends four numbers (those beyond the table's columns are left out); returns the row's number.
   */
  append(a: number, b: number, c: number, d: number): number {
    const segmentNo = segmentOf(++this.#count);
    let segment = this.#segments[segmentNo];
    if (segment === undefined) {
      segment = [];
      this.#segments[segmentNo] = segment;
      this.#open[segmentNo] = 0;
    }
    segment.push(a);
    if (this.#columns > 1) segment.push(b);
    if (this.#columns > 2) segment.push(c);
    if (this.#columns > 3) segment.push(d);
    this.#open[segmentNo]!++;
    if (this.#count % ROWS_PER_SEGMENT === 0) this.#markDirty(segmentNo);
    return this.#count;
  }

  has(rowNo: number): boolean {
    if (!(rowNo >= 1 && rowNo <= this.#count)) return false;
    return this.#segments[segmentOf(rowNo)] !== undefined;
  }

  get(rowNo: number, column: number): number {
    const value = this.#segments[segmentOf(rowNo)]?.[placeOf(rowNo) * this.#columns + column];
    assert(value !== undefined, "the row is there", rowNo);
    return value;
  }

  set(rowNo: number, column: number, value: number): void {
    const segmentNo = segmentOf(rowNo);
    const segment = this.#segments[segmentNo];
    assert(segment !== undefined && rowNo <= this.#count, "the row is there", rowNo);
    segment[placeOf(rowNo) * this.#columns + column] = value;
    if (segmentNo !== segmentOf(this.#count + 1)) this.#markDirty(segmentNo);
  }

  /** The row will not be asked for again. Its segment goes when it is full and all are closed. */
  close(rowNo: number): void {
    const segmentNo = segmentOf(rowNo);
    assert(this.#open[segmentNo]! > 0, "the segment has an open row", segmentNo);
    const open = --this.#open[segmentNo]!;
    const full = this.#count >= (segmentNo + 1) * ROWS_PER_SEGMENT;
    if (open === 0 && full) this.#segments[segmentNo] = undefined;
    if (full) this.#markDirty(segmentNo);
  }

  /** The numbers of the rows whose segments are there. */
  *kept(): Generator<number> {
    for (let segmentNo = 0; segmentNo < this.#segments.length; segmentNo++) {
      const size = (this.#segments[segmentNo]?.length ?? 0) / this.#columns;
      for (let place = 1; place <= size; place++) yield segmentNo * ROWS_PER_SEGMENT + place;
    }
  }

  /** The segment that the next row goes to, as it stands: it is part of every snapshot. */
  tail(): readonly number[] {
    const tail = this.#segments[segmentOf(this.#count + 1)];
    return tail === undefined ? [] : [...tail];
  }

  /** Full segments that changed since the last call; null for one that was dropped. */
  takeDirty(): RowSegment[] {
    if (this.#dirty === null) return [];
    const changed: RowSegment[] = [];
    for (const segmentNo of this.#dirty) {
      const numbers = this.#segments[segmentNo];
      changed.push([segmentNo, numbers === undefined ? null : [...numbers]]);
    }
    this.#dirty = null;
    return changed;
  }

  #markDirty(segmentNo: number): void {
    (this.#dirty ??= new Set()).add(segmentNo);
  }

  /** All full segments that are there: with the tail, the whole table. */
  fullSegments(): RowSegment[] {
    const all: RowSegment[] = [];
    const tailNo = segmentOf(this.#count + 1);
    this.#segments.forEach((numbers, segmentNo) => {
      if (numbers !== undefined && segmentNo !== tailNo) all.push([segmentNo, [...numbers]]);
    });
    return all;
  }

  /** The header of a snapshot: count and open rows of each segment. */
  header(): readonly number[] {
    return [this.#count, ...this.#open];
  }

  /** The numbers of the full segments that a table with this header has. */
  static segmentsOf(header: readonly number[]): number[] {
    const tailNo = segmentOf(header[0]! + 1);
    const numbers: number[] = [];
    for (let segmentNo = 0; segmentNo < tailNo; segmentNo++) {
      if (header[segmentNo + 1]! > 0) numbers.push(segmentNo);
    }
    return numbers;
  }

  static restore(
    columns: number,
    header: readonly number[],
    tail: readonly number[],
    full: Iterable<RowSegment>,
  ): Rows {
    const rows = new Rows(columns);
    rows.#count = header[0]!;
    for (let at = 1; at < header.length; at++) rows.#open[at - 1] = header[at]!;
    rows.#segments.length = rows.#open.length;
    for (const [segmentNo, numbers] of full) {
      if (numbers !== null) rows.#segments[segmentNo] = [...numbers];
    }
    const tailNo = segmentOf(rows.#count + 1);
    if (tail.length > 0) rows.#segments[tailNo] = [...tail];
    for (const segmentNo of Rows.segmentsOf(header)) {
      const size = rows.#segments[segmentNo]?.length;
      assert(size === ROWS_PER_SEGMENT * columns, "the segment is whole", segmentNo);
    }
    const tailRows = rows.#count % ROWS_PER_SEGMENT;
    assert(tail.length === tailRows * columns, "the tail has the rest of the rows");
    return rows;
  }
}
