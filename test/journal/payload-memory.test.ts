import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PayloadMemory, SLAB_BYTES } from "../../src/journal/payload-memory.ts";

function bytesOf(size: number, fill: number): Uint8Array {
  return new Uint8Array(size).fill(fill);
}

describe("PayloadMemory", () => {
  test("what is not released keeps its bytes, whatever comes and goes around it", () => {
    const sizes = fc.oneof(fc.integer({ min: 0, max: 300_000 }), fc.constant(SLAB_BYTES));
    const steps = fc.array(fc.tuple(sizes, fc.integer({ min: 0, max: 6 })), { maxLength: 120 });
    fc.assert(
      fc.property(steps, (plan) => {
        const memory = new PayloadMemory();
        const live: { payload: Buffer; size: number; fill: number }[] = [];
        plan.forEach(([size, released], step) => {
          const fill = step & 0xff;
          live.push({ payload: memory.copyOf(bytesOf(size, fill)), size, fill });
          // The oldest go first, as in a journal.
          for (const { payload } of live.splice(0, Math.min(released, live.length))) {
            memory.release(payload);
          }
          for (const { payload, size: expected, fill: by } of live) {
            expect(payload.length).toBe(expected);
            expect(payload.equals(bytesOf(expected, by))).toBe(true);
          }
        });
      }),
      { numRuns: 30 },
    );
  });

  test("a stream of payloads that are soon released needs two slabs", () => {
    const memory = new PayloadMemory();
    let last = memory.copyOf(bytesOf(100_000, 0));
    for (let number = 1; number < 500; number++) {
      const next = memory.copyOf(bytesOf(100_000, number & 0xff));
      memory.release(last);
      last = next;
    }
    expect(memory.sizeBytes).toBe(2 * SLAB_BYTES);
  });

  test("after a crowd of live payloads most slabs go back to the system", () => {
    const memory = new PayloadMemory();
    const crowd = Array.from({ length: 30 }, () => memory.copyOf(bytesOf(SLAB_BYTES, 1)));
    expect(memory.sizeBytes).toBe(30 * SLAB_BYTES);
    for (const payload of crowd) memory.release(payload);
    expect(memory.sizeBytes).toBeLessThanOrEqual(9 * SLAB_BYTES);
  });

  test("one larger than a slab, and another's, are let pass", () => {
    const memory = new PayloadMemory();
    const large = memory.copyOf(bytesOf(SLAB_BYTES + 1, 3));
    expect(large.equals(bytesOf(SLAB_BYTES + 1, 3))).toBe(true);
    memory.release(large);
    memory.release(Buffer.alloc(5));
    expect(memory.sizeBytes).toBe(0);
  });

  test("releasing twice is a bug that is seen", () => {
    const memory = new PayloadMemory();
    const payload = memory.copyOf(bytesOf(10, 1));
    memory.release(payload);
    expect(() => memory.release(payload)).toThrow("released once");
  });
});
