// Follows one account: a snapshot, then every entry exactly once and in order, over any number of
// connections. A gap is filled from the server or announced, never passed over.

import type { LoanloomError } from "./loanloom-error.ts";
import { notify } from "./listeners.ts";
import type { AccountEntry, AccountView } from "./request-types.ts";
import type { Watch, WatchPort } from "./watch.ts";

export type AccountUpdate =
  /**
   * The account as it is. With `resumed`, the entries that led here from the last one told follow.
   * Without, it is a new start: at the first time, or because the server no longer keeps the
   * entries from `missedAfter` on (null at the first time).
   */
  | {
      readonly kind: "snapshot";
      readonly account: AccountView;
      readonly resumed: boolean;
      readonly missedAfter: number | null;
    }
  | { readonly kind: "entry"; readonly entry: AccountEntry }
  /** The watch is over: the server refused to go on. */
  | { readonly kind: "ended"; readonly error: LoanloomError };

export class AccountWatch implements Watch {
  readonly unwatch = "account.unwatch";
  readonly #asked: string | null;
  readonly #port: WatchPort;
  readonly #listener: (update: AccountUpdate) => void;
  readonly #started: (error: LoanloomError | null) => void;
  /** Known from the first snapshot on. */
  #accountId: string | null = null;
  #lastEntry: number | null;
  #asking = false;
  #begun = false;

  /** `started` is called once: with null after the first snapshot, or with why there is none. */
  constructor(
    accountId: string | null,
    after: number | null,
    port: WatchPort,
    listener: (update: AccountUpdate) => void,
    started: (error: LoanloomError | null) => void,
  ) {
    this.#asked = accountId;
    this.#lastEntry = after;
    this.#port = port;
    this.#listener = listener;
    this.#started = started;
  }

  get subject(): string | null {
    return this.#accountId;
  }

  get fields(): object {
    return { accountId: this.#asked };
  }

  /** Number of the last entry that was told, or with which the last new start began. */
  get lastEntry(): number | null {
    return this.#lastEntry;
  }

  begin(): void {
    this.#ask(false);
  }

  resume(): void {
    if (this.#begun) this.#ask(true);
  }

  #ask(bound: boolean): void {
    this.#asking = true;
    const after = this.#lastEntry;
    this.#port.ask(
      "account.watch",
      { accountId: this.#asked, after },
      bound,
      (view) => this.#snapshot(view as unknown as AccountView & { resumed: boolean }, after),
      (error) => {
        this.#asking = false;
        // The next connection asks again.
        if (error.code !== "disconnected") this.#port.over(this, error);
      },
    );
  }

  pushed(view: Readonly<Record<string, unknown>>): void {
    const entry = view as unknown as AccountEntry;
    if (!this.#begun || this.#lastEntry === null) return;
    if (entry.entry <= this.#lastEntry) return; // Told already, before the last resumption.
    if (entry.entry > this.#lastEntry + 1) {
      // Dropped: it comes again, behind those that are missing.
      if (!this.#asking) this.#ask(true);
      return;
    }
    this.#lastEntry = entry.entry;
    notify(this.#listener, { kind: "entry", entry });
  }

  end(error: LoanloomError): void {
    if (this.#begun) notify(this.#listener, { kind: "ended", error });
    else this.#started(error);
  }

  #snapshot(view: AccountView & { resumed: boolean }, after: number | null): void {
    const first = !this.#begun;
    this.#begun = true;
    this.#asking = false;
    this.#accountId = view.accountId;
    const { resumed: covered, ...account } = view;
    const resumed = after !== null && covered && account.entry >= after;
    const missedAfter = resumed ? null : after;
    if (!resumed) this.#lastEntry = account.entry;
    notify(this.#listener, { kind: "snapshot", account, resumed, missedAfter });
    if (first) this.#started(null);
  }
}
