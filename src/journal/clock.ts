// Time and timers as this room takes them: passed in, so that a seeded simulation can drive the
// real journal. No other file here may ask the system for the time or set a timer.

export interface Clock {
  /** Milliseconds from an arbitrary start; never goes back. All waiting is measured by it. */
  nowMs(): number;
  /** Milliseconds since the epoch. May jump; it is only written down, never compared. */
  wallMs(): number;
}

export interface Timers {
  /** Returns a function that calls it off. */
  after(delayMs: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
};

export const systemTimers: Timers = {
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

export function sleep(timers: Timers, delayMs: number): Promise<void> {
  return new Promise((resolve) => void timers.after(delayMs, resolve));
}
