// What the runtime takes from outside, passed in, so that a seeded simulation can drive it: time,
// timers and "as soon as possible". Nothing else in this room may ask for the time.

export interface Clock {
  /** Milliseconds since the epoch. May jump; nothing that must happen once relies on it. */
  wallMs(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonicMs(): number;
}

export interface Scheduler {
  /** After the input and output that is ready now. */
  soon(task: () => void): void;
  /** Returns a function that calls it off. */
  after(delayMs: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

export const systemScheduler: Scheduler = {
  soon: (task) => void setImmediate(task),
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

/**
 * One time for all that comes in together: it is looked at once in a turn of the event loop, for a
 * thousand frames that were read in it; so it may be as old as the turn is long. Asking for it four
 * times for each bid took 3 % of the server.
 */
export class TurnClock implements Clock {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  #isKnown = false;
  #wallMs = 0;
  #monotonicMs = 0;

  constructor(clock: Clock, scheduler: Scheduler) {
    this.#clock = clock;
    this.#scheduler = scheduler;
  }

  wallMs(): number {
    if (!this.#isKnown) this.#look();
    return this.#wallMs;
  }

  monotonicMs(): number {
    if (!this.#isKnown) this.#look();
    return this.#monotonicMs;
  }

  #look(): void {
    this.#isKnown = true;
    this.#wallMs = this.#clock.wallMs();
    this.#monotonicMs = this.#clock.monotonicMs();
    // While something is to be done soon the event loop does not wait for anything: nothing that
    // comes after a pause gets the time from before it.
    this.#scheduler.soon(this.#forget);
  }

  readonly #forget = (): void => {
    this.#isKnown = false;
  };
}
