// One life of a shard, from recovery to the moment it stops: resident actors, the batch that is
// being filled, and the order in which things may leave. It is thrown away whole when anything is
// wrong; the journal is the truth, and the next life starts from it.

import { JournalError } from "../journal/errors.ts";
import type { Position } from "../journal/position.ts";
import type { RecordCodec, Typed } from "../journal/records.ts";
import type { Batch, Cargo } from "./batch.ts";
import type { Bus } from "./bus.ts";
import { Cell, cellKey, type Item } from "./cell.ts";
import { Cells } from "./cells.ts";
import { CommitQueue, type CommitHost } from "./commit-queue.ts";
import { Correspondence } from "./correspondence.ts";
import type { RuntimeCounters } from "./counters.ts";
import type { Clock, Scheduler } from "./environment.ts";
import { KINDS, type ActorKind } from "./kind.ts";
import type { RuntimeLimits } from "./limits.ts";
import { Loader } from "./loader.ts";
import type { Outlet, Release, Request } from "./port.ts";
import type { RunJournal } from "./run-journal.ts";
import type { PendingMessage, ShardState } from "./shard-state.ts";
import { Shell, type ShellHost } from "./shell.ts";
import { Snapshotter } from "./snapshotter.ts";
import { Turns, type TurnHost } from "./turns.ts";

export interface RunOptions {
  readonly journal: RunJournal;
  readonly codec: RecordCodec;
  readonly bus: Bus;
  readonly outlet: Outlet;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly limits: RuntimeLimits;
  readonly counters: RuntimeCounters;
  readonly log: RunLog;
  /** Answers leave: so many requests are no longer in flight. */
  readonly onAnswered: (answers: number) => void;
  /** Open loans changed, durably. */
  readonly onAlarm: (key: string, atMs: number | null) => void;
  /** This life is over. */
  readonly onFailed: (reason: string, error: unknown) => void;
}

export interface RunLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

const TICK_MS = 20;
const SWEEP_CELLS = 2_000;

export class ShardRun implements ShellHost, CommitHost, TurnHost {
  readonly state: ShardState;
  readonly batch: Batch;
  readonly cells: Cells;
  degraded = false;
  dead = false;
  hasQuarantined = false;

  readonly #o: RunOptions;
  readonly #shell: Shell;
  readonly #turns: Turns;
  readonly #loader: Loader;
  readonly #snapshotter: Snapshotter;
  readonly #commits: CommitQueue;
  readonly #letters: Correspondence;
  messagesQueued = 0;
  itemsQueued = 0;
  #stopTick: () => void = () => undefined;

  constructor(options: RunOptions, state: ShardState, cells: Cells) {
    this.#o = options;
    this.state = state;
    this.cells = cells;
    this.#commits = new CommitQueue(this, options);
    this.batch = this.#commits.batch;
    this.#letters = new Correspondence(this, this.#commits, options);
    this.#shell = new Shell(this, options.codec);
    const { clock, limits } = options;
    this.#turns = new Turns(this, `shard-${state.shard}`, clock, limits.turnItemsMax);
    this.#loader = new Loader(options.journal.snapshots, {
      loaded: (cell) => this.#loaded(cell),
      failed: (cell) => this.#loadFailed(cell),
      // Tampered with: another life would read the same, so the shard stays down.
      broken: (error) => this.fail(isTampered(error) ? "tampered" : "snapshot_invalid", error),
    });
    this.#snapshotter = new Snapshotter(this, options);
    for (const cell of cells.all()) {
      if (cell.phase === "quarantined") this.hasQuarantined = true;
      if (cell.changedAt > cell.snapshotAt) this.#snapshotter.changed(cell);
    }
    state.postman = {
      local: (messageNo, message) => this.#deliverMessage(messageNo, message),
      remote: (toShard, letter) => void this.batch.letters.push([toShard, letter]),
    };
  }

  get committedRecordNo(): number {
    return this.#commits.committedRecordNo;
  }

  get commitsInFlight(): number {
    return this.#o.journal.inFlight;
  }

  /** Serves: carries out what recovery found under way, and listens to other shards. */
  start(): void {
    for (const [messageNo, message] of this.state.pending.entries()) {
      this.#deliverMessage(messageNo, message);
    }
    this.#letters.attach();
    this.#tick();
  }

  // ------------------------------------------------------------------ taking in

  /** A request for an actor; false when its inbox is full. */
  submit(kind: ActorKind, id: string, request: Request, at: number): boolean {
    const cell = this.cells.get(kind.number, id) ?? this.#load(kind, id);
    if (cell.inbox.length >= this.#o.limits.mailboxMax) return false;
    this.#deliver(cell, { command: request.command, at, request, messageNo: 0 });
    return true;
  }

  unwatch(kind: ActorKind, id: string): void {
    const cell = this.cells.get(kind.number, id);
    if (cell !== undefined) cell.watched = false;
  }

  #deliverMessage(messageNo: number, { to, command, at }: PendingMessage): void {
    const kind = KINDS[to.kind];
    const cell = this.cells.get(kind.number, to.id) ?? this.#load(kind, to.id);
    this.messagesQueued++;
    this.#deliver(cell, { command, at, request: null, messageNo });
  }

  #deliver(cell: Cell, item: Item): void {
    if (cell.phase === "quarantined") {
      if (item.messageNo !== 0) this.messagesQueued--;
      if (item.request !== null) this.#shell.answerFailed(item.request, "actor_quarantined");
      return;
    }
    this.itemsQueued++;
    cell.inbox.push(item);
    if (cell.phase === "ready" && !cell.awake) this.#turns.wake(cell);
  }

  // ------------------------------------------------------------------ turns

  handle(cell: Cell, item: Item): void {
    this.itemsQueued--;
    if (item.messageNo !== 0) this.messagesQueued--;
    this.#shell.handle(cell, item);
  }

  /** Supervision: nact hands us what a turn threw. */
  crashed(error: unknown): void {
    if (this.dead) return;
    const { stage, current: item } = this.#shell;
    const cell = this.#turns.actor;
    if (cell === null || item === null || stage !== "decide") {
      this.fail("evolve_failed", error);
      return;
    }
    const actor = cellKey(cell.kind.name, cell.id);
    // decide only reads: nothing is harmed but this command. A message stays pending, so that a
    // mended program carries it out after its next start.
    this.#o.counters.decideErrors++;
    this.#o.log.error({ actor, command: item.command.type, error }, "decide threw");
    this.#shell.stage = "idle";
    this.#shell.current = null;
    if (item.request !== null) this.#shell.answerFailed(item.request, "internal_error");
    this.#turns.goOnAfterCrash();
  }

  // ------------------------------------------------------------------ commits

  openBatch(at: number): void {
    this.#commits.open(at);
  }

  opened(): void {
    this.#letters.writeReceipts();
  }

  countRecord(): number {
    return this.#commits.countRecord();
  }

  changed(cell: Cell): void {
    this.#snapshotter.changed(cell);
  }

  release(release: Release, dependsOnRecordNo: number): void {
    this.#commits.release(release, dependsOnRecordNo);
  }

  boundary(): void {
    this.#snapshotter.boundary();
  }

  get isQuietBoundary(): boolean {
    return this.#commits.isAtBoundary;
  }

  /** The journal has it: what rests on it leaves. */
  durable(cargo: Cargo, position: Position): void {
    this.#commits.committed(cargo, position);
  }

  committed(cargo: Cargo): void {
    this.#letters.committed(cargo);
    this.#snapshotter.committed();
  }

  // ------------------------------------------------------------------ loading and leaving

  #load(kind: ActorKind, id: string): Cell {
    const cell = new Cell(kind, id);
    this.cells.add(cell);
    this.#loader.load(cell);
    return cell;
  }

  #loaded(cell: Cell): void {
    if (this.dead) return;
    this.#o.counters.loaded++;
    cell.phase = "ready";
    cell.lastUsedMs = this.#o.clock.monotonicMs();
    if (cell.inbox.length > 0) this.#turns.wake(cell);
  }

  /** Redis does not answer: requests are refused, messages wait and the load is tried again. */
  #loadFailed(cell: Cell): void {
    if (this.dead) return;
    const messages = cell.inbox.filter((item) => item.request === null);
    for (const { request } of cell.inbox) {
      if (request === null) continue;
      this.itemsQueued--;
      this.#shell.answerFailed(request, "unavailable");
    }
    cell.inbox = messages;
    if (messages.length === 0) this.cells.remove(cell);
    else this.#o.scheduler.after(RELOAD_MS, () => this.#loader.load(cell));
  }

  #sweep(): void {
    const idleBefore = this.#o.clock.monotonicMs() - this.#o.limits.idleMs;
    for (const cell of this.cells.sweep(SWEEP_CELLS)) {
      if (cell.phase !== "ready" || cell.awake || cell.inbox.length > 0 || cell.watched) continue;
      const idle = cell.isAbsent || cell.lastUsedMs < idleBefore;
      const durable = cell.changedAt <= this.committedRecordNo && cell.changedAt <= cell.snapshotAt;
      if (!idle || !durable || cell.state.outcomes.hasOpen) continue;
      this.cells.remove(cell);
      this.#turns.stop(cell);
      this.#o.counters.passivated++;
    }
  }

  // ------------------------------------------------------------------ time and end

  #tick(): void {
    if (this.dead) return;
    const now = this.#o.clock.wallMs();
    for (const key of this.state.alarms.takeDue(now)) {
      const slash = key.indexOf("/");
      const kind = KINDS[key.slice(0, slash) as keyof typeof KINDS];
      const id = key.slice(slash + 1);
      const cell = this.cells.get(kind.number, id) ?? this.#load(kind, id);
      this.#deliver(cell, { command: ALARM_RANG, at: now, request: null, messageNo: 0 });
    }
    if (this.#letters.hasReceipts) this.openBatch(now);
    this.#sweep();
    this.#snapshotter.tick();
    this.#stopTick = this.#o.scheduler.after(TICK_MS, () => this.#tick());
  }

  /** True when all is in snapshots; hurries until it is. Used at shutdown. */
  hurryCheckpoint(): boolean {
    if (!this.#snapshotter.isCurrent) this.#snapshotter.hurry();
    return this.#snapshotter.isCurrent;
  }

  setDegraded(degraded: boolean): void {
    this.degraded = degraded;
    if (!degraded) this.#commits.resume();
  }

  /** All is over at once: nothing more leaves, whatever was speculative is forgotten. */
  fail(reason: string, error: unknown): void {
    if (this.dead) return;
    this.stop();
    this.#o.onFailed(reason, error);
  }

  stop(): void {
    this.dead = true;
    this.#stopTick();
    this.#letters.detach();
    this.#turns.close();
  }

  /** Waits until everything that was taken in is durable; used at shutdown. */
  get isSettled(): boolean {
    return this.itemsQueued === 0 && this.#commits.isSettled;
  }
}

function isTampered(error: unknown): boolean {
  return error instanceof JournalError && error.code === "tampered";
}

const ALARM_RANG: Typed = { type: "AlarmRang" };
const RELOAD_MS = 250;
