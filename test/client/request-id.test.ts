import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatRequestId, parseRequestId, requestTimeMs } from "../../actors/address.ts";
import { RequestIds } from "../../src/client/request-id.ts";
import { isRequestId } from "../../src/protocol/encode-request.ts";

const random = (bytes: Uint8Array) => void crypto.getRandomValues(bytes);

describe("RequestIds", () => {
  test("are UUIDs of version 7 with the time in front", () => {
    const nowMs = 1_732_435_200_123;
    const id = new RequestIds({ nowMs: () => nowMs, fill: random }).next();
    expect(isRequestId(id)).toBe(true);
    expect(requestTimeMs(id)).toBe(nowMs);
    expect(parseRequestId(formatRequestId(id))).toBe(id);
  });

  test("grow, whatever the clock does", () => {
    const steps = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 2, maxLength: 300 });
    fc.assert(
      fc.property(steps, (moves) => {
        let nowMs = 1_000_000;
        const ids = new RequestIds({ nowMs: () => nowMs, fill: random });
        let last = "";
        for (const move of moves) {
          nowMs += move;
          const id = ids.next();
          expect(isRequestId(id)).toBe(true);
          expect(id > last).toBe(true);
          last = id;
        }
      }),
    );
  });

  test("grow and differ over more of them than one millisecond can count", () => {
    const ids = new RequestIds({ nowMs: () => 5, fill: random });
    const made = Array.from({ length: 20_000 }, () => ids.next());
    expect(made.toSorted()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
    expect(requestTimeMs(made.at(-1)!)).toBeLessThan(5 + 20);
  });

  test("differ between processes that share a clock", () => {
    const source = { nowMs: () => 5, fill: random };
    const [one, other] = [new RequestIds(source), new RequestIds(source)];
    const made = Array.from({ length: 1_000 }, () => [one.next(), other.next()]).flat();
    expect(new Set(made).size).toBe(made.length);
  });
});
