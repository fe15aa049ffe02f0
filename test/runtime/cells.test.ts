import { describe, expect, test } from "vitest";
import { Cell, type CellPhase } from "../../src/runtime/cell.ts";
import { Cells } from "../../src/runtime/cells.ts";
import { KINDS } from "../../src/runtime/kind.ts";

const IDLE_MS = 8_000;
const TICK_MS = 20;
/** All are looked at in an eighth of the time after which an idle actor leaves. */
const TICKS_OF_A_ROUND = IDLE_MS / 8 / TICK_MS;

/** Of an account that is there, durable and in a snapshot, unless told otherwise. */
function cell(id: string, more: Partial<Cell> = {}, phase: CellPhase = "ready"): Cell {
  const made = new Cell(KINDS.account, id);
  return Object.assign(made, { phase, version: 1, changedAt: 5, snapshotAt: 5, ...more });
}

function cellsOf(...all: readonly Cell[]): Cells {
  const cells = new Cells();
  for (const each of all) cells.add(each);
  return cells;
}

function takenIn(cells: Cells, ticks: number, nowMs: number): string[] {
  const taken: string[] = [];
  for (let tick = 0; tick < ticks; tick++) {
    const look = { nowMs, idleMs: IDLE_MS, tickMs: TICK_MS, committedRecordNo: 5 };
    for (const { id } of cells.takeIdle(look)) taken.push(id);
  }
  return taken;
}

describe("Cells", () => {
  test("some rounds take out all that are idle, and no other", () => {
    const idle = Array.from({ length: 900 }, (_, nth) => cell(`idle-${nth}`));
    const used = Array.from({ length: 100 }, (_, nth) =>
      cell(`used-${nth}`, { lastUsedMs: 5_000 }),
    );
    const cells = cellsOf(...idle, ...used);
    // As they become fewer a tick looks at fewer, so the last ones take some rounds more.
    const taken = takenIn(cells, 4 * TICKS_OF_A_ROUND, 10_000);
    expect(taken.toSorted()).toEqual(idle.map(({ id }) => id).toSorted());
    expect(cells.size).toBe(100);
    expect(cells.get(KINDS.account.number, "idle-7")).toBeUndefined();
    expect(cells.get(KINDS.account.number, "used-7")).toBe(used[7]);
  });

  test("a tick looks at its share of them only", () => {
    const cells = cellsOf(...Array.from({ length: 10_000 }, (_, nth) => cell(`idle-${nth}`)));
    expect(takenIn(cells, 1, 10_000)).toHaveLength(10_000 / TICKS_OF_A_ROUND);
  });

  test("names that nobody has leave at once, however many actors there are", () => {
    const there = Array.from({ length: 10_000 }, (_, nth) =>
      cell(`a-${nth}`, { lastUsedMs: 9_999 }),
    );
    const cells = cellsOf(...there);
    takenIn(cells, 5, 10_000);
    const absent = { version: 0, changedAt: 0, snapshotAt: 0, lastUsedMs: 9_999 };
    for (let nth = 0; nth < 50; nth++) cells.add(cell(`nobody-${nth}`, absent));
    expect(takenIn(cells, 1, 10_000)).toHaveLength(50);
    expect(cells.size).toBe(10_000);
  });

  test("what was taken out before it had loaded is not looked at again", () => {
    const failed = cell("failed", { version: 0, changedAt: 0, snapshotAt: 0 }, "loading");
    const cells = cellsOf(failed);
    takenIn(cells, 1, 100_000);
    cells.remove(failed);
    takenIn(cells, 1, 100_000);
    failed.phase = "ready";
    expect(takenIn(cells, 3, 100_000)).toEqual([]);
  });

  test("who is loading, busy, watched, not durable or out of service stays", () => {
    const absent = { version: 0, changedAt: 0, snapshotAt: 0 };
    const asked = cell("asked", {});
    asked.put({ command: { type: "GetAccount" }, at: 0, request: null, messageNo: 0, next: null });
    const cells = cellsOf(
      cell("loading", absent, "loading"),
      asked,
      cell("awake", { ...absent, awake: true }),
      cell("watched", { watched: true }),
      cell("not in the journal", { changedAt: 6, snapshotAt: 6 }),
      cell("not in a snapshot", { changedAt: 5, snapshotAt: 4 }),
      cell("quarantined", absent, "quarantined"),
    );
    expect(takenIn(cells, 3 * TICKS_OF_A_ROUND, 100_000)).toEqual([]);
    cells.get(KINDS.account.number, "loading")!.phase = "ready";
    expect(takenIn(cells, 1, 100_000)).toEqual(["loading"]);
  });
});
