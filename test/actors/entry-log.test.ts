// The rows behind an account's stream: what is written is read, also
// from snapshots of earlier layouts.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ENTRIES_KEPT_MAX,
  ENTRY_KINDS,
  EntryLog,
  type EntryKind,
} from "../../actors/account/entry-log.ts";
import { loanId } from "../../actors/address.ts";

const AT = 1_700_000_000_000;
const SPRING = loanId("spring");

const cents = fc.integer({ min: 0, max: 1_000_000_000_000 });
const money = fc.record({
  kind: fc.constantFrom(...ENTRY_KINDS.filter((kind) => kind !== "repayment_received")),
  amount: cents,
  available: cents,
  held: cents,
  number: fc.option(fc.integer({ min: 1, max: 1_000_000_000 }), { nil: null }),
});
const share = fc.record({
  kind: fc.constant("repayment_received" as const),
  available: cents,
  held: cents,
  parts: fc.tuple(cents, cents, cents, cents),
  clearing: fc.integer({ min: 1, max: 1_000_000_000 }),
  instalment: fc.integer({ min: 1, max: 36 }),
});

function write(log: EntryLog, entry: unknown): void {
  const e = entry as { kind: EntryKind; available: number; held: number; amount: number };
  const { number, parts, clearing, instalment } = entry as {
    number: number | null;
    parts: [number, number, number, number];
    clearing: number;
    instalment: number;
  };
  if (e.kind === "repayment_received") {
    log.writeLeg(AT, e.available, e.held, SPRING, ...parts, clearing, instalment);
  } else {
    log.write(e.kind, AT, e.amount, e.available, e.held, SPRING, number);
  }
}

describe("The rows of entries", () => {
  it("give back what was written, the last ones, also from a snapshot", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(money, share), { maxLength: 150 }), (written) => {
        const log = new EntryLog();
        for (const entry of written) write(log, entry);
        const entries = log.after(0);
        expect(entries).toEqual(EntryLog.restore(structuredClone(log.toSnapshot())).after(0));
        const kept = written.slice(-ENTRIES_KEPT_MAX);
        expect(entries.map(({ entry }) => entry)).toEqual(
          kept.map((_, at) => written.length - kept.length + at + 1),
        );
        entries.forEach((entry, at) => {
          const wanted = kept[at]!;
          expect([entry.kind, entry.availableCents, entry.heldCents]).toEqual([
            wanted.kind,
            wanted.available,
            wanted.held,
          ]);
          if ("parts" in wanted) {
            const [principal, interest, penalty, fee] = wanted.parts;
            expect(entry.amountCents).toBe(principal + interest + penalty - fee);
            expect([entry.clearing, entry.instalment, entry.feeCents]).toEqual([
              wanted.clearing,
              wanted.instalment,
              fee,
            ]);
          } else {
            const own = wanted.kind.startsWith("withdrawal_") ? entry.withdrawal : entry.bidId;
            expect([entry.amountCents, own ?? 0]).toEqual([wanted.amount, wanted.number ?? 0]);
            expect(entry.clearing).toBeNull();
          }
        });
      }),
      { numRuns: 200 },
    );
  });

  it("are read from snapshots of before there were repayments", () => {
    const rows = [AT, 0, 500, 500, 0, 0, AT + 1, 1, 200, 300, 200, 7];
    const log = EntryLog.restore([2, rows, [null, "spring"]]);
    expect(log.after(0)).toMatchObject([
      { entry: 1, kind: "deposit", amountCents: 500, availableCents: 500, bidId: null },
      { entry: 2, kind: "hold_placed", amountCents: 200, heldCents: 200, bidId: 7 },
    ]);
  });

  it("are read from snapshots with a column for each part", () => {
    const held = [AT, 8, 90, 10, 90, 3, 0, 0, 0, 0, 0, 0];
    const received = [AT + 2, 7, 103, 113, 90, 0, 100, 4, 1, 2, 12, 5];
    const log = EntryLog.restore([2, [...held, ...received], [null, "spring"]]);
    expect(log.after(0)).toMatchObject([
      { kind: "withdrawal_held", amountCents: 90, withdrawal: 3, bidId: null, clearing: null },
      {
        kind: "repayment_received",
        amountCents: 103,
        availableCents: 113,
        principalCents: 100,
        interestCents: 4,
        penaltyCents: 1,
        feeCents: 2,
        clearing: 12,
        instalment: 5,
      },
    ]);
  });

  it("of an unknown layout are refused", () => {
    expect(() => EntryLog.restore([1, [AT, 0, 5, 5, 0], [null]])).toThrow("known layout");
  });
});
