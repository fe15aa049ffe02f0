// One life of a shard, from recovery to the moment it stops: resident actors, the batch that is
// being filled, and the order in which things may leave. It is thrown away whole when anything is
// wrong; the journal is the truth, and the next life starts from it.

import { MANY_ACCOUNTS } from "../../actors/address.ts";
import type { Position } from "../journal/position.ts";
import type { Typed } from "../journal/records.ts";
import type { Batch, Cargo } from "./batch.ts";
import { Cell, cellKey, type Item } from "./cell.ts";
import { Cells } from "./cells.ts";
import { CommitQueue, type CommitHost } from "./commit-queue.ts";
import { Correspondence } from "./correspondence.ts";
import { DayRun } from "./day-run.ts";
import { FanOut, type FanOutHost } from "./fan-out.ts";
import { KINDS, type ActorKind } from "./kind.ts";
import { Loader, whyBroken } from "./loader.ts";
import type { Look, Waiting } from "./looks.ts";
import type { Request } from "./port.ts";
import type { RunOptions } from "./run-options.ts";
import type { PendingMessage, ShardState } from "./shard-state.ts";
import { Shell, type ShellHost } from "./shell.ts";
import { Snapshotter } from "./snapshotter.ts";
import { Turns, type TurnHost } from "./turns.ts";

const TICK_MS = 20;

export class ShardRun implements ShellHost, CommitHost, TurnHost, FanOutHost {
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
  readonly #fanOut: FanOut;
  readonly days: DayRun;
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
    this.#shell = new Shell(this, options.codec, options.limits);
    this.#fanOut = new FanOut(this, options);
    this.days = new DayRun(this, this.#fanOut.gate, options);
    const { clock, limits } = options;
    this.#turns = new Turns(this, `shard-${state.shard}`, clock, limits.turnItemsMax);
    this.#loader = new Loader(options.journal.snapshots, {
      loaded: (cell) => this.#loaded(cell),
      failed: (cell) => this.#loadFailed(cell),
      broken: (error) => this.fail(whyBroken(error), error),
    });
    this.#snapshotter = new Snapshotter(this, options);
    for (const cell of cells.all()) {
      if (cell.phase === "quarantined") this.hasQuarantined = true;
      if (cell.changedAt > cell.snapshotAt) this.#snapshotter.changed(cell);
    }
    state.postman = {
      local: (message) => this.#deliverMessage(message),
      remote: (toShard, letter) => void this.batch.letters.push([toShard, letter]),
      payout: (change) => void this.batch.payouts.push(change),
    };
  }

  get committedRecordNo(): number {
    return this.#commits.committedRecordNo;
  }

  get commitsInFlight(): number {
    return this.#o.journal.inFlight;
  }

  get legsQueued(): number {
    return this.#fanOut.legsQueued;
  }

  /** Whether nobody else can have taken the shard over meanwhile. */
  get isOurs(): boolean {
    return !this.dead && this.#o.journal.leaseHeld;
  }

  get isRunning(): boolean {
    return this.#turns.actor !== null;
  }

  /** Serves: carries out what recovery found under way, and listens to other shards. */
  start(): void {
    for (const [, message] of this.state.pending.entries()) this.#deliverMessage(message);
    if (this.state.calendar.day === 0) this.days.reach(this.#o.today());
    this.#letters.attach();
    this.days.ring();
    this.#tick();
  }

  // ------------------------------------------------------------------ taking in

  /** A request for an actor; false when its inbox is full. */
  submit(kind: ActorKind, id: string, request: Request, at: number): boolean {
    const cell = this.#cell(kind, id);
    if (cell.queued >= this.#o.limits.mailboxMax) return false;
    const item = { command: request.command, at, request, messageNo: 0, next: null };
    if (request.command.type !== "RepayLoan") this.#deliver(cell, item);
    // Legs follow: it may have to wait, and the account may leave memory meanwhile.
    else this.#fanOut.gate.pass(() => this.#deliver(this.#cell(kind, id), item));
    return true;
  }

  /** What was just seen of the shard itself is told when all that led to it is durable. */
  lookAtShard(look: Look, sight: unknown): void {
    const { recordNo } = this.state;
    const isStuck = this.degraded && recordNo > this.committedRecordNo;
    const seen = isStuck
      ? ({ ok: false, code: "unavailable" } as const)
      : { ok: true as const, sight };
    this.release({ kind: "sighting", look, seen }, isStuck ? 0 : recordNo);
  }

  unwatch(kind: ActorKind, id: string): void {
    const cell = this.cells.get(kind.number, id);
    if (cell !== undefined) cell.watched = false;
  }

  #deliverMessage(message: PendingMessage): void {
    const { to } = message;
    if (to === MANY_ACCOUNTS) return this.#fanOut.deliver(message);
    this.messagesQueued++;
    this.#deliver(this.#cell(KINDS[to.kind], to.id), message);
  }

  #cell(kind: ActorKind, id: string): Cell {
    return this.cells.get(kind.number, id) ?? this.#load(kind, id);
  }

  accountCell(id: string): Cell {
    return this.#cell(KINDS.account, id);
  }

  soon(task: () => void): void {
    this.#o.scheduler.soon(task);
  }

  tellEntries(cell: Cell, after: number): void {
    this.#shell.tellEntries(cell, after);
  }

  /** Asks an actor by the name that alarms and the calendar know it by. */
  ring(key: string, command: Typed, at: number): void {
    const slash = key.indexOf("/");
    const kind = KINDS[key.slice(0, slash) as keyof typeof KINDS];
    const cell = this.#cell(kind, key.slice(slash + 1));
    this.#deliver(cell, { command, at, request: null, messageNo: 0, next: null });
  }

  /** The business date begins, unless it has. */
  reachDay(day: number): void {
    this.days.reach(day);
  }

  /** Everything that was to be done up to the present business date is done. */
  get isDayDone(): boolean {
    return this.days.isDone && this.#fanOut.isIdle;
  }

  #deliver(cell: Cell, item: Item): void {
    if (cell.phase === "quarantined") {
      if (item.messageNo !== 0) this.messagesQueued--;
      if (item.request !== null) this.#shell.answerFailed(item.request, "actor_quarantined");
      return;
    }
    this.itemsQueued++;
    cell.put(item);
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
      return this.fail("evolve_failed", error);
    }
    const actor = cellKey(cell.kind.name, cell.id);
    // decide only reads: nothing is harmed but this command. A message stays pending, so that a
    // mended program carries it out after its next start.
    this.#o.counters.decideErrors++;
    this.#o.log.error({ actor, command: item.command.type, error }, "decide threw");
    this.#shell.stage = "idle";
    this.#shell.current = null;
    if (item.request !== null) this.#shell.answerFailed(item.request, "internal_error");
    else this.days.threw.add(actor);
    this.#turns.goOnAfterCrash();
  }

  // ------------------------------------------------------------------ commits

  rested(): void {
    if (!this.dead) this.#commits.rested();
  }

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

  release(release: Waiting, dependsOnRecordNo: number): void {
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
    this.#snapshotter.committed(cargo.bytes);
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
    if (cell.queued > 0) this.#turns.wake(cell);
    this.#fanOut.schedule();
  }

  /** Redis does not answer: requests are refused, messages wait and the load is tried again. */
  #loadFailed(cell: Cell): void {
    if (this.dead) return;
    for (let left = cell.queued; left > 0; left--) {
      const item = cell.take()!;
      if (item.request === null) {
        cell.put(item);
        continue;
      }
      this.itemsQueued--;
      this.#shell.answerFailed(item.request, "unavailable");
    }
    // Legs that wait for the account ask for it again.
    if (cell.queued === 0) this.cells.remove(cell);
    else this.#o.scheduler.after(RELOAD_MS, () => this.#loader.load(cell));
  }

  #sweep(): void {
    const { clock, limits } = this.#o;
    const { committedRecordNo } = this;
    const look = { nowMs: clock.monotonicMs(), idleMs: limits.idleMs, tickMs: TICK_MS };
    for (const cell of this.cells.takeIdle({ ...look, committedRecordNo })) {
      this.#turns.stop(cell);
      this.#o.counters.passivated++;
    }
  }

  // ------------------------------------------------------------------ time and end

  #tick(): void {
    if (this.dead) return;
    const now = this.#o.clock.wallMs();
    for (const key of this.state.alarms.takeDue(now)) this.ring(key, ALARM_RANG, now);
    this.days.tick();
    this.#fanOut.schedule();
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
    return this.itemsQueued === 0 && this.#fanOut.isIdle && this.#commits.isSettled;
  }
}

const ALARM_RANG: Typed = { type: "AlarmRang" };
const RELOAD_MS = 250;
