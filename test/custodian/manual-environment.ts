// Time that stands still until a test moves it, timers that it drives, and chance by a seed.

import type { Environment } from "../../src/custodian/environment.ts";

interface Timer {
  readonly atMs: number;
  readonly task: () => void;
}

export class ManualEnvironment implements Environment {
  #monotonicMs = 5_000;
  #wallMs: number;
  #seed: number;
  readonly #timers = new Set<Timer>();

  constructor(wallMs = Date.UTC(2026, 10, 24, 4), seed = 1) {
    this.#wallMs = wallMs;
    this.#seed = seed;
  }

  readonly clock = {
    wallMs: () => this.#wallMs,
    monotonicMs: () => this.#monotonicMs,
  };

  readonly timers = {
    after: (delayMs: number, task: () => void) => {
      const timer = { atMs: this.#monotonicMs + delayMs, task };
      this.#timers.add(timer);
      return () => void this.#timers.delete(timer);
    },
  };

  /** Park and Miller. */
  random(): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed / 2_147_483_647;
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  /** Only the wall clock: somebody sets it. */
  setWall(wallMs: number): void {
    this.#wallMs = wallMs;
  }

  /** Runs what is due on the way, in order of time, and lets promises settle after each. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#monotonicMs + byMs;
    await settle();
    for (;;) {
      const [next] = [...this.#timers].sort((one, other) => one.atMs - other.atMs);
      if (next === undefined || next.atMs > untilMs) break;
      this.#timers.delete(next);
      this.#move(next.atMs);
      next.task();
      await settle();
    }
    this.#move(untilMs);
    await settle();
  }

  #move(toMs: number): void {
    const byMs = Math.max(0, toMs - this.#monotonicMs);
    this.#monotonicMs += byMs;
    this.#wallMs += byMs;
  }
}

/** Lets promises settle that wait for nothing but each other. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
