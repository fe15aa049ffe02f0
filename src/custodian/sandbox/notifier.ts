// Tells the server what happened: at least once each, until the answer is 2xx, however long that
// takes and across restarts. The fault switches make it tell twice, out of order, or not at all.

import { setMaxListeners } from "node:events";
import { backoffMs, type BackoffLimits, type Environment } from "../environment.ts";
import type { Notice } from "../port.ts";
import { sign, SIGNATURE_HEADER } from "../signature.ts";
import type { Faults } from "./faults.ts";

export interface NotifierParts {
  /** Null: notices are kept until a start with an address. */
  readonly callbackUrl: string | null;
  readonly keys: readonly Uint8Array[];
  readonly environment: Environment;
  readonly faults: Faults;
  /** It need not be sent any more. */
  settled(notice: Notice, how: "delivered" | "dropped"): void;
}

/** Notices that are being sent or wait to be sent again; the others queue behind them. */
const UNDER_WAY_MAX = 256;
const ANSWER_MS_MAX = 5_000;
const ATTEMPTS: BackoffLimits = { delayMsFirst: 100, delayMsMax: 5_000 };

export class Notifier {
  readonly #parts: NotifierParts;
  readonly #queue = new Set<Notice>();
  readonly #stopping = new AbortController();
  #underWay = 0;
  /** Requests that were sent, repetitions included. */
  sent = 0;

  constructor(parts: NotifierParts) {
    this.#parts = parts;
    // Everything under way listens to it: no leak, as Node would suspect.
    setMaxListeners(UNDER_WAY_MAX * 2, this.#stopping.signal);
  }

  offer(notice: Notice): void {
    if (this.#parts.callbackUrl === null || this.#stopping.signal.aborted) return;
    this.#queue.add(notice);
    this.#pump();
  }

  stop(): void {
    this.#stopping.abort();
    this.#queue.clear();
  }

  #pump(): void {
    for (const notice of this.#queue) {
      if (this.#underWay >= UNDER_WAY_MAX) return;
      this.#queue.delete(notice);
      this.#underWay++;
      void this.#deliver(notice).then(() => {
        this.#underWay--;
        this.#pump();
      });
    }
  }

  async #deliver(notice: Notice): Promise<void> {
    const { faults, environment } = this.#parts;
    const about = `${notice.type}/${notice.reference}`;
    if (faults.strikes("dropRate", about)) return this.#parts.settled(notice, "dropped");
    await this.#pause(faults.shuffleMs(about));
    for (let attempt = 0; !(await this.#post(notice)); attempt++) {
      if (this.#stopping.signal.aborted) return;
      await this.#pause(backoffMs(ATTEMPTS, attempt, environment.random()));
    }
    if (this.#stopping.signal.aborted) return;
    this.#parts.settled(notice, "delivered");
    if (faults.strikes("duplicateRate", about)) await this.#post(notice);
  }

  /** Whether it was answered with 2xx. Each attempt is signed anew: a signature grows stale. */
  async #post(notice: Notice): Promise<boolean> {
    const { keys, environment } = this.#parts;
    const body = JSON.stringify(notice);
    const control = new AbortController();
    const abort = (): void => control.abort();
    const { signal } = this.#stopping;
    if (signal.aborted) return false;
    signal.addEventListener("abort", abort, { once: true });
    const cancel = environment.timers.after(ANSWER_MS_MAX, abort);
    this.sent++;
    try {
      const response = await fetch(this.#parts.callbackUrl!, {
        method: "POST",
        redirect: "manual",
        signal: control.signal,
        headers: {
          "content-type": "application/json",
          [SIGNATURE_HEADER]: sign([body], keys, environment.clock.wallMs()),
        },
        body,
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      // Refused, broken, or too slow: all the same, it is sent again.
      return false;
    } finally {
      cancel();
      signal.removeEventListener("abort", abort);
    }
  }

  #pause(delayMs: number): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted || delayMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const cancel = this.#parts.environment.timers.after(delayMs, done);
      signal.addEventListener("abort", done, { once: true });
    });
  }
}
