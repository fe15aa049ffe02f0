// What the auditor knows of loans that were paid out, on histories made by the real actors.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loanId, type Address } from "../../actors/address.ts";
import { REPAYMENT_METHODS } from "../../src/lending/terms.ts";
import { audit } from "../../src/history/audit.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import { curedWorld } from "./cured-world.ts";
import { homeOf } from "./good-world.ts";
import { sourcesOf, type TestEntry } from "./made-journal.ts";
import { LENDING, repaidWorld } from "./repaid-world.ts";
import { SmallWorld } from "./small-world.ts";
import { find } from "./spoil.ts";

describe("Auditor: repayments", () => {
  it("finds nothing in a good history, and sums it up", async () => {
    const { journal } = repaidWorld();
    const report = await audit({ shards: sourcesOf(journal), shardOf: homeOf, atRest: true });
    expect(report.violations).toEqual([]);
    expect(report.totals).toMatchObject({
      messagesInFlight: 0,
      clearings: 10,
      legs: 30,
      clearingCents: 0,
      transitCents: 0,
    });
    expect(report.loans).toMatchObject([
      { loanId: "spring", status: "settled" },
      { loanId: "autumn", status: "listed" },
      { loanId: "summer", status: "written_off" },
    ]);
  });

  it("takes a default that is cured by paying all that is due", async () => {
    const { journal } = curedWorld();
    const report = await audit({ shards: sourcesOf(journal), shardOf: homeOf, atRest: true });
    expect(report.violations).toEqual([]);
    const defaulted = find(journal, "LoanDefaulted", "winter");
    expect(defaulted.act.events.map(({ type }) => type)).toEqual([
      "NothingCollected",
      "LoanDefaulted",
    ]);
    const cured = find(journal, "LoanCured", "winter");
    expect(cured.act.events.map(({ type }) => type)).toEqual(["RepaymentTaken", "LoanCured"]);
    expect(report.loans).toMatchObject([{}, { loanId: "winter", status: "repaying" }]);
  });

  it("takes older journals: in default before the account is asked, and never cured", async () => {
    const { journal } = curedWorld();
    const { act, event } = find(journal, "LoanDefaulted", "winter");
    act.events = act.events.slice(0, 1);
    const { act: day } = find(journal, "DayWorked", "winter", 91);
    day.events = [...day.events, event];
    const { act: cure } = find(journal, "LoanCured", "winter");
    cure.events = cure.events.slice(0, 1);
    find(journal, "LoanDisbursed", "winter").event["rules"] = 1;
    const report = await audit({ shards: sourcesOf(journal), shardOf: homeOf, atRest: true });
    expect(report.violations).toEqual([]);
    expect(report.loans).toMatchObject([{}, { loanId: "winter", status: "defaulted" }]);
  });

  it("takes a history that stops anywhere in a clearing: money of legs is in transit", async () => {
    const world = new SmallWorld(2, homeOf);
    for (const id of ["ann", "bob", "carol"]) world.open(id, 2_000_00);
    world.open("borrower", 500_00);
    world.list("spring", LENDING);
    for (const id of ["ann", "bob", "carol"]) world.bid(id, "spring", 400_00, "upTo");
    world.settle();
    world.legsPerRecord = 1;
    world.outOfService.add("bob");
    world.advance(world.wantedBy("spring")!, false);
    let inTransit = 0;
    for (let step = 0; step < 40; step++) {
      const sources = sourcesOf(world.journal);
      const report = await audit({ shards: sources, shardOf: homeOf, atRest: false });
      expect(report.violations).toEqual([]);
      if (report.totals.transitCents !== 0) inTransit++;
      if (report.totals.messagesInFlight === 1 && step > 4) world.mend();
      world.settle(1);
    }
    expect(inTransit).toBeGreaterThan(3);
    const rest = await audit({ shards: sourcesOf(world.journal), shardOf: homeOf, atRest: true });
    expect(rest.violations).toEqual([]);
    expect(rest.totals).toMatchObject({ clearings: 1, legs: 3, transitCents: 0 });
  });

  it("agrees with the actors on terms, amounts and days of every kind", async () => {
    const terms = fc.record({
      method: fc.constantFrom(...REPAYMENT_METHODS),
      term: fc.integer({ min: 1, max: 30 }),
      rateBps: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100_000 })),
      basisDays: fc.constantFrom(0, 360, 364, 365),
      originationFeeBps: fc.integer({ min: 0, max: 10_000 }),
      serviceFeeBps: fc.integer({ min: 0, max: 10_000 }),
      earlyFeeBps: fc.integer({ min: 0, max: 10_000 }),
      graceDays: fc.integer({ min: 0, max: 90 }),
      penaltyPpm: fc.integer({ min: 0, max: 100_000 }),
    });
    const mode = fc.constantFrom("due", "early_full", "early_keep_term", "early_keep_instalment");
    const step = fc.oneof(
      fc.record({ what: fc.constant("day" as const), days: fc.integer({ min: 1, max: 130 }) }),
      fc.record({ what: fc.constant("jump" as const), days: fc.integer({ min: 1, max: 130 }) }),
      fc.record({
        what: fc.constant("repay" as const),
        mode,
        cents: fc.oneof(fc.integer({ min: 1, max: 5_00 }), fc.integer({ min: 1, max: 9_000_00 })),
      }),
      fc.record({
        what: fc.constant("money" as const),
        cents: fc.integer({ min: 1, max: 900_00 }),
      }),
      fc.record({ what: fc.constant("some" as const), messages: fc.integer({ min: 0, max: 9 }) }),
      fc.constantFrom(
        { what: "owner" as const },
        { what: "settle" as const },
        { what: "write off" as const, answer: "confirm" },
        { what: "write off" as const, answer: "return" },
      ),
    );
    let writtenOff = 0;
    await fc.assert(
      fc.asyncProperty(
        terms,
        fc.array(fc.integer({ min: 1, max: 400_00 }), { minLength: 1, maxLength: 7 }),
        fc.array(step, { minLength: 1, maxLength: 25 }),
        fc.constantFrom(1, 3),
        fc.boolean(),
        async (lending, shares, steps, shards, spends) => {
          const home = (address: Address): number => shardOf(address, shards);
          const world = new SmallWorld(shards, home);
          world.legsPerRecord = 2;
          shares.forEach((cents, lender) => world.open(`lender-${lender}`, cents));
          world.open("borrower", 10_00);
          const principalCents = shares.reduce((sum, cents) => sum + cents, 0);
          const small = { stepCents: 1, minBidCents: 1, principalCents };
          world.list("loan", { ...lending, ...small, disbursesAtOnce: true });
          shares.forEach((cents, lender) => world.bid(`lender-${lender}`, "loan", cents));
          world.settle();
          if (spends) {
            spend(world);
            world.advance(world.wantedBy("loan")! + 91);
          }
          let proposals = 0;
          for (const each of steps) {
            if (each.what === "day") world.advance(world.day + each.days);
            else if (each.what === "jump") world.jump(world.day + each.days);
            else if (each.what === "repay") world.repay("borrower", "loan", each.cents, each.mode);
            else if (each.what === "money") give(world, each.cents);
            else if (each.what === "some") world.settle(each.messages);
            else if (each.what === "owner") world.takeOver();
            else if (each.what === "write off")
              proposals += writeOff(world, proposals + 1, each.answer);
            else world.settle();
          }
          const shardsNow = sourcesOf(world.journal);
          if (world.journal.some(isWrittenOff)) writtenOff++;
          const running = await audit({ shards: shardsNow, shardOf: home, atRest: false });
          expect(running.violations).toEqual([]);
          give(world, 10_000_000_00);
          world.settle();
          world.advance(world.day + 31 * 32);
          world.acknowledge();
          const sources = sourcesOf(world.journal);
          const rest = await audit({ shards: sources, shardOf: home, atRest: true });
          expect(rest.violations).toEqual([]);
          // With all the money in the world it ends: each lender has exactly the principal.
          expect(rest.loans.find(({ loanId: id }) => id === "loan")!.status).toBe("settled");
        },
      ),
      { numRuns: Number(process.env["RUNS"] ?? 150) },
    );
    expect(writtenOff, "loans written off among all").toBeGreaterThan(0);
  });
});

function isWrittenOff(entries: readonly TestEntry[]): boolean {
  return entries.some(({ records }) =>
    records.some(
      (record) =>
        record.record === "act" && record.events.some(({ type }) => type === "LoanWrittenOff"),
    ),
  );
}

/** Proposed and judged, where there is a default at all; how many proposals that made. */
function writeOff(world: SmallWorld, proposal: number, answer: string): number {
  const to = { kind: "loan", id: loanId("loan") } as const;
  const ask = { loanId: "loan", reason: "late", proposal, answer };
  const { refusal } = world.request(to, { ...ask, type: "ProposeWriteOff", by: "oda" });
  if (refusal !== undefined) return 0;
  world.request(to, { ...ask, type: "DecideWriteOff", by: "otto" });
  return 1;
}

/** The borrower lends on all that it got, and can repay nothing of it for now. */
function spend(world: SmallWorld): void {
  const small = { stepCents: 1, minBidCents: 1, borrowerId: "erik" };
  world.list("elsewhere", { ...small, principalCents: 90_000_000_00 });
  world.bid("borrower", "elsewhere", 90_000_000_00);
  for (let cents = 2 ** 25; cents >= 1; cents /= 2) world.bid("borrower", "elsewhere", cents);
  world.settle();
}

function give(world: SmallWorld, amountCents: number): void {
  world.deposit("borrower", amountCents);
}
