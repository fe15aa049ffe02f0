import { describe, expect, it } from "vitest";
import { readCustodyLines } from "../../src/history/custody-lines.ts";
import { goodWorld } from "./good-world.ts";
import { sourcesOf } from "./made-journal.ts";
import { behind, GOOD_CUSTODY } from "./spoilt-custody.ts";

describe("Lines of the custody account", () => {
  it("are all deposits and all payouts that were confirmed, and nothing else", async () => {
    const { journal } = goodWorld();
    behind(...GOOD_CUSTODY)(journal);
    const { lines, completeFromMs } = await readCustodyLines(sourcesOf(journal));
    expect(completeFromMs).toBeNull();
    const told = lines.filter(({ bookedAtMs }) => bookedAtMs === 1);
    expect(told).toEqual([
      { kind: "deposit", reference: "d-1", accountId: "ann", amountCents: 5_00, bookedAtMs: 1 },
      { kind: "payout", reference: "w-ann-1", accountId: "ann", amountCents: 10_00, bookedAtMs: 1 },
      { kind: "deposit", reference: "d-2", accountId: "ann", amountCents: 5_00, bookedAtMs: 1 },
    ]);
    // Four accounts were opened with money that an operator booked.
    expect(lines.length - told.length).toBe(4);
  });

  it("of a trimmed journal are complete from the first entry that is left", async () => {
    const { journal } = goodWorld();
    for (const entries of journal) entries.splice(0, 2);
    const { completeFromMs } = await readCustodyLines(sourcesOf(journal));
    const firsts = journal.map((entries) => entries.find(({ header }) => header !== null)!);
    expect(completeFromMs).toBe(Math.max(...firsts.map(({ header }) => header!.atMs)));
  });
});
