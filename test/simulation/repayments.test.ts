// Seeded histories of loans that are paid out and repaid, on real actors, real shells and real
// recovery over journals in memory: by the calendar and by hand, early, late and never, written off
// and recovered, over shards, with crashes at random moments, lenders who leave memory between two
// legs, and accounts that are out of service for a while. Afterwards the auditor reads all
// journals, and everything that is resident equals a full replay.

import { afterEach, describe, expect, it } from "vitest";
import { audit } from "../../src/history/audit.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import { RepaymentHistory, type Past } from "./repayment-history.ts";
import { compareWithReplay } from "./seeded.ts";

const SEEDS = Number(process.env["SIMULATION_SEEDS"] ?? 60);
const FROM = Number(process.env["FROM"] ?? 1);

let history: RepaymentHistory | null = null;
afterEach(async () => history?.end());

async function run(seed: number, shards: number): Promise<Past> {
  history = new RepaymentHistory(seed, shards);
  const past = await history.live();
  const { world } = history;
  const report = await audit({
    shards: world.stores.map(({ entries }, shard) => ({ shard, entries })),
    shardOf: (address) => shardOf(address, shards),
    atRest: true,
  });
  expect(report.violations).toEqual([]);
  expect(report.totals.trialBalanceCents).toBe(0);
  await compareWithReplay(world);
  await history.end();
  history = null;
  return { ...past, legs: report.totals.legs, clearings: report.totals.clearings };
}

describe.each([1, 3])("Repayments with %i shards", (shards) => {
  it(`${SEEDS} seeded histories keep every invariant`, { timeout: 3_600_000 }, async () => {
    const all: Past[] = [];
    for (let seed = FROM; seed < FROM + SEEDS; seed++) {
      try {
        all.push(await run(seed, shards));
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
    const sum = (of: (past: Past) => number): number => all.reduce((n, past) => n + of(past), 0);
    // The histories were not trivial.
    expect(sum(({ crashes }) => crashes)).toBeGreaterThan(SEEDS);
    expect(sum(({ clearings }) => clearings)).toBeGreaterThan(SEEDS * 5);
    expect(sum(({ legs }) => legs)).toBeGreaterThan(SEEDS * 20);
    expect(sum(({ settled }) => settled)).toBeGreaterThan(SEEDS);
    expect(sum(({ defaulted }) => defaulted)).toBeGreaterThan(0);
    expect(sum(({ writtenOff }) => writtenOff)).toBeGreaterThan(0);
    expect(sum(({ recoveries }) => recoveries)).toBeGreaterThan(0);
    expect(sum(({ quarantined }) => quarantined)).toBeGreaterThan(0);
    expect(sum(({ skippedLegs }) => skippedLegs)).toBeGreaterThan(0);
    expect(sum(({ loaded }) => loaded)).toBeGreaterThan(SEEDS);
  });
});
