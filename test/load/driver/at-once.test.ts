import { describe, expect, test } from "vitest";
import { eachAtOnce } from "../../../load/driver/at-once.ts";

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("eachAtOnce", () => {
  test("does each once, in order, no more at a time than it may", async () => {
    const begun: number[] = [];
    let underWay = 0;
    let most = 0;
    await eachAtOnce(Array.from({ length: 50 }).keys(), 7, async (item) => {
      begun.push(item);
      most = Math.max(most, ++underWay);
      for (let turn = 0; turn <= item % 3; turn++) await later();
      underWay--;
    });
    expect(begun).toEqual([...Array.from({ length: 50 }).keys()]);
    expect({ most, underWay }).toEqual({ most: 7, underWay: 0 });
  });

  test("rejects with the first failure", async () => {
    const doing = eachAtOnce([1, 2, 3], 2, async (item) => {
      await later();
      if (item === 2) throw new Error("no seat");
    });
    await expect(doing).rejects.toThrow("no seat");
  });

  test("of nothing is done at once", async () => {
    await eachAtOnce([], 4, () => Promise.reject(new Error("there is none")));
  });
});
