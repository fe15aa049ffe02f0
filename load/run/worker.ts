// What a client process does, whichever kind of client it is.

import type { ClientProgress, ClientResult } from "./client-job.ts";

export interface Worker {
  readonly progress: ClientProgress;
  connect(): Promise<void>;
  /** Resolves when the plan is over or was stopped, and what was in flight is answered. */
  run(startsAtMs: number): Promise<void>;
  /** Nothing more is sent. */
  stop(): void;
  /** After `run`, when nothing more is pushed. */
  result(): ClientResult;
  encodedLog(): Iterable<Uint8Array>;
  close(): void;
}

/** The CPU of this process between two moments. */
export class CpuMeter {
  #from: NodeJS.CpuUsage | null = null;
  #fromMs = 0;
  cpuMs = 0;
  cpuOverMs = 0;

  start(): void {
    this.#from = process.cpuUsage();
    this.#fromMs = performance.now();
  }

  /** Without a start nothing was measured. */
  stop(): void {
    if (this.#from === null) return;
    const { user, system } = process.cpuUsage(this.#from);
    this.cpuMs = (user + system) / 1_000;
    this.cpuOverMs = performance.now() - this.#fromMs;
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
