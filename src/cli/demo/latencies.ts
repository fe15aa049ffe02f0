// How long the bids of the demo took from sending to the answer, by their clients' own clock.

import { build, type Histogram } from "hdr-histogram-js";
import type { BurstFigures } from "./figures.ts";

export interface Latencies {
  readonly all: Histogram;
  /** Answered before the kill, or sent when the server served again. */
  readonly undisturbed: Histogram;
}

/** How long bids took, in microseconds. */
export function latenciesOf({ log, kill }: BurstFigures): Latencies {
  const all = histogram();
  const undisturbed = histogram();
  const servedAgainMs = kill.atMs + kill.serveAgainMs;
  for (const { sentAt, acknowledgedAt } of log) {
    if (acknowledgedAt === undefined) continue;
    const microseconds = Math.max(1, Math.round((acknowledgedAt - sentAt) * 1_000));
    all.recordValue(microseconds);
    if (acknowledgedAt <= kill.atMs || sentAt >= servedAgainMs) {
      undisturbed.recordValue(microseconds);
    }
  }
  return { all, undisturbed };
}

function histogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 600_000_000,
    numberOfSignificantValueDigits: 3,
  });
}

/** A percentile in ms, with one decimal. */
export function milliseconds(latencies: Histogram, percentile: number): number {
  return Math.round(latencies.getValueAtPercentile(percentile) / 100) / 10;
}
