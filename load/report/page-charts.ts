// Which charts the page has, and their data. What the server did not tell has no chart.

import type { LatencyCurve } from "../driver/latency.ts";
import type { Sample } from "../machine/observer.ts";
import type { LoadReport } from "./load-report.ts";

interface Series {
  readonly label: string;
  /** A CSS variable of the page. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  readonly dashed?: boolean;
  readonly points?: boolean;
}

export interface Chart extends ChartParts {
  /** Of a time axis: seconds that were measured, the same for all. */
  readonly until: number;
}

interface ChartParts {
  readonly id: string;
  readonly title: string;
  /** What a reader should know before believing it. */
  readonly note: string;
  readonly x: readonly number[];
  readonly axis: "time" | "percentile" | "rate";
  readonly unit: string;
  readonly isLog: boolean;
  readonly series: readonly Series[];
  readonly segments: readonly {
    readonly name: string;
    readonly from: number;
    readonly to: number;
  }[];
}

/** Log scales know no zero; this is less than anything that is measured. */
const MS_MIN = 0.01;

export function chartsOf(report: LoadReport): readonly Chart[] {
  const all = [
    throughput(report),
    latencies(report),
    search(report),
    percentiles(report),
    cores(report),
    sampled(report, {
      id: "lag",
      title: "Event-loop lag of the server",
      note: "p99 of each second, as the upper bound of its histogram's bucket.",
      unit: "ms",
      isLog: false,
      lines: [["p99", "c2", ({ lagP99Ms }) => lagP99Ms]],
    }),
    sampled(report, {
      id: "commits",
      title: "Commits to the journal",
      note: "From a commit's first record to Redis's fsynced acknowledgement; upper bounds of buckets.",
      unit: "ms",
      isLog: false,
      lines: [
        ["p50", "c1", ({ commitP50Ms }) => commitP50Ms],
        ["p99", "c2", ({ commitP99Ms }) => commitP99Ms],
      ],
    }),
    sampled(report, {
      id: "batch",
      title: "Size of a commit",
      note: "Mean of each second: records that share one fsync.",
      unit: "records",
      isLog: false,
      lines: [["records", "c3", ({ recordsPerCommit }) => recordsPerCommit]],
    }),
    sampled(report, {
      id: "bytes",
      title: "Bytes of a commit",
      note: "Mean of each second.",
      unit: "KiB",
      isLog: false,
      lines: [["payload", "c3", ({ commitBytesMean }) => scaled(commitBytesMean, 1 / 1024)]],
    }),
    sampled(report, {
      id: "memory",
      title: "Memory",
      note: "Resident pages of the server; what Redis says that it uses, its journal kept in full.",
      unit: "MiB",
      isLog: false,
      lines: [
        ["server", "c1", ({ serverResidentBytes }) => scaled(serverResidentBytes, 2 ** -20)],
        ["Redis", "c2", ({ redisMemoryBytes }) => scaled(redisMemoryBytes, 2 ** -20)],
      ],
    }),
    sampled(report, {
      id: "waiting",
      title: "What waits in the server",
      note: "At the moment of each reading.",
      unit: "",
      isLog: false,
      lines: [
        ["requests in flight", "c1", ({ requestsInFlight }) => requestsInFlight],
        ["messages in mailboxes", "c2", ({ mailboxDepth }) => mailboxDepth],
      ],
    }),
    sampled(report, {
      id: "connections",
      title: "Connections",
      note: "Open at the moment of each reading.",
      unit: "",
      isLog: false,
      lines: [["open", "c1", ({ connections }) => connections]],
    }),
    sampled(report, {
      id: "pushes",
      title: "Pushes",
      note: "Frames that nobody asked for one by one: entries of accounts, progress of loans.",
      unit: "a second",
      isLog: false,
      lines: [["pushes", "c3", ({ pushesPerSecond }) => pushesPerSecond]],
    }),
  ];
  const until = report.figures.measuredMs / 1_000;
  return all.filter((chart) => chart !== null).map((chart) => ({ ...chart, until }));
}

function segmentsOf({ segments }: LoadReport): Chart["segments"] {
  return segments.map(({ name, fromMs, toMs }) => ({
    name,
    from: fromMs / 1_000,
    to: toMs / 1_000,
  }));
}

function throughput(report: LoadReport): ChartParts {
  const { intervals } = report.figures;
  return {
    id: "throughput",
    title: "Requests",
    note: "By the moment at which a request was due: a stall shows where it began.",
    x: intervals.map(({ fromMs }) => fromMs / 1_000),
    axis: "time",
    unit: "a second",
    isLog: false,
    series: [
      {
        label: "due",
        colour: "muted",
        dashed: true,
        values: intervals.map(({ offeredPerSecond }) => offeredPerSecond),
      },
      {
        label: "answered",
        colour: "c1",
        values: intervals.map(({ answeredPerSecond }) => answeredPerSecond),
      },
      {
        label: "accepted",
        colour: "c3",
        values: intervals.map(({ acceptedPerSecond }) => acceptedPerSecond),
      },
    ],
    segments: segmentsOf(report),
  };
}

function latencies(report: LoadReport): ChartParts {
  const { intervals } = report.figures;
  const ms = (of: "p50Ms" | "p99Ms" | "maxMs"): (number | null)[] =>
    intervals.map((interval) => (interval.count === 0 ? null : Math.max(MS_MIN, interval[of])));
  return {
    id: "latency",
    title: "Latency over time",
    note: "From the planned moment to the durable answer, on a logarithmic scale.",
    x: intervals.map(({ fromMs }) => fromMs / 1_000),
    axis: "time",
    unit: "ms",
    isLog: true,
    series: [
      { label: "p50", colour: "c1", values: ms("p50Ms") },
      { label: "p99", colour: "c2", values: ms("p99Ms") },
      { label: "max", colour: "c4", values: ms("maxMs"), dashed: true },
    ],
    segments: segmentsOf(report),
  };
}

function percentiles({ figures }: LoadReport): ChartParts {
  const { latency, service, lateness } = figures;
  const points = latency.curve
    .map(({ percentile }) => percentile)
    .filter((percentile) => percentile < 100);
  const line = (label: string, colour: string, of: LatencyCurve, dashed = false): Series => {
    const byPercentile = new Map(of.curve.map(({ percentile, ms }) => [percentile, ms]));
    const values = points.map((percentile) => {
      const ms = byPercentile.get(percentile);
      return ms === undefined ? null : Math.max(MS_MIN, ms);
    });
    return { label, colour, values, dashed };
  };
  return {
    id: "percentiles",
    title: "Latency by percentile",
    note:
      "Each step to the right is ten times rarer. The gap between the first two lines is what a " +
      "closed loop would have hidden; the third is the sender's own part.",
    x: points.map((percentile) => -Math.log10(1 - percentile / 100)),
    axis: "percentile",
    unit: "ms",
    isLog: true,
    series: [
      line("from the planned moment", "c2", latency),
      line("from sending", "c1", service),
      line("sent late by", "muted", lateness, true),
    ],
    segments: [],
  };
}

function search({ findMax }: LoadReport): ChartParts | null {
  if (findMax === null || findMax.probes.length === 0) return null;
  const probes = [...findMax.probes].sort((a, b) => a.ratePerSecond - b.ratePerSecond);
  const values = (wanted: boolean): (number | null)[] =>
    probes.map(({ passed, p99Ms }) => (passed === wanted ? Math.max(MS_MIN, p99Ms) : null));
  return {
    id: "search",
    title: "The search: p99 by rate",
    note: `Each point is a run of its own on a fresh server; the target is ${findMax.targetP99Ms} ms.`,
    x: probes.map(({ ratePerSecond }) => ratePerSecond),
    axis: "rate",
    unit: "ms",
    isLog: true,
    series: [
      { label: "passed", colour: "good", values: values(true), points: true },
      { label: "failed", colour: "bad", values: values(false), points: true },
      {
        label: "target",
        colour: "muted",
        values: probes.map(() => findMax.targetP99Ms),
        dashed: true,
      },
    ],
    segments: [],
  };
}

function cores(report: LoadReport): ChartParts | null {
  return sampled(report, {
    id: "cores",
    title: `Cores in use, of ${report.machine.cpus}`,
    note:
      "The machine's line has everything: the kernel's network work, which is booked to no process, " +
      "and programs that have nothing to do with the run.",
    unit: "",
    isLog: false,
    lines: [
      ["server", "c1", ({ serverCores }) => serverCores],
      ["Redis", "c2", ({ redisCores }) => redisCores],
      ["clients", "c3", ({ clientCores }) => clientCores],
      ["machine", "muted", ({ machineCores }) => machineCores],
    ],
  });
}

interface Sampled {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly unit: string;
  readonly isLog: boolean;
  readonly lines: readonly (readonly [
    label: string,
    colour: string,
    of: (sample: Sample) => number | null,
  ])[];
}

function sampled(report: LoadReport, { lines, ...chart }: Sampled): ChartParts | null {
  const lastMs = report.figures.measuredMs + 1_000;
  const samples = report.samples.filter(({ atMs }) => atMs >= 0 && atMs <= lastMs);
  const series = lines
    .map(([label, colour, of]) => ({ label, colour, values: samples.map(of) }))
    .filter(({ values }) => values.some((value) => value !== null));
  if (series.length === 0) return null;
  const x = samples.map(({ atMs }) => atMs / 1_000);
  return { ...chart, x, axis: "time", series, segments: segmentsOf(report) };
}

function scaled(value: number | null, by: number): number | null {
  return value === null ? null : value * by;
}
