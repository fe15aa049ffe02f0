// A good history passes; each check is shown to fail on a journal that was spoilt in one place.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Address } from "../../actors/address.ts";
import { audit, type AuditOptions } from "../../src/history/audit.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import { goodWorld, homeOf } from "./good-world.ts";
import { sourcesOf, type TestJournal } from "./made-journal.ts";
import { SmallWorld } from "./small-world.ts";

async function auditOf(journal: TestJournal, options: Partial<AuditOptions> = {}) {
  return audit({ shards: sourcesOf(journal), shardOf: homeOf, atRest: true, ...options });
}

/** What the file imports as values; types have no say in what it does. */
function importsOf(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const found = text.matchAll(/^import (?!type )[^;]*? from "(\.[^"]+)";/gms);
  return [...found]
    .filter(([statement]) => !/^import \{(\s*type [^,}]+,?)+\s*\}/.test(statement))
    .map(([, target]) => join(dirname(path), target!));
}

describe("Auditor", () => {
  it("uses nothing of what it audits", () => {
    const seen = new Set(["src/history/audit.ts"]);
    const outside = new Set<string>();
    for (const path of seen) {
      for (const target of importsOf(path)) {
        if (target.startsWith("src/history/")) seen.add(target);
        else outside.add(target);
      }
    }
    expect(seen.size).toBeGreaterThan(20);
    const server =
      /(decide|evolve|snapshot|repayment|holders|book)\.ts$|src\/(lending|money|runtime)\//;
    expect([...outside].filter((target) => server.test(target))).toEqual([]);
    expect(outside).toContain("actors/loan/events.ts");
  });

  it("finds nothing in a good history, and sums it up", async () => {
    const report = await auditOf(goodWorld().journal);
    expect(report.violations).toEqual([]);
    expect(report).toMatchObject({ ok: true, coverage: "full", violationCount: 0 });
    expect(report.totals).toMatchObject({
      takeOvers: 4,
      messagesInFlight: 0,
      accounts: 4,
      loans: 5,
      depositedCents: 4_000_00,
      clearingCents: 0,
      heldCents: 150_00,
      availableCents: 3_850_00,
      transitCents: 0,
      trialBalanceCents: 0,
    });
    expect(report.loans).toMatchObject([
      { loanId: "spring", status: "repaying", raisedCents: 1_000_00, heldCents: 0, bids: 3 },
      { loanId: "autumn", status: "listed", raisedCents: 150_00, heldCents: 150_00, bids: 1 },
      { loanId: "kiln", status: "listed", principalCents: 500_00, raisedCents: 0 },
      { loanId: "summer", status: "expired", heldCents: 0 },
      { loanId: "winter", status: "cancelled", heldCents: 0, bids: 2 },
    ]);
  });

  it("takes a history that stops anywhere, unless it should be at rest", async () => {
    const world = goodWorld();
    world.list("spring2", { principalCents: 300_00 });
    world.bid("ann", "spring2", 100_00);
    world.bid("bob", "spring2", 200_00);
    world.settle();
    world.confirm("spring2");
    for (let step = 0; step < 40; step++) {
      const running = await auditOf(world.journal, { atRest: false });
      expect(running.violations).toEqual([]);
      const rest = await auditOf(world.journal);
      const checks = new Set(rest.violations.map(({ check }) => check));
      const busy = running.totals.messagesInFlight > 0;
      expect([...checks]).toEqual(busy ? ["message_left_over"] : []);
      if (!busy) break;
      world.settle(1);
    }
    const done = await auditOf(world.journal);
    expect(done.totals.clearingCents).toBe(0);
  });

  it("says plainly that a trimmed journal was checked in part, and still checks its chain", async () => {
    const { journal } = goodWorld();
    for (const entries of journal) entries.splice(0, 2);
    const report = await auditOf(journal);
    expect(report).toMatchObject({ ok: true, coverage: "trimmed", clients: null });
    const spoilt = goodWorld().journal;
    for (const entries of spoilt) entries.splice(0, 2);
    spoilt[0]!.splice(1, 1);
    const gap = await auditOf(spoilt);
    expect(gap.coverage).toBe("trimmed");
    expect(gap.violations.map(({ check }) => check)).toContain("fence_passed");
  });

  it("finds nothing in histories of random commands, with one shard and with four", async () => {
    const command = fc.record({
      what: fc.constantFrom("bid", "bid", "bid", "bid", "cancel", "settle", "seal", "owner"),
      who: fc.integer({ min: 0, max: 5 }),
      loan: fc.integer({ min: 0, max: 2 }),
      steps: fc.integer({ min: 0, max: 8 }),
      fill: fc.constantFrom("exact", "upTo"),
      number: fc.integer({ min: 1, max: 6 }),
    });
    const histories = fc.array(command, { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(histories, fc.constantFrom(1, 4), async (commands, shards) => {
        const home = (address: Address): number => shardOf(address, shards);
        const world = new SmallWorld(shards, home);
        for (let who = 0; who < 6; who++) world.open(`lender-${who}`, 700_00);
        for (let loan = 0; loan < 3; loan++) {
          world.list(`loan-${loan}`, { lenderCapCents: loan === 1 ? 300_00 : null });
        }
        for (const { what, who, loan, steps, fill, number } of commands) {
          const lender = { kind: "account", id: `lender-${who}` as never } as const;
          if (what === "bid") world.bid(lender.id, `loan-${loan}`, steps * 50_00 + 50_00, fill);
          else if (what === "cancel") world.request(lender, { type: "CancelBid", bidId: number });
          else if (what === "settle") world.settle(steps);
          else if (what === "seal") world.seal();
          else world.takeOver();
        }
        const running = await audit({
          shards: sourcesOf(world.journal),
          shardOf: home,
          atRest: false,
        });
        expect(running.violations).toEqual([]);
        // Fills what is left of every loan, so that each history has closings too.
        world.open("filler", 10_000_00);
        for (let loan = 0; loan < 3; loan++) world.bid("filler", `loan-${loan}`, 1_000_00, "upTo");
        world.settle();
        for (let loan = 0; loan < 3; loan++) {
          world.confirm(`loan-${loan}`);
          world.settle();
        }
        world.acknowledge();
        const rest = await audit({
          shards: sourcesOf(world.journal),
          shardOf: home,
          atRest: true,
        });
        expect(rest.violations).toEqual([]);
        expect(rest.totals.depositedCents).toBe(6 * 700_00 + 10_000_00);
        // The second one has a cap for each lender, and may stay open.
        expect(rest.totals.clearingCents).toBe(0);
        expect(rest.totals.raisedCents).toBeGreaterThanOrEqual(2_000_00);
      }),
      { numRuns: 150 },
    );
  });
});
