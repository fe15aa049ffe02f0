// What the auditor knows of journals that were trimmed in front, wherever they were cut.

import { describe, expect, it } from "vitest";
import { audit } from "../../src/history/audit.ts";
import { homeOf } from "./good-world.ts";
import { sourcesOf, type TestEntry, type TestJournal, type TestRecord } from "./made-journal.ts";
import { LENDING } from "./repaid-world.ts";
import { SmallWorld } from "./small-world.ts";

/** Repayments in legs of one record each, some of them skipped; an entry for each record. */
function legsWorld(): SmallWorld {
  const world = new SmallWorld(2, homeOf);
  world.sealsEach = true;
  world.legsPerRecord = 1;
  for (const id of ["ann", "bob", "carol", "borrower"]) world.open(id, 2_000_00);
  world.list("spring", LENDING);
  for (const id of ["ann", "bob"]) world.bid(id, "spring", 300_00);
  world.bid("carol", "spring", 400_00);
  world.settle();
  for (let round = 0; round < 3; round++) {
    world.repay("borrower", "spring", 100_00, "early_keep_term");
    world.settle();
    world.outOfService.add("bob");
    world.repay("borrower", "spring", 100_00, "early_keep_term");
    world.settle();
    for (const id of ["ann", "carol"]) world.deposit(id, 1_00);
    world.mend();
    world.settle();
    for (const id of ["ann", "bob", "carol"]) world.deposit(id, 1_00);
    world.advance(world.day + 1);
  }
  world.acknowledge();
  return world;
}

/** Of what is left without so many entries of each shard. */
async function checksOf(journal: TestJournal, cuts: readonly number[]): Promise<string[]> {
  const left = journal.map((entries, shard) => entries.slice(cuts[shard]));
  const report = await audit({ shards: sourcesOf(left), shardOf: homeOf, atRest: true });
  expect(report.coverage).toBe("trimmed");
  return report.violations.map(({ check }) => check);
}

type Legs = Extract<TestRecord, { record: "legs" }>;

/** Of the shard of two lenders. */
function legsIn(journal: TestJournal): { readonly entry: TestEntry; readonly record: Legs }[] {
  return journal[1]!.flatMap((entry) =>
    entry.records.flatMap((record) => (record.record === "legs" ? [{ entry, record }] : [])),
  );
}

describe("Auditor: trimmed journals", () => {
  it("finds nothing in good repayments, wherever they begin", async () => {
    const { journal } = legsWorld();
    expect(legsIn(journal).filter(({ record }) => record.skipped.length > 0)).toHaveLength(3);
    for (const [shard, entries] of journal.entries()) {
      expect(entries.length).toBeGreaterThan(50);
      for (let cut = 1; cut < entries.length; cut++) {
        const cuts = shard === 0 ? [cut, 1] : [1, cut];
        expect(await checksOf(journal, cuts), `shard ${shard} from ${cut}`).toEqual([]);
      }
    }
  });

  it.each(Array.from({ length: 12 }, (_, nth) => nth))(
    "finds legs that are received twice, or never, when their message is there: %s",
    async (nth) => {
      const twice = legsWorld().journal;
      const { entry, record } = legsIn(twice)[nth]!;
      entry.records.push(structuredClone(record));
      expect(await checksOf(twice, [1, 1])).toContain("message_not_pending");
      const never = legsWorld().journal;
      const legs = legsIn(never);
      const message = legs.filter((each) => each.record.cause === legs[nth]!.record.cause);
      for (const each of message) each.entry.records = [];
      expect(await checksOf(never, [1, 1])).toContain("version_gap");
    },
  );
});
