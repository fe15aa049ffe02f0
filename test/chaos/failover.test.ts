// A server on a Redis with replicas and Sentinels, under load, while its master is killed, or
// stands still until another one is promoted and then comes back as if nothing had happened. What
// was acknowledged must be in what is left.

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { GuardedRedis } from "../support/guarded-redis.ts";
import { journalsByUrl } from "../../src/history/journal-access.ts";
import { auditOfJournals } from "./aftermath.ts";
import { ChaosServer } from "./chaos-server.ts";
import { putToWork } from "./crowd-at-work.ts";
import { seededRandom } from "../support/random.ts";

const FAULTS = ["master killed", "master stands still"] as const;
const ROUNDS = Number(process.env["CHAOS_ROUNDS"] ?? FAULTS.length);
const SEED = Number(process.env["CHAOS_SEED"] ?? 1);
const SHARDS = 2;
const LENDERS = Array.from({ length: 40 }, (_, at) => `lender-${at}`);
const PRINCIPALS = { spring: 5_000_000_000_00, summer: 5_000_000_000_00 };
const DEPOSIT_CENTS = 100_000_00 * Math.max(1, ROUNDS / 2);
const JWT_SECRET = "failover".repeat(8);
const MAC_KEY = "5a".repeat(32);
const CALM_MS_MAX = 1_500;
const TAIL_MS = 500;

describe.runIf(process.platform === "linux")("Under load, while masters of Redis fail", () => {
  it(
    `every acknowledged bid is in what is left, and the books balance, seed: ${SEED}`,
    { timeout: 120_000 + ROUNDS * 30_000 },
    async () => {
      const random = seededRandom(SEED);
      const redis = await GuardedRedis.start();
      const server = await ChaosServer.create({
        REDIS_URL: redis.url,
        LOANLOOM_REPLICAS_MIN: "1",
        LOANLOOM_MAC_KEY: MAC_KEY,
        LOANLOOM_SHARDS: String(SHARDS),
        LOANLOOM_JWT_SECRET: JWT_SECRET,
        LOANLOOM_JOURNAL_KEEP: "all",
        LOANLOOM_CHECKPOINT_MS: "100",
      });
      onTestFinished(() => server.destroy());
      server.start();
      await server.untilReady();
      const { crowd, operator, end } = await putToWork({
        url: server.url,
        jwtSecret: JWT_SECRET,
        shards: SHARDS,
        random,
        lenders: LENDERS,
        depositCents: DEPOSIT_CENTS,
        principals: PRINCIPALS,
      });

      for (let round = 0; round < ROUNDS; round++) {
        await sleep(500 + random(CALM_MS_MAX));
        const fault = FAULTS[round % FAULTS.length]!;
        const before = crowd.accepted;
        const master = await redis.master();
        if (fault === "master killed") await master.kill();
        else master.freeze();
        await redis.untilPromoted(master);
        if (fault === "master killed") await master.restart();
        else master.thaw();
        await operator.untilAllShardsServe();
        await server.untilReady();
        await redis.untilWhole();
        await sleep(TAIL_MS);
        expect(crowd.accepted, fault).toBeGreaterThan(before + 20);
        expect(server.deaths).toEqual([]);
      }
      await end();
      expect(await server.stop()).toBe(0);

      expect([...crowd.failures, ...operator.failures]).toEqual([]);
      expect(server.logged("degraded: commits do not get through")).toBeGreaterThanOrEqual(ROUNDS);
      const moved = server.logged("the journal is in another Redis now");
      expect(moved).toBeGreaterThanOrEqual(SHARDS * ROUNDS);
      const journals = journalsByUrl(redis.url, { LOANLOOM_MAC_KEY: MAC_KEY });
      const report = await auditOfJournals(journals, SHARDS, crowd.log);
      expect(report.violations).toEqual([]);
      expect(report).toMatchObject({ ok: true, violationCount: 0, coverage: "full" });
      expect(report.clients).toMatchObject({ turnedAway: {}, unanswered: 0, lost: 0, doubled: 0 });
      expect(report.totals.trialBalanceCents).toBe(0);
      expect(report.totals.depositedCents).toBe(operator.depositedCents);
      expect(crowd.accepted).toBeGreaterThan(100 * ROUNDS);
    },
  );
});
