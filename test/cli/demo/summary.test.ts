// The demo's judgement: each thing that may be off is called so.

import { describe, expect, it } from "vitest";
import { requestNo } from "../../history/small-world.ts";
import type { AccountEntry } from "../../../src/client/client.ts";
import { BORROWER_LEFT_CENTS } from "../../../src/cli/demo/bid-plan.ts";
import { LOAN_ID, type BurstFigures } from "../../../src/cli/demo/figures.ts";
import type { AccountLog } from "../../../src/cli/demo/lender-streams.ts";
import { LENDING_TERMS } from "../../../src/cli/demo/loan-terms.ts";
import { KILLED_INSTALMENT } from "../../../src/cli/demo/repayments.ts";
import { summarize } from "../../../src/cli/demo/summary.ts";

const TERM = LENDING_TERMS.term;
/**
 * One lender, who gets 12.00 of principal, 1.20 of interest less 0.12 of fee from each instalment.
 */
const LEG = { principalCents: 12_00, interestCents: 1_20, penaltyCents: 0, feeCents: 12 };
const LENT_CENTS = TERM * LEG.principalCents;
const PAID_CENTS = LEG.principalCents + LEG.interestCents;

function entry(kind: AccountEntry["kind"], fields: Partial<AccountEntry>): AccountEntry {
  return { kind, accountId: "", loanId: LOAN_ID, ...fields } as AccountEntry;
}

function goodAccounts(): AccountLog[] {
  const instalments = Array.from({ length: TERM }, (_, nth) => nth + 1);
  const received = instalments.map((clearing) =>
    entry("repayment_received", { ...LEG, clearing, amountCents: PAID_CENTS - LEG.feeCents }),
  );
  const posted = entry("hold_posted", { amountCents: LENT_CENTS });
  const repaid = instalments.map(() => entry("repayment", { amountCents: PAID_CENTS }));
  return [
    {
      accountId: "ann",
      entries: [posted, ...received],
      availableCents: 300_00,
      heldCents: 0,
      last: 13,
    },
    {
      accountId: "borrower",
      entries: repaid,
      availableCents: BORROWER_LEFT_CENTS,
      heldCents: 0,
      last: 12,
    },
  ];
}

/** Two bids, one placed before the kill and one refused after it; then twelve repayments. */
function goodFigures(): BurstFigures {
  const burstReport = goodReport("funded", 2, LENT_CENTS);
  const report = goodReport("settled", 3, 0);
  Object.assign(report.totals, { availableCents: 300_00 + BORROWER_LEFT_CENTS });
  const months = Array.from({ length: TERM }, (_, nth) => {
    const instalment = nth + 1;
    const killed = instalment === KILLED_INSTALMENT;
    return { instalment, killed, lastPushMs: killed ? 2_000 : instalment };
  });
  return {
    ...goodBurst(),
    burstReport,
    report,
    repayment: { holders: 1, disbursedMs: 40, months, kill: { told: 0, serveAgainMs: 800 } },
    legs: {
      repayments: TERM,
      legs: TERM,
      principalCents: LENT_CENTS,
      interestCents: TERM * LEG.interestCents,
      serviceFeeCents: TERM * LEG.feeCents,
      lost: 0,
      doubled: 0,
    },
    legsBeforeKill: 1,
    accounts: goodAccounts(),
  };
}

function goodBurst(): Pick<
  BurstFigures,
  "settings" | "plan" | "log" | "failures" | "kill" | "tookMs"
> {
  const bid = { accountId: "ann", loanId: LOAN_ID, amountCents: 100_00, fill: "exact" } as const;
  const placed = { bidId: 1, filledCents: 100_00, rank: 1, remainingCents: 0 };
  const settings = { folder: "/", lenders: 1, principalCents: LENT_CENTS, shards: 1, seed: 1 };
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

function goodReport(status: string, takeOvers: number, heldCents: number): BurstFigures["report"] {
  return {
    ok: true,
    coverage: "full",
    violations: [],
    violationCount: 0,
    totals: {
      entries: 4,
      takeOvers,
      records: 9,
      events: 9,
      messages: 4,
      messagesInFlight: 0,
      messagesAhead: 0,
      accounts: 2,
      loans: 1,
      bids: 1,
      clearings: status === "settled" ? TERM : 0,
      legs: status === "settled" ? TERM : 0,
      depositedCents: 200_00,
      paidOutCents: 0,
      availableCents: 100_00,
      heldCents,
      raisedCents: LENT_CENTS,
      clearingCents: 0,
      transitCents: 0,
      trialBalanceCents: 0,
    },
    loans: [
      {
        loanId: LOAN_ID,
        status,
        principalCents: LENT_CENTS,
        raisedCents: LENT_CENTS,
        heldCents,
        bids: 1,
      },
    ],
    actions: null,
    clients: {
      requests: 2,
      accepted: 1,
      refused: { loan_full: 1 },
      turnedAway: {},
      unanswered: 0,
      lost: 0,
      doubled: 0,
    },
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
      raisedCents: LENT_CENTS,
      heldCents: LENT_CENTS,
      principalCents: LENT_CENTS,
      trialBalanceCents: 0,
      serveAgainMs: 700,
      p99Ms: expect.closeTo(780, -1) as number,
      disbursedMs: 40,
      repayments: 12,
      legs: 12,
      legsLost: 0,
      legsDoubled: 0,
      repaidPrincipalCents: LENT_CENTS,
      interestCents: 14_40,
      serviceFeeCents: 1_44,
      lastPushMs: { p50: 7, p99: 12 },
      lastPushKilledMs: 2_000,
      balancedToTheCent: true,
    });
    expect(text).toMatch(/ok: everything adds up/);
    expect(text).toMatch(/undisturbed, p50 +10 ms/);
  });

  const spoilt: Record<string, (figures: BurstFigures) => void> = {
    "violations of the audit": ({ burstReport: report }) =>
      Object.assign(report, { ok: false, violationCount: 3 }),
    "a journal that is not whole": ({ burstReport: report }) =>
      Object.assign(report, { coverage: "trimmed" }),
    "no clients' logs": ({ burstReport: report }) => Object.assign(report, { clients: null }),
    "a lost bid": ({ burstReport: report }) => Object.assign(report.clients!, { lost: 1 }),
    "a doubled bid": ({ burstReport: report }) => Object.assign(report.clients!, { doubled: 1 }),
    "a bid without an answer": ({ burstReport: report }) =>
      Object.assign(report.clients!, { unanswered: 1 }),
    "a bid turned away": ({ burstReport: report }) =>
      Object.assign(report.clients!, { turnedAway: { server_busy: 1 } }),
    "a client that failed": ({ failures }) => void (failures as string[]).push("deadline_exceeded"),
    "a bid that was not sent": ({ plan }) => Object.assign(plan, { bids: 3 }),
    "a loan that is not full": ({ burstReport: report }) =>
      Object.assign(report.loans[0]!, { raisedCents: 99_00 }),
    "a loan that is not there": (figures) => Object.assign(figures.burstReport, { loans: [] }),
    "held money that is not what was raised": ({ burstReport: report }) =>
      Object.assign(report.loans[0]!, { heldCents: 99_00 }),
    "books that do not balance": ({ burstReport: report }) =>
      Object.assign(report.totals, { trialBalanceCents: 1 }),
    "no bid in flight at the kill": ({ kill }) => Object.assign(kill, { inFlight: 0 }),
    "a kill that came too late": ({ kill }) => Object.assign(kill, { raisedCents: LENT_CENTS }),
    "a server that never started again": ({ report }) =>
      Object.assign(report.totals, { takeOvers: 1 }),
    "violations at the end": ({ report }) => Object.assign(report, { ok: false }),
    "a journal that is not whole at the end": ({ report }) =>
      Object.assign(report, { coverage: "trimmed" }),
    "a loan that is not settled": ({ report }) =>
      Object.assign(report.loans[0]!, { status: "repaying" }),
    "books that do not balance at the end": ({ report }) =>
      Object.assign(report.totals, { trialBalanceCents: -1 }),
    "a bid lost at the end": ({ report }) => Object.assign(report.clients!, { lost: 1 }),
    "a lost leg": ({ legs }) => Object.assign(legs, { lost: 1 }),
    "a doubled leg": ({ legs }) => Object.assign(legs, { doubled: 1 }),
    "a leg too few": ({ legs }) => Object.assign(legs, { legs: TERM - 1 }),
    "a leg that reached its lender and was allotted by no loan": ({ report }) =>
      Object.assign(report.totals, { legs: TERM + 1 }),
    "a repayment too few": ({ legs }) => Object.assign(legs, { repayments: TERM - 1 }),
    "a month too few": ({ repayment }) => void (repayment.months as unknown[]).pop(),
    "principal that is not all back": ({ legs }) =>
      Object.assign(legs, { principalCents: LENT_CENTS - 1 }),
    "interest that nobody paid": ({ legs }) => Object.assign(legs, { interestCents: 14_41 }),
    "a kill after everybody was told": ({ repayment }) =>
      Object.assign(repayment, { kill: { told: 2, serveAgainMs: 1 } }),
    "a lender with another principal than it lent": ({ accounts }) =>
      Object.assign(accounts[0]!.entries[1]!, { principalCents: 11_99 }),
    "a balance that was told and is not in the journal": ({ accounts }) =>
      Object.assign(accounts[0]!, { availableCents: 1 }),
    "money that is held in the end": ({ report }) => Object.assign(report.totals, { heldCents: 1 }),
    "a borrower with too little": ({ accounts, report }) => {
      Object.assign(accounts[1]!, { availableCents: 99_99 });
      Object.assign(report.totals, { availableCents: 399_99 });
    },
    "an account that was not watched": ({ settings }) => Object.assign(settings, { lenders: 2 }),
    "nothing refused": ({ burstReport: report }) => Object.assign(report.clients!, { refused: {} }),
    "nothing accepted": ({ burstReport: report }) =>
      Object.assign(report.clients!, { accepted: 0 }),
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
