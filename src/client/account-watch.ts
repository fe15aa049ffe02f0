// Follows one account: a snapshot, then every entry exactly once and in order, over any number of
// connections. A gap is filled from the server or announced, never passed over. With receipts, each
// repayment is followed by its receipt, over any number of connections too.

import type { LoanloomError } from "./loanloom-error.ts";
import { notify } from "./listeners.ts";
import type { AccountEntry, AccountView } from "./request-types.ts";
import { PendingReceipts, type ReceiptUpdate } from "./pending-receipts.ts";
import type { PushName } from "../protocol/table.ts";
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
  | ReceiptUpdate
  /** The watch is over: the server refused to go on. */
  | { readonly kind: "ended"; readonly error: LoanloomError };

export interface AccountWatchOptions {
  /** Left out: the client's own. */
  readonly accountId?: string;
  /** Continues behind this entry, which the caller has already. */
  readonly after?: number;
  readonly receipts?: boolean;
}

interface Asked {
  readonly accountId: string | null;
  readonly after: number | null;
  readonly receipts: boolean;
}

export class AccountWatch implements Watch {
  readonly unwatch = "account.unwatch";
  readonly #asked: string | null;
  readonly #port: WatchPort;
  readonly #listener: (update: AccountUpdate) => void;
  readonly #started: (error: LoanloomError | null) => void;
  /** Known from the first snapshot on. */
  #accountId: string | null = null;
  #lastEntry: number | null;
  /** Null when no receipts are wanted. */
  readonly #receipts: PendingReceipts | null;
  #asking = false;
  #begun = false;

  /** An option that is undefined is left out. */
  static asked({ accountId, after, receipts }: AccountWatchOptions): Asked {
    return { accountId: accountId ?? null, after: after ?? null, receipts: receipts ?? false };
  }

  /** `started` is called once: with null after the first snapshot, or with why there is none. */
  constructor(
    { accountId, after, receipts }: Asked,
    port: WatchPort,
    listener: (update: AccountUpdate) => void,
    started: (error: LoanloomError | null) => void,
  ) {
    this.#asked = accountId;
    this.#lastEntry = after;
    this.#receipts = receipts ? new PendingReceipts() : null;
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
    // What was told and has no receipt yet comes once more, and its receipt behind it.
    const after = this.#receipts?.resumeAfter(this.#lastEntry) ?? this.#lastEntry;
    const receipts = this.#receipts === null ? null : true;
    this.#port.ask(
      "account.watch",
      { accountId: this.#asked, after, receipts },
      bound,
      (view) => this.#snapshot(view as unknown as AccountView & { resumed: boolean }, after),
      (error) => {
        this.#asking = false;
        // The next connection asks again.
        if (error.code !== "disconnected") this.#port.over(this, error);
      },
    );
  }

  pushed(view: Readonly<Record<string, unknown>>, push: PushName): void {
    if (push === "clearing.receipt") {
      const update = this.#receipts?.received(view) ?? null;
      if (update !== null) notify(this.#listener, update);
      return;
    }
    const entry = view as unknown as AccountEntry;
    if (!this.#begun || this.#lastEntry === null) return;
    if (entry.entry <= this.#lastEntry) return; // Told already, before the last resumption.
    if (entry.entry > this.#lastEntry + 1) {
      // Dropped: it comes again, behind those that are missing.
      if (!this.#asking) this.#ask(true);
      return;
    }
    this.#lastEntry = entry.entry;
    this.#receipts?.expect(entry);
    notify(this.#listener, { kind: "entry", entry });
  }

  end(error: LoanloomError): void {
    if (this.#begun) notify(this.#listener, { kind: "ended", error });
    else this.#started(error);
  }

  #snapshot(view: AccountView & { resumed: boolean }, after: number | null): void {
    if (!view.resumed && after !== this.#lastEntry) {
      // Too far back for receipts; the entries themselves may go on where they were.
      this.#receipts?.forget();
      this.#ask(true);
      return;
    }
    const first = !this.#begun;
    this.#begun = true;
    this.#asking = false;
    this.#accountId = view.accountId;
    const { resumed: covered, ...account } = view;
    const resumed = after !== null && covered && account.entry >= after;
    const missedAfter = resumed ? null : after;
    if (!resumed) {
      this.#lastEntry = account.entry;
      this.#receipts?.forget();
    }
    notify(this.#listener, { kind: "snapshot", account, resumed, missedAfter });
    if (first) this.#started(null);
  }
}
