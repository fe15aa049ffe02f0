// Years of lending on the real runtime: a seed repeats them, every way to repay comes up, and a
// server's clock that jumps changes nothing.

import { beforeAll, describe, expect, it, vi } from "vitest";
import { audit } from "../../src/history/audit.ts";
import { LEDGER_CODES } from "../../src/ledger/chart.ts";
import { REPAYMENT_METHODS } from "../../src/lending/terms.ts";
import { Purses } from "../../src/simulation/purses.ts";
import {
  faultsOf,
  simulate,
  type SimulationOptions,
  type SimulationReport,
} from "../../src/simulation/simulation.ts";

const SMALL: SimulationOptions = {
  seed: 5,
  lenders: 25,
  borrowers: 10,
  years: 1,
  shards: 2,
  clockJumps: false,
};

// A run is a second or two of the processor; on a busy machine it is a quarter of a minute.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** All that a clock may not change. */
function worldOf(report: SimulationReport) {
  const { loans, deeds, received, books, returns, audit: audited } = report;
  const { depositedCents, availableCents, heldCents, events, legs } = audited.totals;
  const totals = { depositedCents, availableCents, heldCents, events, legs };
  return { loans, deeds, received, books, returns, loansOf: audited.loans, totals };
}

describe("Simulation", () => {
  let steady: SimulationReport;
  beforeAll(async () => {
    steady = await simulate(SMALL);
  });

  it("is the same to the last byte for a seed, and another world for another one", async () => {
    const again = await simulate(SMALL);
    const other = await simulate({ ...SMALL, seed: 6 });
    expect(steady.faults).toEqual([]);
    expect(again).toEqual(steady);
    expect(other.replay.finalHash).not.toBe(steady.replay.finalHash);
    expect(other.books.totals).not.toEqual(steady.books.totals);
  });

  it("is the same world when the server's clock jumps an hour, back and forth, and stands still", async () => {
    const jumping = await simulate({ ...SMALL, clockJumps: true });
    expect(jumping.clockJumps).toBeGreaterThan(50);
    expect(jumping.faults).toEqual([]);
    expect(worldOf(jumping)).toEqual(worldOf(steady));
    // Entries carry other times: the jumps were real.
    expect(jumping.replay.finalHash).not.toBe(steady.replay.finalHash);
  });

  it(
    "has all methods and habits in it, and every invariant holds",
    { timeout: 60_000 },
    async () => {
      const days: number[] = [];
      const report = await simulate({
        ...SMALL,
        seed: 11,
        lenders: 40,
        borrowers: 60,
        onProgress: (day) => void days.push(day),
      });
      expect(report.faults).toEqual([]);
      expect(report.audit).toMatchObject({ ok: true, coverage: "full" });
      const { deeds, loans, received, returns } = report;
      expect(deeds.paidByHand).toBeGreaterThan(20);
      expect(deeds.repaidEarlyInFull).toBeGreaterThan(0);
      expect(deeds.repaidEarlyInPart).toBeGreaterThan(0);
      expect(loans.defaulted).toBeGreaterThan(0);
      expect(loans.settled).toBeGreaterThan(10);
      expect(loans.defaulted + loans.settled + loans.repaying).toBe(loans.listed);
      expect(received.penaltyCents).toBeGreaterThan(0);
      expect(returns.byMethod.map(({ method }) => method)).toEqual(REPAYMENT_METHODS);
      expect(returns.defaultedCents).toBeGreaterThan(0);
      expect(report.loadedFromSnapshots).toBeGreaterThan(0);
      expect(report.replay.compared).toBeGreaterThan(100);
      expect(days).toEqual(Array.from({ length: 365 }, (_, nth) => nth + 1));
    },
  );
});

describe("What does not hold of a simulation", async () => {
  const empty = await audit({ shards: [], shardOf: () => 0, atRest: true });
  const totals = Object.fromEntries(LEDGER_CODES.map((code) => [code, 0]));

  function good() {
    return {
      books: {
        totals: { ...totals } as SimulationReport["books"]["totals"] & Record<string, number>,
        cashDifferenceCents: 0,
        memoDifferenceCents: 0,
      },
      audit: { ...empty, totals: { ...empty.totals } },
      replay: { differing: [] as string[] },
      told: {
        received: { ...new Purses(1).received },
        totals: { availableCents: 0, claimCents: 0 },
      },
    };
  }

  const faults = ({ books, audit: audited, replay, told }: ReturnType<typeof good>) =>
    faultsOf(books, audited, replay, told);

  it("is nothing, where all holds", () => {
    expect(faults(good())).toEqual([]);
  });

  const spoilt: Record<string, (world: ReturnType<typeof good>) => unknown> = {
    "a violation": ({ audit: audited }) => Object.assign(audited, { ok: false }),
    "a journal without its start": ({ audit: audited }) =>
      Object.assign(audited, { coverage: "trimmed" }),
    "the cash book": ({ books }) => Object.assign(books, { cashDifferenceCents: 1 }),
    "the memo book": ({ books }) => Object.assign(books, { memoDifferenceCents: -1 }),
    "money in transit": ({ books }) => Object.assign(books.totals, { transit: 1 }),
    "money of a loan": ({ books }) => Object.assign(books.totals, { "loan.clearing": -1 }),
    "service fees": ({ told }) => Object.assign(told.received, { serviceFeeCents: 1 }),
    "a leg that nobody was told of": ({ audit: audited }) =>
      Object.assign(audited.totals, { legs: 1 }),
    "a balance": ({ told }) => Object.assign(told.totals, { availableCents: 1 }),
    "a claim": ({ told }) => Object.assign(told.totals, { claimCents: 1 }),
    "a replay": ({ replay }) => replay.differing.push("account/ann"),
  };
  for (const [what, spoil] of Object.entries(spoilt)) {
    it(`is said: ${what}`, () => {
      const world = good();
      spoil(world);
      expect(faults(world)).toHaveLength(1);
    });
  }
});
