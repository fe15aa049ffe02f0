// Later programs write what earlier ones did not, and a shard never goes back: each fall is found,
// though nothing else of it is wrong.

import { describe, expect, it } from "vitest";
import { audit } from "../../src/history/audit.ts";
import { homeOf } from "./good-world.ts";
import { sourcesOf, type TestJournal } from "./made-journal.ts";
import { LENDING } from "./repaid-world.ts";
import { SmallWorld } from "./small-world.ts";
import { find } from "./spoil.ts";

/** Two loans of the same shard, lent and paid out one after the other. */
function twoLoans(): TestJournal {
  const world = new SmallWorld(2, homeOf);
  for (const id of ["ann", "bob"]) world.open(id, 1_000_00);
  world.deposit("bob", 1_000_00);
  for (const [id, lender] of [
    ["winter", "ann"],
    ["summer", "bob"],
  ] as const) {
    world.list(id, LENDING);
    world.bid(lender, id, 1_000_00);
    world.settle();
  }
  world.acknowledge();
  return world.journal;
}

type Place = readonly [type: Parameters<typeof find>[1], id: string, nth: number];

interface Flag {
  readonly field: string;
  /** As an earlier program had it. */
  readonly low: unknown;
  readonly check: string;
  readonly earlier: Place;
  readonly later: Place;
}

const FLAGS: readonly Flag[] = [
  {
    ...{ field: "rules", low: 1, check: "disbursement_wrong" },
    earlier: ["LoanDisbursed", "winter", 0],
    later: ["LoanDisbursed", "summer", 0],
  },
  {
    ...{ field: "byStandingBids", low: false, check: "share_wrong" },
    earlier: ["LoanCollected", "winter", 0],
    later: ["LoanCollected", "summer", 0],
  },
  {
    ...{ field: "isReferenceKept", low: false, check: "event_impossible" },
    earlier: ["Deposited", "bob", 0],
    later: ["Deposited", "bob", 1],
  },
];

async function checksOf(journal: TestJournal): Promise<string[]> {
  const report = await audit({ shards: sourcesOf(journal), shardOf: homeOf, atRest: true });
  return report.violations.map(({ check }) => check);
}

describe.each(FLAGS)("Auditor: $field", ({ field, low, check, earlier, later }) => {
  it("may be of an earlier program, and of a later one from then on", async () => {
    const journal = twoLoans();
    expect(await checksOf(journal)).toEqual([]);
    find(journal, ...earlier).event[field] = low;
    expect(await checksOf(journal)).toEqual([]);
    find(journal, ...later).event[field] = low;
    expect(await checksOf(journal)).toEqual([]);
  });

  it("never falls, in trimmed journals neither", async () => {
    const journal = twoLoans();
    find(journal, ...later).event[field] = low;
    expect(await checksOf(journal)).toEqual([check]);
    const trimmed = journal.map((entries) => entries.slice(1));
    expect(await checksOf(trimmed)).toEqual([check]);
  });

  it("is of each shard by itself", async () => {
    const journal = twoLoans();
    for (const place of [earlier, later]) find(journal, ...place).event[field] = low;
    // The first shard has deposits of the later program, and is read first.
    expect(find(journal, "Deposited", "ann").event["isReferenceKept"]).toBe(true);
    expect(await checksOf(journal)).toEqual([]);
  });
});

it("Auditor: a deposit without a reference keeps none, and says nothing of its program", async () => {
  const journal = twoLoans();
  const { event } = find(journal, "Deposited", "bob", 1);
  Object.assign(event, { reference: "", isReferenceKept: false });
  expect(await checksOf(journal)).toEqual([]);
});
