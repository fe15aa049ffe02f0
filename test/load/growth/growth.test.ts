// The cost of a bid as the world grows: what is computed from the rounds,
// and the tool itself for seconds.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import type { PhaseRun } from "../../../load/bench/phases.ts";
import { AXES, pointsOf, type Axis } from "../../../load/growth/growth-axes.ts";
import { growthSvg } from "../../../load/growth/growth-chart.ts";
import { spread } from "../../../load/growth/growth-point.ts";
import {
  growthAxes,
  growthText,
  writeGrowth,
  type PointRun,
} from "../../../load/growth/growth-report.ts";

const PROGRAM = fileURLToPath(new URL("../../../dist/load/growth/growth.js", import.meta.url));
const latencies = { count: 9, p50Ms: 1, p99Ms: 4, p999Ms: 5, maxMs: 6 };
const MACHINE = {
  ...{ cpus: 2, model: "A <CPU>", system: "Linux", node: "v20", fdatasyncMs: 0.1, inMemory: false },
};

function run(serverCpuUs: number | null): PhaseRun {
  return {
    ...{ key: "growth", perSecond: 1_000, latencies, refusedShare: 0, refusedByError: {} },
    ...{ serverCpuUs, redisCpuUs: 1, clientCpuUs: 1, machineCpuUs: 8 },
    ...{ busyShare: 0.9, stolenShare: 0 },
  };
}

/** The costs of the rounds of each point, in the order of its axis. */
function runs(axis: Axis, costs: readonly (readonly number[])[]): readonly PointRun[] {
  const points = pointsOf([axis], Infinity);
  return costs.flatMap((rounds, at) =>
    rounds.map((cost) => ({ point: points[at]!, run: run(cost) })),
  );
}

describe("Growth", () => {
  test("changes one thing at a time, from 1,000 to a million accounts and to 8 shards", () => {
    const points = pointsOf(["accounts", "shards"], 1_000_000);
    expect(points.map(({ value }) => value)).toEqual([1e3, 1e4, 1e5, 1e6, 1, 2, 4, 8]);
    for (const { axis } of AXES) {
      const worlds = pointsOf([axis], Infinity).map(({ world }) => ({ ...world, [axis]: 0 }));
      for (const world of worlds) expect(world).toEqual(worlds[0]);
    }
  });

  test("is flat when the dearest point costs at most 1.2 times the cheapest", () => {
    const flat = growthAxes(runs("shards", [[9], [10], [11, 10.5, 99], [10.9]]));
    expect(flat.shards).toMatchObject({ dearestOverCheapest: 1.2, isFlat: true });
    expect(flat.shards!.points[2]).toMatchObject({
      cpuUs: 12,
      cpuUsLowest: 11.5,
      cpuUsHighest: 100,
    });
    const steep = growthAxes(runs("shards", [[9], [10], [11], [12]]));
    expect(steep.shards).toMatchObject({ dearestOverCheapest: 1.3, isFlat: false });
    const growth = { machine: MACHINE, settings: {}, axes: steep, interrupted: false };
    expect(growthText(growth)).toContain("NOT FLAT");
  });

  test("has no figure where the system does not tell CPU times", () => {
    const [first] = pointsOf(["loans"], 1);
    expect(() => growthAxes([{ point: first!, run: run(null) }])).toThrow(/CPU/);
  });

  test("bidders are spread over all accounts, and cannot be more than these", () => {
    const names = Array.from({ length: 10 }, (_, at) => String(at));
    expect(spread(names, 4)).toEqual(["0", "2", "5", "7"]);
    expect(new Set(spread(names, 10)).size).toBe(10);
    expect(() => spread(names, 11)).toThrow();
  });

  test("is drawn as one SVG with a panel for each axis and nothing unescaped", () => {
    const axes = growthAxes([
      ...runs("shards", [[9], [10], [11], [12]]),
      ...runs("loans", [[5], [5]]),
    ]);
    const svg = growthSvg({ machine: MACHINE, settings: {}, axes, interrupted: false });
    expect(svg.match(/<g /g)).toHaveLength(2);
    expect(svg).toContain("A &lt;CPU&gt;");
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("is written into README between its markers, when it is whole", () => {
    const folder = mkdtempSync(join(tmpdir(), "loanloom-readme-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "README.md");
    const axes = growthAxes(runs("shards", [[9], [10], [11], [12]]));
    const growth = { machine: MACHINE, settings: { rounds: 3 }, axes, interrupted: false };
    const day = new Date("2026-11-24T12:00:00Z");
    writeFileSync(file, "a\n<!-- growth:begin -->\nold\n<!-- growth:end -->\nb\n");
    writeGrowth(file, growth, day);
    expect(readFileSync(file, "utf8")).toMatch(/^a\n[^]*on 2026-11-24: 3 rounds[^]*\nb\n$/);
    expect(readFileSync(file, "utf8")).not.toContain("old");
    expect(() => writeGrowth(file, { ...growth, interrupted: true }, day)).toThrow(/interrupted/);
  });

  test("npm run growth measures real servers and leaves nothing behind", () => {
    const folder = mkdtempSync(join(tmpdir(), "loanloom-growth-test-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const svg = join(tmpdir(), `growth-${process.pid}.svg`);
    onTestFinished(() => rmSync(svg, { force: true }));
    const few = ["--axes", "lenders,shards", "--max", "10", "--rounds", "1"];
    const short = ["--warm-up", "200", "--duration", "400", "--sockets", "8"];
    const options = ["--json", ...few, ...short, "--svg", svg, "--data-folder", folder];
    const done = spawnSync(process.execPath, [PROGRAM, ...options], {
      encoding: "utf8",
      timeout: 120_000,
    });
    expect(done.status, done.stderr).toBe(0);
    const positive = expect.toSatisfy((value: number) => value > 0);
    const point = { bidsPerSecond: positive, serverCpuUs: positive, cpuUs: positive };
    const values = [1, 2, 4, 8].map((value) => ({ value, ...point }));
    expect(JSON.parse(done.stdout.trim().split("\n").at(-1)!)).toMatchObject({
      lenders: { points: [{ value: 10, ...point }] },
      shards: { points: values, dearestOverCheapest: positive },
      interrupted: false,
    });
    expect(readFileSync(svg, "utf8")).toMatch(/^<svg /);
    expect(readdirSync(folder)).toEqual([]);
  }, 150_000);
});
