// What a row of the table of metrics is.

export type MetricType = "counter" | "gauge" | "histogram";

export interface MetricRow {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly labels: readonly string[];
  /** What one is; the name ends in it when it is a unit and not a thing. */
  readonly unit: string;
  /** Upper bounds of a histogram, ascending; +Inf is added. */
  readonly buckets?: readonly number[];
}

export interface Counter extends MetricRow {
  readonly type: "counter";
}
export interface Gauge extends MetricRow {
  readonly type: "gauge";
}
export interface Histogram extends MetricRow {
  readonly type: "histogram";
  readonly buckets: readonly number[];
}

export function counter(
  name: string,
  unit: string,
  help: string,
  labels: readonly string[] = [],
): Counter {
  return { name, type: "counter", help, labels, unit };
}

export function gauge(
  name: string,
  unit: string,
  help: string,
  labels: readonly string[] = [],
): Gauge {
  return { name, type: "gauge", help, labels, unit };
}

export function histogram(
  name: string,
  unit: string,
  help: string,
  buckets: readonly number[],
): Histogram {
  return { name, type: "histogram", help, labels: [], unit, buckets };
}
