// The keeper of a shard: gives it a life, and another one when the first has ended. Between lives
// everything is refused as unavailable. What cannot be healed by starting again (another owner, a
// rewound or tampered journal) ends the shard until an operator looks at it.

import { DAMAGED, JournalError, type HaltReason } from "../journal/errors.ts";
import type { Position } from "../journal/position.ts";
import type { Cargo } from "./batch.ts";
import { replayShard, type ReplaySource } from "./replay.ts";
import type { RunJournal } from "./run-journal.ts";
import type { RunOptions } from "./run-options.ts";
import { ShardRun } from "./shard-run.ts";

export interface JournalCallbacks {
  onCommitted(cargo: Cargo, position: Position): void;
  onDegraded(degraded: boolean, reason: string): void;
  onHalted(reason: HaltReason, detail: string): void;
  /** Redis lost what it had acknowledged and got it again: snapshots may be older than we think. */
  onRewound(detail: string): void;
  /** Another server has the shard: it is waited for. */
  onWaiting(holder: string): void;
}

export type OwnedJournal = RunJournal & ReplaySource & { close(): Promise<void> };

/** Takes the shard over: fences whoever owned it before. */
export type OpenJournal = (shard: number, callbacks: JournalCallbacks) => Promise<OwnedJournal>;

export interface ShardOptions extends Omit<RunOptions, "journal" | "onFailed"> {
  readonly openJournal: OpenJournal;
  /** Every change of `status`. */
  readonly onStatus: () => void;
  /** Another server has the shard now, or is about to. */
  readonly onLost: (reason: string) => void;
}

export type ShardStatus =
  | { readonly status: "recovering" }
  | { readonly status: "standing by"; readonly reason: string }
  | { readonly status: "serving" }
  | { readonly status: "degraded"; readonly reason: string }
  | { readonly status: "failed"; readonly reason: string }
  | { readonly status: "stopped" };

const RESTART_DELAYS_MS = [100, 200, 500, 1_000, 2_000, 5_000];

/** Ends that another life would only repeat, or make worse. */
const FATAL: ReadonlySet<string> = new Set([
  "fenced",
  "lease_lost",
  ...DAMAGED,
  "anchor_invalid",
  "wrong_shard_count",
]);
/** Those of them that mean another server. */
const LOST: ReadonlySet<string> = new Set(["fenced", "lease_lost"]);

export class Shard {
  readonly shard: number;
  readonly #shards: number;
  readonly #o: ShardOptions;
  #run: ShardRun | null = null;
  #journal: OwnedJournal | null = null;
  #status: ShardStatus = { status: "recovering" };
  #restarts = 0;
  #quarantined = 0;
  #stopping = false;
  #hasServed = false;

  constructor(shard: number, shards: number, options: ShardOptions) {
    this.shard = shard;
    this.#shards = shards;
    this.#o = options;
  }

  get status(): ShardStatus {
    return this.#status;
  }

  /** The present life, when there is one that serves. */
  get run(): ShardRun | null {
    return this.#run;
  }

  get quarantined(): number {
    return this.#quarantined;
  }

  /** Resolves when the shard serves; rejects when it cannot be taken over or recovered. */
  start(): Promise<void> {
    return this.#live().catch((error: unknown) => {
      this.#notStarted(error);
      throw error;
    });
  }

  async #live(): Promise<void> {
    const startedMs = this.#o.clock.monotonicMs();
    this.#become({ status: "recovering" });
    // Callbacks of a journal whose life is over find `run` to be another one, or none.
    let run: ShardRun | null = null;
    const journal = await this.#o.openJournal(this.shard, {
      onCommitted: (cargo, position) => run?.durable(cargo, position),
      onDegraded: (degraded, reason) => this.#degraded(run, degraded, reason),
      onHalted: (reason, detail) => run?.fail(reason, new Error(detail)),
      onRewound: (detail) => run?.fail("rewound_healed", new Error(detail)),
      onWaiting: (holder) => this.#standBy(`the lease is held by ${holder}`),
    });
    this.#journal = journal;
    this.#unlessStopping();
    this.#become({ status: "recovering" });
    const { codec, log, counters } = this.#o;
    const recovered = await replayShard(journal, this.shard, this.#shards, codec, log);
    this.#unlessStopping();
    for (const [key, atMs] of recovered.state.alarms.entries()) this.#o.onAlarm(key, atMs);
    for (const payout of recovered.state.payouts.values()) {
      const { accountId, withdrawalNo } = payout;
      this.#o.onPayout({ accountId, withdrawalNo, payout });
    }
    this.#quarantined = recovered.quarantined.length;
    const options = { ...this.#o, journal, onFailed: this.#onFailed };
    run = new ShardRun(options, recovered.state, recovered.cells);
    this.#run = run;
    const seconds = (this.#o.clock.monotonicMs() - startedMs) / 1_000;
    counters.recoveries++;
    counters.lastRecoverySeconds = seconds;
    const { events, entries } = recovered;
    counters.lastRecoveryEvents = events;
    log.info({ shard: this.shard, events, entries, seconds }, "shard serves");
    run.start();
    journal.snapshots.checkAll((error) => {
      log.warn({ shard: this.shard, error }, "snapshots are not all looked at yet: tried again");
    });
    this.#hasServed = true;
    this.#become({ status: "serving" });
  }

  /** What was begun before it was asked to stop must not be finished after it. */
  #unlessStopping(): void {
    if (this.#stopping) throw new JournalError("closed", "the server stops");
  }

  #standBy(reason: string): void {
    const { status } = this;
    if (status.status === "standing by" && status.reason === reason) return;
    // Between two lives of ours another server was faster: it will have the others as well.
    if (this.#hasServed) this.#o.onLost("lease_lost");
    this.#o.log.info({ shard: this.shard, reason }, "the shard stands by");
    this.#become({ status: "standing by", reason });
  }

  #become(status: ShardStatus): void {
    this.#status = status;
    this.#o.onStatus();
  }

  #degraded(run: ShardRun | null, degraded: boolean, reason: string): void {
    if (run === null || run.dead) return;
    run.setDegraded(degraded);
    const facts = { shard: this.shard, reason };
    if (degraded) this.#o.log.warn(facts, "degraded: commits do not get through");
    else this.#o.log.info(facts, "commits get through again");
    this.#become(degraded ? { status: "degraded", reason } : { status: "serving" });
  }

  readonly #onFailed = (reason: string, error: unknown): void => {
    this.#o.log.error({ shard: this.shard, reason, error }, "the shard stops and recovers");
    this.#run = null;
    this.#o.outlet.reset(this.shard, reason);
    this.#become({ status: "failed", reason });
    if (LOST.has(reason)) this.#o.onLost(reason);
    // It keeps the lease: nobody is to go on from there before somebody has looked.
    if (DAMAGED.has(reason)) return;
    const journal = this.#journal;
    this.#journal = null;
    const closed = journal === null ? Promise.resolve() : journal.close();
    const again = (): void => {
      if (!this.#stopping && !FATAL.has(reason)) this.#restart();
    };
    closed.then(again, again);
  };

  #restart(): void {
    const delayMs = RESTART_DELAYS_MS[Math.min(this.#restarts, RESTART_DELAYS_MS.length - 1)]!;
    this.#restarts++;
    this.#o.scheduler.after(delayMs, () => {
      if (this.#stopping) return;
      this.#live().then(
        () => (this.#restarts = 0),
        (error: unknown) => {
          if (!FATAL.has(this.#notStarted(error))) this.#restart();
        },
      );
    });
  }

  /** Leaves nothing of the attempt behind; tells the reason. */
  #notStarted(error: unknown): string {
    const reason = (error as Partial<JournalError>).code ?? "recovery_failed";
    const facts = { shard: this.shard, error };
    if (reason === "closed") this.#o.log.info({ shard: this.shard }, "the shard is not taken");
    else this.#o.log.error(facts, "the shard did not recover");
    const journal = this.#journal;
    this.#journal = null;
    if (journal !== null) journal.close().then(undefined, () => undefined);
    this.#become({ status: "failed", reason });
    return reason;
  }

  /** Stops after what was taken in is durable and in snapshots, or after `waitMs`. */
  async stop(waitMs: number): Promise<void> {
    this.#stopping = true;
    const until = this.#o.clock.monotonicMs() + waitMs;
    const isDone = (run: ShardRun): boolean => run.isSettled && run.hurryCheckpoint();
    while (this.#run !== null && !isDone(this.#run) && this.#o.clock.monotonicMs() < until) {
      await new Promise<void>((resolve) => void this.#o.scheduler.after(5, resolve));
    }
    this.#run?.stop();
    this.#run = null;
    await this.#journal?.close();
    this.#journal = null;
    this.#become({ status: "stopped" });
  }
}
