// The sandbox's fault switches: what goes wrong, how often, decided by a seed. A choice depends on
// the seed, the switch, what it is about (a reference) and how often that was tried, and on nothing
// else: the same run fails in the same places, whatever order its requests come in.

import { createHash } from "node:crypto";
import type { Unchecked } from "../wire.ts";

export interface FaultSettings {
  readonly seed: number;
  /** Each answer of the API comes so much later, in ms. */
  readonly slowMs: number;
  /** Share of requests answered 503, with nothing done. From 0 to 1, as all shares. */
  readonly failRate: number;
  /** Share of requests that are carried out and never answered. */
  readonly timeoutRate: number;
  /** Share of new payouts refused, for good. */
  readonly refuseRate: number;
  /** Share of new payouts that are accepted and fail later. */
  readonly bounceRate: number;
  /** Share of notices that are sent a second time after they were answered. */
  readonly duplicateRate: number;
  /** Each notice waits up to so long before it is sent, in ms: they overtake each other. */
  readonly shuffleMs: number;
  /** Share of notices that are never sent. Only the statement tells. */
  readonly dropRate: number;
}

export type FaultName = Exclude<keyof FaultSettings, "seed">;

export const NO_FAULTS: FaultSettings = {
  seed: 1,
  slowMs: 0,
  failRate: 0,
  timeoutRate: 0,
  refuseRate: 0,
  bounceRate: 0,
  duplicateRate: 0,
  shuffleMs: 0,
  dropRate: 0,
};

/** For help and for whoever writes to the endpoint: what each switch takes and does. */
export const FAULT_HELP: Readonly<Record<keyof FaultSettings, string>> = {
  seed: "whole number; the same seed fails in the same places",
  slowMs: "0..60000; every answer comes so much later",
  failRate: "0..1; share of requests answered 503, with nothing done",
  timeoutRate: "0..1; share of requests carried out and never answered",
  refuseRate: "0..1; share of new payouts refused for good (422)",
  bounceRate: "0..1; share of new payouts that are accepted and fail later",
  duplicateRate: "0..1; share of notices that are sent twice",
  shuffleMs: "0..60000; notices wait at random up to so long and overtake each other",
  dropRate: "0..1; share of notices that are never sent",
};

const DELAY_MS_MAX = 60_000;
/** How often something was tried is remembered for so many things; then counting begins again. */
const TRIES_MAX = 1_000_000;

/** The settings, those left out being off; or the name of the first that is wrong or unknown. */
export function readFaults(fields: Unchecked): FaultSettings | { readonly wrong: string } {
  for (const [name, value] of Object.entries(fields)) {
    if (!Object.hasOwn(NO_FAULTS, name)) return { wrong: name };
    if (!isSetting(name, value)) return { wrong: name };
  }
  return { ...NO_FAULTS, ...fields };
}

function isSetting(name: string, value: unknown): boolean {
  if (typeof value !== "number") return false;
  if (name.endsWith("Rate")) return value >= 0 && value <= 1;
  const most = name === "seed" ? Number.MAX_SAFE_INTEGER : DELAY_MS_MAX;
  return Number.isSafeInteger(value) && value >= 0 && value <= most;
}

export class Faults {
  #settings = NO_FAULTS;
  readonly #tries = new Map<string, number>();
  /** How often each switch did something since it was set. */
  readonly fired: Record<FaultName, number> = countersOf();

  get settings(): FaultSettings {
    return this.#settings;
  }

  /** Counts from the beginning again. */
  set(settings: FaultSettings): void {
    this.#settings = settings;
    this.#tries.clear();
    Object.assign(this.fired, countersOf());
  }

  /** Whether the switch strikes this time. */
  strikes(name: Extract<FaultName, `${string}Rate`>, about: string): boolean {
    const rate = this.#settings[name];
    if (rate === 0 || this.#chance(name, about) >= rate) return false;
    this.fired[name]++;
    return true;
  }

  slowMs(): number {
    if (this.#settings.slowMs > 0) this.fired.slowMs++;
    return this.#settings.slowMs;
  }

  /** How long this notice waits, in ms. */
  shuffleMs(about: string): number {
    if (this.#settings.shuffleMs === 0) return 0;
    this.fired.shuffleMs++;
    return Math.floor(this.#chance("shuffleMs", about) * this.#settings.shuffleMs);
  }

  /** In [0, 1). */
  #chance(name: FaultName, about: string): number {
    const key = `${name}/${about}`;
    const tries = this.#tries.get(key) ?? 0;
    if (this.#tries.size >= TRIES_MAX) this.#tries.clear();
    this.#tries.set(key, tries + 1);
    const hash = createHash("sha256").update(`${this.#settings.seed}/${tries}/${key}`).digest();
    return hash.readUInt32BE() / 0x1_0000_0000;
  }
}

function countersOf(): Record<FaultName, number> {
  const { seed: _, ...counters } = NO_FAULTS;
  return { ...counters };
}
