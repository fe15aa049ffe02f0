// Keeps calls from a custodian that is down: after too many failures none is made for a while, then
// a single one to see whether it is back. cockatiel keeps the window and the states. The waiting is
// ours: cockatiel 3.2.1 measures it with Date.now() and sleeps with setTimeout, so
// a wall clock that is set back an hour would keep the circuit open for an hour,
// and no simulation could drive it.

import { circuitBreaker, CircuitState, CountBreaker, handleWhenResult } from "cockatiel";
import { assert, assertNever } from "../money/assert.ts";
import { backoffMs, type BackoffLimits, type Environment } from "./environment.ts";

export interface CircuitLimits extends BackoffLimits {
  /** How many of the last calls are looked at. */
  readonly windowCalls: number;
  /** Below this number of calls nothing is concluded. */
  readonly callsMin: number;
  /** It opens when more than this share of them failed: between 0 and 1. */
  readonly failedShareMax: number;
}

export type CircuitStateName = "closed" | "open" | "half_open";

/** What a call came to, and whether that speaks against the custodian. */
export interface Judged<Result> {
  readonly result: Result;
  readonly hasFailed: boolean;
}

/** How long a caller waits when another call is just finding out whether the custodian is back. */
const PROBE_WAIT_MS = 100;
/** Less than any time that has passed: cockatiel lets the next call through as soon as we ask. */
const AT_ONCE = { duration: -Infinity, next: () => AT_ONCE };

export class Circuit {
  readonly #limits: CircuitLimits;
  readonly #environment: Environment;
  readonly #policy;
  #openings = 0;
  #failedProbes = 0;
  #probeAtMs = 0;

  constructor(limits: CircuitLimits, environment: Environment) {
    assert(limits.callsMin <= limits.windowCalls, "callsMin is at most windowCalls");
    this.#limits = limits;
    this.#environment = environment;
    this.#policy = circuitBreaker(
      handleWhenResult((judged) => (judged as Judged<unknown>).hasFailed),
      {
        halfOpenAfter: AT_ONCE,
        breaker: new CountBreaker({
          threshold: limits.failedShareMax,
          size: limits.windowCalls,
          minimumNumberOfCalls: limits.callsMin,
        }),
      },
    );
    this.#policy.onBreak(() => this.#opened());
    this.#policy.onReset(() => {
      this.#failedProbes = 0;
    });
  }

  get state(): CircuitStateName {
    const { state } = this.#policy;
    switch (state) {
      case CircuitState.Closed:
        return "closed";
      case CircuitState.Open:
      case CircuitState.Isolated:
        return "open";
      case CircuitState.HalfOpen:
        return "half_open";
      default:
        return assertNever(state);
    }
  }

  /** How often it opened, failed probes included. */
  get openings(): number {
    return this.#openings;
  }

  /** Null when a call would be made; otherwise how long to wait before asking again, in ms. */
  get waitMs(): number | null {
    switch (this.state) {
      case "closed":
        return null;
      case "half_open":
        return PROBE_WAIT_MS;
      case "open": {
        const waitMs = this.#probeAtMs - this.#environment.clock.monotonicMs();
        return waitMs > 0 ? waitMs : null;
      }
    }
  }

  /** Null when the circuit is open and the call was not made. What the call throws comes out. */
  async run<Result>(call: () => Promise<Judged<Result>>): Promise<Result | null> {
    // Asked for here and not left to cockatiel: calls that come during a probe would queue behind
    // it and, if it fails, each become the next probe at once.
    if (this.waitMs !== null) return null;
    const { result } = await this.#policy.execute(call);
    return result;
  }

  #opened(): void {
    const { clock } = this.#environment;
    const delayMs = backoffMs(this.#limits, this.#failedProbes, this.#environment.random());
    this.#openings++;
    this.#probeAtMs = clock.monotonicMs() + delayMs;
    this.#failedProbes++;
  }
}
