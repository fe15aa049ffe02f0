// The demo's judgement: each thing that may be off is called so.

import { describe, expect, it } from "vitest";
import { requestNo } from "../../history/small-world.ts";
import type { BurstFigures } from "../../../src/cli/demo/burst.ts";
import { LOAN_ID } from "../../../src/cli/demo/burst.ts";
import { summarize } from "../../../src/cli/demo/summary.ts";

/** Two bids, one placed before the kill and one refused after it. */
function goodFigures(): BurstFigures {
  const bid = { accountId: "ann", loanId: LOAN_ID, amountCents: 100_00, fill: "exact" } as const;
  const placed = { bidId: 1, filledCents: 100_00, rank: 1, remainingCents: 0 };
  const settings = { folder: "/", lenders: 2, principalCents: 100_00, shards: 1, seed: 1 };
  return {
    settings,
    plan: { bidders: [], bids: 2, wantedCents: 200_00 },
    log: [
      {
        ...bid,
        requestId: requestNo(1),
        sentAt: 100,
        acknowledgedAt: 110,
        outcome: { type: "BidPlaced", ...placed },
      },
      {
        ...bid,
        requestId: requestNo(2),
        sentAt: 120,
        acknowledgedAt: 900,
        outcome: { type: "Refused", code: "loan_full" },
      },
    ],
    failures: [],
    report: {
      ok: true,
      coverage: "full",
      violations: [],
      violationCount: 0,
      totals: {
        entries: 4,
        takeOvers: 2,
        records: 9,
        events: 9,
        messages: 4,
        messagesInFlight: 0,
        accounts: 2,
        loans: 1,
        bids: 1,
        paidOutCents: 0,
        depositedCents: 200_00,
        availableCents: 100_00,
        heldCents: 100_00,
        raisedCents: 100_00,
        clearingCents: 0,
        transitCents: 0,
        trialBalanceCents: 0,
      },
      loans: [
        {
          loanId: LOAN_ID,
          status: "funded",
          principalCents: 100_00,
          raisedCents: 100_00,
          heldCents: 100_00,
          bids: 1,
        },
      ],
      clients: {
        requests: 2,
        accepted: 1,
        refused: { loan_full: 1 },
        turnedAway: {},
        unanswered: 0,
        lost: 0,
        doubled: 0,
      },
    },
    kill: {
      atMs: 115,
      raisedCents: 50_00,
      inFlight: 1,
      inFlightJournaled: 0,
      serveAgainMs: 700,
    },
    tookMs: 2_000,
  };
}

describe("Demo summary", () => {
  it("finds no fault in good figures, and tells bids that waited for the restart apart", () => {
    const { faults, json, text } = summarize(goodFigures());
    expect(faults).toEqual([]);
    expect(json).toEqual({
      accepted: 1,
      refused: 1,
      lost: 0,
      doubled: 0,
      raisedCents: 100_00,
      heldCents: 100_00,
      principalCents: 100_00,
      trialBalanceCents: 0,
      serveAgainMs: 700,
      p99Ms: expect.closeTo(780, -1) as number,
    });
    expect(text).toMatch(/ok: everything adds up/);
    expect(text).toMatch(/undisturbed, p50 +10 ms/);
  });

  const spoilt: Record<string, (figures: BurstFigures) => void> = {
    "violations of the audit": ({ report }) =>
      Object.assign(report, { ok: false, violationCount: 3 }),
    "a journal that is not whole": ({ report }) => Object.assign(report, { coverage: "trimmed" }),
    "no clients' logs": ({ report }) => Object.assign(report, { clients: null }),
    "a lost bid": ({ report }) => Object.assign(report.clients!, { lost: 1 }),
    "a doubled bid": ({ report }) => Object.assign(report.clients!, { doubled: 1 }),
    "a bid without an answer": ({ report }) => Object.assign(report.clients!, { unanswered: 1 }),
    "a bid turned away": ({ report }) =>
      Object.assign(report.clients!, { turnedAway: { server_busy: 1 } }),
    "a client that failed": ({ failures }) => void (failures as string[]).push("deadline_exceeded"),
    "a bid that was not sent": ({ plan }) => Object.assign(plan, { bids: 3 }),
    "a loan that is not full": ({ report }) =>
      Object.assign(report.loans[0]!, { raisedCents: 99_00 }),
    "a loan that is not there": (figures) => Object.assign(figures.report, { loans: [] }),
    "held money that is not what was raised": ({ report }) =>
      Object.assign(report.loans[0]!, { heldCents: 99_00 }),
    "books that do not balance": ({ report }) =>
      Object.assign(report.totals, { trialBalanceCents: 1 }),
    "no bid in flight at the kill": ({ kill }) => Object.assign(kill, { inFlight: 0 }),
    "a kill that came too late": ({ kill }) => Object.assign(kill, { raisedCents: 100_00 }),
    "a server that never started again": ({ report }) =>
      Object.assign(report.totals, { takeOvers: 1 }),
    "nothing refused": ({ report }) => Object.assign(report.clients!, { refused: {} }),
    "nothing accepted": ({ report }) => Object.assign(report.clients!, { accepted: 0 }),
  };
  for (const [what, spoil] of Object.entries(spoilt)) {
    it(`calls it off: ${what}`, () => {
      const figures = goodFigures();
      spoil(figures);
      const { faults, text } = summarize(figures);
      expect(faults.length).toBeGreaterThan(0);
      expect(text).toMatch(/NOT OK/);
    });
  }
});
