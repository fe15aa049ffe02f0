import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Numbered } from "../../actors/numbered.ts";

describe("Numbered", () => {
  it("is a map of ascending numbers, whatever leaves when", () => {
    const step = fc.record({ take: fc.boolean(), pick: fc.nat(), skip: fc.integer({ max: 3 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 2_000 }), fc.nat(50), (steps, stragglers) => {
        const numbered = new Numbered<string>();
        const twin = new Map<number, string>();
        let number = 0;
        const add = (): void => {
          numbered.add(++number, `n${number}`);
          twin.set(number, `n${number}`);
        };
        for (let n = 0; n < stragglers; n++) add();
        for (const { take, pick, skip } of steps) {
          number += Math.max(0, skip);
          if (!take) add();
          const keys = [...twin.keys()].slice(stragglers);
          const picked = take ? keys[pick % Math.max(1, keys.length)] : undefined;
          if (picked === undefined) continue;
          expect(numbered.take(picked)).toBe(twin.get(picked));
          twin.delete(picked);
          expect(numbered.take(picked)).toBeUndefined();
        }
        expect(numbered.size).toBe(twin.size);
        expect([...numbered.entries()]).toEqual([...twin]);
        for (const [key, value] of twin) expect(numbered.get(key)).toBe(value);
      }),
      { numRuns: 60 },
    );
  });

  it("one that stays behind for ever holds up no memory, and is still found", () => {
    const numbered = new Numbered<string>();
    numbered.add(1, "stuck");
    for (let number = 2; number < 100_000; number++) {
      numbered.add(number, "passing");
      expect(numbered.take(number)).toBe("passing");
    }
    expect([...numbered.entries()]).toEqual([[1, "stuck"]]);
    expect(numbered.take(1)).toBe("stuck");
    expect(numbered.size).toBe(0);
  });

  it("refuses a number that does not ascend", () => {
    const numbered = new Numbered<string>();
    numbered.add(5, "five");
    expect(() => numbered.add(5, "again")).toThrow(/ascending/);
    expect(() => numbered.add(4, "four")).toThrow(/ascending/);
  });
});
