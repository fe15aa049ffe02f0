// A journal in memory, behind the same contract as the one in Redis: entries in order with a chain of
// hashes, snapshots, and commits that become durable when the simulation says so. It loses nothing
// and survives nothing; what faults do to the real journal is tested with the real one.

import { createHash } from "node:crypto";
import type { Position } from "../journal/position.ts";
import { comparePositions } from "../journal/position.ts";
import type { SnapshotItem } from "../journal/snapshots.ts";
import type { Cargo } from "../runtime/batch.ts";
import type { JournalCallbacks, OwnedJournal } from "../runtime/shard.ts";

export interface MemoryEntry {
  readonly position: Position;
  readonly payload: Buffer;
  readonly mac: Buffer;
}

const EPOCH = 1;
/** As many as the settings give the real one. */
const IN_FLIGHT_MAX = 3;

export class MemoryJournal implements OwnedJournal {
  readonly entries: MemoryEntry[] = [];
  readonly #callbacks: JournalCallbacks;
  readonly #main = new Map<string, { position: number; payload: Buffer }>();
  readonly #parts = new Map<string, Buffer>();
  #inFlight: { readonly entry: MemoryEntry; readonly cargo: Cargo }[] = [];
  #seq = 0;
  readonly leaseHeld = true;
  committed: Position = { epoch: EPOCH, seq: 0 };
  last: MemoryEntry;

  constructor(callbacks: JournalCallbacks) {
    this.#callbacks = callbacks;
    this.last = this.#entry(Buffer.from("take-over"), Buffer.alloc(32), 0);
    this.entries.push(this.last);
  }

  #entry(payload: Buffer, previous: Uint8Array, seq: number): MemoryEntry {
    const mac = createHash("sha256").update(previous).update(payload).digest();
    return { position: { epoch: EPOCH, seq }, payload, mac };
  }

  get ready(): boolean {
    return this.#inFlight.length < IN_FLIGHT_MAX;
  }

  get inFlight(): number {
    return this.#inFlight.length;
  }

  payloadOf(bytes: Uint8Array): Buffer {
    return Buffer.from(bytes);
  }

  append(payload: Buffer, cargo: Cargo): void {
    this.last = this.#entry(payload, this.last.mac, ++this.#seq);
    this.#inFlight.push({ entry: this.last, cargo });
  }

  /** The oldest commits in flight become durable, at most so many. */
  acknowledge(count: number): void {
    for (let n = 0; n < count; n++) {
      const next = this.#inFlight.shift();
      if (next === undefined) return;
      this.entries.push(next.entry);
      this.committed = next.entry.position;
      this.#callbacks.onCommitted(next.cargo, next.entry.position);
    }
  }

  readonly snapshots = {
    isSealed: true,
    checkAll: () => undefined,
    write: async (items: readonly SnapshotItem[]): Promise<void> => {
      await Promise.resolve();
      for (const { field, position, payload, parts } of items) {
        this.#main.set(field, { position, payload: Buffer.from(payload) });
        for (const [partNo, part] of parts ?? []) {
          if (part === null) this.#parts.delete(`${field}#${partNo}`);
          else this.#parts.set(`${field}#${partNo}`, Buffer.from(part));
        }
      }
    },
    read: async (field: string) => {
      await Promise.resolve();
      return this.#main.get(field) ?? null;
    },
    readParts: async (field: string, partNos: number[]) => {
      await Promise.resolve();
      const found = partNos.map(
        (partNo) => [partNo, this.#parts.get(`${field}#${partNo}`)] as const,
      );
      return new Map(found.filter((each): each is [number, Buffer] => each[1] !== undefined));
    },
  };

  async *read(from: { after: Position; mac: Uint8Array } | null): AsyncGenerator<MemoryEntry> {
    await Promise.resolve();
    for (const entry of this.entries) {
      if (from === null || comparePositions(entry.position, from.after) > 0) yield entry;
    }
  }

  /** The auditor reads it from its start: nothing is trimmed. */
  async trim(): Promise<void> {
    await Promise.resolve();
  }

  async close(): Promise<void> {
    await Promise.resolve();
    this.#inFlight = [];
  }
}
