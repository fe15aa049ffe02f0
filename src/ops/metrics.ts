// Metrics for Prometheus. The rooms count in plain numbers of their own; here they are read when
// somebody scrapes, and only then is prom-client asked to do anything. Only this file imports it.

import { readdir } from "node:fs/promises";
import { collectDefaultMetrics, Counter, Gauge, Registry, type Metric } from "prom-client";
import { assert } from "../money/assert.ts";
import { Buckets } from "./buckets.ts";
import type { MetricRow } from "./metric-row.ts";
import { METRICS, type KeyOfType, type MetricKey } from "./metrics-table.ts";

/** Where Linux lists the open files of a process; elsewhere there is no such metric. */
const FILES_FOLDER = "/proc/self/fd";
const OPEN_FILES = "process_open_fds";

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Read at each scrape: one number for a row without labels, samples for one with. */
export type MetricSource = () => number | Iterable<Sample>;

export interface MetricsOptions {
  /** Memory, CPU, garbage collection and more of the process, under prom-client's usual names. */
  readonly ofProcess: boolean;
}

export class Metrics {
  readonly contentType: string;
  readonly #registry = new Registry();
  readonly #sources = new Map<MetricKey, MetricSource[]>();
  readonly #histograms = new Map<MetricKey, Buckets>();
  #scrapeErrors = 0;

  constructor(options: MetricsOptions = { ofProcess: true }) {
    this.contentType = this.#registry.contentType;
    for (const [key, row] of Object.entries(METRICS) as [MetricKey, MetricRow][]) {
      if (row.buckets === undefined) this.#addNumbers(key, row);
      else this.#addHistogram(key, row, row.buckets);
    }
    this.read("scrapeErrors", () => this.#scrapeErrors);
    if (options.ofProcess) this.#addProcess();
  }

  /**
   * prom-client's own, but for the open files: it lists them without letting anything else run,
   * which took 9 to 20 ms with 8,000 of them.
   */
  #addProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
    if (this.#registry.getSingleMetric(OPEN_FILES) === undefined) return;
    this.#registry.removeSingleMetric(OPEN_FILES);
    const gauge: Gauge = new Gauge({
      name: OPEN_FILES,
      help: "Number of open file descriptors.",
      registers: [this.#registry],
      collect: async () => {
        // One of them is that of the listing itself.
        const names = await readdir(FILES_FOLDER).catch(() => []);
        if (names.length > 0) gauge.set(names.length - 1);
      },
    });
  }

  /** The buckets to observe into; the same ones at each call. */
  histogram(key: KeyOfType<"histogram">): Buckets {
    const buckets = this.#histograms.get(key);
    assert(buckets !== undefined, `${key} is a histogram`);
    return buckets;
  }

  /** Where the numbers of a row come from. A row may have several sources, with other labels. */
  read(key: KeyOfType<"counter" | "gauge">, source: MetricSource): void {
    const sources = this.#sources.get(key);
    if (sources === undefined) this.#sources.set(key, [source]);
    else sources.push(source);
  }

  /** Everything, in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #addNumbers(key: MetricKey, { name, help, labels, type }: MetricRow): void {
    const configuration = { name, help, labelNames: [...labels], registers: [this.#registry] };
    if (type === "counter") {
      const metric: Counter = new Counter({
        ...configuration,
        collect: () => {
          metric.reset();
          for (const { labels, value } of this.#samplesOf(key)) metric.inc({ ...labels }, value);
        },
      });
    } else {
      const metric: Gauge = new Gauge({
        ...configuration,
        collect: () => {
          metric.reset();
          for (const { labels, value } of this.#samplesOf(key)) metric.set({ ...labels }, value);
        },
      });
    }
  }

  /** A source that fails must not hide all other metrics. */
  #samplesOf(key: MetricKey): readonly Sample[] {
    const samples: Sample[] = [];
    for (const source of this.#sources.get(key) ?? []) {
      try {
        const read = source();
        samples.push(...(typeof read === "number" ? [{ labels: {}, value: read }] : read));
      } catch {
        this.#scrapeErrors++;
      }
    }
    return samples.filter(({ value }) => Number.isFinite(value));
  }

  /** prom-client's own histogram cannot take counts, so the registry is given one that can. */
  #addHistogram(key: MetricKey, row: MetricRow, bounds: readonly number[]): void {
    const buckets = new Buckets(bounds);
    this.#histograms.set(key, buckets);
    const { name, help } = row;
    const histogram = {
      name,
      help,
      type: "histogram",
      get: () =>
        Promise.resolve({ name, help, type: "histogram", values: valuesOf(name, buckets) }),
      reset: () => undefined,
    };
    this.#registry.registerMetric(histogram as unknown as Metric<string>);
  }
}

interface HistogramValue {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function valuesOf(name: string, buckets: Buckets): HistogramValue[] {
  const cumulative = buckets.cumulative();
  const values = cumulative.map((value, at) => ({
    metricName: `${name}_bucket`,
    labels: { le: at < buckets.bounds.length ? String(buckets.bounds[at]) : "+Inf" },
    value,
  }));
  const count = cumulative.at(-1)!;
  return [
    ...values,
    { metricName: `${name}_sum`, labels: {}, value: buckets.sum },
    { metricName: `${name}_count`, labels: {}, value: count },
  ];
}
