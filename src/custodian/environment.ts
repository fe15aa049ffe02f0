// What this room takes from outside, passed in, so that a test or a seeded simulation can drive it:
// time, timers and chance. No other file here may ask the system for them.

interface Clock {
  /** Milliseconds since the epoch. May jump; only written down and compared with others' times. */
  wallMs(): number;
  /** Milliseconds from an arbitrary start; never goes back. All waiting is measured by it. */
  monotonicMs(): number;
}

interface Timers {
  /** Returns a function that calls it off. */
  after(delayMs: number, task: () => void): () => void;
}

export interface Environment {
  readonly clock: Clock;
  readonly timers: Timers;
  /** In [0, 1). Only for spreading attempts over time. */
  random(): number;
}

export const systemEnvironment: Environment = {
  clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
  timers: {
    after: (delayMs, task) => {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
  },
  random: () => Math.random(),
};

export interface BackoffLimits {
  /** The most to wait before the first repetition; it doubles with each one. */
  readonly delayMsFirst: number;
  readonly delayMsMax: number;
}

/**
 * How long to wait before repetition number `attempt`, counted from 0: between half of the most and
 * the most ("equal jitter", Brooker, AWS Architecture Blog 2015).
 */
export function backoffMs(limits: BackoffLimits, attempt: number, random: number): number {
  const most = Math.min(limits.delayMsMax, limits.delayMsFirst * 2 ** Math.min(attempt, 30));
  return most * (0.5 + 0.5 * random);
}
