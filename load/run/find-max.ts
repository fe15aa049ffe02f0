// Searches the highest rate at which p99 stays under a target: doubling until it does not, then
// halving the gap. Pure but for the probe; each probe is a run of its own on a fresh world.

export interface Probe {
  readonly ratePerSecond: number;
  readonly p99Ms: number;
  readonly answeredPerSecond: number;
  /** Under the target, nothing lost, the audit passed, and the rate was reached. */
  readonly passed: boolean;
  /** Why it did not pass. */
  readonly because: string;
  /** The sender was the limit: a higher rate would say nothing of the server. */
  readonly clientWasLimit: boolean;
  /** Nothing more may be probed. */
  readonly isFinal: boolean;
}

export interface FindMaxOptions {
  readonly fromPerSecond: number;
  readonly targetP99Ms: number;
  /** The search ends when the gap is at most this share of the rate. */
  readonly tolerance: number;
  readonly probesMax: number;
  /** Probes of the rate that was found; all must pass, or the next lower one is tried. */
  readonly confirmations: number;
}

export interface FindMaxResult {
  readonly targetP99Ms: number;
  readonly tolerance: number;
  /** Null: no rate that was tried passed. */
  readonly ratePerSecond: number | null;
  /** The lowest rate above it that failed; null when none did. */
  readonly failedAtPerSecond: number | null;
  /** p99 of the probes of that very rate. */
  readonly p99Ms: readonly number[];
  readonly endedBecause: string;
  readonly probes: readonly Probe[];
}

/** Null: nothing was measured, and nothing more may be probed. */
export type MakeProbe = (ratePerSecond: number, nth: number) => Promise<Probe | null>;

const RATE_MIN = 10;

export async function findMax(options: FindMaxOptions, probe: MakeProbe): Promise<FindMaxResult> {
  const search = new Search(options, probe);
  await search.bracket();
  await search.bisect();
  await search.confirm();
  return search.result();
}

class Search {
  readonly #options: FindMaxOptions;
  readonly #probe: MakeProbe;
  readonly #probes: Probe[] = [];
  /** The highest rate that passed, below any that failed; the lowest that failed. */
  #low: number | null = null;
  #high: number | null = null;
  #endedBecause = "";

  constructor(options: FindMaxOptions, probe: MakeProbe) {
    this.#options = options;
    this.#probe = probe;
  }

  /** Doubles while it passes, halves while it fails. */
  async bracket(): Promise<void> {
    let rate = this.#options.fromPerSecond;
    while (this.#goesOn && (this.#low === null || this.#high === null)) {
      if (await this.#try(rate)) rate *= 2;
      else rate /= 2;
      if (rate < RATE_MIN) this.#end(`not even ${RATE_MIN} a second pass`);
    }
  }

  async bisect(): Promise<void> {
    const { tolerance } = this.#options;
    while (this.#goesOn && this.#low !== null && this.#high !== null) {
      if (this.#high - this.#low <= tolerance * this.#low) return;
      await this.#try(Math.round((this.#low + this.#high) / 2));
    }
  }

  /** A rate that passed once by luck is not the answer. */
  async confirm(): Promise<void> {
    const { confirmations, tolerance } = this.#options;
    while (this.#goesOn && this.#low !== null) {
      const rate = this.#low;
      if (this.#of(rate).length >= 1 + confirmations) return;
      if (!(await this.#try(rate))) this.#low = this.#nextLower(rate, tolerance);
    }
  }

  result(): FindMaxResult {
    const { targetP99Ms, tolerance } = this.#options;
    const rate = this.#lastingPass();
    return {
      targetP99Ms,
      tolerance,
      ratePerSecond: rate,
      failedAtPerSecond: this.#high,
      p99Ms: rate === null ? [] : this.#of(rate).map(({ p99Ms }) => p99Ms),
      endedBecause: this.#endedBecause || "the gap is within the tolerance",
      probes: this.#probes,
    };
  }

  get #goesOn(): boolean {
    return this.#endedBecause === "";
  }

  #of(rate: number): readonly Probe[] {
    return this.#probes.filter((probe) => probe.ratePerSecond === rate);
  }

  /** A search that ended early may stand at a rate that was never tried, or that failed since. */
  #lastingPass(): number | null {
    const low = this.#low;
    if (low === null) return null;
    const passed = this.#probes
      .map(({ ratePerSecond }) => ratePerSecond)
      .filter((one) => one <= low && this.#of(one).every((probe) => probe.passed));
    return passed.length === 0 ? null : Math.max(...passed);
  }

  /** The highest lower one that always passed, or a step of the tolerance below. */
  #nextLower(rate: number, tolerance: number): number {
    const lower = this.#probes
      .map(({ ratePerSecond }) => ratePerSecond)
      .filter((one) => one < rate && this.#of(one).every(({ passed }) => passed));
    return Math.max(Math.floor(rate / (1 + tolerance)), ...lower);
  }

  async #try(rate: number): Promise<boolean> {
    const { probesMax } = this.#options;
    if (this.#probes.length >= probesMax) {
      this.#end(`${probesMax} probes were made`);
      return false;
    }
    const probe = await this.#probe(rate, this.#probes.length);
    if (probe === null || probe.isFinal) {
      this.#end("it was stopped");
      return false;
    }
    this.#probes.push(probe);
    if (probe.passed) {
      if (this.#low === null || rate > this.#low) this.#low = rate;
      // The bracket goes up until it fails: a client that is the limit would fail for ever.
      return true;
    }
    if (this.#high === null || rate < this.#high) this.#high = rate;
    return false;
  }

  #end(because: string): void {
    if (this.#endedBecause === "") this.#endedBecause = because;
  }
}
