// What the auditor says of shards that go on while it reads them one after the other: each journal
// ends at another moment, and nothing that lies before both of two ends is let off.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Address } from "../../actors/address.ts";
import { audit } from "../../src/history/audit.ts";
import type { AuditReport } from "../../src/history/report.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import { homeOf } from "./good-world.ts";
import { sourcesOf, type TestJournal } from "./made-journal.ts";
import { LENDING } from "./repaid-world.ts";
import { SmallWorld } from "./small-world.ts";
import { arrival } from "./spoil.ts";

/** How many entries of each shard have records by now. */
function lengthsOf(journal: TestJournal): number[] {
  return journal.map((entries) => entries.filter(({ records }) => records.length > 0).length + 1);
}

/** Shards as a server that goes on leaves them to who reads so many entries of each. */
async function auditOfCut(
  journal: TestJournal,
  cuts: readonly number[],
  home: (address: Address) => number,
  goesOn = true,
): Promise<AuditReport> {
  const cut = journal.map((entries, shard) => entries.slice(0, cuts[shard]));
  const shards = sourcesOf(cut, false).map((source, shard) => ({
    ...source,
    hasGoneOn: () => Promise.resolve(goesOn && cut[shard]!.length < journal[shard]!.length),
  }));
  return audit({ shards, shardOf: home, atRest: false });
}

/** Cuts of which the second shard's is the later one: something arrived that was not sent yet. */
function skewed(): { journal: TestJournal; cuts: number[] } {
  const world = new SmallWorld(2, homeOf);
  world.sealsEach = true;
  for (const id of ["ann", "bob"]) world.open(id, 1_000_00);
  world.list("spring", { principalCents: 500_00 });
  world.bid("ann", "spring", 100_00);
  world.bid("bob", "spring", 200_00);
  world.settle();
  const [first] = lengthsOf(world.journal);
  world.bid("bob", "spring", 200_00);
  world.settle();
  world.acknowledge();
  world.list("autumn");
  return { journal: world.journal, cuts: [first!, world.journal[1]!.length] };
}

describe("Auditor: shards that go on", () => {
  it("counts what is newer than its sender as it was read, and does not judge it", async () => {
    const { journal, cuts } = skewed();
    const report = await auditOfCut(journal, cuts, homeOf);
    expect(report.violations).toEqual([]);
    expect(report.totals.messagesAhead).toBeGreaterThan(0);
  });

  it("judges it when the sender has not gone on, and at rest", async () => {
    const { journal, cuts } = skewed();
    const stopped = await auditOfCut(journal, cuts, homeOf, false);
    const checks = stopped.violations.map(({ check }) => check);
    expect(checks).toContain("link_broken");
    expect(checks).toContain("link_acknowledged_early");
    expect(stopped.totals.messagesAhead).toBe(0);
  });

  it("lets nothing off that both have", async () => {
    const { journal, cuts } = skewed();
    const { record } = arrival(journal, 1);
    Object.assign(record.message, { bidNo: 77 });
    const report = await auditOfCut(journal, cuts, homeOf);
    expect(report.violations.map(({ check }) => check)).toContain("link_broken");
  });

  it("finds nothing in random histories, wherever and in whatever order they are read", async () => {
    const command = fc.record({
      what: fc.constantFrom(
        ...(["bid", "bid", "bid", "cancel", "end", "repay", "day"] as const),
        ...(["settle", "settle", "settle", "read"] as const),
      ),
      who: fc.integer({ min: 0, max: 3 }),
      loan: fc.integer({ min: 0, max: 2 }),
      steps: fc.integer({ min: 1, max: 12 }),
    });
    const histories = fc.array(command, { minLength: 20, maxLength: 80 });
    let ahead = 0;
    let clearings = 0;
    const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
    await fc.assert(
      fc.asyncProperty(histories, order, async (commands, toRead) => {
        const home = (address: Address): number => shardOf(address, 4);
        const world = new SmallWorld(4, home);
        world.sealsEach = true;
        for (let who = 0; who < 4; who++) world.open(`lender-${who}`, 2_000_00);
        world.open("borrower", 1_000_00);
        for (let loan = 0; loan < 3; loan++) world.list(`loan-${loan}`, LENDING);
        const cuts: number[] = [];
        const left = [...toRead];
        for (const { what, who, loan, steps } of commands) {
          const lender = { kind: "account", id: `lender-${who}` as never } as const;
          if (what === "bid") world.bid(lender.id, `loan-${loan}`, steps * 100_00, "upTo");
          else if (what === "cancel") world.request(lender, { type: "CancelBid", bidId: 1 });
          else if (what === "end") world.cancel(`loan-${loan}`);
          else if (what === "repay") {
            world.repay("borrower", `loan-${loan}`, steps * 50_00, "early_keep_term");
          } else if (what === "day") world.advance(world.day + steps * 4, steps > 6);
          else if (what === "settle") world.settle(steps);
          else if (steps > 4 && left.length > 0) {
            const shard = left.shift()!;
            cuts[shard] = lengthsOf(world.journal)[shard]!;
          }
          if (steps > 10) world.acknowledge();
        }
        for (const shard of left) cuts[shard] = world.journal[shard]!.length;
        world.deposit("lender-0", 1);
        const report = await auditOfCut(world.journal, cuts, home);
        expect(report.violations).toEqual([]);
        ahead += report.totals.messagesAhead;
        clearings += report.totals.clearings;
      }),
      { numRuns: 150 },
    );
    expect(ahead).toBeGreaterThan(100);
    expect(clearings).toBeGreaterThan(100);
  });
});
