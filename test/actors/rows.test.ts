import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Rows, ROWS_PER_SEGMENT, type RowSegment } from "../../actors/rows.ts";

/** The obvious twin: every row as an object. */
interface Twin {
  values: number[];
  open: boolean;
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("append"), value: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("set"), value: fc.nat(), pick: fc.nat() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("close"), value: fc.nat(), pick: fc.nat() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("snapshot"), value: fc.nat() }) },
);

describe("Rows", () => {
  it("snapshots of what changed rebuild the table, like the obvious twin says", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.integer({ min: 1, max: 40 }), run),
      { numRuns: 60 },
    );
  });

  it("closed rows of full segments leave memory; the tail stays", () => {
    const rows = new Rows(4);
    for (let n = 0; n < 2 * ROWS_PER_SEGMENT + 3; n++) rows.append(n, 0, 0, 0);
    for (let row = 1; row <= rows.count; row++) rows.close(row);
    expect(rows.fullSegments()).toEqual([]);
    expect(rows.has(1)).toBe(false);
    expect(rows.has(rows.count)).toBe(true);
    expect(rows.get(rows.count, 0)).toBe(2 * ROWS_PER_SEGMENT + 2);
    expect(rows.append(7, 0, 0, 0)).toBe(2 * ROWS_PER_SEGMENT + 4);
  });

  it("refuses a snapshot that is not whole", () => {
    const rows = new Rows(2);
    for (let n = 0; n < ROWS_PER_SEGMENT + 1; n++) rows.append(n, n, 0, 0);
    expect(() => Rows.restore(2, rows.header(), rows.tail(), [])).toThrow(/whole/);
    expect(() => Rows.restore(2, rows.header(), [], rows.fullSegments())).toThrow(/tail/);
  });
});

function run(steps: { do: string; value: number; pick?: number }[], stride: number): void {
  const rows = new Rows(3);
  const twin: Twin[] = [];
  const stored = new Map<number, readonly number[]>();
  const save = (): void => {
    for (const [segmentNo, numbers] of rows.takeDirty()) {
      if (numbers === null) stored.delete(segmentNo);
      else stored.set(segmentNo, numbers);
    }
  };
  for (const each of steps) {
    const open = twin.flatMap((row, at) => (row.open ? [at] : []));
    const at = open[(each.pick ?? 0) % Math.max(1, open.length)];
    if (each.do === "append") {
      // Many at a time, so that segments fill.
      for (let n = 0; n < stride; n++) {
        expect(rows.append(each.value, n, 1, 9)).toBe(twin.length + 1);
        twin.push({ values: [each.value, n, 1], open: true });
      }
    } else if (each.do === "set" && at !== undefined) {
      rows.set(at + 1, 1, each.value);
      twin[at]!.values[1] = each.value;
    } else if (each.do === "close" && at !== undefined) {
      rows.close(at + 1);
      twin[at]!.open = false;
    } else if (each.do === "snapshot") {
      save();
    }
  }
  save();
  const header = rows.header();
  const needed: RowSegment[] = Rows.segmentsOf(header).map((no) => [no, stored.get(no)!]);
  const restored = Rows.restore(3, header, rows.tail(), needed);
  for (const table of [rows, restored]) {
    expect(table.count).toBe(twin.length);
    twin.forEach((row, at) => {
      if (row.open)
        expect(row.values.map((_, column) => table.get(at + 1, column))).toEqual(row.values);
    });
  }
}
