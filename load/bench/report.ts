// The figures of a run for programs (one JSON object) and for people (a table). Medians over the
// rounds, with the lowest and the highest beside them; it rounds, and never leaves a bad run out.

import type { AccountMemory } from "./account-memory.ts";
import { errorName } from "../driver/bid-frames.ts";
import { machineText, type Machine } from "../machine/machine.ts";
import { shapeText, type Phase, type PhaseRun } from "./phases.ts";
import type { RecoveryTimes } from "./recovery-times.ts";
import { median } from "./median.ts";

/** More refusals than that, and a figure is that of refusing, not of bidding. */
export const REFUSED_SHARE_MAX = 0.01;

export interface Measured {
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly phases: readonly Phase[];
  readonly runs: readonly PhaseRun[];
  readonly memory: AccountMemory | null;
  readonly recovery: RecoveryTimes | null;
}

interface PhaseFigures {
  readonly shape: string;
  readonly bidsPerSecond?: number;
  readonly messagesPerSecond?: number;
  readonly lowestPerSecond: number;
  readonly highestPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly ratioToEcho?: number;
  readonly serverCpuUs: number | null;
  readonly redisCpuUs: number | null;
  readonly clientCpuUs: number | null;
  readonly machineCpuUs: number | null;
  readonly busyShare: number | null;
  readonly refusedShare: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly stolenShare: number | null;
}

export interface Report {
  readonly void: boolean;
  readonly voidBecause: readonly string[];
  readonly bytesPerAccount: number | null;
  readonly residentBytesPerAccount: number | null;
  readonly recovery: RecoveryTimes | null;
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly phases: Readonly<Record<string, PhaseFigures>>;
}

export function report(measured: Measured): Report {
  const phases: Record<string, PhaseFigures> = {};
  for (const phase of measured.phases) {
    const runs = measured.runs.filter((run) => run.key === phase.key);
    if (runs.length === 0) continue;
    const echo = measured.phases.find(
      (other) => other.target === "echo" && other.shape === phase.shape,
    );
    const echoRuns = measured.runs.filter((run) => run.key === echo?.key);
    phases[phase.key] = figures(phase, runs, echoRuns);
  }
  const voidBecause = Object.entries(phases)
    .filter(([, phase]) => phase.refusedShare > REFUSED_SHARE_MAX)
    .map(([key, phase]) => `${key}: ${percent(phase.refusedShare)} refused`);
  return {
    void: voidBecause.length > 0,
    voidBecause,
    bytesPerAccount: measured.memory?.bytesPerAccount ?? null,
    residentBytesPerAccount: measured.memory?.residentBytesPerAccount ?? null,
    recovery: measured.recovery,
    machine: measured.machine,
    settings: measured.settings,
    phases,
  };
}

function figures(
  phase: Phase,
  runs: readonly PhaseRun[],
  echoRuns: readonly PhaseRun[],
): PhaseFigures {
  const perSecond = median(runs.map((run) => run.perSecond));
  const refused: Record<string, number> = {};
  for (const run of runs) {
    for (const [error, count] of Object.entries(run.refusedByError)) {
      const name = errorName(Number(error));
      refused[name] = (refused[name] ?? 0) + count;
    }
  }
  const isEcho = phase.target === "echo";
  const echoPerSecond = echoRuns.length === 0 ? null : median(echoRuns.map((r) => r.perSecond));
  return {
    shape: shapeText(phase.shape),
    ...(isEcho
      ? { messagesPerSecond: Math.round(perSecond) }
      : { bidsPerSecond: Math.round(perSecond) }),
    lowestPerSecond: Math.round(Math.min(...runs.map((run) => run.perSecond))),
    highestPerSecond: Math.round(Math.max(...runs.map((run) => run.perSecond))),
    p50Ms: median(runs.map((run) => run.latencies.p50Ms)),
    p99Ms: median(runs.map((run) => run.latencies.p99Ms)),
    p999Ms: median(runs.map((run) => run.latencies.p999Ms)),
    ...(isEcho || echoPerSecond === null
      ? {}
      : { ratioToEcho: rounded(perSecond / echoPerSecond, 3) }),
    serverCpuUs: medianOrNull(runs.map((run) => run.serverCpuUs)),
    redisCpuUs: medianOrNull(runs.map((run) => run.redisCpuUs)),
    clientCpuUs: medianOrNull(runs.map((run) => run.clientCpuUs)),
    machineCpuUs: medianOrNull(runs.map((run) => run.machineCpuUs)),
    busyShare: medianOrNull(
      runs.map((run) => run.busyShare),
      3,
    ),
    // The worst round decides whether the figure counts.
    refusedShare: Math.max(...runs.map((run) => run.refusedShare)),
    refused,
    stolenShare: medianOrNull(
      runs.map((run) => run.stolenShare),
      3,
    ),
  };
}

/** One JSON object: the phases by their keys, beside everything else. */
export function reportJson({ phases, ...rest }: Report): string {
  return JSON.stringify({ ...phases, ...rest });
}

export function reportText(done: Report): string {
  const { machine } = done;
  const lines = [
    machineText(machine),
    "",
    ...phaseTable(done.phases),
    "",
    "Medians of the rounds, lowest and highest beside. server, Redis, client: CPU microseconds of",
    "these processes for each acknowledged message; machine: of everything, the kernel's network",
    "work included, which is booked to no process.",
  ];
  if (done.bytesPerAccount !== null) {
    lines.push(
      "",
      `Memory of a resident account with one bid: ${done.bytesPerAccount} bytes ` +
        `(resident pages: ${done.residentBytesPerAccount ?? "unknown"})`,
    );
  }
  const { recovery } = done;
  if (recovery !== null) {
    lines.push(
      "",
      "From the start of the process until it serves:",
      ...recoveryLines(recovery),
      `Medians of ${recovery.startsAfterKill} starts on the same data, lowest and highest beside; ` +
        "the others once.",
    );
  }
  if (machine.inMemory) {
    lines.push("", "NOT DURABLE: the data folder is in memory. Choose one with --data-folder.");
  }
  for (const reason of done.voidBecause) lines.push("", `VOID: ${reason}`);
  return lines.join("\n");
}

function recoveryLines(times: RecoveryTimes): readonly string[] {
  const { tailServeMsLowest, tailServeMsHighest } = times;
  const { snapshotServeMsLowest, snapshotServeMsHighest } = times;
  const rows: readonly (readonly [number, string, string])[] = [
    [times.emptyServeMs, "", "nothing to recover"],
    [
      times.tailServeMs,
      `${grouped(tailServeMsLowest)}..${grouped(tailServeMsHighest)}`,
      `${times.tailEvents} events of tail, after kill -9`,
    ],
    [
      times.snapshotServeMs,
      `${grouped(snapshotServeMsLowest)}..${grouped(snapshotServeMsHighest)}`,
      `${times.snapshotAccounts} accounts in snapshots, after kill -9`,
    ],
    [times.snapshotColdServeMs, "", "the same after a stop: Redis loads its data first"],
  ];
  const width = Math.max(...rows.map(([, spread]) => spread.length));
  return rows.map(([each, spread, what]) => `  ${ms(each)}  ${spread.padEnd(width)}  ${what}`);
}

const HEAD = [
  "phase",
  "sockets x in flight",
  "per second",
  "lowest..highest",
  "p50 ms",
  "p99 ms",
  "p99.9 ms",
  "of echo",
  "server",
  "Redis",
  "client",
  "machine",
  "busy",
];

function phaseTable(phases: Report["phases"]): readonly string[] {
  const rows = Object.entries(phases).map(([key, phase]) => [
    key,
    phase.shape,
    grouped(phase.bidsPerSecond ?? phase.messagesPerSecond ?? 0),
    `${grouped(phase.lowestPerSecond)}..${grouped(phase.highestPerSecond)}`,
    phase.p50Ms.toFixed(2),
    phase.p99Ms.toFixed(2),
    phase.p999Ms.toFixed(2),
    phase.ratioToEcho === undefined ? "" : phase.ratioToEcho.toFixed(2),
    us(phase.serverCpuUs),
    us(phase.redisCpuUs),
    us(phase.clientCpuUs),
    us(phase.machineCpuUs),
    phase.busyShare === null ? "" : percent(phase.busyShare),
  ]);
  const table = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map((row) =>
    row
      .map((text, column) =>
        column < 2 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!),
      )
      .join("  ")
      .trimEnd(),
  );
}

function medianOrNull(values: readonly (number | null)[], digits = 2): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : rounded(median(known), digits);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function grouped(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function us(value: number | null): string {
  return value === null ? "" : value.toFixed(2);
}

function ms(value: number): string {
  return `${Math.round(value).toLocaleString("en-US").padStart(8)} ms`;
}
