// What is inside a batch of the journal: a sequence of MessagePack values, first a header, then
// one array a record. The shard writes records as they happen, straight into bytes; recovery and
// the auditor read them back.
//
//   header   [format, atMs, firstRecordNo, firstMessageNo]
//   act      [1, kind, id, version, atDelta, cause, [code, version, ...fields], ...]
//   arrived  [2, fromShard, number, kind, id, atDelta, [code, version, ...fields], day]
//   received [3, toShard, number]
//   legs     [4, cause, upTo, atDelta, ...skipped]
//   day      [5, day, atDelta]
//
// act: an actor carried out a command; `version` counts its state changes (0 when nothing of its
//   state changed), `cause` is the number of the message that it carried out, 0 for a request.
// arrived: a message from another shard came in under the next number of its link.
//   `day` is the business date of its sender (not in journals of before there was one).
// received: another shard has committed all messages up to this number of the link towards it.
// legs: accounts received the legs of the message `cause`, from the first not yet received up to,
//   not including, the leg `upTo`; the skipped ones, whose accounts are out of service, became
//   messages of their own.
// day: a business date began. All that stands before it in the journal belongs to earlier ones.
//
// Messages of events are not written: they follow from the events. Those to the own shard are
// numbered in order from the header's `firstMessageNo`, an arrived one takes the next number too.

import { Unpackr } from "msgpackr";
import type { FieldKind, Layout } from "../../actors/field-table.ts";
import { AssertionError, assert } from "../money/assert.ts";
import type { MsgpackWriter } from "../protocol/msgpack-writer.ts";
import { writeTyped } from "./typed-writer.ts";

const BATCH_FORMAT = 1;
const RECORD = { act: 1, arrived: 2, received: 3, legs: 4, day: 5 } as const;

export interface Typed {
  readonly type: string;
}

export interface KindLayouts {
  readonly events: Readonly<Record<string, Layout>>;
  readonly messages: Readonly<Record<string, Layout>>;
}

export interface BatchHeader {
  readonly atMs: number;
  readonly firstRecordNo: number;
  readonly firstMessageNo: number;
}

export type JournalRecord =
  | {
      readonly record: "act";
      readonly kind: number;
      readonly id: string;
      readonly version: number;
      readonly at: number;
      readonly cause: number;
      readonly events: readonly Typed[];
    }
  | {
      readonly record: "arrived";
      readonly fromShard: number;
      readonly number: number;
      readonly kind: number;
      readonly id: string;
      /** When what led to it was taken in by the other shard, in ms. */
      readonly at: number;
      /** The business date of its sender, in days since 1970; 0 where none was known. */
      readonly day: number;
      readonly message: Typed;
    }
  | { readonly record: "received"; readonly toShard: number; readonly number: number }
  | {
      readonly record: "legs";
      readonly cause: number;
      readonly upTo: number;
      readonly at: number;
      readonly skipped: readonly number[];
    }
  | { readonly record: "day"; readonly day: number; readonly at: number };

export interface ReadBatch {
  readonly header: BatchHeader;
  readonly records: readonly JournalRecord[];
}

/** Turns what an older version wrote into the present form of the same event or message. */
export type Upcaster = (fields: readonly unknown[]) => readonly unknown[];
/** By `kind/events|messages/code/version`; each leads to the next version. */
export type Upcasters = Readonly<Record<string, Upcaster>>;

export interface Plan {
  readonly code: number;
  readonly version: number;
  readonly names: readonly string[];
  readonly kinds: readonly FieldKind[];
}

type Side = "events" | "messages";

export class RecordCodec {
  readonly #plans = new Map<string, Plan>();
  readonly #types = new Map<string, { type: string; plan: Plan }>();
  readonly #upcasters: Upcasters;
  readonly #unpackr = new Unpackr({ useRecords: false });

  constructor(kinds: Readonly<Record<number, KindLayouts>>, upcasters: Upcasters = {}) {
    this.#upcasters = upcasters;
    for (const [kind, layouts] of Object.entries(kinds)) {
      for (const side of ["events", "messages"] as const) {
        for (const [type, layout] of Object.entries(layouts[side])) {
          const { code, version, fields } = layout;
          const plan = { code, version, names: Object.keys(fields), kinds: Object.values(fields) };
          const byCode = `${kind}/${side}/${code}`;
          assert(!this.#types.has(byCode), `${byCode} is given once`);
          this.#plans.set(`${kind}/${side}/${type}`, plan);
          this.#types.set(byCode, { type, plan });
        }
      }
    }
  }

  /** The layouts of one kind of actor by type, for whoever writes its events. */
  plansOf(kind: number, side: Side): ReadonlyMap<string, Plan> {
    const prefix = `${kind}/${side}/`;
    const plans = new Map<string, Plan>();
    for (const [key, plan] of this.#plans) {
      if (key.startsWith(prefix)) plans.set(key.slice(prefix.length), plan);
    }
    return plans;
  }

  writeHeader(to: MsgpackWriter, header: BatchHeader): void {
    to.arrayHeader(4);
    to.int(BATCH_FORMAT);
    to.int(header.atMs);
    to.int(header.firstRecordNo);
    to.int(header.firstMessageNo);
  }

  /** Everything of an act but its events, of which `eventCount` must be written next. */
  writeAct(
    to: MsgpackWriter,
    kind: number,
    id: string,
    version: number,
    atDelta: number,
    cause: number,
    eventCount: number,
  ): void {
    to.arrayHeader(6 + eventCount);
    to.int(RECORD.act);
    to.int(kind);
    to.str(id);
    to.int(version);
    to.int(atDelta);
    to.int(cause);
  }

  writeArrived(
    to: MsgpackWriter,
    fromShard: number,
    number: number,
    kind: number,
    id: string,
    atDelta: number,
    message: Typed,
    day: number,
  ): void {
    to.arrayHeader(8);
    to.int(RECORD.arrived);
    to.int(fromShard);
    to.int(number);
    to.int(kind);
    to.str(id);
    to.int(atDelta);
    const plan = this.#plans.get(`${kind}/messages/${message.type}`);
    assert(plan !== undefined, `${message.type} has a layout`);
    writeTyped(to, plan, message);
    to.int(day);
  }

  writeLegs(
    to: MsgpackWriter,
    cause: number,
    upTo: number,
    atDelta: number,
    skipped: readonly number[],
  ): void {
    to.arrayHeader(4 + skipped.length);
    to.int(RECORD.legs);
    to.int(cause);
    to.int(upTo);
    to.int(atDelta);
    for (const leg of skipped) to.int(leg);
  }

  writeDay(to: MsgpackWriter, day: number, atDelta: number): void {
    to.arrayHeader(3);
    to.int(RECORD.day);
    to.int(day);
    to.int(atDelta);
  }

  writeReceived(to: MsgpackWriter, toShard: number, number: number): void {
    to.arrayHeader(3);
    to.int(RECORD.received);
    to.int(toShard);
    to.int(number);
  }

  /** Reads a batch whole. A value that is not of this form is a bug or tampering: it throws. */
  read(payload: Uint8Array): ReadBatch {
    const values = this.#unpackr.unpackMultiple(payload) as unknown[][];
    const head = values[0];
    assert(head?.[0] === BATCH_FORMAT, "a batch of a known format");
    const header = {
      atMs: head[1] as number,
      firstRecordNo: head[2] as number,
      firstMessageNo: head[3] as number,
    };
    const records: JournalRecord[] = [];
    for (let index = 1; index < values.length; index++) {
      records.push(this.#record(values[index]!, header.atMs));
    }
    return { header, records };
  }

  #record(value: readonly unknown[], atMs: number): JournalRecord {
    switch (value[0]) {
      case RECORD.act: {
        const kind = value[1] as number;
        const events: Typed[] = [];
        for (let at = 6; at < value.length; at++) {
          events.push(this.readTyped(kind, "events", value[at] as unknown[]));
        }
        return {
          record: "act",
          kind,
          id: value[2] as string,
          version: value[3] as number,
          at: atMs + (value[4] as number),
          cause: value[5] as number,
          events,
        };
      }
      case RECORD.arrived: {
        const kind = value[3] as number;
        return {
          record: "arrived",
          fromShard: value[1] as number,
          number: value[2] as number,
          kind,
          id: value[4] as string,
          at: atMs + (value[5] as number),
          day: (value[7] as number | undefined) ?? 0,
          message: this.readTyped(kind, "messages", value[6] as unknown[]),
        };
      }
      case RECORD.received:
        return { record: "received", toShard: value[1] as number, number: value[2] as number };
      case RECORD.legs: {
        const [, cause, upTo, atDelta, ...skipped] = value as number[];
        return { record: "legs", cause: cause!, upTo: upTo!, at: atMs + atDelta!, skipped };
      }
      case RECORD.day:
        return { record: "day", day: value[1] as number, at: atMs + (value[2] as number) };
      default:
        throw new AssertionError(`unknown kind of record: ${String(value[0])}`);
    }
  }

  /** An event or message as plain values, for snapshots of what is pending. */
  toValues(kind: number, side: Side, typed: Typed): unknown[] {
    const plan = this.#plans.get(`${kind}/${side}/${typed.type}`);
    assert(plan !== undefined, `${typed.type} has a layout`);
    const fields = typed as unknown as Record<string, unknown>;
    const values: unknown[] = [plan.code, plan.version];
    plan.names.forEach((name, at) => {
      const value = fields[name];
      values.push(plan.kinds[at] === "bytes16" ? Buffer.from(value as string, "latin1") : value);
    });
    return values;
  }

  readTyped(kind: number, side: Side, stored: readonly unknown[]): Typed {
    const code = stored[0] as number;
    let version = stored[1] as number;
    const known = this.#types.get(`${kind}/${side}/${code}`);
    assert(known !== undefined, `kind ${kind} has no ${side} of code ${code}`);
    let values: readonly unknown[] = stored.slice(2);
    for (; version < known.plan.version; version++) {
      const upcast = this.#upcasters[`${kind}/${side}/${code}/${version}`];
      assert(upcast !== undefined, `no upcaster from version ${version} of ${known.type}`);
      values = upcast(values);
    }
    assert(version === known.plan.version, `${known.type} is newer than this program`);
    const { names, kinds } = known.plan;
    assert(values.length === names.length, `${known.type} has ${names.length} fields`);
    const typed: Record<string, unknown> = { type: known.type };
    for (let at = 0; at < names.length; at++) {
      const value = values[at];
      typed[names[at]!] =
        kinds[at] === "bytes16" ? Buffer.from(value as Uint8Array).toString("latin1") : value;
    }
    return typed as unknown as Typed;
  }
}
