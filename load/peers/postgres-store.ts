// PostgreSQL behind a gateway, in two ways: a transaction for each request, many at once over a
// pool (row locks), and all waiting requests of a loan in one set-based statement (batched).

import postgres, { type Sql } from "postgres";
import { placesOf, type PeerRequest, type PeerStore, type StoreEvents } from "./store.ts";
import type { StoreSettings } from "./store.ts";

const DEADLOCK_DETECTED = "40P01";

export function connectPostgres(socketFolder: string, connections: number): Sql {
  return postgres({
    host: socketFolder,
    username: "postgres",
    database: "postgres",
    max: connections,
    onnotice: () => undefined,
    // Sessions for the whole run: neither idle time nor age ends them.
    idle_timeout: 0,
    max_lifetime: null,
  });
}

/** The form of a uuid that PostgreSQL reads. */
function uuidText(requestId: string): string {
  return Buffer.from(requestId, "latin1").toString("hex");
}

/**
 * An array as PostgreSQL reads it. The client's own way looks at each item for what must be quoted,
 * and cost the gateway as much as all else; hex and integers need none.
 */
function arrayText(items: readonly (string | number)[]): string {
  return `{${items.join(",")}}`;
}

interface BidRow {
  readonly outcome: number;
  readonly rank: string | null;
  readonly remaining: string | null;
}

interface BatchRow {
  readonly outcomes: readonly number[] | null;
  readonly ranks: readonly string[];
  readonly remaining: string | null;
}

interface RepaymentRow {
  readonly outcomes: readonly number[];
  readonly ordinals: readonly (string | null)[];
}

abstract class PostgresStore implements PeerStore {
  protected readonly sql: Sql;
  protected readonly events: StoreEvents;
  readonly #accounts: ReadonlyMap<string, number>;
  readonly #loans: ReadonlyMap<string, number>;

  constructor(settings: StoreSettings, connections: number, events: StoreEvents) {
    this.sql = connectPostgres(settings.address, connections);
    this.events = events;
    this.#accounts = placesOf(settings.accounts);
    this.#loans = placesOf(settings.loans);
  }

  abstract take(request: PeerRequest): void;
  abstract flush(): void;

  close(): Promise<void> {
    return this.sql.end({ timeout: 1 });
  }

  protected account(request: PeerRequest): number {
    return this.#accounts.get(request.accountId) ?? -1;
  }

  protected loan(request: PeerRequest): number {
    return this.#loans.get(request.loanId) ?? -1;
  }

  protected async repay(requests: readonly PeerRequest[]): Promise<void> {
    const [row] = await this.sql<RepaymentRow[]>`select * from repay(
      ${arrayText(requests.map((each) => uuidText(each.requestId)))}::uuid[],
      ${arrayText(requests.map((each) => this.account(each)))}::int[],
      ${arrayText(requests.map((each) => this.loan(each)))}::int[],
      ${arrayText(requests.map((each) => each.amountCents))}::bigint[])`;
    requests.forEach((request, at) => {
      request.errorNumber = row!.outcomes[at]!;
      request.ordinal = Number(row!.ordinals[at] ?? 0);
      this.events.answer(request);
    });
  }

  /** Runs again what was chosen as the victim of a deadlock: nothing of it was done. */
  protected run(work: () => Promise<void>, done?: () => void): void {
    const attempt = async (): Promise<void> => {
      for (;;) {
        try {
          return await work();
        } catch (error) {
          if ((error as { code?: string }).code !== DEADLOCK_DETECTED) throw error;
        }
      }
    };
    attempt()
      .then(done)
      .catch((error: unknown) => this.events.fail(error as Error));
  }
}

/** Row locks: every request is a transaction of its own. */
export class PostgresRows extends PostgresStore {
  take(request: PeerRequest): void {
    this.run(() => (request.kind === "bid" ? this.#bid(request) : this.repay([request])));
  }

  flush(): void {}

  async #bid(request: PeerRequest): Promise<void> {
    const [row] = await this.sql<BidRow[]>`select * from place_bid(
      ${uuidText(request.requestId)}::uuid, ${this.account(request)}::int,
      ${this.loan(request)}::int, ${request.amountCents}::bigint)`;
    request.errorNumber = row!.outcome;
    request.ordinal = Number(row!.rank ?? 0);
    request.remainingCents = Number(row!.remaining ?? 0);
    this.events.answer(request);
  }
}

/** More than that in one statement, and its latency grows faster than what it saves. */
const BATCH_MAX = 1_024;

/** Fewer are not worth a statement beside one that runs: they would only take its batch apart. */
const BATCH_BESIDE_MIN = 256;

/** All that waits goes in one statement; while it runs, the next ones gather. */
export class PostgresBatch extends PostgresStore {
  readonly #inFlightMax: number;
  readonly #bids = new Map<string, PeerRequest[]>();
  #repayments: PeerRequest[] = [];
  #inFlight = 0;

  constructor(settings: StoreSettings, inFlightMax: number, events: StoreEvents) {
    super(settings, inFlightMax, events);
    this.#inFlightMax = inFlightMax;
  }

  take(request: PeerRequest): void {
    if (request.kind === "repayment") {
      this.#repayments.push(request);
      return;
    }
    const waiting = this.#bids.get(request.loanId);
    if (waiting === undefined) this.#bids.set(request.loanId, [request]);
    else waiting.push(request);
  }

  flush(): void {
    while (this.#inFlight < this.#inFlightMax) {
      const work = this.#next();
      if (work === null) return;
      this.#inFlight++;
      this.run(work, () => {
        this.#inFlight--;
        this.flush();
      });
    }
  }

  #next(): (() => Promise<void>) | null {
    for (const [loanId, waiting] of this.#bids) {
      if (this.#inFlight > 0 && waiting.length < BATCH_BESIDE_MIN) continue;
      const batch = waiting.splice(0, BATCH_MAX);
      if (waiting.length === 0) this.#bids.delete(loanId);
      return () => this.#place(batch);
    }
    if (this.#repayments.length === 0) return null;
    const batch = this.#repayments;
    this.#repayments = [];
    return () => this.repay(batch);
  }

  async #place(batch: readonly PeerRequest[]): Promise<void> {
    const [row] = await this.sql<BatchRow[]>`select * from place_bids(
      ${this.loan(batch[0]!)}::int,
      ${arrayText(batch.map((each) => uuidText(each.requestId)))}::uuid[],
      ${arrayText(batch.map((each) => this.account(each)))}::int[],
      ${arrayText(batch.map((each) => each.amountCents))}::bigint[])`;
    const { outcomes, ranks } = row!;
    const first = Number(ranks[0] ?? 0);
    const remainingCents = Number(row!.remaining ?? 0);
    batch.forEach((request, at) => {
      request.errorNumber = outcomes === null ? 0 : outcomes[at]!;
      request.ordinal = outcomes === null ? first + at : Number(ranks[at] ?? 0);
      request.remainingCents = remainingCents;
      this.events.answer(request);
    });
  }
}
