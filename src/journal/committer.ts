// Carries batches into Redis, in order, each exactly once, whatever happens on the way; and says
// what may be released, in order, as soon as Redis has it. Rules 2 to 6 of OWNER-RULES.md are here.
//
// It must never change a batch that was sent, never take a read for the fate of a batch in flight,
// never release a batch that Redis has not confirmed, and never release or send anything after it
// has halted.
//
// One connection at a time. After a refusal nothing more is sent until all that was sent has its
// answer; then all that is not confirmed is sent again, in order, the same bytes. So on a new one.

import { assert } from "../money/assert.ts";
import { BatchWindow, type Batch } from "./batch-window.ts";
import type { Clock, Timers } from "./clock.ts";
import { CommitLink, type CommitAnswer, type CommitAnswers } from "./commit-link.ts";
import { RedisReplyError, type RedisConnect } from "./connection.ts";
import { tooFewReplicas, type HaltReason } from "./errors.ts";
import { LOAD_LIBRARY, isLibraryMissing } from "./functions.ts";
import { fencedHead, judgeHead } from "./head.ts";
import type { ShardKeys } from "./keys.ts";
import type { JournalLimits } from "./limits.ts";
import type { PayloadMemory } from "./payload-memory.ts";
import { formatPosition } from "./position.ts";
import { Trouble } from "./trouble.ts";

export interface CommitterOptions<Cargo> {
  readonly keys: ShardKeys;
  readonly epoch: number;
  readonly connect: RedisConnect;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: JournalLimits;
  /** Where payloads are, until they cannot be asked for again. */
  readonly memory: PayloadMemory;
  /** Redis has this batch and all before it. In order, once for each batch. */
  onCommitted(batch: Batch<Cargo>): void;
  onDegraded(degraded: boolean, reason: string): void;
  /** Redis had gone back, and has been given again what it lost. */
  onRewound(detail: string): void;
  onHalted(reason: HaltReason, detail: string): void;
}

/** After a rewind there may be thousands of batches to send again: so many at once, in count. */
const RESEND_MAX = 32;

export class Committer<Cargo> implements CommitAnswers<Cargo> {
  readonly #options: CommitterOptions<Cargo>;
  readonly #window: BatchWindow<Cargo>;
  readonly #trouble: Trouble;
  #link: CommitLink<Cargo> | undefined;
  #connecting = false;
  #offRetry: (() => void) | undefined;
  #libraryMissing = false;
  #rewindDetail: string | undefined;
  #stopped = false;

  constructor(options: CommitterOptions<Cargo>) {
    this.#options = options;
    this.#window = new BatchWindow(options.memory);
    this.#trouble = new Trouble({
      timers: options.timers,
      limits: options.limits,
      onDegraded: (degraded, reason) => options.onDegraded(degraded, reason),
      onExhausted: (detail) => this.#halt("retry_exhausted", detail),
    });
    this.#connect();
  }

  get inFlight(): number {
    return this.#window.inFlight;
  }

  get isDegraded(): boolean {
    return this.#trouble.isDegraded || this.#window.isRewound;
  }

  /** Takes a batch on: it is sent at once, or as soon as trouble allows. */
  commit(batch: Batch<Cargo>): void {
    assert(!this.#stopped, "a committer that has stopped takes nothing");
    this.#window.push(batch);
    const link = this.#link;
    if (link !== undefined && !link.blocked && !link.behind) link.send(batch);
  }

  /** Nothing is sent or released from now on. What is on its way may still be committed. */
  stop(): void {
    this.#stopped = true;
    this.#trouble.end(false);
    this.#offRetry?.();
    this.#link?.connection.close();
    this.#link = undefined;
  }

  /**
   * Forgets acknowledged batches that are too old to be of use. While there is trouble none grows
   * old: a master that was left behind may be found out only after longer than they are kept.
   */
  dropOld(): void {
    const { clock, limits } = this.#options;
    const sinceMs = this.#trouble.isOn ? -Infinity : clock.nowMs() - limits.keepAcknowledgedMs;
    this.#window.drop(sinceMs, limits.keepAcknowledgedBytesMax);
  }

  /** Somebody else has noticed that Redis does not answer. */
  suspect(reason: string): void {
    // What is in flight would notice by itself, and knows better.
    if (this.#stopped || this.#trouble.isOn || this.inFlight > 0 || !this.#link) return;
    if (isLibraryMissing(reason)) this.#libraryMissing = true;
    this.#lost(this.#link, reason);
    this.#trouble.degrade();
  }

  /** The head that must be seen as long as nothing is in flight; undefined while something is. */
  get headAtRest(): string | undefined {
    return this.#window.hasUnconfirmed ? undefined : this.#window.lastHead;
  }

  /** Another head was seen, elsewhere and at rest: Redis went back, or we are fenced. */
  surprise(head: string): void {
    if (this.#stopped || this.#trouble.isOn || this.#window.hasUnconfirmed || !this.#link) return;
    this.#link.misplaced = true; // It may lead to who was the master before.
    this.#wentElsewhere(this.#link, head);
    if (!this.#stopped) this.#retryLater();
  }

  replicated(link: CommitLink<Cargo>, error: Error | null, count: number): void {
    if (this.#stopped || link !== this.#link) return;
    link.awaiting--;
    const { replicasMin } = this.#options.limits;
    if (error !== null) this.#failed(link, error);
    else if (count >= replicasMin) {
      this.#confirmReached(link);
      this.#proved(link);
    } else {
      // It waits for them as it would for Redis itself: nothing is released meanwhile. Perhaps it
      // has lost them to another master.
      link.blocked = true;
      link.misplaced = true;
      this.#trouble.enter(tooFewReplicas(count, replicasMin));
      this.#trouble.degrade();
    }
    this.#allAnswered(link);
  }

  probed(link: CommitLink<Cargo>, error: Error | null): void {
    if (this.#stopped || link !== this.#link) return;
    link.awaiting--;
    if (error !== null) {
      link.reached = undefined;
      this.#failed(link, error);
    } else if (this.#options.limits.replicasMin === 0) this.#proved(link);
    this.#allAnswered(link);
  }

  committed(link: CommitLink<Cargo>, answer: CommitAnswer<Cargo>): void {
    const { batch, isProbed, error, reply } = answer;
    // What an abandoned connection says comes too late: its batches were sent again already.
    if (this.#stopped || link !== this.#link) return;
    link.awaiting--;
    if (error === null) {
      const id = formatPosition(batch.position);
      assert(String(reply) === id, "answers come in the order of commits");
      this.#reached(link, batch.head);
    } else {
      const head = error instanceof RedisReplyError ? fencedHead(error.message) : undefined;
      if (head === undefined) this.#failed(link, error);
      else this.#fenced(link, batch, head, isProbed);
    }
    this.#allAnswered(link);
  }

  #failed(link: CommitLink<Cargo>, error: Error): void {
    if (error instanceof RedisReplyError) this.#refused(link, error);
    else this.#lost(link, error.message);
  }

  #allAnswered(link: CommitLink<Cargo>): void {
    if (link !== this.#link || link.awaiting > 0) return;
    if (link.blocked) this.#retryLater();
    else if (link.behind) this.#resend(link);
  }

  /** The master has it. Where replicas must have it too, they are asked behind it. */
  #reached(link: CommitLink<Cargo>, head: string): void {
    link.reached = head;
    if (this.#options.limits.replicasMin === 0) this.#confirmReached(link);
  }

  #confirmReached(link: CommitLink<Cargo>): void {
    const prefix = link.reached === undefined ? undefined : this.#window.prefixOf(link.reached);
    if (prefix !== undefined) this.#confirm(link, prefix);
  }

  #confirm(link: CommitLink<Cargo>, prefix: number): void {
    if (!this.#window.confirm(prefix)) return;
    if (this.#trouble.isOn) {
      if (link.blocked || this.#window.isRewound) this.#trouble.progress();
      else this.#heal();
    }
    const nowMs = this.#options.clock.nowMs();
    for (;;) {
      // A callback may halt the shard; then nothing more may come out.
      const batch = this.#stopped ? undefined : this.#window.release(nowMs);
      if (batch === undefined) break;
      this.#options.onCommitted(batch);
      // What waited for the commit is done with. Kept with the bytes for ten seconds it would be
      // most of the heap.
      batch.cargo = null;
    }
    this.dropOld();
  }

  #heal(): void {
    const detail = this.#rewindDetail;
    this.#rewindDetail = undefined;
    // Before anything is written on top: what else was lost matters to whoever trims.
    if (detail !== undefined) this.#options.onRewound(detail);
    this.#trouble.end();
  }

  /** Rule 3. Redis says where the journal ends, and that is not where this batch belongs. */
  #fenced(link: CommitLink<Cargo>, batch: Batch<Cargo>, head: string, isProbed: boolean): void {
    const prefix = this.#window.prefixOf(head);
    if (prefix === undefined || this.#window.isConfirmedBeyond(prefix)) {
      // Answers of one connection come in order, and an older connection's were heard before it
      // was given up: a head behind what is confirmed means that Redis itself has gone back.
      this.#wentElsewhere(link, head);
      return;
    }
    if (prefix < this.#window.prefixThrough(batch)) {
      link.blocked = true;
      this.#trouble.enter("a commit found the journal behind it");
    }
    if (isProbed || this.#options.limits.replicasMin === 0) {
      this.#reached(link, head);
      return;
    }
    // Of what this connection did not write its replicas say nothing: once more, with a probe.
    link.blocked = true;
    this.#trouble.enter("a commit found itself in the journal");
  }

  /** Rule 6, or the end. The head is not where the confirmed batches end. */
  #wentElsewhere(link: CommitLink<Cargo>, head: string): void {
    const prefix = this.#window.prefixOf(head);
    if (prefix === undefined) {
      const { reason, detail } = judgeHead(head, this.#options.epoch, this.#window.oldestSeq);
      this.#halt(reason, detail);
      return;
    }
    this.#window.rewind(prefix);
    link.reached = head;
    this.#rewindDetail = `Redis went back to ${head.split(":")[0]}`;
    link.blocked = true;
    this.#trouble.enter(this.#rewindDetail);
    this.#trouble.degrade();
  }

  /** Rule 4. Redis cannot write now; nothing of this batch has been written by this call. */
  #refused(link: CommitLink<Cargo>, { message, isElsewhere }: RedisReplyError): void {
    // Redis refuses an id that is not above the last: somebody has touched head or journal.
    if (/equal or smaller than the target|WRONGTYPE|^GONE\b/.test(message)) {
      this.#halt("tampered", `head and journal do not match: ${message}`);
      return;
    }
    if (isLibraryMissing(message)) this.#libraryMissing = true;
    link.blocked = true;
    link.misplaced ||= isElsewhere;
    this.#trouble.enter(message);
    this.#trouble.degrade();
  }

  /** Rule 2. The connection is gone, and what was sent on it may be committed, now or later. */
  #lost(link: CommitLink<Cargo>, reason: string): void {
    if (this.#stopped || link !== this.#link) return;
    this.#link = undefined;
    link.connection.close();
    this.#trouble.enter(reason);
    if (this.#trouble.isFirstTry) this.#connect();
    else this.#retryLater();
  }

  #connect(): void {
    if (this.#connecting) return;
    this.#connecting = true;
    this.#options.connect("journal").then(
      (connection) => {
        this.#connecting = false;
        if (this.#stopped) {
          connection.close();
          return;
        }
        const { keys, limits } = this.#options;
        const link = new CommitLink(connection, keys, limits, this);
        this.#link = link;
        connection.onClose((reason) => this.#lost(link, reason));
        this.#resend(link);
      },
      (error: unknown) => {
        this.#connecting = false;
        if (this.#stopped) return;
        this.#trouble.enter((error as Error).message);
        this.#retryLater();
      },
    );
  }

  #resend(link: CommitLink<Cargo>): void {
    this.#trouble.tried();
    link.blocked = false;
    link.behind = false;
    if (this.#libraryMissing) {
      this.#libraryMissing = false;
      // Its failure shows in the commits behind it.
      link.connection.send("FUNCTION", LOAD_LIBRARY, () => {});
    }
    const batches = this.#window.unconfirmed(RESEND_MAX + 1);
    link.behind = batches.length > RESEND_MAX;
    if (batches.length > 0) link.sendAgain(batches.slice(0, RESEND_MAX));
    // Nothing waits to be sent: that Redis can be written ends the trouble.
    else if (this.#trouble.isOn) link.probe();
  }

  #proved(link: CommitLink<Cargo>): void {
    if (this.#trouble.isOn && !link.blocked && !this.#window.hasUnconfirmed) this.#heal();
  }

  #retryLater(): void {
    if (this.#offRetry !== undefined) return;
    this.#offRetry = this.#options.timers.after(this.#trouble.delayMs, () => {
      this.#offRetry = undefined;
      if (this.#stopped) return;
      if (this.#link?.misplaced === true) {
        this.#link.connection.close();
        this.#link = undefined;
      }
      if (this.#link === undefined) {
        this.#trouble.tried();
        this.#connect();
      } else if (this.#link.awaiting === 0) {
        this.#resend(this.#link);
      }
    });
  }

  #halt(reason: HaltReason, detail: string): void {
    if (this.#stopped) return;
    this.stop();
    this.#options.onHalted(reason, detail);
  }
}
