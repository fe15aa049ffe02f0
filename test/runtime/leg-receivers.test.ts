// That what is remembered of receivers saves a look, and is never wrong: who left memory, or is
// another one, is looked up again; and that it is bounded.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accountId, loanId } from "../../actors/address.ts";
import type { PayLegs } from "../../actors/account/legs.ts";
import { Cell } from "../../src/runtime/cell.ts";
import { Cells } from "../../src/runtime/cells.ts";
import { KINDS } from "../../src/runtime/kind.ts";
import { ReceiversOfLoans } from "../../src/runtime/leg-receivers.ts";

function fanOf(loan: string, receivers: readonly string[]): PayLegs {
  const legs = receivers.flatMap((id) => [accountId(id), 1, 0, 0, 0]);
  return { type: "PayLegs", loanId: loanId(loan), clearingNo: 1, instalment: 1, legs };
}

function cell(id: string): Cell {
  return Object.assign(new Cell(KINDS.account, id), { phase: "ready", version: 1 });
}

/** What a message counts besides its receivers. */
const MESSAGE = 32;
const NAMES = ["ann", "bob", "cy", "dee", "eve"];

describe("Receivers of legs", () => {
  test("the receiver of a leg is known the next time", () => {
    const all = new ReceiversOfLoans(100);
    const ann = cell("ann");
    all.of(fanOf("kiln", ["ann"])).set(0, ann);
    expect(all.of(fanOf("kiln", ["ann", "bob"])).cell(0, "ann")).toBe(ann);
    expect(all.of(fanOf("mill", ["ann"])).cell(0, "ann")).toBeUndefined();
  });

  test("one who left memory is gone, with its state", () => {
    const cells = new Cells();
    const ann = cell("ann");
    const { state } = ann;
    cells.add(ann);
    const receivers = new ReceiversOfLoans(100).of(fanOf("kiln", ["ann"]));
    receivers.set(0, ann);
    cells.remove(ann);
    expect(receivers.cell(0, "ann")).toBeUndefined();
    expect(ann.state).not.toBe(state);
    const again = cell("ann");
    receivers.set(0, again);
    expect(receivers.cell(0, "ann")).toBe(again);
  });

  test("whoever is asked for, nobody else comes: legs of nothing are left out, shards differ", () => {
    fc.assert(
      fc.property(fc.array(fc.subarray(NAMES, { minLength: 1 }), { maxLength: 8 }), (fans) => {
        const residents = new Map(NAMES.map((name) => [name, cell(name)]));
        const all = new ReceiversOfLoans(3);
        for (const names of fans) {
          const receivers = all.of(fanOf("kiln", names));
          names.forEach((name, leg) => {
            const known = receivers.cell(leg, name);
            if (known === undefined) receivers.set(leg, residents.get(name)!);
            expect(receivers.cell(leg, name)).toBe(residents.get(name));
          });
        }
      }),
    );
  });

  test("a message may be gone on with in its middle", () => {
    const receivers = new ReceiversOfLoans(100).of(fanOf("kiln", NAMES));
    const dee = cell("dee");
    receivers.set(3, dee);
    expect(receivers.cell(3, "dee")).toBe(dee);
    expect(receivers.cell(0, "ann")).toBeUndefined();
    expect(receivers.count).toBe(MESSAGE + 4);
  });

  test("beyond so many, those of the loans that were repaid longest ago are forgotten", () => {
    const all = new ReceiversOfLoans(2 * (MESSAGE + 2));
    const residents = NAMES.map(cell);
    const meet = (loan: string, from: number): void => {
      const receivers = all.of(fanOf(loan, NAMES.slice(from, from + 2)));
      const known = receivers.count;
      receivers.set(0, residents[from]!);
      receivers.set(1, residents[from + 1]!);
      all.grown(receivers.count - known);
    };
    const isKnown = (loan: string, from: number): boolean =>
      all.of(fanOf(loan, NAMES.slice(from, from + 2))).cell(0, NAMES[from]!) !== undefined;
    meet("first", 0);
    meet("second", 1);
    meet("first", 0);
    meet("third", 2);
    expect(all.count).toBe(2 * (MESSAGE + 2));
    expect(isKnown("first", 0)).toBe(true);
    expect(isKnown("third", 2)).toBe(true);
    expect(isKnown("second", 1)).toBe(false);
  });

  test("messages without a receiver that is known count as well", () => {
    const all = new ReceiversOfLoans(10 * MESSAGE);
    for (let loan = 0; loan < 1_000; loan++) all.of(fanOf(`loan-${loan}`, ["ann"]));
    expect(all.count).toBe(10 * MESSAGE);
  });

  test("of a single message that is larger than the limit, all are known", () => {
    const all = new ReceiversOfLoans(2);
    const receivers = all.of(fanOf("kiln", NAMES));
    NAMES.forEach((name, leg) => receivers.set(leg, cell(name)));
    all.grown(5);
    expect(all.count).toBe(MESSAGE + 5);
    expect(all.of(fanOf("kiln", NAMES)).cell(4, "eve")).toBeDefined();
  });
});
