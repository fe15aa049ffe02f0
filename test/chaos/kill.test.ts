// What the whole promises, against what an operating system does to it: rounds of faults under
// load, then the audit of the journal against the clients' own logs.

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { runProgram } from "../cli/program.ts";
import { auditOf } from "./aftermath.ts";
import type { ChaosCrowd } from "./chaos-crowd.ts";
import type { ChaosOperator } from "./chaos-operator.ts";
import { ChaosServer } from "./chaos-server.ts";
import { putToWork } from "./crowd-at-work.ts";
import { seededRandom, shuffled, type Random } from "../support/random.ts";

const FAULTS = ["server killed", "redis killed", "both killed", "redis frozen"] as const;
type Fault = (typeof FAULTS)[number];

const ROUNDS = Number(process.env["CHAOS_ROUNDS"] ?? FAULTS.length);
const SEED = Number(process.env["CHAOS_SEED"] ?? 1);
const LENDERS = Array.from({ length: 70 }, (_, at) => `lender-${at}`);
/** The last one becomes full, after which nothing of it can be cancelled. */
const PRINCIPALS = { spring: 5_000_000_000_00, summer: 5_000_000_000_00, autumn: 60_000_00 };
const DEPOSIT_CENTS = 100_000_00 * Math.max(1, ROUNDS / 4);
const JWT_SECRET = "chaos-".repeat(8);
const CALM_MS_MAX = 1_200;
/** At most moments a fast machine has nothing under way: a fault waits for one that has. */
const ASKING_MS_MAX = 2_000;
const FREEZE_MS = { min: 100, max: 3_000 };
/** A Redis that is away for longer than this must have been noticed, and requests refused. */
const UNAVAILABLE_MS_MAX = 2_000;
/** For a machine that is busy with other tests; a quiet one takes one or two seconds. */
const SERVE_AGAIN_MS_MAX = 30_000;
const TAIL_MS = 300;

interface Round {
  readonly fault: Fault;
  readonly inFlight: number;
  readonly serveAgainMs: number;
}

class Run {
  readonly rounds: Round[] = [];
  /** Frozen long enough, so that requests must have been refused. */
  refusedFreezes = 0;
  readonly server: ChaosServer;
  readonly crowd: ChaosCrowd;
  readonly operator: ChaosOperator;
  readonly random: Random;

  private constructor(
    server: ChaosServer,
    crowd: ChaosCrowd,
    operator: ChaosOperator,
    random: Random,
  ) {
    this.server = server;
    this.crowd = crowd;
    this.operator = operator;
    this.random = random;
  }

  static async start(shards: number): Promise<Run> {
    // Faults have numbers of their own: how many the clients draw depends on the machine.
    const random = seededRandom(SEED * 2_000 + shards);
    const choices = seededRandom(SEED * 2_000 + 1_000 + shards);
    const server = await ChaosServer.create({
      LOANLOOM_SHARDS: String(shards),
      LOANLOOM_JWT_SECRET: JWT_SECRET,
      LOANLOOM_JOURNAL_KEEP: "all",
      // Small, so that recovery is from snapshots and a tail, and every loss is announced.
      LOANLOOM_CHECKPOINT_MS: "100",
      LOANLOOM_DEGRADED_AFTER_MS: "20",
    });
    onTestFinished(() => server.destroy());
    server.start();
    await server.untilReady();
    const { crowd, operator } = await putToWork({
      url: server.url,
      jwtSecret: JWT_SECRET,
      shards,
      random: choices,
      lenders: LENDERS,
      depositCents: DEPOSIT_CENTS,
      principals: PRINCIPALS,
    });
    return new Run(server, crowd, operator, random);
  }

  async round(fault: Fault): Promise<void> {
    await sleep(this.random(CALM_MS_MAX));
    await this.crowd.untilAsking(ASKING_MS_MAX);
    const inFlight = this.crowd.unanswered;
    const sinceMs = performance.now();
    await this.#inflict(fault);
    await this.operator.untilAllShardsServe();
    const serveAgainMs = performance.now() - sinceMs;
    await this.server.untilReady();
    expect(this.server.deaths).toEqual([]);
    this.rounds.push({ fault, inFlight, serveAgainMs });
    await sleep(TAIL_MS);
  }

  async #inflict(fault: Fault): Promise<void> {
    const { server, random } = this;
    switch (fault) {
      case "server killed":
        await server.kill();
        expect(await server.isReady()).toBe(false);
        server.start();
        return;
      case "redis killed":
        await this.#killRedis();
        return;
      case "both killed":
        if (random(2) === 0) {
          await server.killRedis();
          await sleep(random(300));
          await server.kill();
        } else {
          await server.kill();
          const pid = await server.redisPid();
          // The one that the killed server's supervisor may have been about to start is gone too.
          if (pid !== null) await server.killRedis();
        }
        server.start();
        return;
      case "redis frozen":
        await this.#freezeRedis();
    }
  }

  /** The server lives on: its supervisor starts another Redis, and it says that it was degraded. */
  async #killRedis(): Promise<void> {
    const { server } = this;
    const degradedBefore = server.logged("degraded: commits do not get through");
    const healedBefore = server.logged("commits get through again");
    const before = await server.killRedis();
    await this.operator.untilAllShardsServe();
    expect(await server.redisPid()).not.toBe(before);
    expect(server.logged("degraded: commits do not get through")).toBeGreaterThan(degradedBefore);
    while (server.logged("commits get through again") === healedBefore) await sleep(10);
  }

  async #freezeRedis(): Promise<void> {
    // The first one is certain to be long enough to be noticed.
    const { min, max } = FREEZE_MS;
    const isFirst = this.refusedFreezes === 0;
    const forMs = isFirst ? max : min + this.random(max - min);
    const frozen = this.server.freezeRedis(forMs);
    const { firstAfterMs } = await this.operator.refusalsDuring(frozen);
    if (forMs <= UNAVAILABLE_MS_MAX) return;
    expect(firstAfterMs).toBeLessThan(UNAVAILABLE_MS_MAX);
    this.refusedFreezes++;
  }

  async end(): Promise<void> {
    await Promise.all([this.crowd.end(), this.operator.end()]);
    this.crowd.close();
    this.operator.close();
    expect(await this.server.stop()).toBe(0);
  }
}

function faultsOf(rounds: number, random: Random): Fault[] {
  const faults: Fault[] = [];
  while (faults.length < rounds) faults.push(...shuffled(FAULTS, random));
  return faults.slice(0, rounds);
}

describe.runIf(process.platform === "linux")("Under load, with processes killed at random", () => {
  it.each([1, 4])(
    `every request has one outcome and the books balance, shards: %i, seed: ${SEED}`,
    { timeout: 90_000 + ROUNDS * 30_000 },
    async (shards) => {
      const run = await Run.start(shards);
      const { crowd, operator } = run;
      for (const fault of faultsOf(ROUNDS, run.random)) await run.round(fault);
      await run.end();
      expect([...crowd.failures, ...operator.failures]).toEqual([]);
      expect(crowd.unanswered).toBe(0);

      const report = await auditOf(run.server, shards, run.crowd.log);
      expect(report.violations).toEqual([]);
      expect(report).toMatchObject({ ok: true, violationCount: 0, coverage: "full" });
      expect(report.clients).toMatchObject({ turnedAway: {}, unanswered: 0, lost: 0, doubled: 0 });
      expect(report.totals.trialBalanceCents).toBe(0);
      expect(report.totals.depositedCents).toBe(operator.depositedCents);
      const verified = await runProgram(["verify", "--data", run.server.dataDir, "--at-rest"]);
      expect(verified.code, verified.stdout + verified.stderr).toBe(0);

      expectNotTrivial(run, report.totals.takeOvers, shards);
      tell(run, shards);
    },
  );
});

function expectNotTrivial({ rounds, crowd, ...run }: Run, takeOvers: number, shards: number) {
  const serverKills = rounds.filter(({ fault }) => /server|both/.test(fault)).length;
  expect(takeOvers).toBeGreaterThanOrEqual(shards * (1 + serverKills));
  expect(rounds.length).toBe(ROUNDS);
  if (ROUNDS >= FAULTS.length) {
    expect(new Set(rounds.map(({ fault }) => fault))).toEqual(new Set(FAULTS));
    expect(run.refusedFreezes).toBeGreaterThan(0);
  }
  // Something was under way when the faults hit, not just before or after them.
  expect(rounds.filter(({ inFlight }) => inFlight > 0).length).toBeGreaterThan(ROUNDS / 2);
  for (const { fault, serveAgainMs } of rounds) {
    expect(serveAgainMs, fault).toBeLessThan(SERVE_AGAIN_MS_MAX);
  }
  const succeeded = crowd.accepted + crowd.cancelled + run.operator.deposits;
  const asked = crowd.log.length + crowd.cancelled + crowd.cancelsRefused + run.operator.deposits;
  expect(succeeded).toBeGreaterThan(asked / 2);
  expect(crowd.accepted).toBeGreaterThan(100 * ROUNDS);
  expect(crowd.accepted).toBeLessThan(crowd.log.length);
  expect(crowd.cancelled).toBeGreaterThan(10 * ROUNDS);
  expect(crowd.repeated).toBeGreaterThan(10 * ROUNDS);
}

/** For whoever makes long runs: what they came to. */
function tell({ rounds, crowd }: Run, shards: number): void {
  if (process.env["CHAOS_ROUNDS"] === undefined) return;
  for (const fault of FAULTS) {
    const times = rounds.filter((round) => round.fault === fault).map((r) => r.serveAgainMs);
    times.sort((a, b) => a - b);
    const median = Math.round(times[times.length >> 1] ?? 0);
    const worst = Math.round(times.at(-1) ?? 0);
    const what = `${shards} shards: ${fault} ${times.length} times, serving again after`;
    process.stdout.write(`${what} ${median} ms (median), ${worst} ms (most)\n`);
  }
  const { accepted, cancelled, repeated, log } = crowd;
  process.stdout.write(
    `${shards} shards: ${log.length} bids, ${accepted} accepted, ${cancelled} cancelled, ` +
      `${repeated} repeats\n`,
  );
}
