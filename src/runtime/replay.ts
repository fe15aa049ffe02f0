// Recovery: the state of a shard from its last checkpoint and the tail of the journal. Actors that
// the tail does not name stay on disk. What replays goes through the same code as what ran.

import { legCount, legReceiver, type PayLegs } from "../../actors/account/legs.ts";
import { ACTOR_KINDS, addressOf, MANY_ACCOUNTS } from "../../actors/address.ts";
import { JournalError } from "../journal/errors.ts";
import { parsePosition, type Position } from "../journal/position.ts";
import type { JournalRecord, ReadBatch, RecordCodec, Typed } from "../journal/records.ts";
import { wrongShardCount } from "../journal/take-over-entry.ts";
import { assert } from "../money/assert.ts";
import { Cell, cellKey } from "./cell.ts";
import { Cells } from "./cells.ts";
import { bookLeg, netOfLegs } from "./fan-out.ts";
import { KINDS, kindByNumber } from "./kind.ts";
import { readCell } from "./loader.ts";
import type { ReadSnapshots } from "./run-journal.ts";
import type { RunLog } from "./run-options.ts";
import { ShardState } from "./shard-state.ts";
import { SEALED, SHARD_FIELD } from "./snapshotter.ts";
import { unpackValues } from "./snapshot-codec.ts";

export interface JournalEntry {
  readonly position: Position;
  readonly mac: Uint8Array;
  readonly payload: Buffer;
}

/** What recovery reads from; ShardJournal and JournalReader both are one. */
export interface ReplaySource {
  readonly snapshots: ReadSnapshots;
  read(from: { after: Position; mac: Uint8Array } | null): AsyncIterable<JournalEntry>;
}

export interface Recovered {
  readonly state: ShardState;
  readonly cells: Cells;
  readonly events: number;
  readonly entries: number;
  /** Actors whose events could not be applied: out of service until the program is mended. */
  readonly quarantined: readonly string[];
}

type Act = Extract<JournalRecord, { record: "act" }>;
type LegsRecord = Extract<JournalRecord, { record: "legs" }>;

function receiversOf(fan: PayLegs, from = 0, to = legCount(fan)): [number, string][] {
  const receivers: [number, string][] = [];
  for (let leg = from; leg < to; leg++)
    receivers.push([ACTOR_KINDS.account, legReceiver(fan, leg)]);
  return receivers;
}

export async function replayShard(
  source: ReplaySource,
  shard: number,
  shards: number,
  codec: RecordCodec,
  log: RunLog,
): Promise<Recovered> {
  const checkpoint = await readCheckpoint(source.snapshots, shard, codec);
  const state = checkpoint?.state ?? new ShardState(shard, shards);
  if (state.shards !== shards) throw wrongShardCount(state.shards, shards);
  const replay = new Replay(state, source.snapshots, log);
  await replay.loadReceivers();
  let entries = 0;
  for await (const entry of source.read(checkpoint?.from ?? null)) {
    entries++;
    if (entry.position.seq === 0) continue; // A take-over: it names the owner, nothing happened.
    await replay.batch(codec.read(entry.payload));
  }
  await replay.loadReceivers();
  assert(state.trial.differenceCents() === 0n, "the trial balance is zero after recovery");
  return { ...replay.result(), entries };
}

/** Null when there is no checkpoint. */
export async function shardsOfCheckpoint(
  snapshots: Pick<ReadSnapshots, "read">,
): Promise<number | null> {
  const stored = await snapshots.read(SHARD_FIELD);
  if (stored === null) return null;
  const [, , values] = unpackValues(stored.payload) as [string, Uint8Array, unknown[]];
  return ShardState.shardsOf(values);
}

async function readCheckpoint(snapshots: ReadSnapshots, shard: number, codec: RecordCodec) {
  const stored = await snapshots.read(SHARD_FIELD);
  if (stored === null) return null;
  const [after, mac, values, sealed] = unpackValues(stored.payload) as CheckpointValues;
  if (sealed === SEALED && !snapshots.isSealed) {
    throw new JournalError("tampered", "the seal of the snapshots was deleted");
  }
  return {
    from: { after: parsePosition(after), mac },
    state: ShardState.restore(shard, values, codec),
  };
}

type CheckpointValues = [after: string, mac: Uint8Array, values: unknown[], sealed?: number];

class Replay {
  readonly #state: ShardState;
  readonly #snapshots: ReadSnapshots;
  readonly #log: RunLog;
  readonly #cells = new Cells();
  readonly #quarantined = new Set<string>();
  #events = 0;

  constructor(state: ShardState, snapshots: ReadSnapshots, log: RunLog) {
    this.#state = state;
    this.#snapshots = snapshots;
    this.#log = log;
  }

  result(): Omit<Recovered, "entries"> {
    const quarantined = [...this.#quarantined];
    return { state: this.#state, cells: this.#cells, events: this.#events, quarantined };
  }

  /** Those with messages under way will be needed at once. */
  async loadReceivers(): Promise<void> {
    const wanted: [number, string][] = [];
    for (const [, { to, command }] of this.#state.pending.entries()) {
      if (to === MANY_ACCOUNTS) wanted.push(...receiversOf(command as PayLegs));
      else wanted.push([KINDS[to.kind].number, to.id]);
    }
    await this.#loadMissing(wanted);
  }

  async batch({ header, records }: ReadBatch): Promise<void> {
    const state = this.#state;
    assert(header.firstRecordNo === state.recordNo + 1, "records are numbered without a gap");
    assert(header.firstMessageNo === state.messageNo + 1, "messages are numbered without a gap");
    const missing: [number, string][] = [];
    for (const record of records) {
      if (record.record === "act" && this.#cells.get(record.kind, record.id) === undefined) {
        missing.push([record.kind, record.id]);
      }
    }
    if (missing.length > 0) await this.#loadMissing(missing);
    for (const record of records) {
      // Who receives legs is known only when the message is under way.
      if (record.record === "legs") await this.#loadMissing(this.#receiversOf(record));
      this.#record(record);
    }
  }

  #receiversOf({ cause, upTo }: LegsRecord): [number, string][] {
    const message = this.#state.pending.get(cause);
    assert(message !== undefined, "legs are received of a message that is under way");
    return receiversOf(message.command as PayLegs, message.nextLeg, upTo);
  }

  #legs({ cause, upTo, at, skipped }: LegsRecord): void {
    const state = this.#state;
    const { command, nextLeg } = state.pending.get(cause)!;
    const fan = command as PayLegs;
    const passedOver = new Set(skipped);
    for (let leg = nextLeg; leg < upTo; leg++) {
      if (passedOver.has(leg)) continue;
      const cell = this.#cells.get(ACTOR_KINDS.account, legReceiver(fan, leg))!;
      if (state.recordNo <= cell.snapshotAt || cell.phase === "quarantined") continue;
      try {
        bookLeg(cell, fan, leg, at, state.recordNo);
      } catch (error) {
        this.#quarantine(cell, error);
      }
    }
    this.#events += upTo - nextLeg;
    state.received(cause, upTo, skipped, netOfLegs(fan, nextLeg, upTo, passedOver));
  }

  /** Reads all that are not resident at once: the round trips overlap. */
  async #loadMissing(wanted: readonly (readonly [number, string])[]): Promise<void> {
    const reads: Promise<void>[] = [];
    for (const [kind, id] of wanted) {
      if (this.#cells.get(kind, id) !== undefined) continue;
      const cell = new Cell(kindByNumber(kind), id);
      cell.phase = "ready";
      this.#cells.add(cell);
      reads.push(readCell(this.#snapshots, cell));
    }
    await Promise.all(reads);
  }

  #record(record: JournalRecord): void {
    const state = this.#state;
    state.recordNo++;
    switch (record.record) {
      case "act":
        this.#act(record);
        return;
      case "arrived": {
        const to = addressOf(kindByNumber(record.kind).name, record.id);
        const { number, message: command, at, day } = record;
        state.arrive(record.fromShard, { number, to, command, at, day });
        return;
      }
      case "legs":
        this.#legs(record);
        return;
      case "day":
        state.beginDay(record.day);
        return;
      case "received":
        state.links[record.toShard]!.settle(record.number);
        return;
    }
  }

  #act(record: Act): void {
    const kind = kindByNumber(record.kind);
    const cell = this.#cells.get(record.kind, record.id);
    assert(cell !== undefined, "actors of a batch are loaded before it is applied");
    // What a newer snapshot shows already is not applied again; what it implied for others is.
    const applies = this.#state.recordNo > cell.snapshotAt && cell.phase !== "quarantined";
    if (applies && record.version > 0) this.#changes(cell, record);
    for (const event of record.events) {
      this.#events++;
      this.#state.imply(kind, record.id, event, record.at, cell.state);
    }
    if (record.cause !== 0) this.#state.consume(record.cause);
  }

  #changes(cell: Cell, record: Act): void {
    assert(record.version === cell.version + 1, "versions of an actor follow each other");
    // The supervision of replay: an event that cannot be applied is not the end of the shard, only
    // of its actor, whose commands are refused until a mended program reads the journal again.
    try {
      for (const event of record.events) this.#evolve(cell, event, record.at);
      cell.version = record.version;
      cell.changedAt = this.#state.recordNo;
    } catch (error) {
      this.#quarantine(cell, error);
    }
  }

  #quarantine(cell: Cell, error: unknown): void {
    const actor = cellKey(cell.kind.name, cell.id);
    this.#log.error({ actor, recordNo: this.#state.recordNo, error }, "an actor is quarantined");
    cell.phase = "quarantined";
    this.#quarantined.add(actor);
  }

  #evolve(cell: Cell, event: Typed, at: number): void {
    cell.state = cell.kind.evolve(cell.state, event, cell.id, at);
    cell.kind.takeSettled(cell.state); // Nobody waits: those who asked will ask again.
  }
}
