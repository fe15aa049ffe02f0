// Spoils a good journal in one place, for every check that the auditor knows. A check that no
// spoilt journal makes fail would be no check.

import { describe, expect, it } from "vitest";
import { audit } from "../../src/history/audit.ts";
import { CHECKS, type Check } from "../../src/history/report.ts";
import { bidsOf } from "./client-requests.ts";
import { curedWorld } from "./cured-world.ts";
import { goodWorld, homeOf } from "./good-world.ts";
import { sourcesOf } from "./made-journal.ts";
import { repaidWorld } from "./repaid-world.ts";
import type { Spoil } from "./spoil.ts";
import { IMPOSSIBLE_APPLICATIONS, SPOILT_APPLICATIONS } from "./spoilt-applications.ts";
import { SPOILT_CHAIN } from "./spoilt-chain.ts";
import { SPOILT_CLIENTS } from "./spoilt-clients.ts";
import { SPOILT_CURE } from "./spoilt-cure.ts";
import { SPOILT_CUSTODY } from "./spoilt-custody.ts";
import { SPOILT_MONEY } from "./spoilt-money.ts";
import { SPOILT_REPAYMENT } from "./spoilt-repayment.ts";
import { SPOILT_WRITE_OFF } from "./spoilt-write-off.ts";

const SPOILT_BIDDING = {
  ...SPOILT_CHAIN,
  ...SPOILT_MONEY,
  ...SPOILT_APPLICATIONS,
  event_impossible: { ...SPOILT_MONEY.event_impossible, ...IMPOSSIBLE_APPLICATIONS },
  ...SPOILT_CLIENTS,
  ...SPOILT_CUSTODY,
};

/** The type demands at least one way for each check. */
({ ...SPOILT_BIDDING, ...SPOILT_REPAYMENT }) satisfies Record<Check, Record<string, Spoil>>;

const SPOILT = [
  ["bids", goodWorld, SPOILT_BIDDING],
  ["repayments", repaidWorld, SPOILT_REPAYMENT],
  ["write-offs", repaidWorld, SPOILT_WRITE_OFF],
  ["cures", curedWorld, SPOILT_CURE],
] as const;

describe("Auditor: violations", () => {
  it("takes the clients' own logs of a good history", async () => {
    const { journal } = goodWorld();
    const clientRequests = bidsOf(journal);
    const report = await audit({
      shards: sourcesOf(journal),
      shardOf: homeOf,
      atRest: true,
      clientRequests,
    });
    expect(report.violations).toEqual([]);
    expect(report.clients).toMatchObject({
      requests: 12,
      accepted: 9,
      refused: { borrower_cannot_bid: 1, loan_full: 1, exceeds_available: 1 },
      lost: 0,
      doubled: 0,
      unanswered: 0,
    });
  });

  for (const [name, good, spoilt] of SPOILT) {
    for (const [check, ways] of Object.entries(spoilt) as [Check, Record<string, Spoil>][]) {
      it.each(Object.keys(ways))(`${check} of ${name}: %s (${CHECKS[check][1]})`, async (way) => {
        const { journal } = good();
        const options = ways[way]!(journal) ?? {};
        const shards = sourcesOf(journal);
        const report = await audit({ shards, shardOf: homeOf, atRest: true, ...options });
        expect(report.ok).toBe(false);
        expect(new Set(report.violations.map((violation) => violation.check))).toContain(check);
      });
    }
  }
});
