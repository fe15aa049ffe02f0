// Reckoning that takes longer than a turn may: one piece of work after the other, in slices between
// which everything else has its turn. A bid never waits longer than one slice.

import type { Clock, Scheduler } from "./environment.ts";

/** A piece of work goes on until so much of a slice is used; its own steps are short. */
const SLICE_MS = 2;

interface Task {
  readonly step: () => boolean;
  readonly fail: (error: unknown) => void;
}

export class Slices {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #tasks: Task[] = [];
  #isScheduled = false;

  constructor(clock: Clock, scheduler: Scheduler) {
    this.#clock = clock;
    this.#scheduler = scheduler;
  }

  /** Works in the order of asking: two pieces of work never interleave. */
  run<Result>(work: Generator<void, Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const step = (): boolean => {
        const { done, value } = work.next();
        if (done === true) resolve(value);
        return done === true;
      };
      this.#tasks.push({ step, fail: reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#tasks.length === 0) return;
    this.#isScheduled = true;
    this.#scheduler.soon(this.#slice);
  }

  readonly #slice = (): void => {
    this.#isScheduled = false;
    const until = this.#clock.monotonicMs() + SLICE_MS;
    do {
      const task = this.#tasks[0];
      if (task === undefined) return;
      this.#step(task);
    } while (this.#clock.monotonicMs() < until);
    this.#schedule();
  };

  #step(task: Task): void {
    let isDone = true;
    try {
      isDone = task.step();
    } catch (error) {
      // Work that fails takes nothing with it: whoever waits for it is told.
      task.fail(error);
    }
    if (isDone) this.#tasks.shift();
  }
}
