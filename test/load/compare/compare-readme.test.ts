// What is written into README: the tables between the markers, with all that limits them beside.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { contestFigures, voidBecause } from "../../../load/compare/compare-figures.ts";
import { writeComparison } from "../../../load/compare/compare-readme.ts";
import { comparisonText, type Comparison } from "../../../load/compare/compare-report.ts";
import type { BidsRun } from "../../../load/compare/bids-contest.ts";
import type { RoundsResult } from "../../../load/compare/rounds.ts";
import { PEERS } from "../../../load/peers/peers.ts";

const DAY = new Date("2026-11-24T12:00:00Z");
const latencies = { count: 9, p50Ms: 1, p99Ms: 4, p999Ms: 5, maxMs: 6 };

function run(perSecond: number, refusedShare = 0): BidsRun {
  return {
    ...{ key: "wide", perSecond, latencies, refusedShare, refusedByError: {} },
    ...{ serverCpuUs: 2, redisCpuUs: 3, clientCpuUs: 1, machineCpuUs: 8 },
    ...{ busyShare: 0.9, stolenShare: 0, direct: null },
  };
}

const bids = (peer: string, rates: readonly number[]) =>
  rates.map((rate, round) => ({ peer, round, runs: [run(rate)] }));

const RESULT: RoundsResult = {
  bids: [
    ...bids("loanloom", [3_000, 1_000, 2_000]),
    ...bids("redis", [1_000, 1_000, 1_000]),
    ...bids("postgresRows", [50, 50, 50]),
  ],
  repayments: [],
  failed: [{ peer: "postgresRows", reason: "loan hot has raised 1", wrongState: true }],
};

function comparison(result: RoundsResult, more: Partial<Comparison> = {}): Comparison {
  const contests = contestFigures(result);
  return {
    machine: {
      ...{ cpus: 2, model: "CPU", system: "Linux", node: "v20", fdatasyncMs: 0.1, inMemory: false },
    },
    settings: { rounds: 3, duration: 2_500, warmUp: 2_000, clients: 1 },
    ...{ peers: PEERS, contests, skipped: [{ peer: "restate", reason: "no such program" }] },
    ...{ failed: result.failed, voidBecause: voidBecause(contests), interrupted: false },
    ...more,
  };
}

function readme(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "loanloom-readme-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "README.md");
  writeFileSync(file, text);
  return file;
}

describe("A comparison", () => {
  test("has medians, lowest and highest, and ratios of pairs of the same round", () => {
    const { wide } = contestFigures(RESULT);
    expect(wide!.peers["loanloom"]!.perSecond).toEqual({
      median: 2_000,
      lowest: 1_000,
      highest: 3_000,
    });
    expect(wide!.peers["redis"]!.timesOurs).toEqual({ median: 2, lowest: 1, highest: 3 });
  });

  test("gives no figure to a peer that failed, whatever it did before", () => {
    expect(contestFigures(RESULT)["wide"]!.peers["postgresRows"]).toBeUndefined();
    expect(comparisonText(comparison(RESULT))).toMatch(
      /NO FIGURE: PostgreSQL, row locks: loan hot/,
    );
  });

  test("is void where more than one bid in a hundred was refused", () => {
    const refused = { peer: "redis", round: 0, runs: [run(10, 0.02)] };
    const contests = contestFigures({ ...RESULT, bids: [refused] });
    expect(voidBecause(contests)).toEqual(["wide, redis: 2.0 % refused"]);
  });

  test("is written between the markers, with what was not measured", () => {
    const file = readme("before\n<!-- compare:begin -->\nold\n<!-- compare:end -->\nafter\n");
    writeComparison(file, comparison(RESULT), DAY);
    const text = readFileSync(file, "utf8");
    expect(text).toMatch(/^before\n<!-- compare:begin -->\n\nWritten by/);
    expect(text).toMatch(/<!-- compare:end -->\nafter\n$/);
    expect(text).not.toContain("old");
    expect(text).toContain("on 2026-11-24: 3 interleaved rounds");
    expect(text).toMatch(/Redis, a function call a bid +1,000 +1,000\.\.1,000/);
    expect(text).toContain("NOT MEASURED: Restate, virtual objects: no such program");
    expect(text).toContain("https://github.com/tigerbeetle/tigerbeetle/pull/3021");
    expect(text).toMatch(/Durability: appendfsync always/);
  });

  test("is not written when it was interrupted, nor where it has no place", () => {
    const cut = comparison(RESULT, { interrupted: true });
    expect(() => writeComparison(readme("x"), cut, DAY)).toThrow(/interrupted/);
    expect(() => writeComparison(readme("x"), comparison(RESULT), DAY)).toThrow(/no place/);
  });
});
