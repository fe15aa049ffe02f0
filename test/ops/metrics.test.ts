import { describe, expect, test } from "vitest";
import { createStoreCounters } from "../../src/documents/store-counters.ts";
import { createDocumentCounters } from "../../src/gateway/documents/counters.ts";
import { createGatewayCounters } from "../../src/gateway/counters.ts";
import type { MetricRow } from "../../src/ops/metric-row.ts";
import { Metrics } from "../../src/ops/metrics.ts";
import { METRICS, type KeyOfType, type MetricKey } from "../../src/ops/metrics-table.ts";
import { readRevocations } from "../../src/ops/revocation-source.ts";
import { readDocuments, readGateway, readRuntime } from "../../src/ops/sources.ts";
import { createRuntimeCounters } from "../../src/runtime/counters.ts";

const ROWS = Object.entries(METRICS) as [MetricKey, MetricRow][];

/** What promtool's `check metrics` says of a name, its unit and its help. */
function lint({ name, type, help, labels, unit, buckets }: MetricRow): string[] {
  const complaints: string[] = [];
  const complain = (holds: boolean, complaint: string): void => {
    if (!holds) complaints.push(complaint);
  };
  complain(/^loanloom(_[a-z][a-z0-9]*)+$/.test(name), "name is not snake case with our prefix");
  complain(
    (type === "counter") === name.endsWith("_total"),
    "counters, and only they, end in _total",
  );
  complain(!/_(count|sum|bucket|info)$/.test(name), "suffix is reserved");
  complain(!/_(counter|gauge|histogram)(_|$)/.test(name), "name has the type in it");
  complain(
    !/_(ms|msec|milliseconds|micros|nanoseconds|minutes|hours|kb|mb|kib|mib|bits|percent)(_|$)/.test(
      name,
    ),
    "unit is not a base unit",
  );
  const measured = ["seconds", "bytes", "cents"];
  const ending = name.replace(/_total$/, "");
  complain(
    !measured.includes(unit) || ending.endsWith(`_${unit}`),
    "name does not end in its unit",
  );
  for (const each of measured) {
    complain(each === unit || !ending.endsWith(`_${each}`), "name ends in another unit");
  }
  complain(/^[A-Z].{8,}\.$/s.test(help) || /^1 while .{8,}\.$/.test(help), "help is no sentence");
  complain(
    labels.every((label) => /^[a-z][a-z_]*$/.test(label)),
    "label is not snake case",
  );
  complain(!labels.includes("le") && !labels.includes("quantile"), "label is reserved");
  complain((type === "histogram") === (buckets !== undefined), "histograms have buckets");
  return complaints;
}

function samplesOf(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

describe("The table of metrics", () => {
  test.each(ROWS)("%s follows the conventions of Prometheus", (_, row) => {
    expect(lint(row)).toEqual([]);
  });

  test("names are unique", () => {
    expect(new Set(ROWS.map(([, { name }]) => name)).size).toBe(ROWS.length);
  });

  const good: MetricRow = {
    name: "loanloom_good_seconds",
    type: "gauge",
    help: "A good metric.",
    labels: [],
    unit: "seconds",
  };
  test.each<[string, Partial<MetricRow>]>([
    ["a counter without _total", { type: "counter" }],
    ["a gauge with _total", { name: "loanloom_good_seconds_total" }],
    ["milliseconds", { name: "loanloom_good_ms", unit: "ms" }],
    ["a unit that is not in the name", { unit: "bytes" }],
    ["a name of another program", { name: "redis_good_seconds" }],
    ["a reserved suffix", { name: "loanloom_good_count", unit: "things" }],
    ["no help", { help: "" }],
    ["a reserved label", { labels: ["le"] }],
    ["a histogram without buckets", { type: "histogram" }],
  ])("the lint finds %s", (_, wrong) => {
    expect(lint(good)).toEqual([]);
    expect(lint({ ...good, ...wrong })).not.toEqual([]);
  });
});

describe("Metrics", () => {
  test("expose every row of the table, with its type and help", async () => {
    const text = await new Metrics({ ofProcess: false }).text();
    for (const [, { name, type, help }] of ROWS) {
      expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
    }
    const typed = text.split("\n").filter((line) => line.startsWith("# TYPE"));
    expect(typed).toHaveLength(ROWS.length);
  });

  test("show the value that a source has at the time of each scrape", async () => {
    const metrics = new Metrics({ ofProcess: false });
    let inFlight = 3;
    metrics.read("requestsInFlight", () => inFlight);
    expect(samplesOf(await metrics.text()).get("loanloom_requests_in_flight")).toBe(3);
    inFlight = 0;
    expect(samplesOf(await metrics.text()).get("loanloom_requests_in_flight")).toBe(0);
  });

  test("counters are shown as they are, not added up over scrapes", async () => {
    const metrics = new Metrics({ ofProcess: false });
    metrics.read("commits", () => 42);
    await metrics.text();
    expect(samplesOf(await metrics.text()).get("loanloom_commits_total")).toBe(42);
  });

  test("several sources of one row are shown together, and labels that vanish are forgotten", async () => {
    const metrics = new Metrics({ ofProcess: false });
    let shards = ["0", "1"];
    metrics.read("residentActors", () =>
      shards.map((shard) => ({ labels: { shard }, value: Number(shard) + 10 })),
    );
    metrics.read("residentActors", () => [{ labels: { shard: "7" }, value: 70 }]);
    const first = samplesOf(await metrics.text());
    expect(first.get('loanloom_resident_actors{shard="1"}')).toBe(11);
    expect(first.get('loanloom_resident_actors{shard="7"}')).toBe(70);
    shards = ["0"];
    const second = samplesOf(await metrics.text());
    expect(second.has('loanloom_resident_actors{shard="1"}')).toBe(false);
    expect(second.get('loanloom_resident_actors{shard="0"}')).toBe(10);
  });

  test("revocations are shown with what keeps them from being in force", async () => {
    const metrics = new Metrics({ ofProcess: false });
    const faults = { unreadable: 3, full: 0 };
    readRevocations(metrics, { inForce: 2, lagSeconds: 40, faults });
    const samples = samplesOf(await metrics.text());
    expect(samples.get("loanloom_revocations_in_force")).toBe(2);
    expect(samples.get("loanloom_revocations_lag_seconds")).toBe(40);
    expect(samples.get('loanloom_revocation_faults_total{fault="unreadable"}')).toBe(3);
    expect(samples.get('loanloom_revocation_faults_total{fault="full"}')).toBe(0);
  });

  test("a source that fails is counted and hides nothing else", async () => {
    const metrics = new Metrics({ ofProcess: false });
    metrics.read("commits", () => 1);
    metrics.read("records", () => {
      throw new Error("gone");
    });
    metrics.read("redisMemory", () => NaN);
    await metrics.text();
    const samples = samplesOf(await metrics.text());
    expect(samples.get("loanloom_commits_total")).toBe(1);
    expect(samples.get("loanloom_scrape_errors_total")).toBeGreaterThanOrEqual(1);
    expect([...samples.values()].every(Number.isFinite)).toBe(true);
  });

  test("histograms count cumulatively, bounds included, with sum and count", async () => {
    const metrics = new Metrics({ ofProcess: false });
    const seconds = metrics.histogram("commitSeconds");
    for (const value of [0.0001, 0.00025, 0.0003, 31, -1, NaN]) seconds.observe(value);
    const samples = samplesOf(await metrics.text());
    const bucket = (le: string): number | undefined =>
      samples.get(`loanloom_commit_seconds_bucket{le="${le}"}`);
    expect([bucket("0.00025"), bucket("0.0005"), bucket("30"), bucket("+Inf")]).toEqual([
      4, 5, 5, 6,
    ]);
    expect(samples.get("loanloom_commit_seconds_count")).toBe(6);
    expect(samples.get("loanloom_commit_seconds_sum")).toBeCloseTo(31.00065, 9);
  });

  test("the process is shown under the usual names", async () => {
    const samples = samplesOf(await new Metrics().text());
    expect(samples.get("process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
    expect(samples.has("nodejs_heap_size_used_bytes")).toBe(true);
  });
});

describe("Sources", () => {
  test("every counter of the gateway is shown, each in a place of its own", async () => {
    const metrics = new Metrics({ ofProcess: false });
    const counters = createGatewayCounters();
    const names = Object.keys(counters) as (keyof typeof counters)[];
    names.forEach((name, index) => (counters[name] = 1_000 + index));
    readGateway(metrics, counters);
    const shown = [...samplesOf(await metrics.text()).values()].filter((value) => value >= 1_000);
    expect(shown.sort()).toEqual(names.map((_, index) => 1_000 + index).sort());
  });

  test("bids are shown by outcome and reason", async () => {
    const metrics = new Metrics({ ofProcess: false });
    const counters = createRuntimeCounters();
    counters.bids.set("accepted", 5).set("loan_full", 2);
    readRuntime(metrics, counters);
    const samples = samplesOf(await metrics.text());
    expect(samples.get('loanloom_bids_total{outcome="accepted",reason=""}')).toBe(5);
    expect(samples.get('loanloom_bids_total{outcome="refused",reason="loan_full"}')).toBe(2);
  });

  test("each commit is observed by time and size", async () => {
    const metrics = new Metrics({ ofProcess: false });
    const counters = createRuntimeCounters();
    readRuntime(metrics, counters);
    counters.onCommit(0.0003, 5_000);
    const samples = samplesOf(await metrics.text());
    expect(samples.get("loanloom_commit_seconds_sum")).toBeCloseTo(0.0003);
    expect(samples.get('loanloom_commit_bytes_bucket{le="4096"}')).toBe(0);
    expect(samples.get('loanloom_commit_bytes_bucket{le="16384"}')).toBe(1);
  });

  test("documents are shown by direction and outcome, and their files by fate", async () => {
    const metrics = new Metrics({ ofProcess: false });
    const transfers = createDocumentCounters();
    const files = createStoreCounters();
    Object.assign(transfers, { uploadsOpen: 3, bufferedBytes: 70, bytesSent: 900 });
    transfers.uploads.set("stored", 5).set("document_too_large", 2);
    transfers.downloads.set("sent", 7);
    Object.assign(files, { kept: 5, orphans: 1, undecided: 2, unreadable: 4 });
    readDocuments(metrics, { transfers, files });
    const samples = samplesOf(await metrics.text());
    const total = "loanloom_document_transfers_total";
    expect(samples.get('loanloom_document_transfers{direction="up"}')).toBe(3);
    expect(samples.get("loanloom_document_buffered_bytes")).toBe(70);
    expect(samples.get('loanloom_document_transfer_bytes_total{direction="down"}')).toBe(900);
    expect(samples.get(`${total}{direction="up",outcome="stored"}`)).toBe(5);
    expect(samples.get(`${total}{direction="up",outcome="document_too_large"}`)).toBe(2);
    expect(samples.get(`${total}{direction="down",outcome="sent"}`)).toBe(7);
    expect(samples.get('loanloom_document_files_total{fate="kept"}')).toBe(5);
    expect(samples.get('loanloom_document_files_total{fate="orphan"}')).toBe(1);
    expect(samples.get("loanloom_documents_undecided")).toBe(2);
    expect(samples.get("loanloom_documents_unreadable_total")).toBe(4);
  });

  test("no row has labels that its samples do not have, and the other way round", async () => {
    const metrics = new Metrics({ ofProcess: false });
    readGateway(metrics, createGatewayCounters());
    readRuntime(metrics, createRuntimeCounters());
    const samples = samplesOf(await metrics.text());
    const counted: KeyOfType<"counter" | "gauge">[] = [
      "handshakesRefused",
      "pushes",
      "sessionsClosed",
    ];
    for (const key of counted) {
      const { name, labels } = METRICS[key];
      const ofRow = [...samples.keys()].filter((sample) => sample.startsWith(`${name}{`));
      expect(ofRow.length).toBeGreaterThan(1);
      for (const sample of ofRow) {
        expect(sample.match(/[a-z_]+(?==)/g)).toEqual([...labels]);
      }
    }
  });
});
