// The order in which things become durable and may be seen. Records gather in the open batch; a
// batch is closed when no message is under way (or after a few turns, or when it is full), sent
// when the journal has room, and what rests on it leaves when it is durable, never before.

import type { Position } from "../journal/position.ts";
import { assert } from "../money/assert.ts";
import { Batch, type Cargo, type SealedBatch } from "./batch.ts";
import { tellSighting, type Sighting, type Waiting } from "./looks.ts";
import type { Release } from "./port.ts";
import type { RunOptions } from "./run-options.ts";
import type { ShardState } from "./shard-state.ts";

export interface CommitHost {
  readonly state: ShardState;
  readonly dead: boolean;
  /** Actors are having their turns; `rested` is called behind them. */
  readonly isRunning: boolean;
  /** Messages in inboxes: a batch waits a little for them. */
  readonly messagesQueued: number;
  /** Shares of repayments under way: a batch waits for them, too, when the journal is busy. */
  readonly legsQueued: number;
  /** A batch was opened: what only waited for one may be written into it. */
  opened(): void;
  /** The shard's state is just that after the last appended batch. */
  boundary(): void;
  /** A batch is durable, and what rested on it has left. */
  committed(cargo: Cargo): void;
}

/** Room beyond the size at which a batch is closed: the largest record fits. */
const LARGEST_RECORD_BYTES = 64 * 1024;

export class CommitQueue {
  readonly batch: Batch;
  /** The last record that is durable. */
  committedRecordNo: number;
  readonly #host: CommitHost;
  readonly #o: RunOptions;
  /** Batches that wait for room among the commits in flight. */
  readonly #waiting: SealedBatch[] = [];
  /** What is sealed and not yet durable, oldest first: in flight, then waiting. */
  readonly #uncommitted: Cargo[] = [];
  #immediate: Waiting[] = [];
  #sightings: Sighting[] = [];
  #sealScheduled = false;
  #turnsOpen = 0;

  constructor(host: CommitHost, options: RunOptions) {
    this.#host = host;
    this.#o = options;
    this.committedRecordNo = host.state.recordNo;
    const { codec, limits, journal } = options;
    const sizeBytes = limits.batchBytesMax + LARGEST_RECORD_BYTES;
    this.batch = new Batch(codec, sizeBytes, (bytes) => journal.payloadOf(bytes));
  }

  /** Every record is written into an open batch. */
  open(at: number): void {
    const { batch } = this;
    if (batch.isOpen) {
      if (batch.writer.length < this.#o.limits.batchBytesMax) return;
      this.#seal();
    }
    const { recordNo, messageNo } = this.#host.state;
    batch.open(at, this.#o.clock.monotonicMs(), recordNo + 1, messageNo + 1);
    this.#turnsOpen = 0;
    this.#scheduleSeal();
    this.#host.opened();
  }

  countRecord(): number {
    const { state } = this.#host;
    state.recordNo++;
    this.batch.lastRecordNo = state.recordNo;
    this.batch.records++;
    return state.recordNo;
  }

  /** Lets something be seen: at once, or with the commit that it depends on. */
  release(release: Waiting, dependsOnRecordNo: number): void {
    if (dependsOnRecordNo <= this.committedRecordNo) {
      this.#immediate.push(release);
      this.#scheduleSeal();
    } else if (this.batch.isOpen) {
      this.batch.releases.push(release);
    } else {
      const youngest = this.#uncommitted.at(-1);
      assert(youngest !== undefined, "what is not durable is in a batch");
      youngest.releases.push(release);
    }
  }

  /** What is written and not yet durable: the open batch and all closed ones. */
  get undurable(): readonly Pick<Cargo, "letters">[] {
    return [this.batch, ...this.#uncommitted];
  }

  /** No batch is open and none waits. */
  get isAtBoundary(): boolean {
    return this.#waiting.length === 0 && !this.batch.isOpen;
  }

  get isSettled(): boolean {
    return this.isAtBoundary && this.#o.journal.inFlight === 0 && this.#immediate.length === 0;
  }

  /** Something may go on: a commit came back, or the journal is well again. */
  resume(): void {
    if (this.batch.isOpen || this.#waiting.length > 0) this.#scheduleSeal();
  }

  /** Actors had their turns: what they came to need not wait for another turn of the event loop. */
  rested(): void {
    if (!this.#sealScheduled) this.#sealSoon();
  }

  #scheduleSeal(): void {
    if (this.#sealScheduled || this.#host.isRunning) return;
    this.#sealScheduled = true;
    this.#o.scheduler.soon(this.#sealSoon);
  }

  readonly #sealSoon = (): void => {
    this.#sealScheduled = false;
    if (this.#host.dead) return;
    this.#flushImmediate();
    this.#appendWaiting();
    const { batch } = this;
    if (!batch.isOpen || !this.#o.journal.ready) return;
    if (this.#isMoreToCome && this.#turnsOpen < this.#o.limits.sealTurnsMax) {
      this.#turnsOpen++;
      this.#scheduleSeal();
      return;
    }
    this.#seal();
  };

  /** Legs need not share the commit of the payment: they are booked while that is written. */
  get #isMoreToCome(): boolean {
    const { messagesQueued, legsQueued } = this.#host;
    return messagesQueued > 0 || (legsQueued > 0 && this.#o.journal.inFlight > 0);
  }

  #flushImmediate(): void {
    if (this.#immediate.length === 0) return;
    const releases = this.#immediate;
    this.#immediate = [];
    // An owner that may have been replaced without knowing must not show what may be old.
    const { journal, limits } = this.#o;
    const safe = journal.leaseHeld
      ? releases
      : releases.map((release) => unavailable(release, limits.retryAfterMs));
    this.#letOut(journal.committed, safe);
  }

  #seal(): void {
    const { trial } = this.#host.state;
    assert(trial.differenceCents() === 0n, "the trial balance is zero at each commit");
    const sealed = this.batch.seal();
    this.#uncommitted.push(sealed.cargo);
    this.#waiting.push(sealed);
    this.#o.counters.records += this.batch.records;
    this.#appendWaiting();
  }

  #appendWaiting(): void {
    const { journal } = this.#o;
    while (this.#waiting.length > 0 && journal.ready && !this.#host.dead) {
      const { payload, cargo } = this.#waiting.shift()!;
      journal.append(payload, cargo);
    }
    if (this.isAtBoundary) this.#host.boundary();
  }

  /** A batch is durable: now, and in this order, everything that rests on it may be seen. */
  committed(cargo: Cargo, position: Position): void {
    if (this.#host.dead) return;
    this.committedRecordNo = cargo.lastRecordNo;
    assert(this.#uncommitted.shift() === cargo, "batches become durable in order");
    const { counters, clock, onAlarm, onPayout } = this.#o;
    counters.commits++;
    counters.legs += cargo.legs;
    counters.onCommit((clock.monotonicMs() - cargo.openedMs) / 1_000, cargo.bytes);
    for (const [key, atMs] of cargo.alarms) onAlarm(key, atMs);
    for (const change of cargo.payouts) onPayout(change);
    if (cargo.releases.length > 0) this.#letOut(position, cargo.releases);
    this.#host.committed(cargo);
    this.resume();
  }

  #letOut(position: Position, releases: readonly Waiting[]): void {
    this.#o.onAnswered(this.#count(releases));
    const text = `${this.#host.state.shard}:${position.epoch}-${position.seq}`;
    if (this.#sightings.length === 0) {
      this.#o.outlet.release(text, releases as readonly Release[]);
      return;
    }
    const sightings = this.#sightings;
    this.#sightings = [];
    this.#o.outlet.release(text, releases.filter(isRelease));
    for (const sighting of sightings) tellSighting(sighting, text);
  }

  /** Counts answers, and bids by what they came to; lays aside what does not go out. */
  #count(releases: readonly Waiting[]): number {
    let answers = 0;
    let accepted = 0;
    const { bids, onReply } = this.#o.counters;
    const nowMs = this.#o.clock.monotonicMs();
    for (const release of releases) {
      if (release.kind === "sighting") this.#sightings.push(release);
      if (release.kind !== "answer") continue;
      const { request, answer } = release;
      answers++;
      onReply((nowMs - (request.takenInMs ?? nowMs)) / 1_000);
      if (request.command.type !== "PlaceBid") continue;
      if (answer.type !== "Refused" && answer.type !== "Failed") accepted++;
      else bids.set(answer.code, (bids.get(answer.code) ?? 0) + 1);
    }
    if (accepted > 0) bids.set("accepted", (bids.get("accepted") ?? 0) + accepted);
    return answers;
  }
}

function isRelease(waiting: Waiting): waiting is Release {
  return waiting.kind !== "sighting";
}

function unavailable(release: Waiting, retryAfterMs: number): Waiting {
  if (release.kind === "sighting") return { ...release, seen: { ok: false, code: "unavailable" } };
  if (release.kind !== "answer" || release.answer.type === "Failed") return release;
  return { ...release, answer: { type: "Failed", code: "unavailable", retryAfterMs } };
}
