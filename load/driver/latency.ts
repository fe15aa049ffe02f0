// Latencies of requests: recorded for a few nanoseconds each while the load runs, exact to the
// microsecond up to a limit, then kept in HDR histograms that can be merged across processes.

import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from "hdr-histogram-js";

const LATENCY_US_MAX = 600_000_000;
const LINEAR_US = 1 << 17;

export class LatencyRecorder {
  /** One counter for each microsecond: several times cheaper than finding an HDR bucket. */
  readonly #linear = new Uint32Array(LINEAR_US);
  readonly #rare: number[] = [];

  record(latencyMs: number): void {
    const us = (latencyMs * 1000) | 0;
    if (us >= 0 && us < LINEAR_US) this.#linear[us] = this.#linear[us]! + 1;
    else this.#rare.push(latencyMs);
  }

  /** Compressed and in base64, for a message to another process. */
  encode(): string {
    const histogram = emptyHistogram();
    for (let us = 0; us < LINEAR_US; us++) {
      const count = this.#linear[us]!;
      if (count > 0) histogram.recordValueWithCount(us, count);
    }
    for (const latencyMs of this.#rare) {
      histogram.recordValue(Math.min(Math.round(latencyMs * 1000), LATENCY_US_MAX));
    }
    return encodeIntoCompressedBase64(histogram);
  }
}

export interface Latencies {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** The latencies of all processes as one: percentiles of the sum, never averages of percentiles. */
export function mergeLatencies(encoded: readonly string[]): Latencies {
  const merged = emptyHistogram();
  for (const one of encoded) merged.add(decodeFromCompressedBase64(one));
  const ms = (percentile: number): number => merged.getValueAtPercentile(percentile) / 1000;
  return {
    count: merged.totalCount,
    p50Ms: ms(50),
    p99Ms: ms(99),
    p999Ms: ms(99.9),
    maxMs: merged.maxValue / 1000,
  };
}

function emptyHistogram(): Histogram {
  return build({
    bitBucketSize: 64,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: LATENCY_US_MAX,
    numberOfSignificantValueDigits: 3,
  });
}
