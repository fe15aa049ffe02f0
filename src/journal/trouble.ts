// One stretch of time in which Redis does not commit: from the first failure to the first success.
// It knows when to announce that (degraded), how long to wait between tries, and when to give up.
// It knows nothing of batches and connections.

import type { Timers } from "./clock.ts";
import type { JournalLimits } from "./limits.ts";

export interface TroubleOptions {
  readonly timers: Timers;
  readonly limits: JournalLimits;
  onDegraded(degraded: boolean, reason: string): void;
  onExhausted(detail: string): void;
}

export class Trouble {
  readonly #options: TroubleOptions;
  #reason: string | undefined;
  #last = "";
  #degraded = false;
  #tries = 0;
  #offDegrade = (): void => {};
  #offExhausted = (): void => {};

  constructor(options: TroubleOptions) {
    this.#options = options;
  }

  get isOn(): boolean {
    return this.#reason !== undefined;
  }

  get isDegraded(): boolean {
    return this.#degraded;
  }

  get isFirstTry(): boolean {
    return this.#tries === 0;
  }

  /** A failure. The first one of a stretch begins it, the last one says what is in the way now. */
  enter(reason: string): void {
    this.#last = reason;
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    const { limits, timers } = this.#options;
    this.#offDegrade = timers.after(limits.degradedAfterMs, () => this.degrade());
    this.progress();
  }

  /** It is announced now, without waiting for whether it passes at once. */
  degrade(): void {
    if (this.#reason === undefined || this.#degraded) return;
    this.#degraded = true;
    this.#options.onDegraded(true, this.#last);
  }

  /** Something was committed, but not all is well: the time to give up starts anew. */
  progress(): void {
    const { limits, timers, onExhausted } = this.#options;
    this.#offExhausted();
    this.#offExhausted = timers.after(limits.retryForMs, () =>
      onExhausted(
        `no commit for ${limits.retryForMs} ms, since: ${this.#reason}; now: ${this.#last}`,
      ),
    );
  }

  tried(): void {
    if (this.isOn) this.#tries++;
  }

  /** How long to wait before the next try. */
  get delayMs(): number {
    const { retryDelayMsMin, retryDelayMsMax } = this.#options.limits;
    return Math.min(retryDelayMsMin * 2 ** Math.min(this.#tries, 20), retryDelayMsMax);
  }

  end(announce = true): void {
    const reason = this.#reason;
    if (reason === undefined) return;
    const wasDegraded = this.#degraded;
    this.#offDegrade();
    this.#offExhausted();
    this.#reason = undefined;
    this.#degraded = false;
    this.#tries = 0;
    if (wasDegraded && announce) this.#options.onDegraded(false, reason);
  }
}
