// A journal in memory, behind the same contract as the one in Redis: entries in order with a chain
// of hashes, snapshots, and commits that become durable when the simulation or a test says so. Its
// process can "crash" at any moment, and what was committed is there for the next life. What faults
// do to the real journal is tested with the real one.

import { createHash } from "node:crypto";
import { comparePositions, type Position } from "../journal/position.ts";
import type { SnapshotItem } from "../journal/snapshots.ts";
import type { Cargo } from "../runtime/batch.ts";
import type { JournalCallbacks, OwnedJournal } from "../runtime/shard.ts";

export interface MemoryEntry {
  readonly position: Position;
  readonly payload: Buffer;
  readonly mac: Buffer;
}

/** What survives: one for each shard. */
export class MemoryStore {
  entries: MemoryEntry[] = [];
  readonly main = new Map<string, { position: number; payload: Buffer }>();
  readonly parts = new Map<string, Buffer>();
  epoch = 0;
}

/** As many as the settings give the real one. */
const IN_FLIGHT_MAX = 3;

export class MemoryJournal implements OwnedJournal {
  readonly store: MemoryStore;
  readonly #callbacks: JournalCallbacks;
  readonly #epoch: number;
  #seq = 0;
  #mac: Buffer;
  #inFlight: { entry: MemoryEntry; cargo: Cargo }[] = [];
  committed: Position;
  last: MemoryEntry;
  inFlightMax = IN_FLIGHT_MAX;
  /** Snapshot writes are refused while this is set. */
  snapshotsFail = false;

  constructor(store: MemoryStore, callbacks: JournalCallbacks) {
    this.store = store;
    this.#callbacks = callbacks;
    this.#epoch = ++store.epoch;
    this.#mac = store.entries.at(-1)?.mac ?? Buffer.alloc(32);
    this.committed = { epoch: this.#epoch, seq: 0 };
    this.last = this.#entry(Buffer.from("take-over"), 0);
    store.entries.push(this.last);
  }

  #entry(payload: Buffer, seq: number): MemoryEntry {
    this.#mac = createHash("sha256").update(this.#mac).update(payload).digest();
    return { position: { epoch: this.#epoch, seq }, payload, mac: this.#mac };
  }

  get ready(): boolean {
    return this.#inFlight.length < this.inFlightMax;
  }

  get leaseHeld(): boolean {
    return !this.#fenced;
  }

  get inFlight(): number {
    return this.#inFlight.length;
  }

  get #fenced(): boolean {
    return this.store.epoch !== this.#epoch;
  }

  payloadOf(bytes: Uint8Array): Buffer {
    return Buffer.from(bytes);
  }

  append(payload: Buffer, cargo: Cargo): void {
    this.last = this.#entry(payload, ++this.#seq);
    this.#inFlight.push({ entry: this.last, cargo });
  }

  /** The oldest commits in flight become durable and are acknowledged, at most so many. */
  acknowledge(count = 1): void {
    for (let n = 0; n < count; n++) {
      const next = this.#inFlight.shift();
      if (next === undefined || this.#fenced) return;
      this.store.entries.push(next.entry);
      this.committed = next.entry.position;
      this.#callbacks.onCommitted(next.cargo, next.entry.position);
    }
  }

  /** The process is gone; the first `durable` of the commits in flight had got through. */
  crash(durable: number): void {
    if (!this.#fenced) {
      for (const { entry } of this.#inFlight.slice(0, durable)) this.store.entries.push(entry);
    }
    this.#inFlight = [];
  }

  degrade(degraded: boolean): void {
    this.#callbacks.onDegraded(degraded, "told to");
  }

  readonly snapshots = {
    isSealed: true,
    checkAll: () => undefined,
    write: async (items: readonly SnapshotItem[]): Promise<void> => {
      await Promise.resolve();
      if (this.snapshotsFail || this.#fenced) throw new Error("snapshots fail");
      for (const { field, position, payload, parts } of items) {
        if ((this.store.main.get(field)?.position ?? -1) > position) continue;
        this.store.main.set(field, { position, payload: Buffer.from(payload) });
        for (const [partNo, part] of parts ?? []) {
          if (part === null) this.store.parts.delete(`${field}#${partNo}`);
          else this.store.parts.set(`${field}#${partNo}`, Buffer.from(part));
        }
      }
    },
    read: async (field: string) => {
      await Promise.resolve();
      return this.store.main.get(field) ?? null;
    },
    readParts: async (field: string, partNos: number[]) => {
      await Promise.resolve();
      const parts = new Map<number, Buffer>();
      for (const partNo of partNos) {
        const part = this.store.parts.get(`${field}#${partNo}`);
        if (part !== undefined) parts.set(partNo, part);
      }
      return parts;
    },
  };

  async *read(from: { after: Position; mac: Uint8Array } | null): AsyncGenerator<MemoryEntry> {
    await Promise.resolve();
    for (const entry of this.store.entries) {
      if (from === null || comparePositions(entry.position, from.after) > 0) yield entry;
    }
  }

  async trim(before: Position): Promise<void> {
    await Promise.resolve();
    this.store.entries = this.store.entries.filter(
      ({ position }) => comparePositions(position, before) >= 0,
    );
  }

  async close(): Promise<void> {
    await Promise.resolve();
    this.#inFlight = [];
  }
}
