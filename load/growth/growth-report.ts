// The figures of growth for programs and for people: a table with bars, and the same as a picture.

import { median } from "../bench/median.ts";
import type { PhaseRun } from "../bench/phases.ts";
import { machineText, type Machine } from "../machine/machine.ts";
import { commandTyped, writeSection } from "../command/readme-section.ts";
import { AXES, type Axis, type Point } from "./growth-axes.ts";

/**
 * Dearest over cheapest point of an axis: above it, growth costs something that must be explained.
 */
export const FLAT_WITHIN = 1.2;

export interface PointRun {
  readonly point: Point;
  readonly run: PhaseRun;
}

export interface PointFigures {
  readonly value: number;
  readonly bidsPerSecond: number;
  readonly p99Ms: number;
  readonly serverCpuUs: number;
  readonly redisCpuUs: number;
  /** CPU microseconds of server and Redis for each bid: median, lowest and highest round. */
  readonly cpuUs: number;
  readonly cpuUsLowest: number;
  readonly cpuUsHighest: number;
}

export interface AxisFigures {
  readonly title: string;
  readonly points: readonly PointFigures[];
  readonly dearestOverCheapest: number;
  readonly isFlat: boolean;
}

export interface Growth {
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly axes: Readonly<Partial<Record<Axis, AxisFigures>>>;
  readonly interrupted: boolean;
}

/** Throws where the system does not tell the CPU of processes: growth is about nothing else. */
export function growthAxes(runs: readonly PointRun[]): Growth["axes"] {
  const axes: Partial<Record<Axis, AxisFigures>> = {};
  for (const { axis, title, values } of AXES) {
    const points = values.flatMap((value) => {
      const mine = runs.filter(({ point }) => point.axis === axis && point.value === value);
      return mine.length === 0
        ? []
        : [
            pointFigures(
              value,
              mine.map(({ run }) => run),
            ),
          ];
    });
    if (points.length === 0) continue;
    const costs = points.map(({ cpuUs }) => cpuUs);
    const dearestOverCheapest = rounded(Math.max(...costs) / Math.min(...costs));
    const isFlat = dearestOverCheapest <= FLAT_WITHIN;
    axes[axis] = { title, points, dearestOverCheapest, isFlat };
  }
  return axes;
}

function pointFigures(value: number, runs: readonly PhaseRun[]): PointFigures {
  const cpu = runs.map(({ serverCpuUs, redisCpuUs }) => {
    if (serverCpuUs === null || redisCpuUs === null) {
      throw new Error("this system does not tell the CPU time of processes");
    }
    return { server: serverCpuUs, redis: redisCpuUs, sum: serverCpuUs + redisCpuUs };
  });
  const sums = cpu.map(({ sum }) => sum);
  return {
    value,
    bidsPerSecond: Math.round(median(runs.map(({ perSecond }) => perSecond))),
    p99Ms: rounded(median(runs.map(({ latencies }) => latencies.p99Ms))),
    serverCpuUs: rounded(median(cpu.map(({ server }) => server))),
    redisCpuUs: rounded(median(cpu.map(({ redis }) => redis))),
    cpuUs: rounded(median(sums)),
    cpuUsLowest: rounded(Math.min(...sums)),
    cpuUsHighest: rounded(Math.max(...sums)),
  };
}

export function growthJson({ axes, ...rest }: Growth): string {
  return JSON.stringify({ ...axes, ...rest });
}

/**
 * Throws when the file has no place for it, or when the run was cut short: README shows whole runs.
 */
export function writeGrowth(file: string, growth: Growth, onDay: Date): void {
  if (growth.interrupted) throw new Error(`an interrupted run is not written to ${file}`);
  const { rounds, duration, warmUp, sockets, inFlight } = growth.settings;
  const block = [
    `Written by \`${commandTyped("growth")}\` on ${onDay.toISOString().slice(0, 10)}: ${rounds} rounds`,
    `of ${duration} ms after ${warmUp} ms of warm-up at each point, ${sockets} sockets x ${inFlight} in flight, closed`,
    "loop, server, Redis and client on the same machine, fsync before every answer.",
    "",
    "```",
    growthText(growth),
    "```",
  ];
  writeSection(file, "growth", block.join("\n"));
}

const BAR_CHARACTERS = 40;

export function growthText({ machine, axes, interrupted }: Growth): string {
  const all = Object.values(axes);
  const dearest = Math.max(...all.flatMap(({ points }) => points.map(({ cpuUs }) => cpuUs)));
  const lines = [machineText(machine)];
  for (const { title, points, dearestOverCheapest, isFlat } of all) {
    const verdict = isFlat ? "flat" : `NOT FLAT: over ${FLAT_WITHIN.toFixed(1)}`;
    lines.push(
      "",
      `${title}: dearest over cheapest ${dearestOverCheapest.toFixed(2)}, ${verdict}`,
      "               bids/s    p99 ms  CPU us/bid   lowest..highest  server  Redis",
      ...points.map((point) => pointLine(point, dearest)),
    );
  }
  lines.push(
    "",
    "CPU us/bid: microseconds of server and Redis for each acknowledged bid; medians.",
  );
  if (interrupted) lines.push("", "INTERRUPTED: not all points were measured.");
  return lines.join("\n");
}

function pointLine(point: PointFigures, dearest: number): string {
  const bar = "#".repeat(Math.max(1, Math.round((point.cpuUs / dearest) * BAR_CHARACTERS)));
  const spreadText = `${point.cpuUsLowest.toFixed(2)}..${point.cpuUsHighest.toFixed(2)}`;
  return [
    point.value.toLocaleString("en-US").padStart(9),
    point.bidsPerSecond.toLocaleString("en-US").padStart(10),
    point.p99Ms.toFixed(2).padStart(8),
    point.cpuUs.toFixed(2).padStart(10),
    spreadText.padStart(16),
    point.serverCpuUs.toFixed(2).padStart(6),
    point.redisCpuUs.toFixed(2).padStart(5),
    bar,
  ].join("  ");
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
