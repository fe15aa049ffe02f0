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
  /** Grows row by row up to the limit, and is then a ring. */
  readonly #numbers: number[] = [];
  /** Where the next row goes. */
  #next = 0;
  /** The greatest id whose row another one has taken; zeros when there is none. */
  #forgotten: IdParts = NO_ID;
  /** Outcomes of the form `other`, by the place of their row. */
  #others: Map<number, Outcome> | null = null;

  get count(): number {
    return this.#numbers.length / COLUMNS;
  }

  /** Whether it is not after all that was forgotten: it may have been executed, nobody knows. */
  isForgotten(requestId: RequestId): boolean {
    const [timeMs, middle, lower] = this.#forgotten;
    const ownTimeMs = requestTimeMs(requestId);
    if (ownTimeMs !== timeMs) return ownTimeMs < timeMs;
    const ownMiddle = fiveBytes(requestId, 6);
    if (ownMiddle !== middle) return ownMiddle < middle;
    return fiveBytes(requestId, 11) <= lower;
  }

  /** From now on all ids up to this one, by its parts, count as forgotten. */
  #forget(timeMs: number, middle: number, lower: number): void {
    const [greatestMs, greatestMiddle, greatestLower] = this.#forgotten;
    if (timeMs < greatestMs) return;
    if (timeMs === greatestMs) {
      if (middle < greatestMiddle) return;
      if (middle === greatestMiddle && lower <= greatestLower) return;
    }
    this.#forgotten = [timeMs, middle, lower];
  }

  add(requestId: RequestId, fingerprint: number, outcome: Outcome): void {
    const place = this.#next;
    this.#next = (place + 1) % OUTCOMES_KEPT_MAX;
    this.#others?.delete(place);
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
    const numbers = this.#numbers;
    const at = place * COLUMNS;
    const what = fingerprint + form * FORM_UNIT;
    if (at === numbers.length) {
      numbers.push(timeMs, middle, lower, what, a, b, c, d);
      return;
    }
    this.#forget(numbers[at]!, numbers[at + COLUMN.middle]!, numbers[at + COLUMN.lower]!);
    numbers[at] = timeMs;
    numbers[at + COLUMN.middle] = middle;
    numbers[at + COLUMN.lower] = lower;
    numbers[at + COLUMN.what] = what;
    numbers[at + COLUMN.a] = a;
    numbers[at + COLUMN.b] = b;
    numbers[at + COLUMN.c] = c;
    numbers[at + COLUMN.d] = d;
  }

  /** The place of the request's row, -1 when there is none. */
  find(requestId: RequestId): number {
    const numbers = this.#numbers;
    const timeMs = requestTimeMs(requestId);
    const middle = fiveBytes(requestId, 6);
    const lower = fiveBytes(requestId, 11);
    for (let at = 0; at < numbers.length; at += COLUMNS) {
      if (numbers[at + COLUMN.lower] !== lower || numbers[at] !== timeMs) continue;
      if (numbers[at + COLUMN.middle] === middle) return at / COLUMNS;
    }
    return -1;
  }

  fingerprintAt(place: number): number {
    return this.#numbers[place * COLUMNS + COLUMN.what]! % FORM_UNIT;
  }

  outcomeAt(place: number): Outcome {
    const numbers = this.#numbers;
    const at = place * COLUMNS;
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
    const at = place * COLUMNS;
    const numbers = this.#numbers;
    return (bytesOf(numbers[at]!, 6) +
      bytesOf(numbers[at + COLUMN.middle]!, 5) +
      bytesOf(numbers[at + COLUMN.lower]!, 5)) as RequestId;
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
      const one = this.#numbers[place * COLUMNS + column]!;
      const other = this.#numbers[than * COLUMNS + column]!;
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
    return this.#forgotten === NO_ID ? [0] : this.#forgotten;
  }

  /** As it was stored: `middle` and `lower` are absent where only the time was kept. */
  restoreForgotten(timeMs: number, middle: number | undefined, lower: number | undefined): void {
    this.#forgotten = timeMs === 0 ? NO_ID : [timeMs, middle ?? PART_MAX, lower ?? PART_MAX];
  }

  /**
   * Three lists: the numbers of all rows, oldest first, those of refusals being indices into the
   * second, the codes; and the other outcomes, each behind the index of its row.
   */
  toSnapshot(): [numbers: Float64Array, codes: Refusal[], others: unknown[]] {
    const numbers = new Float64Array(this.#numbers.length);
    let row = 0;
    const codes: Refusal[] = [];
    const others: unknown[] = [];
    for (const place of this.places()) {
      const at = place * COLUMNS;
      const what = this.#numbers[at + COLUMN.what]!;
      const form = Math.floor(what / FORM_UNIT);
      let a = this.#numbers[at + COLUMN.a]!;
      if (form === FORM.refused) a = indexIn(codes, CODES[a]!);
      else if (form === FORM.other) others.push(row / COLUMNS, this.outcomeAt(place));
      for (let column = 0; column < COLUMNS; column++) {
        numbers[row + column] = this.#numbers[at + column]!;
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
      for (let column = 0; column < COLUMNS; column++) rows.#numbers.push(numbers[at + column]!);
      const form = Math.floor(numbers[at + COLUMN.what]! / FORM_UNIT);
      if (form !== FORM.refused) continue;
      rows.#numbers[at + COLUMN.a] = numberOf(codes[numbers[at + COLUMN.a]!]!);
    }
    rows.#next = rows.count % OUTCOMES_KEPT_MAX;
    for (let at = 0; at < others.length; at += 2) {
      (rows.#others ??= new Map()).set(others[at] as number, others[at + 1] as Outcome);
    }
    return rows;
  }
}

/** The 16 bytes of an id: 6, 5 and 5. */
type IdParts = readonly [timeMs: number, middle: number, lower: number];
const NO_ID: IdParts = [0, 0, 0];
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
