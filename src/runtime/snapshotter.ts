// Writes changed actors to their snapshots, continuously and in small slices, so that no turn of
// the event loop is long. A slice is encoded from the speculative state and written only after the
// commit of what it shows. When all that had changed at a moment is written, the state of the shard
// at that moment becomes the checkpoint: recovery starts there, and the journal before it may go.

import { formatPosition, type Position } from "../journal/position.ts";
import type { RecordCodec } from "../journal/records.ts";
import { cellKey, type Cell } from "./cell.ts";
import type { RuntimeCounters } from "./counters.ts";
import type { Clock, Scheduler } from "./environment.ts";
import type { RuntimeLimits } from "./limits.ts";
import type { SnapshotItem } from "../journal/snapshots.ts";
import type { RunJournal } from "./run-journal.ts";
import type { RunLog } from "./run-options.ts";
import type { ShardState } from "./shard-state.ts";
import { packCell, packValues } from "./snapshot-codec.ts";

export interface SnapshotterHost {
  readonly state: ShardState;
  readonly committedRecordNo: number;
  readonly dead: boolean;
  readonly degraded: boolean;
  /** No batch is open and none waits: the state is that after the last appended one. */
  readonly isQuietBoundary: boolean;
  /** Some actor is out of service: the journal still has what its snapshot lacks. */
  readonly hasQuarantined: boolean;
  fail(reason: string, error: unknown): void;
}

export interface SnapshotterOptions {
  readonly journal: RunJournal;
  readonly codec: RecordCodec;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly limits: RuntimeLimits;
  readonly counters: RuntimeCounters;
  readonly log: RunLog;
}

/** The field of the shard's own state among the snapshots. */
export const SHARD_FIELD = "shard";

/** The fourth value of a checkpoint; left out of one that an earlier program wrote. */
export const SEALED = 1;

interface Slice {
  readonly items: SnapshotItem[];
  readonly cells: Cell[];
  /** May be written once this record is durable. */
  readonly recordNo: number;
}

interface Checkpoint {
  readonly item: SnapshotItem;
  readonly position: Position;
  /** Changed actors that are not encoded yet. */
  readonly due: Cell[];
}

const RETRY_MS = 250;
const SLICE_PAUSE_MS = 2;
/**
 * Encoding a slice takes no longer, one actor apart. By size alone slices of a quiet server, whose
 * code is not compiled to the best yet, took 10 ms: they were among its longest turns.
 */
const SLICE_MS_MAX = 2;
/** So many times what a slice took is left to everything else before the next ... */
const SLICE_REST = 9;
/** ... and so many when the tail is twice what it may be at the beginning of a checkpoint. */
const SLICE_REST_LATE = 3;
/** ... and when nothing was committed since the slice before: nobody is in a hurry but us. */
const SLICE_REST_QUIET = 1;

export class Snapshotter {
  readonly #host: SnapshotterHost;
  readonly #o: SnapshotterOptions;
  /** Actors that changed since the last checkpoint began, each once. */
  #dirty: Cell[] = [];
  #checkpointNo = 1;
  #checkpoint: Checkpoint | null = null;
  #slice: Slice | null = null;
  #writing = false;
  #startAtMs: number;
  /** Committed since the checkpoint at hand, or else the last one, began. */
  #tailBytes = 0;
  #lastCheckpointRecordNo = -1;
  /** The record of the last checkpoint that is complete. */
  #doneRecordNo = -1;
  #hurried = false;
  /** The tail at the last slice: when it is the same at the next one, the server is quiet. */
  #tailBytesSeen = -1;
  #isQuiet = false;
  /** The next slice is not encoded before this moment. */
  #restUntilMs = 0;

  constructor(host: SnapshotterHost, options: SnapshotterOptions) {
    this.#host = host;
    this.#o = options;
    this.#startAtMs = options.clock.monotonicMs() + options.limits.checkpointMs;
  }

  /** Called for every change: a mark on the cell is cheaper than a place in a set. */
  changed(cell: Cell): void {
    if (cell.dirtyFor === this.#checkpointNo) return;
    cell.dirtyFor = this.#checkpointNo;
    this.#dirty.push(cell);
  }

  /**
   * The shard's state is just that after the last appended batch: a moment to start from. Under
   * load that is right after a batch is closed, on a quiet server at any tick.
   */
  boundary(): void {
    if (this.#checkpoint !== null || !this.#isTime) return;
    const { state } = this.#host;
    const { recordNo } = state;
    if (recordNo === this.#lastCheckpointRecordNo) return;
    const { position, mac } = this.#o.journal.last;
    const { isSealed } = this.#o.journal.snapshots;
    const stateValues = state.toSnapshot(this.#o.codec);
    const values: unknown[] = [formatPosition(position), Buffer.from(mac), stateValues];
    if (isSealed) values.push(SEALED);
    const payload = packValues(values);
    const due = this.#dirty;
    this.#dirty = [];
    this.#checkpointNo++;
    this.#checkpoint = { item: { field: SHARD_FIELD, position: recordNo, payload }, position, due };
    this.#lastCheckpointRecordNo = recordNo;
    this.#tailBytes = 0;
    this.#tailBytesSeen = -1;
  }

  get #isTime(): boolean {
    if (this.#tailBytes >= this.#o.limits.tailBytesMax) return true;
    return this.#o.clock.monotonicMs() >= this.#startAtMs;
  }

  tick(): void {
    if (this.#host.degraded || this.#host.dead) return;
    if (this.#host.isQuietBoundary) this.boundary();
    if (this.#checkpoint === null || this.#slice !== null || this.#writing) return;
    const startedMs = this.#o.clock.monotonicMs();
    if (startedMs < this.#restUntilMs && !this.#hurried) return;
    this.#isQuiet = this.#tailBytes === this.#tailBytesSeen;
    this.#tailBytesSeen = this.#tailBytes;
    this.#slice = this.#encode(this.#checkpoint.due, startedMs + SLICE_MS_MAX);
    this.#restAfter(startedMs);
    this.#writeWhenDurable();
  }

  #restAfter(startedMs: number): void {
    const nowMs = this.#o.clock.monotonicMs();
    const restMs = (nowMs - startedMs) * this.#rest;
    this.#restUntilMs = Math.max(this.#restUntilMs, nowMs) + restMs;
  }

  get #rest(): number {
    if (this.#isQuiet) return SLICE_REST_QUIET;
    const isLate = this.#tailBytes > 2 * this.#o.limits.tailBytesMax;
    return isLate ? SLICE_REST_LATE : SLICE_REST;
  }

  /** Before a stop: checkpoints follow each other, without the usual pauses. */
  hurry(): void {
    this.#hurried = true;
    this.#startAtMs = 0;
    this.tick();
  }

  /** A start from the last checkpoint has nothing to replay. */
  get isCurrent(): boolean {
    if (this.#host.hasQuarantined) return true;
    const { recordNo } = this.#host.state;
    return this.#checkpoint === null && this.#doneRecordNo === recordNo;
  }

  committed(bytes: number): void {
    this.#tailBytes += bytes;
    if (this.#slice !== null && !this.#writing) this.#writeWhenDurable();
  }

  #encode(due: Cell[], untilMs: number): Slice {
    const items: SnapshotItem[] = [];
    const cells: Cell[] = [];
    const position = this.#host.state.recordNo;
    let bytes = 0;
    while (due.length > 0 && bytes < this.#o.limits.snapshotSliceBytes) {
      const cell = due.pop()!;
      // One that was quarantined is left as its last good snapshot shows it.
      if (cell.phase === "quarantined") continue;
      // Encoded for the checkpoint before, after it had changed for this one.
      if (cell.changedAt <= cell.encodedAt) continue;
      const { main, parts } = packCell(cell);
      items.push({ field: cellKey(cell.kind.name, cell.id), position, payload: main, parts });
      cells.push(cell);
      cell.encodedAt = position;
      bytes += main.length;
      for (const [, part] of parts) bytes += part?.length ?? 0;
      if (!this.#hurried && this.#o.clock.monotonicMs() >= untilMs) break;
    }
    return { items, cells, recordNo: position };
  }

  #writeWhenDurable(): void {
    const slice = this.#slice;
    if (slice === null || slice.recordNo > this.#host.committedRecordNo) return;
    this.#writing = true;
    const startedMs = this.#o.clock.monotonicMs();
    this.#write(slice).then(
      () => this.#written(slice),
      (error: unknown) => this.#host.fail("snapshot_write_failed", error),
    );
    // Sealed and sent by now, which takes longer than encoding.
    this.#restAfter(startedMs);
  }

  /** A slice is written until it is: what it holds is marked nowhere else. */
  async #write(slice: Slice): Promise<void> {
    for (;;) {
      const error = await this.#o.journal.snapshots.write(slice.items).then(
        () => null,
        (reason: unknown) => reason,
      );
      if (error === null || this.#host.dead) return;
      this.#o.log.warn({ shard: this.#host.state.shard, error }, "a snapshot was not written");
      await new Promise<void>((resolve) => void this.#o.scheduler.after(RETRY_MS, resolve));
      if (this.#host.dead) return;
    }
  }

  #written(slice: Slice): void {
    if (this.#host.dead) return;
    for (const cell of slice.cells) cell.snapshotAt = slice.recordNo;
    this.#o.counters.snapshotsWritten += slice.cells.length;
    this.#slice = null;
    this.#writing = false;
    const checkpoint = this.#checkpoint;
    if (checkpoint === null) return;
    if (slice.items[0] === checkpoint.item) this.#finish(checkpoint);
    else if (checkpoint.due.length > 0) this.#nextSlice();
    else if (this.#host.hasQuarantined) this.#end();
    else this.#writeCheckpoint(checkpoint);
  }

  /**
   * A pause between slices leaves the event loop to the clients. Where every account changes all
   * the time, as in a morning of repayments, snapshots take a tenth of the time and no more: a
   * longer tail to replay is the price.
   */
  #nextSlice(): void {
    if (this.#hurried) return this.tick();
    const restMs = Math.ceil(this.#restUntilMs - this.#o.clock.monotonicMs());
    this.#o.scheduler.after(Math.max(SLICE_PAUSE_MS, restMs), () => this.tick());
  }

  #writeCheckpoint(checkpoint: Checkpoint): void {
    const { item } = checkpoint;
    this.#slice = { items: [item], cells: [], recordNo: item.position };
    this.#writeWhenDurable();
  }

  #end(): void {
    this.#checkpoint = null;
    this.#startAtMs = this.#o.clock.monotonicMs() + this.#o.limits.checkpointMs;
  }

  #finish(checkpoint: Checkpoint): void {
    this.#end();
    this.#doneRecordNo = checkpoint.item.position;
    this.#o.counters.checkpoints++;
    if (this.#o.limits.journalKeep === "all") return;
    this.#o.journal.trim(checkpoint.position).then(undefined, (error: unknown) => {
      this.#o.log.warn({ shard: this.#host.state.shard, error }, "the journal was not trimmed");
    });
  }
}
