// What the lenders and the borrower are told while the loan is repaid: each watches its account
// with the SDK and keeps a log of its own. An entry that is missing, comes twice, or whose balance
// does not follow from the one before is a failure here, before the journal is ever looked at.

import type {
  AccountEntry,
  AccountUpdate,
  LoanloomClient,
  LoanloomError,
} from "../../client/client.ts";

const WATCHED_AT_ONCE = 200;
const SHOWN_ENTRIES_MAX = 1;

export interface AccountLog {
  readonly accountId: string;
  /** As told, from the start of the watch on. */
  readonly entries: AccountEntry[];
  availableCents: number;
  heldCents: number;
  /** Number of the last entry that was told. */
  last: number;
}

/** How a clearing reached those who watch. Times by the clock of the process, in ms. */
interface Clearing {
  legs: number;
  lastAtMs: number;
}

export class LenderStreams {
  readonly logs = new Map<string, AccountLog>();
  readonly failures: string[] = [];
  /** Called right when an entry was told and written down. */
  onEntry: (entry: AccountEntry) => void = () => undefined;
  readonly #clearings = new Map<number, Clearing>();
  #waiting: (() => void)[] = [];

  /** Watches all of them. Rejects with what the SDK says when one cannot be watched. */
  async watch(clients: ReadonlyMap<string, LoanloomClient>): Promise<void> {
    const all = [...clients];
    for (let from = 0; from < all.length; from += WATCHED_AT_ONCE) {
      const group = all.slice(from, from + WATCHED_AT_ONCE);
      await Promise.all(group.map(([accountId, client]) => this.#watch(accountId, client)));
    }
  }

  async #watch(accountId: string, client: LoanloomClient): Promise<void> {
    const log: AccountLog = {
      accountId,
      entries: [],
      availableCents: 0,
      heldCents: 0,
      last: 0,
    };
    this.logs.set(accountId, log);
    await client.watchAccount((update) => this.told(log, update));
  }

  /** One update of the SDK; for tests, too. */
  told(log: AccountLog, update: AccountUpdate): void {
    if (update.kind === "entry") this.#entry(log, update.entry);
    else if (update.kind === "ended") this.#ended(log, update.error);
    else if (update.kind === "receipt") return;
    else if (update.missedAfter !== null) {
      this.failures.push(`${log.accountId} missed entries after ${update.missedAfter}`);
    } else if (!update.resumed) {
      const { availableCents, heldCents, entry } = update.account;
      Object.assign(log, { availableCents, heldCents, last: entry });
    }
  }

  /** Closed by the demo itself, a watch has done what it was for. */
  #ended({ accountId }: AccountLog, { code, message }: LoanloomError): void {
    if (code !== "closed") this.failures.push(`${accountId}: ${message}`);
  }

  #entry(log: AccountLog, entry: AccountEntry): void {
    const { availableCents, heldCents } = movedBy(log, entry);
    const follows =
      entry.entry === log.last + 1 &&
      entry.availableCents === availableCents &&
      entry.heldCents === heldCents;
    if (!follows) {
      this.failures.push(`${log.accountId}: entry ${entry.entry} does not follow ${log.last}`);
    }
    log.entries.push(entry);
    log.availableCents = entry.availableCents;
    log.heldCents = entry.heldCents;
    log.last = entry.entry;
    if (entry.kind === "repayment_received" && entry.clearing !== null) {
      const clearing = this.#clearings.get(entry.clearing) ?? { legs: 0, lastAtMs: 0 };
      clearing.legs++;
      clearing.lastAtMs = performance.now();
      this.#clearings.set(entry.clearing, clearing);
    }
    this.onEntry(entry);
    for (const goOn of this.#waiting.splice(0)) goOn();
  }

  /** Lenders that were told their leg of a clearing so far, and when the last one was. */
  clearing(clearingNo: number): Readonly<Clearing> {
    return this.#clearings.get(clearingNo) ?? { legs: 0, lastAtMs: 0 };
  }

  /** Resolves when the condition holds, which is looked at after each entry. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
  }

  /** The last entries of a few lenders, for the screen. */
  latest(accountIds: readonly string[]): readonly AccountEntry[] {
    return accountIds.flatMap((id) => this.logs.get(id)?.entries.slice(-SHOWN_ENTRIES_MAX) ?? []);
  }
}

/** The balances after an entry, worked out from those before it and what it says was moved. */
function movedBy(log: AccountLog, { kind, amountCents }: AccountEntry) {
  const { availableCents, heldCents } = log;
  switch (kind) {
    case "hold_placed":
      return { availableCents: availableCents - amountCents, heldCents: heldCents + amountCents };
    case "hold_released":
      return { availableCents: availableCents + amountCents, heldCents: heldCents - amountCents };
    case "hold_posted":
      return { availableCents, heldCents: heldCents - amountCents };
    case "repayment":
      return { availableCents: availableCents - amountCents, heldCents };
    default:
      return { availableCents: availableCents + amountCents, heldCents };
  }
}
