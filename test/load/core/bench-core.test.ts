// That the core's benchmark runs in a process of its own, and tells a figure for each run.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../../dist/load/core/bench-core.js", import.meta.url));

function benchCore(...options: string[]) {
  return spawnSync(process.execPath, [PROGRAM, ...options], { encoding: "utf8", timeout: 60_000 });
}

describe("npm run bench:core", () => {
  test("bids are accepted in each run, and the lowest figure is told", () => {
    const world = ["--accounts", "5", "--loans", "3", "--in-flight", "40", "--bids", "2000"];
    const done = benchCore("--json", "--runs", "2", ...world);
    expect(done.stderr).toBe("");
    expect(done.status).toBe(0);
    const { lowestCpuUs, runs } = JSON.parse(done.stdout) as {
      lowestCpuUs: number;
      runs: { cpuUs: number; perSecond: number }[];
    };
    expect(runs).toHaveLength(2);
    expect(lowestCpuUs).toBe(Math.min(...runs.map(({ cpuUs }) => cpuUs)));
    expect(lowestCpuUs).toBeGreaterThan(0);
  });

  test("legs are booked in each run, each of them", () => {
    const world = ["--accounts", "7", "--loans", "3", "--lenders", "5", "--in-flight", "2"];
    const done = benchCore("--json", "--repayments", "--runs", "1", "--legs", "500", ...world);
    expect(done.stderr).toBe("");
    expect(done.status).toBe(0);
    const { lowestCpuUs, runs } = JSON.parse(done.stdout) as {
      lowestCpuUs: number;
      runs: unknown[];
    };
    expect(runs).toHaveLength(1);
    expect(lowestCpuUs).toBeGreaterThan(0);
  });

  test("a number that is none is refused", () => {
    const done = benchCore("--bids", "0");
    expect(done.status).toBe(2);
    expect(done.stderr).toMatch(/1 or more/);
  });
});
