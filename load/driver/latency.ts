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
  return latenciesOf(merged(encoded));
}

/** Where a curve of percentiles is looked at: ever closer to 100, as tails are read. */
const CURVE_PERCENTILES: readonly number[] = [
  0, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 97, 98, 99, 99.5, 99.7, 99.8, 99.9,
  99.95, 99.97, 99.98, 99.99, 99.995, 99.999, 100,
];

export interface LatencyCurve extends Latencies {
  readonly curve: readonly { readonly percentile: number; readonly ms: number }[];
}

/** The same with the whole curve, up to the percentile that the count of values can tell of. */
export function mergeCurve(encoded: readonly string[]): LatencyCurve {
  const all = merged(encoded);
  const told = CURVE_PERCENTILES.filter((percentile) => {
    return percentile === 100 || all.totalCount * (1 - percentile / 100) >= 1;
  });
  const curve = told.map((percentile) => ({
    percentile,
    ms: all.getValueAtPercentile(percentile) / 1000,
  }));
  return { ...latenciesOf(all), curve: all.totalCount === 0 ? [] : curve };
}

function merged(encoded: readonly string[]): Histogram {
  const all = emptyHistogram();
  // Empty: of a process that has measured nothing.
  for (const one of encoded) if (one !== "") all.add(decodeFromCompressedBase64(one));
  return all;
}

function latenciesOf(histogram: Histogram): Latencies {
  const ms = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1000;
  return {
    count: histogram.totalCount,
    p50Ms: ms(50),
    p99Ms: ms(99),
    p999Ms: ms(99.9),
    maxMs: histogram.maxValue / 1000,
  };
}

/** Fewer values, many histograms: a small one that is emptied by `take`. */
export class LatencyHistogram {
  readonly #histogram = emptyHistogram();

  record(latencyMs: number): void {
    const us = Math.round(latencyMs * 1000);
    this.#histogram.recordValue(Math.min(Math.max(us, 0), LATENCY_US_MAX));
  }

  /** Compressed and in base64, and the histogram is empty again. */
  take(): string {
    const encoded = encodeIntoCompressedBase64(this.#histogram);
    this.#histogram.reset();
    return encoded;
  }
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
