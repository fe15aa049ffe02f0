import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FieldKind } from "../../actors/field-table.ts";
import { ACTOR_LAYOUTS } from "../../actors/kinds.ts";
import { UPCASTERS } from "../../actors/upcasters.ts";
import { compileWriter } from "../../src/journal/compiled-writer.ts";
import { RecordCodec, type Typed } from "../../src/journal/records.ts";
import { writeTyped } from "../../src/journal/typed-writer.ts";
import { MsgpackWriter } from "../../src/protocol/msgpack-writer.ts";

const codec = new RecordCodec(ACTOR_LAYOUTS, UPCASTERS);

const VALUES: Record<FieldKind, fc.Arbitrary<unknown>> = {
  int: fc.maxSafeInteger(),
  nullableInt: fc.option(fc.maxSafeNat()),
  nullableString: fc.option(fc.string({ unit: "binary", maxLength: 300 })),
  string: fc.string({ unit: "binary", maxLength: 300 }),
  bytes16: fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .map((bytes) => Buffer.from(bytes).toString("latin1")),
  flag: fc.boolean(),
  list: fc.array(fc.oneof(fc.string({ maxLength: 40 }), fc.maxSafeNat()), { maxLength: 40 }),
};

describe("RecordCodec", () => {
  const cases = Object.entries(ACTOR_LAYOUTS).flatMap(([kind]) =>
    (["events", "messages"] as const).flatMap((side) =>
      [...codec.plansOf(Number(kind), side)].map(([type, plan]) => ({ kind, side, type, plan })),
    ),
  );

  it.each(cases)("$kind/$side/$type is read as it was written, by both writers", (each) => {
    const { kind, side, type, plan } = each;
    const fields = plan.names.map((name, at) => [name, VALUES[plan.kinds[at]!]] as const);
    const compiled = compileWriter(plan);
    fc.assert(
      fc.property(fc.record(Object.fromEntries(fields)), (values) => {
        const typed = { type, ...values } as Typed;
        const reference = new MsgpackWriter();
        const fast = new MsgpackWriter();
        for (const to of [reference, fast]) {
          codec.writeHeader(to, { atMs: 1, firstRecordNo: 2, firstMessageNo: 3 });
        }
        writeTyped(reference, plan, typed);
        compiled(fast, typed);
        expect(Buffer.from(fast.view())).toEqual(Buffer.from(reference.view()));
        const stored = codec.toValues(Number(kind), side, typed);
        expect(codec.readTyped(Number(kind), side, stored)).toEqual(typed);
      }),
      { numRuns: 30 },
    );
  });

  it("a batch is read as it was written", () => {
    const to = new MsgpackWriter();
    codec.writeHeader(to, { atMs: 1_700_000_000_000, firstRecordNo: 7, firstMessageNo: 9 });
    codec.writeAct(to, 1, "anna", 3, -2, 4, 1);
    const event = { type: "HoldVoided", holdNo: 5, releasedCents: 2 ** 40 };
    writeTyped(to, codec.plansOf(1, "events").get("HoldVoided")!, event);
    codec.writeArrived(to, 3, 8, 2, "loan", -7, { type: "NextStep" }, 20_000);
    codec.writeLegs(to, 9, 512, 1, [4, 5]);
    codec.writeDay(to, 20_001, 2);
    codec.writeReceived(to, 3, 6);
    const { header, records } = codec.read(Buffer.from(to.view()));
    expect(header).toEqual({ atMs: 1_700_000_000_000, firstRecordNo: 7, firstMessageNo: 9 });
    const at = 1_699_999_999_998;
    expect(records).toEqual([
      { record: "act", kind: 1, id: "anna", version: 3, at, cause: 4, events: [event] },
      {
        record: "arrived",
        fromShard: 3,
        number: 8,
        kind: 2,
        id: "loan",
        at: at - 5,
        day: 20_000,
        message: { type: "NextStep" },
      },
      { record: "legs", cause: 9, upTo: 512, at: 1_700_000_000_001, skipped: [4, 5] },
      { record: "day", day: 20_001, at: 1_700_000_000_002 },
      { record: "received", toShard: 3, number: 6 },
    ]);
  });

  it("what an old version wrote goes through every upcaster on the way", () => {
    const now = { code: 1, version: 3, fields: { amountCents: "int", note: "string" } } as const;
    const kinds = { 1: { events: { Paid: now }, messages: {} } };
    const upcasters = {
      "1/events/1/1": (values: readonly unknown[]) => [(values[0] as number) * 100],
      "1/events/1/2": (values: readonly unknown[]) => [...values, "none"],
    };
    const read = new RecordCodec(kinds, upcasters).readTyped(1, "events", [1, 1, 5]);
    expect(read).toEqual({ type: "Paid", amountCents: 500, note: "none" });
    expect(() => new RecordCodec(kinds).readTyped(1, "events", [1, 1, 5])).toThrow(/upcaster/);
    expect(() => new RecordCodec(kinds).readTyped(1, "events", [1, 4, 5, "x"])).toThrow(/newer/);
    expect(() => new RecordCodec(kinds).readTyped(1, "events", [2, 1, 5])).toThrow(/code 2/);
  });
});
