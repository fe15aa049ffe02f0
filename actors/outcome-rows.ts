// What settled requests came to, the last so many of an actor, as rows of numbers in a ring. A
// request that comes after all others, as nearly all do, is told from them by its id alone; only
// another one is searched for. So remembering one more touches the line of the processor's cache
// that it is written to, and makes nothing that the garbage collector would have to follow.

import { requestTimeMs, type RequestId } from "./address.ts";
import type { Outcome } from "./outcomes.ts";
import type { Refusal } from "./refusals.ts";

/**
 * Rows that are kept; the next one takes the place of the oldest. Twice what one session may have
 * in flight: all whose answers are lost with a connection are still known when they are sent again.
 */
export const OUTCOMES_KEPT_MAX = 512;

/**
 * The 16 bytes of the id are 6, 5 and 5; `what` is the fingerprint and, times 2^32, the form of the
 * outcome, which says what the rest is.
 */
const COLUMNS = 8;
const COLUMN = { timeMs: 0, middle: 1, lower: 2, what: 3, a: 4, b: 5, c: 6, d: 7 } as const;
const FORM = { other: 0, bidPlaced: 1, refused: 2 } as const;
const FORM_UNIT = 0x1_0000_0000;

/**
 * Rows stand in chunks, all but the first of full length from the start: one list that grew row by
 * row was copied eight times until it was full.
 */
const CHUNK_ROWS = 64;
/** Halves: to V8 a list of these is one of doubles, and so is its copy. */
const EMPTY_CHUNK: readonly number[] = Array.from({ length: CHUNK_ROWS * COLUMNS }, () => 0.5);

/** Codes by the number that rows have for them: this process's own, in no snapshot. */
const CODES: Refusal[] = [];
const NUMBER_OF_CODE = new Map<Refusal, number>();

function numberOf(code: Refusal): number {
  let number = NUMBER_OF_CODE.get(code);
  if (number === undefined) {
    number = CODES.push(code) - 1;
    NUMBER_OF_CODE.set(code, number);
  }
  return number;
}

export class OutcomeRows {
  /** Grow up to the limit, and are then a ring. */
  readonly #chunks: number[][] = [];
  #count = 0;
  /** Where the next row goes. */
  #next = 0;
  /** The greatest id whose row another one has taken, in its parts; zeros when there is none. */
  #forgottenMs = 0;
  #forgottenMiddle = 0;
  #forgottenLower = 0;
  /** Outcomes of the form `other`, by the place of their row. */
  #others: Map<number, Outcome> | null = null;

  get count(): number {
    return this.#count;
  }

  #chunkOf(place: number): number[] {
    return this.#chunks[Math.floor(place / CHUNK_ROWS)]!;
  }

  #number(place: number, column: number): number {
    return this.#chunkOf(place)[(place % CHUNK_ROWS) * COLUMNS + column]!;
  }

  /** Whether it is not after all that was forgotten: it may have been executed, nobody knows. */
  isForgotten(requestId: RequestId): boolean {
    const timeMs = requestTimeMs(requestId);
    if (timeMs !== this.#forgottenMs) return timeMs < this.#forgottenMs;
    const middle = fiveBytes(requestId, 6);
    if (middle !== this.#forgottenMiddle) return middle < this.#forgottenMiddle;
    return fiveBytes(requestId, 11) <= this.#forgottenLower;
  }

  /** One row more. The first chunk grows with its rows: most have a few and no more. */
  #extend(): void {
    const place = this.#count++;
    if (place % CHUNK_ROWS === 0) this.#chunks.push(place === 0 ? [] : EMPTY_CHUNK.slice());
  }

  #forgetRow(place: number): void {
    const timeMs = this.#number(place, COLUMN.timeMs);
    this.#forget(timeMs, this.#number(place, COLUMN.middle), this.#number(place, COLUMN.lower));
  }

  /** From now on all ids up to this one, by its parts, count as forgotten. */
  #forget(timeMs: number, middle: number, lower: number): void {
    if (timeMs < this.#forgottenMs) return;
    if (timeMs === this.#forgottenMs) {
      if (middle < this.#forgottenMiddle) return;
      if (middle === this.#forgottenMiddle && lower <= this.#forgottenLower) return;
    }
    this.#forgottenMs = timeMs;
    this.#forgottenMiddle = middle;
    this.#forgottenLower = lower;
  }

  add(requestId: RequestId, fingerprint: number, outcome: Outcome): void {
    const place = this.#next;
    this.#next = (place + 1) % OUTCOMES_KEPT_MAX;
    this.#others?.delete(place);
    if (place < this.#count) this.#forgetRow(place);
    const timeMs = requestTimeMs(requestId);
    const middle = fiveBytes(requestId, 6);
    const lower = fiveBytes(requestId, 11);
    let form: number = FORM.other;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    if (outcome.type === "BidPlaced") {
      form = FORM.bidPlaced;
      a = outcome.bidId;
      b = outcome.filledCents;
      c = outcome.rank;
      d = outcome.remainingCents;
    } else if (outcome.type === "Refused") {
      form = FORM.refused;
      a = numberOf(outcome.code);
    } else {
      (this.#others ??= new Map()).set(place, outcome);
    }
    if (place === this.#count) this.#extend();
    const numbers = this.#chunkOf(place);
    const at = (place % CHUNK_ROWS) * COLUMNS;
    numbers[at] = timeMs;
    numbers[at + COLUMN.middle] = middle;
    numbers[at + COLUMN.lower] = lower;
    numbers[at + COLUMN.what] = fingerprint + form * FORM_UNIT;
    numbers[at + COLUMN.a] = a;
    numbers[at + COLUMN.b] = b;
    numbers[at + COLUMN.c] = c;
    numbers[at + COLUMN.d] = d;
  }

  /** The place of the request's row, -1 when there is none. */
  find(requestId: RequestId): number {
    const timeMs = requestTimeMs(requestId);
    const middle = fiveBytes(requestId, 6);
    const lower = fiveBytes(requestId, 11);
    for (let place = 0; place < this.#count; place++) {
      const numbers = this.#chunkOf(place);
      const at = (place % CHUNK_ROWS) * COLUMNS;
      if (numbers[at + COLUMN.lower] !== lower || numbers[at] !== timeMs) continue;
      if (numbers[at + COLUMN.middle] === middle) return place;
    }
    return -1;
  }

  fingerprintAt(place: number): number {
    return this.#number(place, COLUMN.what) % FORM_UNIT;
  }

  outcomeAt(place: number): Outcome {
    const numbers = this.#chunkOf(place);
    const at = (place % CHUNK_ROWS) * COLUMNS;
    switch (Math.floor(numbers[at + COLUMN.what]! / FORM_UNIT)) {
      case FORM.bidPlaced:
        return {
          type: "BidPlaced",
          bidId: numbers[at + COLUMN.a]!,
          filledCents: numbers[at + COLUMN.b]!,
          rank: numbers[at + COLUMN.c]!,
          remainingCents: numbers[at + COLUMN.d]!,
        };
      case FORM.refused:
        return { type: "Refused", code: CODES[numbers[at + COLUMN.a]!]! };
      default:
        return this.#others!.get(place)!;
    }
  }

  requestIdAt(place: number): RequestId {
    return (bytesOf(this.#number(place, COLUMN.timeMs), 6) +
      bytesOf(this.#number(place, COLUMN.middle), 5) +
      bytesOf(this.#number(place, COLUMN.lower), 5)) as RequestId;
  }

  /** Of all rows; empty when there is none. */
  greatestId(): RequestId | "" {
    let greatest = -1;
    for (let place = 0; place < this.count; place++) {
      if (greatest < 0 || this.#isGreater(place, greatest)) greatest = place;
    }
    return greatest < 0 ? "" : this.requestIdAt(greatest);
  }

  #isGreater(place: number, than: number): boolean {
    for (let column: number = COLUMN.timeMs; column <= COLUMN.lower; column++) {
      const one = this.#number(place, column);
      const other = this.#number(than, column);
      if (one !== other) return one > other;
    }
    return false;
  }

  /** Places of all rows, oldest first. */
  *places(): Generator<number> {
    const { count } = this;
    const first = count < OUTCOMES_KEPT_MAX ? 0 : this.#next;
    for (let nth = 0; nth < count; nth++) yield (first + nth) % count;
  }

  /** The greatest forgotten id by its parts; only the first of them when it is 0, for none. */
  get forgotten(): readonly number[] {
    if (this.#forgottenMs === 0) return [0];
    return [this.#forgottenMs, this.#forgottenMiddle, this.#forgottenLower];
  }

  /** As it was stored: `middle` and `lower` are absent where only the time was kept. */
  restoreForgotten(timeMs: number, middle: number | undefined, lower: number | undefined): void {
    this.#forgottenMs = timeMs;
    this.#forgottenMiddle = timeMs === 0 ? 0 : (middle ?? PART_MAX);
    this.#forgottenLower = timeMs === 0 ? 0 : (lower ?? PART_MAX);
  }

  /**
   * Three lists: the numbers of all rows, oldest first, those of refusals being indices into the
   * second, the codes; and the other outcomes, each behind the index of its row.
   */
  toSnapshot(): [numbers: Float64Array, codes: Refusal[], others: unknown[]] {
    const numbers = new Float64Array(this.#count * COLUMNS);
    let row = 0;
    const codes: Refusal[] = [];
    const others: unknown[] = [];
    for (const place of this.places()) {
      const form = Math.floor(this.#number(place, COLUMN.what) / FORM_UNIT);
      let a = this.#number(place, COLUMN.a);
      if (form === FORM.refused) a = indexIn(codes, CODES[a]!);
      else if (form === FORM.other) others.push(row / COLUMNS, this.outcomeAt(place));
      for (let column = 0; column < COLUMNS; column++) {
        numbers[row + column] = this.#number(place, column);
      }
      numbers[row + COLUMN.a] = a;
      row += COLUMNS;
    }
    return [numbers, codes, others];
  }

  static restore(
    numbers: ArrayLike<number>,
    codes: readonly Refusal[],
    others: readonly unknown[],
  ): OutcomeRows {
    const rows = new OutcomeRows();
    for (let at = 0; at < numbers.length; at += COLUMNS) {
      const place = rows.#count;
      rows.#extend();
      const chunk = rows.#chunkOf(place);
      const start = (place % CHUNK_ROWS) * COLUMNS;
      for (let column = 0; column < COLUMNS; column++) {
        chunk[start + column] = numbers[at + column]!;
      }
      const form = Math.floor(numbers[at + COLUMN.what]! / FORM_UNIT);
      if (form !== FORM.refused) continue;
      chunk[start + COLUMN.a] = numberOf(codes[numbers[at + COLUMN.a]!]!);
    }
    rows.#next = rows.#count % OUTCOMES_KEPT_MAX;
    for (let at = 0; at < others.length; at += 2) {
      (rows.#others ??= new Map()).set(others[at] as number, others[at + 1] as Outcome);
    }
    return rows;
  }
}

const PART_MAX = 2 ** 40 - 1;

function indexIn(codes: Refusal[], code: Refusal): number {
  const known = codes.indexOf(code);
  return known >= 0 ? known : codes.push(code) - 1;
}

/** A number below 2^40. */
function fiveBytes(id: RequestId, from: number): number {
  const low =
    (id.charCodeAt(from + 1) << 24) |
    (id.charCodeAt(from + 2) << 16) |
    (id.charCodeAt(from + 3) << 8) |
    id.charCodeAt(from + 4);
  return id.charCodeAt(from) * 0x1_0000_0000 + (low >>> 0);
}

function bytesOf(number: number, count: number): string {
  let text = "";
  for (let rest = number, left = count; left > 0; left--, rest = Math.floor(rest / 256)) {
    text = String.fromCharCode(rest % 256) + text;
  }
  return text;
}
