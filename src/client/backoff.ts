// How long to wait before the next attempt. "Full jitter" (Brooker, AWS Architecture Blog 2015):
// a thousand clients that lost the same server must not come back in step.

export interface BackoffLimits {
  /** The most to wait before the first repetition; it doubles with each one. */
  readonly delayMsFirst: number;
  readonly delayMsMax: number;
}

/** `attempt` counts from 0; `random` is in [0, 1). Never less than a tenth of the most. */
export function backoffMs(limits: BackoffLimits, attempt: number, random: number): number {
  const most = Math.min(limits.delayMsMax, limits.delayMsFirst * 2 ** Math.min(attempt, 30));
  return most * (0.1 + 0.9 * random);
}
