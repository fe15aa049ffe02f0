// Follows one loan: a snapshot, then its progress, always the latest. Progress is conflated by the
// server, so that a gap between versions is normal; an older version is never told after a newer.

import { notify } from "./listeners.ts";
import type { LoanloomError } from "./loanloom-error.ts";
import type { LoanView } from "./request-types.ts";
import type { Watch, WatchPort } from "./watch.ts";

export type LoanUpdate =
  | { readonly kind: "loan"; readonly loan: LoanView }
  /** The watch is over: the server refused to go on. */
  | { readonly kind: "ended"; readonly error: LoanloomError };

export class LoanWatch implements Watch {
  readonly unwatch = "loan.unwatch";
  readonly subject: string;
  readonly #port: WatchPort;
  readonly #listener: (update: LoanUpdate) => void;
  readonly #started: (error: LoanloomError | null) => void;
  #seq = -1;
  #begun = false;

  /** `started` is called once: with null after the first snapshot, or with why there is none. */
  constructor(
    loanId: string,
    port: WatchPort,
    listener: (update: LoanUpdate) => void,
    started: (error: LoanloomError | null) => void,
  ) {
    this.subject = loanId;
    this.#port = port;
    this.#listener = listener;
    this.#started = started;
  }

  get fields(): object {
    return { loanId: this.subject };
  }

  begin(): void {
    this.#ask(false);
  }

  resume(): void {
    if (this.#begun) this.#ask(true);
  }

  #ask(bound: boolean): void {
    this.#port.ask(
      "loan.watch",
      this.fields,
      bound,
      (view) => {
        const first = !this.#begun;
        this.#begun = true;
        this.pushed(view);
        if (first) this.#started(null);
      },
      (error) => {
        // The next connection asks again.
        if (error.code !== "disconnected") this.#port.over(this, error);
      },
    );
  }

  pushed(view: Readonly<Record<string, unknown>>): void {
    const loan = view as unknown as LoanView;
    if (!this.#begun || loan.seq <= this.#seq) return;
    this.#seq = loan.seq;
    notify(this.#listener, { kind: "loan", loan });
  }

  end(error: LoanloomError): void {
    if (this.#begun) notify(this.#listener, { kind: "ended", error });
    else this.#started(error);
  }
}
