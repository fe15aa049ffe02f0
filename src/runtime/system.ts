// The runtime as others see it: takes requests in or says why not, finds the shard and the actor,
// stamps the time. A router is a function and a table here, not an actor.

import type { PayoutChange } from "../../actors/account/custody/events.ts";
import type { AccountId, Address, LoanId } from "../../actors/address.ts";
import type { OverdueBucket } from "../lending/overdue.ts";
import { assert } from "../money/assert.ts";
import type { RecordCodec } from "../journal/records.ts";
import { DAY_MS } from "../time/units.ts";
import { LocalBus } from "./bus.ts";
import type { RuntimeCounters } from "./counters.ts";
import type { Clock, Scheduler } from "./environment.ts";
import { DateAdvances } from "./date-advances.ts";
import { gaugesOf, type ShardGauges } from "./gauges.ts";
import { Gatherings, isGathered, type GatheredCommand } from "./gatherings.ts";
import { KINDS } from "./kind.ts";
import { checkRuntimeLimits, type RuntimeLimits } from "./limits.ts";
import { Looks } from "./looks.ts";
import { noLoans, type LoansByBucket } from "./overdue-loans.ts";
import type { Notice, NoticeWaiter, Outlet, Rejection, Request, Runtime } from "./port.ts";
import { isRead } from "./reads.ts";
import { receiverOf } from "./receiver.ts";
import { shardOf } from "./shard-of.ts";
import type { RunLog } from "./run-options.ts";
import { Shard, type OpenJournal } from "./shard.ts";

export interface SystemOptions {
  readonly shards: number;
  readonly openJournal: OpenJournal;
  readonly codec: RecordCodec;
  readonly outlet: Outlet;
  readonly clock: Clock;
  /** Stamps what comes in; left out: the clock. */
  readonly arrivals?: Clock;
  readonly scheduler: Scheduler;
  readonly limits: RuntimeLimits;
  readonly counters: RuntimeCounters;
  readonly log: RunLog;
  /** The business date by the clock, in days since 1970; left out: UTC's. */
  readonly today?: () => number;
  /** Business dates begin by the clock: until they are known to be of today, nothing is changed. */
  readonly followsClock?: boolean;
  /** How far the midnight of business dates is ahead of UTC's; left out: not at all. */
  readonly dayOffsetMinutes?: number;
  /**
   * Told of each withdrawal that is durably to be sent to the custodian, again after each recovery,
   * and of each that has durably ended. Left out: nobody pays out.
   */
  readonly onPayout?: (change: PayoutChange) => void;
  /** Another server has a shard of this one now. */
  readonly onLost?: (reason: string) => void;
}

export class System implements Runtime {
  readonly #shards: readonly Shard[];
  readonly #o: SystemOptions;
  readonly #arrivals: Clock;
  /** Deadlines of the loans that take bids now or will. */
  readonly #market = new Map<string, number>();
  #soonest: readonly LoanId[] | null = null;
  readonly #advances: DateAdvances;
  #inFlight = 0;
  #shedding = false;
  #isCatchingUp: boolean;
  /** Of each shard's life: what a reset forgets was never answered. */
  readonly #inFlightOf: number[];
  readonly #looks: Looks;
  readonly #gatherings: Gatherings;
  readonly #unavailable: Rejection;
  readonly #busy: Rejection;
  #readiness = { ready: false, reason: "recovering" };

  constructor(options: SystemOptions) {
    checkRuntimeLimits(options.limits);
    this.#o = options;
    this.#arrivals = options.arrivals ?? options.clock;
    this.#isCatchingUp = options.followsClock ?? false;
    const { retryAfterMs } = options.limits;
    this.#unavailable = { code: "unavailable", retryAfterMs };
    this.#busy = { code: "server_busy", retryAfterMs };
    this.#inFlightOf = Array.from({ length: options.shards }, () => 0);
    this.#looks = new Looks(() => this.#shards.map(({ run }) => run));
    this.#gatherings = new Gatherings({
      dayOffsetMinutes: 0,
      ...options,
      looks: this.#looks,
      retryAfterMs,
      businessDay: () => (this.isServing ? this.businessDay : 0),
    });
    const bus = new LocalBus();
    this.#shards = Array.from({ length: options.shards }, (_, shard) => {
      const outlet: Outlet = {
        release: (position, releases) => options.outlet.release(position, releases),
        reset: (of, reason) => {
          this.#answered(shard, this.#inFlightOf[shard]!);
          this.#looks.forget(shard);
          this.#gatherings.forget();
          options.outlet.reset(of, reason);
        },
      };
      return new Shard(shard, options.shards, {
        today: () => Math.floor(options.clock.wallMs() / DAY_MS),
        onPayout: () => undefined,
        onLost: () => undefined,
        ...options,
        outlet,
        bus,
        onAnswered: (answers) => this.#answered(shard, answers),
        onAlarm: (key, atMs) => this.#alarmChanged(key, atMs),
        onStatus: () => this.#updateReadiness(),
      });
    });
    this.#advances = new DateAdvances(this.#shards, options);
  }

  /**
   * Resolves when all shards serve. Whoever has the first one gets the others: two servers that
   * stand by do not end up with a part each.
   */
  async start(): Promise<void> {
    const [first, ...others] = this.#shards;
    await first!.start();
    await Promise.all(others.map((shard) => shard.start()));
  }

  /** Waits for another server to go, and has nothing of its own. */
  get isStandingBy(): boolean {
    return this.#shards[0]!.status.status === "standing by";
  }

  get isServing(): boolean {
    return this.#shards.every(({ run }) => run?.isOurs === true);
  }

  async stop(waitMs: number): Promise<void> {
    this.#advances.stop();
    await Promise.all(this.#shards.map((shard) => shard.stop(waitMs)));
  }

  submit(request: Request): Rejection | undefined {
    if (this.#inFlight >= this.#o.limits.inFlightMax) return this.#busy;
    if (isGathered(request.command)) return this.#gather(request, request.command);
    const to = receiverOf(request, request.command);
    const shardNo = shardOf(to, this.#o.shards);
    const run = this.#shards[shardNo]!.run;
    if (run === null) return this.#unavailable;
    const refusesChanges = run.degraded || this.#shedding || this.#isCatchingUp;
    if (refusesChanges && !isRead(request.command)) return this.#unavailable;
    const at = this.#arrivals.wallMs();
    request.takenInMs = this.#arrivals.monotonicMs();
    if (!run.submit(KINDS[to.kind], to.id, request, at)) return this.#busy;
    this.#inFlight++;
    this.#inFlightOf[shardNo]!++;
    return undefined;
  }

  /**
   * Takes in what another institution tells, or says at once why not. `answered` is told when its
   * effect is durable; not at all when the shard is lost before: then it must be told again.
   */
  note(command: Notice, answered: NoticeWaiter): Rejection | undefined {
    return this.submit({ command, correlationId: 0, session: answered, self: null });
  }

  #gather(request: Request, command: GatheredCommand): Rejection | undefined {
    request.takenInMs = this.#o.clock.monotonicMs();
    return this.#gatherings.take(request, command) ? undefined : this.#busy;
  }

  /** Redis is nearly full: what changes anything is refused until there is room. */
  setShedding(shedding: boolean): void {
    this.#shedding = shedding;
    this.#updateReadiness();
  }

  /**
   * Its business date is long past: changes would be booked on it, and are refused until it is not.
   */
  setCatchingUp(isCatchingUp: boolean): void {
    this.#isCatchingUp = isCatchingUp;
    this.#updateReadiness();
  }

  #answered(shard: number, answers: number): void {
    this.#inFlight -= answers;
    this.#inFlightOf[shard]! -= answers;
  }

  unwatchAccount(accountId: AccountId): void {
    this.#unwatch({ kind: "account", id: accountId });
  }

  unwatchLoan(loanId: LoanId): void {
    this.#unwatch({ kind: "loan", id: loanId });
  }

  #unwatch(address: Address): void {
    const run = this.#shards[shardOf(address, this.#o.shards)]!.run;
    run?.unwatch(KINDS[address.kind], address.id);
  }

  #alarmChanged(key: string, atMs: number | null): void {
    if (!key.startsWith("loan/")) return;
    const loanId = key.slice("loan/".length);
    if (atMs === null) this.#market.delete(loanId);
    else this.#market.set(loanId, atMs);
    this.#soonest = null;
  }

  openLoans(limit: number): readonly LoanId[] {
    // Sorted once for each change of the market, not for each client that looks at it.
    this.#soonest ??= [...this.#market]
      .sort(([, a], [, b]) => a - b)
      .map(([loanId]) => loanId as LoanId);
    return this.#soonest.slice(0, limit);
  }

  get inFlight(): number {
    return this.#inFlight + this.#gatherings.inFlight;
  }

  get readiness(): { readonly ready: boolean; readonly reason: string } {
    return this.#readiness;
  }

  #updateReadiness(): void {
    for (const { shard, status } of this.#shards) {
      if (status.status === "serving") continue;
      const why = "reason" in status ? `${status.status}: ${status.reason}` : status.status;
      this.#readiness = { ready: false, reason: `shard ${shard} ${why}` };
      return;
    }
    if (this.#shedding) this.#readiness = { ready: false, reason: "Redis is nearly full" };
    else if (this.#isCatchingUp) {
      this.#readiness = { ready: false, reason: "business dates catch up with the clock" };
    } else this.#readiness = { ready: true, reason: "serving" };
  }

  get businessDay(): number {
    return Math.min(...this.#durableDays);
  }

  /** The earliest of those that have one: it is what would be booked on. 0 when none has. */
  get oldestDay(): number {
    const known = this.#durableDays.filter((day) => day > 0);
    return known.length === 0 ? 0 : Math.min(...known);
  }

  /** Of each shard; 0 where it does not serve, or has not begun its first date. */
  get #durableDays(): number[] {
    return this.#shards.map(({ run }) => run?.days.durableDay ?? 0);
  }

  advanceTo(day: number): Promise<void> {
    return this.#advances.to(day);
  }

  /** For metrics: each shard at this moment. */
  gauges(): readonly ShardGauges[] {
    return this.#shards.map(gaugesOf);
  }

  /** Loans that are being repaid, by the age of the oldest unpaid instalment. */
  loansByBucket(): LoansByBucket {
    const sums = noLoans();
    for (const { run } of this.#shards) {
      if (run === null) continue;
      const { overdue, calendar } = run.state;
      const counts = overdue.countBy(calendar.day, calendar.waiting);
      for (const bucket of Object.keys(sums) as OverdueBucket[]) sums[bucket] += counts[bucket];
    }
    return sums;
  }

  /** The shards, for checks and tests that look inside. */
  shard(number: number): Shard {
    const shard = this.#shards[number];
    assert(shard !== undefined, `shard ${number} is one of ${this.#o.shards}`);
    return shard;
  }
}
