// CPU time and memory of processes as Linux accounts them, in /proc. On other systems there is no
// such account and every figure is null: never a guess.

import { readFileSync, readdirSync } from "node:fs";

/** The unit of the times in /proc/<pid>/stat is fixed for programs at 1/100 s (USER_HZ). */
const TICK_MS = 10;

interface ProcessStat {
  readonly name: string;
  readonly parentPid: number;
  /** User and system time, with that of children that have ended and were waited for. */
  readonly cpuMs: number;
  /** In ticks since the system started. */
  readonly startedAt: number;
}

function statOf(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // The name stands in brackets and may hold spaces; fields are counted behind it (proc(5)).
  const nameEnd = text.lastIndexOf(")");
  const fields = text.slice(nameEnd + 2).split(" ");
  let ticks = 0;
  for (const field of fields.slice(11, 15)) ticks += Number(field);
  return {
    name: text.slice(text.indexOf("(") + 1, nameEnd),
    parentPid: Number(fields[1]),
    cpuMs: ticks * TICK_MS,
    startedAt: Number(fields[19]),
  };
}

/** When a process started, in ticks of the system: tells it from a later one with its pid. */
export function startOf(pid: number): number | null {
  return statOf(pid)?.startedAt ?? null;
}

/** CPU time that a process has used since it started, in ms; null where it cannot be known. */
export function cpuMsOf(pid: number): number | null {
  return statOf(pid)?.cpuMs ?? null;
}

/** The processes that descend from `pid` and whose name starts so, with all of theirs. */
export function descendantsOf(pid: number, namePrefix: RegExp): readonly number[] {
  let pids: number[];
  try {
    pids = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
  const stats = new Map(pids.map((one) => [one, statOf(one)] as const));
  return pids.filter((one) => {
    if (!namePrefix.test(stats.get(one)?.name ?? "")) return false;
    for (let at = stats.get(one)?.parentPid ?? 0; at > 1; at = stats.get(at)?.parentPid ?? 0) {
      if (at === pid) return true;
    }
    return false;
  });
}

/** The name of a process as the kernel knows it; null when there is none. */
export function nameOf(pid: number): string | null {
  return statOf(pid)?.name ?? null;
}

/** Resident memory in bytes; null where it cannot be known. */
export function residentBytesOf(pid: number): number | null {
  try {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    return line === null ? null : Number(line[1]) * 1024;
  } catch {
    return null;
  }
}

export function sumOrNull(values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return sum;
}

export interface MachineCpu {
  readonly totalMs: number;
  /** Neither idle nor waiting for a disk; the kernel's network work is in here alone. */
  readonly busyMs: number;
  /** Time that the hypervisor gave to others while we had work. */
  readonly stolenMs: number;
}

/** CPU time of the whole machine since it started; null where it cannot be known. */
export function machineCpu(): MachineCpu | null {
  try {
    const line = readFileSync("/proc/stat", "latin1").split("\n", 1)[0]!;
    // user nice system idle iowait irq softirq steal; guest times are in user and nice already.
    const ticks = line.split(/\s+/).slice(1, 9).map(Number);
    const totalMs = ticks.reduce((sum, tick) => sum + tick, 0) * TICK_MS;
    const busyMs = totalMs - (ticks[3]! + ticks[4]!) * TICK_MS;
    return { totalMs, busyMs, stolenMs: ticks[7]! * TICK_MS };
  } catch {
    return null;
  }
}
