import { describe, expect, test } from "vitest";
import { PHASES, type PhaseRun } from "../../../load/bench/phases.ts";
import { report, reportJson, reportText, type Report } from "../../../load/bench/report.ts";
import { ERRORS } from "../../../src/protocol/errors.ts";

const MACHINE = {
  cpus: 2,
  model: "a processor",
  system: "a system",
  node: "v20",
  fdatasyncMs: 0.1,
  inMemory: false,
};

function run(key: string, perSecond: number, more: Partial<PhaseRun> = {}): PhaseRun {
  return {
    key,
    perSecond,
    latencies: { count: 1, p50Ms: 1, p99Ms: 2, p999Ms: 3, maxMs: 4 },
    refusedShare: 0,
    refusedByError: {},
    serverCpuUs: 5,
    redisCpuUs: null,
    clientCpuUs: 1,
    machineCpuUs: 7,
    busyShare: 0.9,
    stolenShare: 0,
    ...more,
  };
}

function reported(runs: readonly PhaseRun[]): Report {
  const rest = { machine: MACHINE, settings: {}, memory: null, recovery: null };
  return report({ ...rest, phases: PHASES, runs });
}

describe("The report of a burst", () => {
  const steady = [
    ...[600_000, 500_000, 400_000].map((rate) => run("echo", rate)),
    ...[150_000, 250_000, 200_000].map((rate) => run("hot", rate)),
    run("echo64", 100_000),
    run("hot64", 45_000),
    run("many", 90_000),
  ];

  test("has the medians of the rounds, with the lowest and the highest", () => {
    const { hot } = reported(steady).phases;
    expect(hot).toMatchObject({
      bidsPerSecond: 200_000,
      lowestPerSecond: 150_000,
      highestPerSecond: 250_000,
    });
  });

  test("compares each phase with the echo of its own shape", () => {
    const { phases } = reported(steady);
    expect(phases["hot"]!.ratioToEcho).toBe(0.4);
    expect(phases["hot64"]!.ratioToEcho).toBe(0.45);
    expect(phases["many"]!.ratioToEcho).toBe(0.18);
    expect(phases["echo"]!.ratioToEcho).toBeUndefined();
  });

  test("has its figures under the agreed keys as JSON on one line", () => {
    const text = reportJson(reported(steady));
    expect(text).not.toContain("\n");
    expect(JSON.parse(text)).toMatchObject({
      hot: { bidsPerSecond: 200_000, p99Ms: 2, ratioToEcho: 0.4 },
      hot64: { bidsPerSecond: 45_000, p99Ms: 2 },
      many: { bidsPerSecond: 90_000 },
      echo: { messagesPerSecond: 500_000 },
      bytesPerAccount: null,
      void: false,
    });
  });

  test("is void when one round refused more than one in a hundred", () => {
    const refusedByError = { [ERRORS.rate_limited.number]: 20 };
    const bad = run("hot", 200_000, { refusedShare: 0.02, refusedByError });
    const done = reported([...steady, bad]);
    expect(done.void).toBe(true);
    expect(done.voidBecause).toEqual(["hot: 2.0 % refused"]);
    expect(done.phases["hot"]!.refused).toEqual({ rate_limited: 20 });
    expect(reportText(done)).toContain("VOID: hot: 2.0 % refused");
  });

  test("is not void at one in a hundred", () => {
    expect(reported([...steady, run("hot", 1, { refusedShare: 0.01 })]).void).toBe(false);
  });

  test("has the median of the starts after kill -9, with the lowest and the highest", () => {
    const recovery = {
      ...{ emptyServeMs: 700, tailEvents: 500_001, snapshotAccounts: 1_000, startsAfterKill: 5 },
      ...{ tailServeMs: 2_000, tailServeMsLowest: 1_900, tailServeMsHighest: 12_345 },
      ...{ snapshotServeMs: 900, snapshotServeMsLowest: 850, snapshotServeMsHighest: 999 },
      snapshotColdServeMs: 2_500,
    };
    const done = { ...reported(steady), recovery };
    expect(JSON.parse(reportJson(done))).toMatchObject({ recovery });
    expect(reportText(done)).toContain(
      [
        "       700 ms                 nothing to recover",
        "     2,000 ms  1,900..12,345  500001 events of tail, after kill -9",
        "       900 ms  850..999       1000 accounts in snapshots, after kill -9",
        "     2,500 ms                 the same after a stop: Redis loads its data first",
        "Medians of 5 starts on the same data",
      ].join("\n"),
    );
  });

  test("says so when nothing that was measured is durable", () => {
    const done = reported(steady);
    const inMemory = { ...done, machine: { ...MACHINE, inMemory: true } };
    expect(reportText(inMemory)).toContain("NOT DURABLE");
    expect(reportText(done)).not.toContain("NOT DURABLE");
  });
});
