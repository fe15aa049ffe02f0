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
