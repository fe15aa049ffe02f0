// Questions that the gateway itself puts to actors while it carries out something longer. Each is
// answered once: by what a commit sets free, or because nobody will answer any more.

import type { AccountId } from "../../actors/address.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import type { Clock } from "../runtime/environment.ts";
import type { ActorCommand, Answer, NoticeWaiter, Runtime } from "../runtime/port.ts";

export type Settled =
  | { readonly ok: true; readonly position: string; readonly answer: GoodAnswer }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly retryAfterMs: number | null;
      /** Nothing was done and nothing will be; else it may have been, and nobody knows yet. */
      readonly isFinal: boolean;
    };

export type GoodAnswer = Exclude<Answer, { type: "Refused" | "Failed" }>;

interface Open {
  readonly askedAtMs: number;
  settle(settled: Settled): void;
}

export class Questions {
  readonly #runtime: Runtime;
  readonly #clock: Clock;
  readonly #answerMsMax: number;
  readonly #retryAfterMs: number;
  /** In the order of asking. */
  readonly #open = new Set<Open>();

  constructor(runtime: Runtime, clock: Clock, answerMsMax: number, retryAfterMs: number) {
    this.#runtime = runtime;
    this.#clock = clock;
    this.#answerMsMax = answerMsMax;
    this.#retryAfterMs = retryAfterMs;
  }

  /** `self` as in a request: the client's own account, null for the staff and for the gateway. */
  ask(command: ActorCommand, self: AccountId | null): Promise<Settled> {
    return new Promise((resolve) => {
      const open: Open = {
        askedAtMs: this.#clock.monotonicMs(),
        settle: (settled) => {
          if (this.#open.delete(open)) resolve(settled);
        },
      };
      this.#open.add(open);
      const session: NoticeWaiter = (answer, position) => open.settle(settledBy(answer, position));
      const rejection = this.#runtime.submit({ command, correlationId: 0, session, self });
      if (rejection !== undefined) open.settle({ ok: false, ...rejection, isFinal: true });
    });
  }

  /** What is open will not be answered, or not in time to be waited for. */
  failOpen(code: ErrorCode): void {
    for (const open of [...this.#open]) this.#fail(open, code);
  }

  sweep(nowMonotonicMs: number): void {
    for (const open of [...this.#open]) {
      if (nowMonotonicMs - open.askedAtMs < this.#answerMsMax) return;
      this.#fail(open, "unavailable");
    }
  }

  #fail(open: Open, code: ErrorCode): void {
    open.settle({ ok: false, code, retryAfterMs: this.#retryAfterMs, isFinal: false });
  }
}

function settledBy(answer: Answer, position: string): Settled {
  switch (answer.type) {
    case "Refused":
      return { ok: false, code: answer.code, retryAfterMs: null, isFinal: true };
    case "Failed": {
      const { code, retryAfterMs } = answer;
      return { ok: false, code, retryAfterMs, isFinal: false };
    }
    default:
      return { ok: true, position, answer };
  }
}
