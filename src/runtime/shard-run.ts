// One life of a shard, from recovery to the moment it stops: resident actors, the batch that is
// being filled, and the order in which things may leave. It is thrown away whole when anything is
// wrong; the journal is the truth, and the next life starts from it.

import type { Address } from "../../actors/address.ts";
import type { Position } from "../journal/position.ts";
import type { RecordCodec, Typed } from "../journal/records.ts";
import { assert } from "../money/assert.ts";
import { Batch, type Cargo, type SealedBatch } from "./batch.ts";
import type { Bus, BusEnd } from "./bus.ts";
import { Cell, cellKey, type Item } from "./cell.ts";
import { Cells } from "./cells.ts";
import type { RuntimeCounters } from "./counters.ts";
import type { Clock, Scheduler } from "./environment.ts";
import { KINDS, type ActorKind } from "./kind.ts";
import type { RuntimeLimits } from "./limits.ts";
import type { Letter } from "./link.ts";
import { Loader } from "./loader.ts";
import type { Outlet, Release, Request } from "./port.ts";
import type { RunJournal } from "./run-journal.ts";
import type { ShardState } from "./shard-state.ts";
import { Shell, type ShellHost } from "./shell.ts";
import { Snapshotter } from "./snapshotter.ts";
import { Stage } from "./stage.ts";

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

export class ShardRun implements ShellHost, BusEnd {
  readonly state: ShardState;
  readonly batch: Batch;
  readonly cells: Cells;
  committedRecordNo: number;
  degraded = false;
  dead = false;
  hasQuarantined = false;

  readonly #o: RunOptions;
  readonly #shell: Shell;
  readonly #stage: Stage;
  readonly #loader: Loader;
  readonly #snapshotter: Snapshotter;
  /** Batches that wait for room among the commits in flight. */
  readonly #waiting: SealedBatch[] = [];
  /** What is sealed and not yet durable, oldest first: waiting, then in flight. */
  readonly #uncommitted: Cargo[] = [];
  #immediate: Release[] = [];
  #sealScheduled = false;
  #turnsOpen = 0;
  /** Messages in inboxes: a batch waits a little for them. */
  #messagesQueued = 0;
  #itemsQueued = 0;
  readonly #receipts = new Map<number, number>();
  /** By link: the last letter that is durable here. */
  readonly #durablyReceived: number[];
  #turn: { cell: Cell; items: Item[]; at: number } | null = null;
  #stopTick: () => void = () => undefined;

  constructor(options: RunOptions, state: ShardState, cells: Cells) {
    this.#o = options;
    this.state = state;
    this.cells = cells;
    this.committedRecordNo = state.recordNo;
    this.#durablyReceived = state.links.map((link) => link.received);
    this.batch = new Batch(options.codec, options.limits.batchBytesMax + 64 * 1024);
    this.#shell = new Shell(this, options.codec);
    this.#stage = new Stage(`shard-${state.shard}`, (error) => this.#crashed(error));
    this.#loader = new Loader(options.journal.snapshots, {
      loaded: (cell) => this.#loaded(cell),
      failed: (cell) => this.#loadFailed(cell),
      broken: (error) => this.fail("snapshot_invalid", error),
    });
    this.#snapshotter = new Snapshotter(this, options);
    for (const cell of cells.all()) {
      if (cell.phase === "quarantined") this.hasQuarantined = true;
      if (cell.changedAt > cell.snapshotAt) this.#snapshotter.changed(cell);
    }
    state.postman = {
      local: (messageNo, { to, command }) => this.#deliverMessage(messageNo, to, command),
      remote: (toShard, letter) => void this.batch.letters.push([toShard, letter]),
    };
  }

  get shard(): number {
    return this.state.shard;
  }

  get itemsQueued(): number {
    return this.#itemsQueued;
  }

  get commitsInFlight(): number {
    return this.#o.journal.inFlight;
  }

  /** Serves: carries out what recovery found under way, and listens to other shards. */
  start(): void {
    for (const [messageNo, { to, command }] of this.state.pending) {
      this.#deliverMessage(messageNo, to, command);
    }
    this.#o.bus.attach(this.shard, this);
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

  #deliverMessage(messageNo: number, to: Address, command: Typed): void {
    const kind = KINDS[to.kind];
    const cell = this.cells.get(kind.number, to.id) ?? this.#load(kind, to.id);
    this.#messagesQueued++;
    const at = this.batch.isOpen ? this.batch.atMs : this.#o.clock.wallMs();
    this.#deliver(cell, { command, at, request: null, messageNo });
  }

  #deliver(cell: Cell, item: Item): void {
    if (cell.phase === "quarantined") {
      if (item.messageNo !== 0) this.#messagesQueued--;
      if (item.request !== null) this.#shell.answerFailed(item.request, "actor_quarantined");
      return;
    }
    this.#itemsQueued++;
    cell.inbox.push(item);
    if (cell.phase === "ready" && !cell.awake) this.#wake(cell);
  }

  #wake(cell: Cell): void {
    cell.awake = true;
    cell.ref ??= this.#stage.spawn(cell.kind.name, cell.id, () => this.#run(cell));
    this.#stage.wake(cell.ref);
  }

  // ------------------------------------------------------------------ turns

  #run(cell: Cell): void {
    if (this.dead) return;
    const items = cell.inbox;
    cell.inbox = [];
    const turn = { cell, items, at: 0 };
    this.#turn = turn;
    const end = Math.min(items.length, this.#o.limits.turnItemsMax);
    while (turn.at < end) {
      const item = items[turn.at++]!;
      this.#itemsQueued--;
      if (item.messageNo !== 0) this.#messagesQueued--;
      this.#shell.handle(cell, item);
    }
    this.#endTurn(turn);
  }

  #endTurn(turn: { cell: Cell; items: Item[]; at: number }): void {
    const { cell, items, at } = turn;
    this.#turn = null;
    if (at < items.length) cell.inbox = [...items.slice(at), ...cell.inbox];
    cell.lastUsedMs = this.#o.clock.monotonicMs();
    if (cell.inbox.length > 0) this.#wake(cell);
    else cell.awake = false;
  }

  /** Supervision: nact hands us what a turn threw. */
  #crashed(error: unknown): void {
    if (this.dead) return;
    const turn = this.#turn;
    const { stage, current: item } = this.#shell;
    if (turn === null || item === null || stage !== "decide") {
      this.fail("evolve_failed", error);
      return;
    }
    const actor = cellKey(turn.cell.kind.name, turn.cell.id);
    // decide only reads: nothing is harmed but this command. A message stays pending, so that a
    // mended program carries it out after its next start.
    this.#o.counters.decideErrors++;
    this.#o.log.error({ actor, command: item.command.type, error }, "decide threw");
    this.#shell.stage = "idle";
    this.#shell.current = null;
    if (item.request !== null) this.#shell.answerFailed(item.request, "internal_error");
    this.#endTurn(turn);
  }

  // ------------------------------------------------------------------ batches

  openBatch(at: number): void {
    const { batch, state } = this;
    if (batch.isOpen && batch.writer.length >= this.#o.limits.batchBytesMax) this.#seal();
    if (batch.isOpen) return;
    batch.open(at, this.#o.clock.monotonicMs(), state.recordNo + 1, state.messageNo + 1);
    this.#turnsOpen = 0;
    this.#scheduleSeal();
    for (const [toShard, number] of this.#receipts) this.#writeReceipt(toShard, number);
    this.#receipts.clear();
  }

  changed(cell: Cell): void {
    this.#snapshotter.changed(cell);
  }

  release(release: Release, dependsOnRecordNo: number): void {
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

  #scheduleSeal(): void {
    if (this.#sealScheduled) return;
    this.#sealScheduled = true;
    this.#o.scheduler.soon(this.#sealSoon);
  }

  readonly #sealSoon = (): void => {
    this.#sealScheduled = false;
    if (this.dead) return;
    this.#flushImmediate();
    this.#appendWaiting();
    const { batch } = this;
    if (!batch.isOpen || !this.#o.journal.ready) return;
    if (this.#messagesQueued > 0 && this.#turnsOpen < this.#o.limits.sealTurnsMax) {
      this.#turnsOpen++;
      this.#scheduleSeal();
      return;
    }
    this.#seal();
  };

  #flushImmediate(): void {
    if (this.#immediate.length === 0) return;
    const releases = this.#immediate;
    this.#immediate = [];
    this.#letOut(this.#o.journal.committed, releases);
  }

  #seal(): void {
    assert(this.state.trial.differenceCents() === 0n, "the trial balance is zero at each commit");
    const sealed = this.batch.seal();
    this.#uncommitted.push(sealed.cargo);
    this.#waiting.push(sealed);
    this.#o.counters.records += this.batch.records;
    this.#appendWaiting();
  }

  #appendWaiting(): void {
    const { journal } = this.#o;
    while (this.#waiting.length > 0 && journal.ready && !this.dead) {
      const { payload, cargo } = this.#waiting.shift()!;
      journal.append(payload, cargo);
    }
    if (this.isQuietBoundary) this.#snapshotter.boundary();
  }

  get isQuietBoundary(): boolean {
    return this.#waiting.length === 0 && !this.batch.isOpen;
  }

  /** A batch is durable: now, and in this order, everything that rests on it may be seen. */
  committed(cargo: Cargo, position: Position): void {
    if (this.dead) return;
    this.committedRecordNo = cargo.lastRecordNo;
    assert(this.#uncommitted.shift() === cargo, "batches become durable in order");
    const { counters, bus, clock, onAlarm } = this.#o;
    counters.commits++;
    counters.commitBytes += cargo.bytes;
    counters.onCommit((clock.monotonicMs() - cargo.openedMs) / 1_000, cargo.bytes);
    for (const [key, atMs] of cargo.alarms) onAlarm(key, atMs);
    if (cargo.releases.length > 0) this.#letOut(position, cargo.releases);
    for (const [toShard, letter] of cargo.letters) bus.send(this.shard, toShard, letter);
    for (const [fromShard, number] of cargo.arrivals) {
      this.#durablyReceived[fromShard] = number;
      bus.settle(this.shard, fromShard, number);
    }
    if (this.batch.isOpen || this.#waiting.length > 0) this.#scheduleSeal();
    this.#snapshotter.committed();
  }

  #letOut(position: Position, releases: readonly Release[]): void {
    let answers = 0;
    const { bids, onReply } = this.#o.counters;
    const nowMs = this.#o.clock.monotonicMs();
    for (const release of releases) {
      if (release.kind !== "answer") continue;
      answers++;
      onReply((nowMs - (release.request.takenInMs ?? nowMs)) / 1_000);
      if (release.request.command.type !== "PlaceBid") continue;
      const { answer } = release;
      const failed = answer.type === "Refused" || answer.type === "Failed";
      const outcome = failed ? answer.code : "accepted";
      bids.set(outcome, (bids.get(outcome) ?? 0) + 1);
    }
    this.#o.onAnswered(answers);
    const text = `${this.shard}:${position.epoch}-${position.seq}`;
    this.#o.outlet.release(text, releases);
  }

  // ------------------------------------------------------------------ other shards

  arrive(fromShard: number, letter: Letter): void {
    if (this.dead) return;
    const link = this.state.links[fromShard]!;
    if (letter.number <= link.received) {
      // Seen before: our word that it is durable may have been lost.
      this.#o.bus.settle(this.shard, fromShard, this.#durablyReceived[fromShard]!);
      return;
    }
    // Ahead of one that was lost: the sender sends all again when either side comes up.
    if (letter.number !== link.received + 1) return;
    this.openBatch(this.#o.clock.wallMs());
    this.#countRecord();
    const kind = KINDS[letter.to.kind].number;
    const { codec } = this.#o;
    const { writer } = this.batch;
    codec.writeArrived(writer, fromShard, letter.number, kind, letter.to.id, letter.command);
    this.batch.arrivals.set(fromShard, letter.number);
    this.state.arrive(fromShard, letter);
  }

  settled(byShard: number, number: number): void {
    if (this.dead || number <= this.state.links[byShard]!.settled) return;
    this.#receipts.set(byShard, number);
  }

  #writeReceipt(toShard: number, number: number): void {
    this.#countRecord();
    this.#o.codec.writeReceived(this.batch.writer, toShard, number);
    this.state.links[toShard]!.settle(number);
  }

  #countRecord(): void {
    this.state.recordNo++;
    this.batch.lastRecordNo = this.state.recordNo;
    this.batch.records++;
  }

  greeted(fromShard: number, sent: number): void {
    const { received } = this.state.links[fromShard]!;
    if (sent >= received) return;
    // Dropping what it sends again would mint or burn money: it has lost what we already acted on.
    this.fail("sender_rewound", new Error(`shard ${fromShard} sent ${sent}, we have ${received}`));
  }

  resend(byShard: number): void {
    // Only what is durable leaves; letters of a batch in flight follow with its commit.
    const inFlight = new Set<Letter>();
    const batches = [this.batch, ...this.#uncommitted];
    for (const { letters } of batches) for (const [, letter] of letters) inFlight.add(letter);
    for (const letter of [...this.state.links[byShard]!.outbox]) {
      if (!inFlight.has(letter)) this.#o.bus.send(this.shard, byShard, letter);
    }
  }

  sentTo(shard: number): number {
    return this.state.links[shard]!.sent;
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
    if (cell.inbox.length > 0) this.#wake(cell);
  }

  /** Redis does not answer: requests are refused, messages wait and the load is tried again. */
  #loadFailed(cell: Cell): void {
    if (this.dead) return;
    const messages = cell.inbox.filter((item) => item.request === null);
    for (const { request } of cell.inbox) {
      if (request === null) continue;
      this.#itemsQueued--;
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
      if (cell.ref !== null) this.#stage.stop(cell.ref);
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
    if (this.#receipts.size > 0) this.openBatch(now);
    this.#sweep();
    this.#snapshotter.tick();
    this.#stopTick = this.#o.scheduler.after(TICK_MS, () => this.#tick());
  }

  setDegraded(degraded: boolean): void {
    this.degraded = degraded;
    if (!degraded) this.#scheduleSeal();
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
    this.#o.bus.detach(this.shard);
    this.#stage.close();
  }

  /** Waits until everything that was taken in is durable; used at shutdown. */
  get isSettled(): boolean {
    const idle = this.#itemsQueued === 0 && !this.batch.isOpen && this.#waiting.length === 0;
    return idle && this.#o.journal.inFlight === 0 && this.#immediate.length === 0;
  }
}

const ALARM_RANG: Typed = { type: "AlarmRang" };
const RELOAD_MS = 250;
