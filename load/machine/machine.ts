// What the figures were measured on: without it they say nothing.

import {
  closeSync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { availableParallelism, cpus, release, type } from "node:os";
import { join } from "node:path";

export interface Machine {
  readonly cpus: number;
  readonly model: string;
  readonly system: string;
  readonly node: string;
  /** Median time of one durable write of 4 KiB in the folder that Redis uses. */
  readonly fdatasyncMs: number;
  /** A file system in memory has no disk: nothing that is measured on it is durable. */
  readonly inMemory: boolean;
}

const PROBES = 101;
const PROBE_BYTES = 4096;
/** TMPFS_MAGIC and RAMFS_MAGIC of statfs(2). */
const MEMORY_FILE_SYSTEMS: readonly number[] = [0x01021994, 0x858458f6];

export function describeMachine(folder: string): Machine {
  mkdirSync(folder, { recursive: true });
  return {
    cpus: availableParallelism(),
    model: cpus()[0]?.model.trim() ?? "unknown",
    system: `${type()} ${release()}`,
    node: process.version,
    fdatasyncMs: fdatasyncMs(folder),
    inMemory: MEMORY_FILE_SYSTEMS.includes(statfsSync(folder).type),
  };
}

/** One line for people. */
export function machineText({ cpus, model, system, node, fdatasyncMs }: Machine): string {
  return `${cpus} x ${model}, ${system}, Node ${node}; a durable write takes ${fdatasyncMs} ms`;
}

function fdatasyncMs(folder: string): number {
  const path = join(folder, "fdatasync-probe");
  const file = openSync(path, "w");
  const times: number[] = [];
  try {
    const bytes = Buffer.alloc(PROBE_BYTES);
    for (let probe = 0; probe < PROBES; probe++) {
      writeSync(file, bytes);
      const fromMs = performance.now();
      fdatasyncSync(file);
      times.push(performance.now() - fromMs);
    }
  } finally {
    closeSync(file);
    rmSync(path);
  }
  times.sort((a, b) => a - b);
  return Math.round(times[PROBES >> 1]! * 1000) / 1000;
}
