// Journals as a test writes them: plain records, entries and epochs, so that it can spoil a single
// one of them before the auditor reads them.

import { ACTOR_LAYOUTS } from "../../actors/kinds.ts";
import { UPCASTERS } from "../../actors/upcasters.ts";
import type { ShardSource } from "../../src/history/audit.ts";
import type { Position } from "../../src/journal/position.ts";
import { RecordCodec, type JournalRecord } from "../../src/journal/records.ts";
import { writeTyped } from "../../src/journal/typed-writer.ts";
import { MsgpackWriter } from "../../src/protocol/msgpack-writer.ts";

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
export type TestRecord = JournalRecord extends infer R
  ? R extends JournalRecord
    ? Writable<R>
    : never
  : never;
export type TestAct = Extract<TestRecord, { record: "act" }>;

export interface TestEntry {
  position: Position;
  /** Null in a take-over. */
  header: { atMs: number; firstRecordNo: number; firstMessageNo: number } | null;
  records: TestRecord[];
  /** Instead of the encoded records. */
  bytes?: Uint8Array;
}

/** Entries by shard. */
export type TestJournal = TestEntry[][];

const codec = new RecordCodec(ACTOR_LAYOUTS, UPCASTERS);

export class MadeJournal {
  readonly entries: TestJournal;
  readonly #counters: { recordNo: number; messageNo: number; epoch: number; seq: number }[];

  constructor(shards: number) {
    this.entries = Array.from({ length: shards }, () => []);
    this.#counters = this.entries.map(() => ({ recordNo: 0, messageNo: 0, epoch: 0, seq: 0 }));
  }

  nextMessageNo(shard: number): number {
    return ++this.#counters[shard]!.messageNo;
  }

  /** A new owner: the next epoch begins in every shard. */
  takeOver(): void {
    this.entries.forEach((entries, shard) => {
      if (entries.at(-1)?.position.epoch === 0) entries.pop();
      const counter = this.#counters[shard]!;
      counter.epoch++;
      counter.seq = 0;
      const position = { epoch: counter.epoch, seq: 0 };
      entries.push({ position, header: null, records: [] });
    });
  }

  /** The next record begins a new entry. */
  seal(): void {
    for (const entries of this.entries) {
      if (entries.at(-1)?.records.length === 0) continue;
      entries.push({ position: { epoch: 0, seq: 0 }, header: null, records: [] });
    }
  }

  append(shard: number, record: TestRecord, atMs: number): void {
    const counter = this.#counters[shard]!;
    const entries = this.entries[shard]!;
    let entry = entries.at(-1)!;
    if (entry.header === null && entry.position.seq === 0) {
      const header = {
        atMs: atMs,
        firstRecordNo: counter.recordNo + 1,
        firstMessageNo: counter.messageNo + 1,
      };
      const position = { epoch: counter.epoch, seq: ++counter.seq };
      const isTakeOver = entry.position.epoch !== 0;
      if (isTakeOver) {
        entry = { position, header, records: [] };
        entries.push(entry);
      } else {
        Object.assign(entry, { position, header });
      }
    }
    counter.recordNo++;
    entry.records.push(record);
  }
}

/** The journals as the auditor reads them. `heads` true: with the head that is right. */
export function sourcesOf(journal: TestJournal, heads = true): ShardSource[] {
  return journal.map((all, shard) => {
    const entries = all.filter(({ position }) => position.epoch !== 0);
    const encoded = entries.map((entry) => ({
      position: entry.position,
      payload: entry.bytes ?? encode(entry),
    }));
    return heads
      ? { shard, entries: encoded, head: entries.at(-1)?.position ?? null }
      : { shard, entries: encoded };
  });
}

export function encode({ header, records }: TestEntry): Uint8Array {
  const writer = new MsgpackWriter();
  if (header === null) return Buffer.from(writer.view());
  codec.writeHeader(writer, header);
  for (const record of records) {
    if (record.record === "received") {
      codec.writeReceived(writer, record.toShard, record.number);
    } else if (record.record === "arrived") {
      const { fromShard, number, kind, id, at, message } = record;
      const { day } = record;
      codec.writeArrived(writer, fromShard, number, kind, id, at - header.atMs, message, day);
    } else if (record.record === "legs") {
      const { cause, upTo, at, skipped } = record;
      codec.writeLegs(writer, cause, upTo, at - header.atMs, skipped);
    } else if (record.record === "day") {
      codec.writeDay(writer, record.day, record.at - header.atMs);
    } else {
      const { kind, id, version, at, cause, events } = record;
      codec.writeAct(writer, kind, id, version, at - header.atMs, cause, events.length);
      const plans = codec.plansOf(kind, "events");
      for (const event of events) writeTyped(writer, plans.get(event.type)!, event);
    }
  }
  return Buffer.from(writer.view());
}
