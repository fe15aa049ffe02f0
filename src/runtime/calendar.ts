// The business date of a shard. It advances by records of the journal, so that what stands before
// such a record belongs to the day before and what follows to the new one: a consistent cut,
// however many bids go on meanwhile. An actor that wants to be asked on a day is rung when it has
// come, until it clears or moves its wish: what happens on a day happens however often it is rung.

import { assert } from "../money/assert.ts";

/** Closing totals are kept for so many days. */
export const CLOSINGS_KEPT_MAX = 62;

export interface Closing {
  /** The day that was closed, in days since 1970. */
  readonly day: number;
  /** Totals by ledger code at the cut. */
  readonly totals: Readonly<Record<string, string>>;
}

export class Calendar {
  /** Days since 1970; 0 until the first day began. */
  #day = 0;
  readonly #dayOf = new Map<string, number>();
  readonly #keysOf = new Map<number, Set<string>>();
  /** Of those whose day has come, the ones that nobody waits for. In no snapshot. */
  readonly #leftBehind = new Set<string>();
  #closings: Closing[] = [];

  get day(): number {
    return this.#day;
  }

  get closings(): readonly Closing[] {
    return this.#closings;
  }

  /** Actors that wait for a day: the loans that are being repaid. */
  get waiting(): number {
    return this.#dayOf.size;
  }

  begin(day: number, totals: Readonly<Record<string, string>>): void {
    assert(day > this.#day, "days follow each other", day);
    if (this.#day > 0) this.#closings.push({ day: this.#day, totals });
    if (this.#closings.length > CLOSINGS_KEPT_MAX) this.#closings.shift();
    this.#day = day;
  }

  /** The actor wants to be asked on this day; null: on none. */
  set(key: string, day: number | null): void {
    const before = this.#dayOf.get(key);
    if (before !== undefined) {
      const keys = this.#keysOf.get(before)!;
      keys.delete(key);
      if (keys.size === 0) this.#keysOf.delete(before);
      this.#dayOf.delete(key);
      if (before !== day) this.#leftBehind.delete(key); // It got on after all.
    }
    if (day === null) return;
    this.#dayOf.set(key, day);
    let keys = this.#keysOf.get(day);
    if (keys === undefined) {
      keys = new Set();
      this.#keysOf.set(day, keys);
    }
    keys.add(key);
  }

  /** The first day after this one that any actor waits for; null when none does. */
  nextAfter(day: number): number | null {
    let next: number | null = null;
    for (const wanted of this.#keysOf.keys()) {
      if (wanted > day && (next === null || wanted < next)) next = wanted;
    }
    return next;
  }

  /** Actors whose day has come, the earliest days first. */
  due(): string[] {
    const days = [...this.#keysOf.keys()].filter((day) => day <= this.#day).sort((a, b) => a - b);
    return days.flatMap((day) => [...this.#keysOf.get(day)!]);
  }

  /** How many they are. */
  get dueCount(): number {
    let count = 0;
    for (const [day, keys] of this.#keysOf) if (day <= this.#day) count += keys.size;
    return count;
  }

  /** Whether all that was to be done up to this day is done. */
  get isDone(): boolean {
    for (const wanted of this.#keysOf.keys()) if (wanted <= this.#day) return false;
    return true;
  }

  /** The same, but for who is left behind. Asked every millisecond: it looks at nobody. */
  get isDoneByOthers(): boolean {
    return this.dueCount === this.#leftBehind.size;
  }

  /** Nobody waits for those whose day has come any more, until they get on. */
  leaveBehind(): readonly string[] {
    const due = this.due();
    for (const key of due) this.#leftBehind.add(key);
    return due;
  }

  toSnapshot(): unknown[] {
    const closings = this.#closings.map(({ day, totals }) => [day, totals]);
    return [this.#day, [...this.#dayOf].flat(), closings];
  }

  restore(values: readonly unknown[]): void {
    this.#day = values[0] as number;
    const wishes = values[1] as (string | number)[];
    for (let at = 0; at < wishes.length; at += 2) {
      this.set(wishes[at] as string, wishes[at + 1] as number);
    }
    const closings = values[2] as [number, Record<string, string>][];
    this.#closings = closings.map(([day, totals]) => ({ day, totals }));
  }
}
