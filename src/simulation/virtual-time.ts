// Time as the simulation wants it: it moves only when it is told to, a millisecond a turn of the
// event loop, and a day when a day is over. What runs "as soon as possible" takes its turn in the
// event loop itself, whose order is that of asking.

import type { Clock, Scheduler } from "../runtime/environment.ts";
import type { Chance } from "../chance/chance.ts";
import { DAY_MS, HOUR_MS } from "../time/units.ts";

/** In one millisecond of so many, a clock with whims changes its mind. */
const WHIM_ONE_IN = 40;

interface Timer {
  readonly atMs: number;
  readonly task: () => void;
}

export class VirtualTime implements Clock, Scheduler {
  readonly #whims: Chance | null;
  #nowMs = 0;
  #dayMs: number;
  #dayBeganMs = 0;
  /** In order of time; those of the same time in order of asking. */
  #timers: Timer[] = [];
  #offsetMs = 0;
  #frozenAtMs: number | null = null;
  /** Changes of its mind. */
  jumps = 0;

  /** `whims`: what makes the wall clock jump by an hour or stand still; null: it runs well. */
  constructor(day: number, whims: Chance | null) {
    this.#dayMs = day * DAY_MS;
    this.#whims = whims;
  }

  /** The time as clients know it, whatever the server's clock says. */
  get trueMs(): number {
    return this.#dayMs + (this.#nowMs - this.#dayBeganMs);
  }

  wallMs(): number {
    return this.#frozenAtMs ?? this.trueMs + this.#offsetMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  soon(task: () => void): void {
    setImmediate(task);
  }

  after(delayMs: number, task: () => void): () => void {
    const timer: Timer = { atMs: this.#nowMs + Math.max(1, Math.ceil(delayMs)), task };
    let place = this.#timers.length;
    while (place > 0 && this.#timers[place - 1]!.atMs > timer.atMs) place--;
    this.#timers.splice(place, 0, timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** A new day, at its first instant. */
  begin(day: number): void {
    this.#dayMs = day * DAY_MS;
    this.#dayBeganMs = this.#nowMs;
  }

  /** One millisecond passes. */
  tick(): void {
    this.#nowMs++;
    this.#haveWhim();
    while (this.#timers.length > 0 && this.#timers[0]!.atMs <= this.#nowMs) {
      this.#timers.shift()!.task();
    }
  }

  #haveWhim(): void {
    if (this.#whims === null || !this.#whims.happens(1 / WHIM_ONE_IN)) return;
    this.jumps++;
    const whim = this.#whims.oneOf(["forward", "back", "freeze", "right"] as const);
    const frozenAtMs = this.wallMs();
    this.#frozenAtMs = whim === "freeze" ? frozenAtMs : null;
    this.#offsetMs = whim === "forward" ? HOUR_MS : whim === "back" ? -HOUR_MS : 0;
  }
}
