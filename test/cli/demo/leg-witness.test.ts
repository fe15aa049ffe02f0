// Legs in the journal against what lenders wrote down: each difference is found.

import { beforeAll, describe, expect, it } from "vitest";
import { accountId, loanId } from "../../../actors/address.ts";
import { LegWitness } from "../../../src/cli/demo/leg-witness.ts";
import type { AccountLog } from "../../../src/cli/demo/lender-streams.ts";
import type { AccountEntry } from "../../../src/client/client.ts";
import { World } from "../../support/world.ts";

const LENDERS = ["ann", "ben"];
let world: World;
let toldOnce: AccountLog[];

/** Two instalments of a loan that two lenders hold, who watch. */
beforeAll(async () => {
  world = await new World(1, { journalKeep: "all" }).start();
  await world.openWithMoney("borrower", 500_00);
  for (const id of LENDERS) {
    await world.openWithMoney(id, 500_00);
    await world.ask({ type: "WatchAccount", accountId: accountId(id), after: null });
  }
  const terms = { method: "equal_instalment", term: 12, rateBps: 1_200, disbursesAtOnce: true };
  await world.listLoan("spring", { ...terms, serviceFeeBps: 1_000 });
  for (const id of LENDERS) await world.answered(world.bid(id, "spring", 500_00).request);
  for (let month = 0; month < 2; month++) {
    const answer = await world.ask({ type: "GetLoan", loanId: loanId("spring") });
    if (answer.type !== "Loan") throw new Error("no loan");
    await world.system.advanceTo(answer.view.nextDueOn!);
  }
  const legs = (): AccountLog[] =>
    LENDERS.map((id) => ({
      accountId: id,
      entries: world.told.flatMap(({ release }) =>
        release.kind === "entry" && release.accountId === id
          ? [{ ...release.entry, accountId: id } as AccountEntry]
          : [],
      ),
      availableCents: 0,
      heldCents: 0,
      last: 0,
    }));
  const received = (): number =>
    legs().flatMap(({ entries }) => entries.filter((each) => each.clearing !== null)).length;
  await world.until(() => received() === 4);
  toldOnce = legs();
  await world.stop();
});

async function witness(): Promise<LegWitness> {
  const found = new LegWitness("spring");
  for await (const entry of found.observe(0, world.stores[0]!.entries)) void entry;
  return found;
}

function received(log: AccountLog): AccountEntry[] {
  return log.entries.filter(({ kind }) => kind === "repayment_received");
}

describe("Leg witness", () => {
  it("finds every leg in the journal, once, as its lender was told", async () => {
    const found = await witness();
    const figures = found.compare(toldOnce);
    expect(figures).toMatchObject({ repayments: 2, legs: 4, lost: 0, doubled: 0 });
    const parts = toldOnce.flatMap(received);
    const sum = (of: (entry: AccountEntry) => number): number =>
      parts.reduce((total, each) => total + of(each), 0);
    expect(figures.principalCents).toBe(sum((each) => each.principalCents!));
    expect(figures.interestCents).toBe(sum((each) => each.interestCents!));
    expect(figures.serviceFeeCents).toBe(sum((each) => each.feeCents!));
    expect(figures.serviceFeeCents).toBeGreaterThan(0);
    expect(found.receivedIn(1)).toBe(4);
    expect(found.receivedIn(2)).toBe(0);
  });

  const spoilt: Record<string, (log: AccountLog) => AccountEntry[]> = {
    "was not told": (log) => log.entries.filter((each) => each !== received(log)[0]),
    "was told with another interest": (log) =>
      log.entries.map((each) =>
        each === received(log)[0] ? { ...each, interestCents: each.interestCents! + 1 } : each,
      ),
    "was told of a clearing that never was": (log) => [
      ...log.entries,
      { ...received(log)[0]!, clearing: 99 },
    ],
  };
  for (const [what, spoil] of Object.entries(spoilt)) {
    it(`says lost of a leg that ${what}`, async () => {
      const logs = toldOnce.map((log, nth) => (nth === 0 ? { ...log, entries: spoil(log) } : log));
      expect((await witness()).compare(logs).lost).toBeGreaterThan(0);
    });
  }

  it("says doubled of a leg that was told twice", async () => {
    const [ann, ben] = toldOnce as [AccountLog, AccountLog];
    const logs = [{ ...ann, entries: [...ann.entries, received(ann)[1]!] }, ben];
    expect((await witness()).compare(logs)).toMatchObject({ lost: 0, doubled: 1 });
  });

  it("says doubled of a leg that the journal has twice", async () => {
    const found = await witness();
    for await (const entry of found.observe(0, world.stores[0]!.entries)) void entry;
    expect(found.compare(toldOnce).doubled).toBe(4);
  });
});
