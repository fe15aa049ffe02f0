// A whole runtime on journals in memory: real actors, real shell, real recovery. Tests drive it and
// read what was let out.

import { ACTOR_LAYOUTS } from "../../actors/kinds.ts";
import { accountId, loanId, parseRequestId, type RequestId } from "../../actors/address.ts";
import { UPCASTERS } from "../../actors/upcasters.ts";
import { RecordCodec } from "../../src/journal/records.ts";
import { createRuntimeCounters } from "../../src/runtime/counters.ts";
import { systemScheduler, type Scheduler } from "../../src/runtime/environment.ts";
import { RUNTIME_LIMITS, type RuntimeLimits } from "../../src/runtime/limits.ts";
import type { PayoutChange } from "../../actors/account/custody/events.ts";
import type {
  ActorCommand,
  Answer,
  Notice,
  Outlet,
  Release,
  Request,
} from "../../src/runtime/port.ts";
import type { ShardGauges } from "../../src/runtime/gauges.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import { System } from "../../src/runtime/system.ts";
import { MemoryJournal, MemoryStore } from "../../src/simulation/memory-journal.ts";

export const codec = new RecordCodec(ACTOR_LAYOUTS, UPCASTERS);

/** A command as the decoder would make it; tests leave out what is the same everywhere. */
export type Draft = Partial<Record<string, unknown>> & { type: ActorCommand["type"] };

export interface Told {
  readonly position: string;
  readonly release: Release;
}

let requests = 0;

export function requestId(timeMs = 1_700_000_000_000): RequestId {
  const time = timeMs.toString(16).padStart(12, "0");
  const tail = (++requests).toString(16).padStart(12, "0");
  const text = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail}`;
  const id = parseRequestId(text);
  if (id === undefined) throw new Error(`not a request id: ${text}`);
  return id;
}

/** What the gateway would make of it: stamped with who asks and with a request id of that time. */
export function requestOf(
  draft: Draft,
  self: string | null,
  nowMs: number,
  correlationId: number,
): { readonly request: Request; readonly requestId: RequestId } {
  const command = { requestId: requestId(nowMs), fingerprint: 1, by: "ops", ...draft };
  const request: Request = {
    command: command as unknown as ActorCommand,
    correlationId,
    session: null,
    self: self === null ? null : accountId(self),
  };
  return { request, requestId: command.requestId as RequestId };
}

export class World {
  readonly stores: MemoryStore[];
  readonly limits: RuntimeLimits;
  readonly #scheduler: Scheduler;
  readonly #dayOffsetMinutes: number;
  journals: MemoryJournal[] = [];
  told: Told[] = [];
  resets: string[] = [];
  /** What was told of payouts, over all lives. */
  payouts: PayoutChange[] = [];
  /** Told of all that is released, before anybody else. */
  onRelease: (position: string, releases: readonly Release[]) => void = () => undefined;
  /** Told of payouts besides. */
  onPayout: (change: PayoutChange) => void = () => undefined;
  nowMs = 1_700_000_000_000;
  counters = createRuntimeCounters();
  system: System;
  /** Acknowledge commits as they come. */
  auto = true;
  #correlation = 0;
  #deposits = 0;
  #stopped = false;

  constructor(
    shards = 1,
    limits: Partial<RuntimeLimits> = {},
    scheduler: Scheduler = systemScheduler,
    dayOffsetMinutes = 0,
  ) {
    this.#scheduler = scheduler;
    this.#dayOffsetMinutes = dayOffsetMinutes;
    this.stores = Array.from({ length: shards }, () => new MemoryStore());
    this.limits = { ...RUNTIME_LIMITS, ...limits };
    this.system = this.#create();
  }

  #create(): System {
    const outlet: Outlet = {
      release: (position, releases) => {
        this.onRelease(position, releases);
        for (const release of releases) {
          this.told.push({ position, release });
          if (release.kind !== "answer") continue;
          const { session } = release.request;
          if (typeof session === "function") session(release.answer, position);
        }
      },
      reset: (_shard, reason) => void this.resets.push(reason),
    };
    return new System({
      shards: this.stores.length,
      openJournal: async (shard, callbacks) => {
        await Promise.resolve();
        const journal = new MemoryJournal(this.stores[shard]!, callbacks);
        this.journals[shard] = journal;
        return journal;
      },
      codec,
      outlet,
      clock: { wallMs: () => this.nowMs, monotonicMs: () => performance.now() },
      scheduler: this.#scheduler,
      dayOffsetMinutes: this.#dayOffsetMinutes,
      onPayout: (change) => {
        this.payouts.push(change);
        this.onPayout(change);
      },
      limits: this.limits,
      counters: this.counters,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    });
  }

  async start(): Promise<this> {
    await this.system.start();
    this.#pump();
    return this;
  }

  #pump(): void {
    if (this.#stopped) return;
    if (this.auto) for (const journal of this.journals) journal.acknowledge(8);
    setImmediate(() => this.#pump());
  }

  /** kill -9 in the middle of everything, then a new process on what was durable. */
  async crash(durable: number[] = []): Promise<void> {
    for (let shard = 0; shard < this.stores.length; shard++) {
      this.system.shard(shard).run?.stop();
      this.journals[shard]!.crash(durable[shard] ?? 0);
    }
    // Nothing of a killed process goes on: no restart of a shard, nobody who waits for a date.
    void this.system.stop(0);
    this.system = this.#create();
    await this.system.start();
  }

  /** A new process after an orderly stop, on what is stored. */
  async reopen(): Promise<this> {
    this.#stopped = false;
    this.counters = createRuntimeCounters();
    this.system = this.#create();
    return this.start();
  }

  async stop(): Promise<void> {
    this.auto = true;
    await this.system.stop(1_000);
    this.#stopped = true;
  }

  submit(draft: Draft, self: string | null = null) {
    const made = requestOf(draft, self, this.nowMs, ++this.#correlation);
    return { ...made, rejection: this.system.submit(made.request) };
  }

  /** Says it as the custodian would; resolves when it is answered. */
  note(notice: Notice): Promise<Answer> {
    return new Promise((resolve) => {
      const rejection = this.system.note(notice, resolve);
      if (rejection !== undefined) resolve({ type: "Failed", ...rejection });
    });
  }

  answerTo(request: Request): Answer | undefined {
    for (const { release } of this.told) {
      if (release.kind === "answer" && release.request === request) return release.answer;
    }
    return undefined;
  }

  async ask(draft: Draft, self: string | null = null): Promise<Answer> {
    const { request, rejection } = this.submit(draft, self);
    if (rejection !== undefined) return { type: "Failed", ...rejection };
    return this.answered(request);
  }

  async answered(request: Request): Promise<Answer> {
    await this.until(() => this.answerTo(request) !== undefined);
    return this.answerTo(request)!;
  }

  async until(condition: () => boolean, waitMs = 5_000): Promise<void> {
    const start = performance.now();
    while (!condition()) {
      if (performance.now() - start > waitMs) {
        throw new Error(`what was waited for did not happen: ${this.describe()}`);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Sums over all shards. */
  gauges() {
    const sum = (of: (gauges: ShardGauges) => number): number => {
      return this.system.gauges().reduce((total, gauges) => total + of(gauges), 0);
    };
    return {
      residentActors: sum((g) => g.residentActors),
      mailboxDepth: sum((g) => g.mailboxDepth),
      quarantinedActors: sum((g) => g.quarantinedActors),
      trialBalanceDifferenceCents: sum((g) => g.trialBalanceDifferenceCents),
    };
  }

  /** A name of that kind that lives in that shard. */
  idIn(kind: "account" | "loan", shard: number, name: string): string {
    for (let number = 0; ; number++) {
      const id = `${name}-${number}`;
      const address =
        kind === "account"
          ? ({ kind, id: accountId(id) } as const)
          : ({ kind, id: loanId(id) } as const);
      if (shardOf(address, this.stores.length) === shard) return id;
    }
  }

  /** Where every shard stands, for the message of a failed wait. */
  describe(): string {
    const shards = this.stores.map((_, shard) => {
      const { run, status } = this.system.shard(shard);
      const links = run?.state.links.map((link) => [link.sent, link.settled, link.received]);
      const pending = [...(run?.state.pending.entries() ?? [])].map(
        ([, { command }]) => command.type,
      );
      return { status, settled: run?.isSettled, queued: run?.itemsQueued, links, pending };
    });
    return JSON.stringify({ shards, resets: this.resets, decide: this.counters.decideErrors });
  }

  async turns(count: number): Promise<void> {
    for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Each time with a reference of its own. */
  async deposit(id: string, amountCents: number): Promise<Answer> {
    const reference = `r-${++this.#deposits}`;
    return this.ask({ type: "Deposit", accountId: accountId(id), amountCents, reference });
  }

  async openWithMoney(id: string, amountCents: number): Promise<void> {
    await this.ask({ type: "OpenAccount", accountId: accountId(id) });
    await this.deposit(id, amountCents);
  }

  async listLoan(id: string, terms: Partial<Record<string, unknown>> = {}): Promise<Answer> {
    return this.ask({
      type: "ListLoan",
      loanId: loanId(id),
      borrowerId: accountId("borrower"),
      principalCents: 1_000_00,
      stepCents: 1_00,
      minBidCents: 100_00,
      lenderCapCents: null,
      opensAtMs: null,
      closesAtMs: this.nowMs + 60_000,
      cancellable: true,
      ...terms,
    });
  }

  bid(lender: string, loan: string, amountCents: number, more: Partial<Draft> = {}) {
    const draft = { type: "PlaceBid" as const, loanId: loan, amountCents, fill: "exact" };
    return this.submit({ minCents: null, ...draft, ...more }, lender);
  }
}
