// A whole runtime on the real journal in a real Redis: what main puts together, without gateway and
// sockets. Several of them may be given the same Redis, one after the other or, to fight for it, at
// the same time.

import { randomUUID } from "node:crypto";
import { accountId, loanId, type Address } from "../../actors/address.ts";
import { audit } from "../../src/history/audit.ts";
import { journalSource } from "../../src/history/journal-source.ts";
import type { AuditReport } from "../../src/history/report.ts";
import { redisConnect } from "../../src/journal/connection.ts";
import { JournalReader } from "../../src/journal/journal-reader.ts";
import type { JournalLimits } from "../../src/journal/limits.ts";
import { parsePosition, type Position } from "../../src/journal/position.ts";
import { ShardJournal } from "../../src/journal/shard-journal.ts";
import type { Cargo } from "../../src/runtime/batch.ts";
import { createRuntimeCounters } from "../../src/runtime/counters.ts";
import { systemClock, systemScheduler } from "../../src/runtime/environment.ts";
import { RUNTIME_LIMITS, type RuntimeLimits } from "../../src/runtime/limits.ts";
import type { Answer, Request } from "../../src/runtime/port.ts";
import { replayShard, shardsOfCheckpoint, type Recovered } from "../../src/runtime/replay.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import { cellHashes } from "../../src/runtime/state-hash.ts";
import { System } from "../../src/runtime/system.ts";
import { codec, requestOf, type Draft } from "./world.ts";

export const MAC_KEY = Buffer.alloc(32, 9);
const WAIT_MS_MAX = 30_000;
export const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

export interface RedisWorldOptions {
  /** As `redisConnect` takes it. */
  readonly url: string;
  readonly shards?: number;
  readonly limits?: Partial<RuntimeLimits>;
  readonly journalLimits?: Partial<JournalLimits>;
  /** The same name again need not wait for its own lease. */
  readonly owner?: string;
  readonly leaseWaitMs?: number;
  readonly force?: boolean;
}

export interface Told {
  readonly shard: number;
  readonly position: Position;
  readonly request: Request;
  readonly answer: Answer;
  readonly atMs: number;
}

export class RedisWorld {
  readonly system: System;
  readonly shards: number;
  readonly counters = createRuntimeCounters();
  readonly told: Told[] = [];
  readonly resets: { readonly reason: string; readonly atMs: number }[] = [];
  readonly journals: ShardJournal<Cargo>[] = [];
  readonly #answers = new Map<Request, Answer>();
  readonly #url: string;
  #correlation = 0;

  constructor(options: RedisWorldOptions) {
    this.#url = options.url;
    this.shards = options.shards ?? 1;
    const { journalLimits = {}, leaseWaitMs = 0, force = false, owner = "server" } = options;
    this.system = new System({
      shards: this.shards,
      openJournal: async (shard, callbacks) => {
        const journal = await ShardJournal.takeOver<Cargo>({
          shard,
          shards: this.shards,
          shardsOfCheckpoint,
          connect: redisConnect(options.url),
          macKey: MAC_KEY,
          owner,
          limits: journalLimits,
          leaseWaitMs,
          force,
          ...callbacks,
        });
        this.journals[shard] = journal;
        return journal;
      },
      codec,
      outlet: {
        release: (position, releases) => {
          const [shard, at] = position.split(":") as [string, string];
          for (const release of releases) {
            if (release.kind !== "answer") continue;
            const { request, answer } = release;
            this.#answers.set(request, answer);
            const place = { shard: Number(shard), position: parsePosition(at) };
            this.told.push({ ...place, request, answer, atMs: performance.now() });
          }
        },
        reset: (_shard, reason) => void this.resets.push({ reason, atMs: performance.now() }),
      },
      clock: systemClock,
      scheduler: systemScheduler,
      limits: { ...RUNTIME_LIMITS, ...options.limits },
      counters: this.counters,
      log: SILENT,
    });
  }

  async start(): Promise<this> {
    await this.system.start();
    return this;
  }

  async stop(): Promise<void> {
    await this.system.stop(10_000);
  }

  /**
   * As kill -9: nothing is drained and nothing more is heard of it; what it had sent to Redis may
   * still arrive there.
   */
  async crash(): Promise<void> {
    for (let shard = 0; shard < this.shards; shard++) this.system.shard(shard).run?.stop();
    await this.system.stop(0);
  }

  submit(draft: Draft, self: string | null = null) {
    const { request } = requestOf(draft, self, Date.now(), ++this.#correlation);
    return { request, rejection: this.system.submit(request) };
  }

  answerTo(request: Request): Answer | undefined {
    return this.#answers.get(request);
  }

  async ask(draft: Draft, self: string | null = null): Promise<Answer> {
    const { request, rejection } = this.submit(draft, self);
    if (rejection !== undefined) return { type: "Failed", ...rejection };
    await this.until(() => this.#answers.has(request));
    return this.#answers.get(request)!;
  }

  async until(condition: () => boolean): Promise<void> {
    const giveUpAt = performance.now() + WAIT_MS_MAX;
    while (!condition()) {
      if (performance.now() > giveUpAt) {
        const statuses = Array.from({ length: this.shards }, (_, n) => this.system.shard(n).status);
        throw new Error(`what was waited for did not happen: ${JSON.stringify(statuses)}`);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Nothing waits, nothing is in flight, and no message is under way between shards. */
  async settled(): Promise<void> {
    await this.until(() =>
      Array.from({ length: this.shards }, (_, n) => this.system.shard(n).run).every(
        (run) =>
          run !== null &&
          run.isSettled &&
          run.state.pending.size === 0 &&
          run.state.links.every(({ outbox }) => outbox.length === 0),
      ),
    );
  }

  /** Whether a start from now would have nothing to replay; hurries until it is so. */
  get isInSnapshots(): boolean {
    const runs = Array.from({ length: this.shards }, (_, n) => this.system.shard(n).run);
    return runs.every((run) => run !== null && run.isSettled && run.hurryCheckpoint());
  }

  async openWithMoney(id: string, amountCents: number): Promise<void> {
    await this.ask({ type: "OpenAccount", accountId: accountId(id) });
    const reference = `r ${randomUUID()}`;
    await this.ask({ type: "Deposit", accountId: accountId(id), amountCents, reference });
  }

  listLoan(id: string, principalCents: number): Promise<Answer> {
    return this.ask({
      type: "ListLoan",
      loanId: loanId(id),
      borrowerId: accountId("borrower"),
      principalCents,
      stepCents: 1_00,
      minBidCents: 100_00,
      lenderCapCents: null,
      opensAtMs: null,
      closesAtMs: Date.now() + 3_600_000,
      cancellable: true,
    });
  }

  bid(lender: string, loan: string, amountCents: number) {
    const rest = { loanId: loanId(loan), amountCents, fill: "upTo", minCents: null };
    return this.submit({ type: "PlaceBid", ...rest }, lender);
  }

  /** Of all actors of a shard that are in memory. */
  hashes(shard: number): Map<string, string> {
    return cellHashes(this.system.shard(shard).run!.cells.all());
  }

  trialBalance(shard: number): unknown {
    return this.system.shard(shard).run!.state.trial.totals();
  }

  /** The whole journal of a shard from its first entry, without any snapshot. */
  async fullReplay(shard: number): Promise<Recovered> {
    const reader = new JournalReader({
      shard,
      connect: redisConnect(this.#url),
      macKey: MAC_KEY,
    });
    try {
      const source = {
        snapshots: {
          isSealed: false,
          read: () => Promise.resolve(null),
          readParts: () => Promise.resolve(new Map<number, Buffer>()),
          write: () => Promise.reject(new Error("a replay writes nothing")),
        },
        read: () => reader.read(null),
      };
      return await replayShard(source, shard, this.shards, codec, SILENT);
    } finally {
      reader.close();
    }
  }
  /** The auditor's word on the journals, which he replays in a model of his own. */
  async audit(): Promise<AuditReport> {
    const sources = Array.from({ length: this.shards }, (_, shard) =>
      journalSource({ shard, connect: redisConnect(this.#url), macKey: MAC_KEY }),
    );
    try {
      const shardOfAll = (address: Address): number => shardOf(address, this.shards);
      return await audit({ shards: sources, shardOf: shardOfAll, atRest: true });
    } finally {
      for (const source of sources) source.close();
    }
  }
}
