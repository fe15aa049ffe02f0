// That lists of numbers come back from their bytes as they were, whatever is in them, and that
// snapshots of before there were such lists are read.

import fc from "fast-check";
import { pack } from "msgpackr";
import { describe, expect, test } from "vitest";
import { packNumbers, unpackNumbers } from "../../src/runtime/number-list.ts";
import { packCell, restoreState, unpackMain } from "../../src/runtime/snapshot-codec.ts";
import { cellHash } from "../../src/runtime/state-hash.ts";
import { Cell } from "../../src/runtime/cell.ts";
import { KINDS } from "../../src/runtime/kind.ts";
import { World } from "../support/world.ts";

function there(numbers: readonly number[]): Buffer {
  return Buffer.from(packNumbers(Float64Array.from(numbers)));
}

const edges = [7, 8, 14, 21, 28, 31, 32, 35, 42, 49, 53].flatMap((bits) => [
  2 ** bits - 1,
  ...(bits < 53 ? [2 ** bits] : []),
]);

const safe = fc.oneof(fc.constantFrom(0, 1, ...edges), fc.nat(), fc.maxSafeInteger().map(Math.abs));

describe("Lists of numbers", () => {
  test("safe integers that are not negative come back, in as few bytes as their size takes", () => {
    fc.assert(
      fc.property(fc.array(safe, { maxLength: 400 }), (numbers) => {
        const bytes = there(numbers);
        expect(unpackNumbers(bytes)).toEqual(numbers);
        const groups = numbers.map((each) => Math.max(1, Math.ceil(each.toString(2).length / 7)));
        expect(bytes.length).toBe(1 + groups.reduce((sum, each) => sum + each, 0));
      }),
    );
  });

  test("any other number comes back as well, and those beside it", () => {
    const any = fc.oneof(safe, fc.double(), fc.integer(), fc.constantFrom(-1, 2 ** 53, NaN, 0.1));
    fc.assert(
      fc.property(fc.array(any, { maxLength: 100 }), (numbers) => {
        const plain = numbers.map((each) => (each === 0 ? 0 : each));
        const read = unpackNumbers(there(numbers)).map((each) => (each === 0 ? 0 : each));
        expect(read).toEqual(plain);
      }),
    );
  });

  test("a list that is longer than all before", () => {
    const numbers = Array.from({ length: 100_000 }, (_, nth) => nth * 89_999_999);
    expect(unpackNumbers(there(numbers))).toEqual(numbers);
  });
});

/** As snapshots were written before: lists like any others. */
function plain(value: unknown): unknown {
  if (value instanceof Float64Array) return Array.from(value);
  return Array.isArray(value) ? value.map(plain) : value;
}

describe("Snapshots", () => {
  async function accountWithEntries(): Promise<Cell> {
    const world = await new World(1).start();
    await world.openWithMoney("ann", 5_000_00);
    await world.listLoan("kiln");
    for (let bid = 0; bid < 30; bid++) {
      await world.answered(world.bid("ann", "kiln", 1_00 + bid).request);
    }
    const cell = world.system.shard(0).run!.cells.get(KINDS.account.number, "ann")!;
    await world.stop();
    return cell;
  }

  function restored(cell: Cell, main: Buffer): Cell {
    const again = new Cell(cell.kind, cell.id);
    const unpacked = unpackMain(main);
    again.version = unpacked.version;
    again.state = restoreState(cell.kind, cell.id, unpacked.main, new Map());
    return again;
  }

  test("an account is the same after its snapshot, and after one of before there were lists", async () => {
    const cell = await accountWithEntries();
    const { main } = packCell(cell);
    expect(cellHash(restored(cell, main))).toBe(cellHash(cell));
    const before = pack([cell.version, plain(cell.kind.snapshot(cell.state, "all").main)]);
    expect(cellHash(restored(cell, before))).toBe(cellHash(cell));
    expect(main.length).toBeLessThan(before.length * 0.8);
  });
});
