// The auditor's view of the custodian bank: a good history passes, and one cent more or less at the
// bank is found in the books.

import { describe, expect, it } from "vitest";
import { audit } from "../../src/history/audit.ts";
import { goodWorld, homeOf } from "./good-world.ts";
import { sourcesOf } from "./made-journal.ts";
import { ledgerWith } from "./spoil.ts";
import { behind, GOOD_CUSTODY } from "./spoilt-custody.ts";

async function auditWith(options: object = {}) {
  const { journal } = goodWorld();
  behind(...GOOD_CUSTODY)(journal);
  return audit({ shards: sourcesOf(journal), shardOf: homeOf, atRest: true, ...options });
}

describe("Auditor: the custodian bank", () => {
  it("finds nothing in deposits and withdrawals that are as they should be", async () => {
    const report = await auditWith();
    expect(report.violations).toEqual([]);
    expect(report.totals).toMatchObject({
      depositedCents: 4_010_00,
      paidOutCents: 10_00,
      availableCents: 3_850_00,
      heldCents: 150_00,
    });
  });

  it("holds money of a withdrawal that has not ended, whatever the bank does", async () => {
    const { journal } = goodWorld();
    behind(...GOOD_CUSTODY.slice(0, 3))(journal);
    const report = await audit({ shards: sourcesOf(journal), shardOf: homeOf, atRest: true });
    expect(report.violations).toEqual([]);
    expect(report.totals).toMatchObject({ heldCents: 170_00, paidOutCents: 0 });
  });

  it("finds a ledger that books a cent too little", async () => {
    const report = await auditWith({ ledger: ledgerWith({ factor: 1, extra: -1 }) });
    const checks = new Set(report.violations.map(({ check }) => check));
    expect(checks).toContain("postings_unbalanced");
  });
});
