import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RequestId } from "../../actors/address.ts";
import { RequestTable } from "../../actors/request-table.ts";

/** Ids that differ in one early byte, and fall on few slots. */
function idOf(number: number, slot: number): RequestId {
  const head = String.fromCharCode(number >> 8, number & 0xff);
  return `${head}${"\0".repeat(12)}\0${String.fromCharCode(slot)}` as RequestId;
}

describe("RequestTable", () => {
  it("finds what a map would find, however ids collide and whatever leaves", () => {
    const step = fc.record({ number: fc.nat(400), slot: fc.nat(20), remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 1_500 }), (steps) => {
        const table = new RequestTable<{ readonly requestId: RequestId }>();
        const twin = new Map<RequestId, { readonly requestId: RequestId }>();
        for (const { number, slot, remove } of steps) {
          const requestId = idOf(number, (slot + number) % 21);
          const known = twin.get(requestId);
          if (remove && known !== undefined) {
            table.remove(known);
            twin.delete(requestId);
          } else if (known === undefined) {
            const entry = { requestId };
            table.add(entry);
            twin.set(requestId, entry);
          }
          expect(table.get(requestId)).toBe(twin.get(requestId));
        }
        expect(table.size).toBe(twin.size);
        for (const [requestId, entry] of twin) expect(table.get(requestId)).toBe(entry);
      }),
      { numRuns: 50 },
    );
  });

  it("refuses to remember a request twice, or to remove what is not there", () => {
    const table = new RequestTable<{ readonly requestId: RequestId }>();
    const entry = { requestId: idOf(1, 1) };
    table.add(entry);
    expect(() => table.add({ requestId: idOf(1, 1) })).toThrow(/once/);
    table.remove(entry);
    expect(() => table.remove(entry)).toThrow(/there/);
  });
});
