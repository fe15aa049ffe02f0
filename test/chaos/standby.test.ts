// Two servers on one Redis, one of which stands by: the one that serves is asked to end, is killed,
// and stands still past its lease, while clients bid through something that leads to whoever is
// ready, as a load balancer does. Whoever was left behind must have told nobody anything since.

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { journalsByUrl } from "../../src/history/journal-access.ts";
import { TestRedis } from "../support/redis.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { auditOfJournals } from "./aftermath.ts";
import { ChaosServer } from "./chaos-server.ts";
import { putToWork } from "./crowd-at-work.ts";
import { seededRandom } from "../support/random.ts";

const FAULTS = ["asked to end", "killed", "stands still"] as const;
type Fault = (typeof FAULTS)[number];

const ROUNDS = Number(process.env["CHAOS_ROUNDS"] ?? FAULTS.length);
const SEED = Number(process.env["CHAOS_SEED"] ?? 1);
const SHARDS = 2;
const LENDERS = Array.from({ length: 40 }, (_, at) => `lender-${at}`);
const PRINCIPALS = { spring: 5_000_000_000_00, summer: 5_000_000_000_00 };
const DEPOSIT_CENTS = 100_000_00 * Math.max(1, ROUNDS / 2);
const JWT_SECRET = "standby-".repeat(8);
const MAC_KEY = "7b".repeat(32);
const LEASE_MS = 1_000;
const CALM_MS_MAX = 1_000;

/** Leads to the server that is ready, and cuts off who is connected to another one. */
class Balancer {
  readonly proxy: TcpProxy;
  readonly #servers: readonly ChaosServer[];
  #leadsTo: ChaosServer | null = null;
  #over = false;
  readonly #running: Promise<void>;

  static async start(servers: readonly ChaosServer[]): Promise<Balancer> {
    const proxy = await TcpProxy.start(servers[0]!);
    const balancer = new Balancer(proxy, servers);
    onTestFinished(() => balancer.stop());
    return balancer;
  }

  private constructor(proxy: TcpProxy, servers: readonly ChaosServer[]) {
    this.proxy = proxy;
    this.#servers = servers;
    this.#running = this.#run();
  }

  get url(): string {
    return `ws://127.0.0.1:${this.proxy.port}/v1/ws`;
  }

  async untilReady(): Promise<ChaosServer> {
    for (;;) {
      for (const server of this.#servers) if (await server.isReady()) return server;
      await sleep(20);
    }
  }

  async #run(): Promise<void> {
    while (!this.#over) {
      for (const server of this.#servers) {
        if (server === this.#leadsTo || !(await server.isReady())) continue;
        // One that stands still does not answer this: it is not taken for ready.
        if (this.#leadsTo !== null && (await this.#leadsTo.isReady())) continue;
        this.#leadsTo = server;
        this.proxy.retarget(server);
        this.proxy.cutClients();
      }
      await sleep(50);
    }
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.#running;
    await this.proxy.stop();
  }
}

async function inflict(fault: Fault, serving: ChaosServer, other: ChaosServer): Promise<void> {
  switch (fault) {
    case "asked to end":
      expect(await serving.stop()).toBe(0);
      await other.untilReady();
      return serving.start();
    case "killed":
      await serving.kill();
      await other.untilReady();
      return serving.start();
    case "stands still": {
      serving.freeze();
      await other.untilReady();
      serving.thaw();
      // It learns of it, and ends by itself, so that its supervisor starts it again.
      expect(await serving.untilEnded()).toBe(1);
      return serving.start();
    }
  }
}

describe.runIf(process.platform === "linux")("Two servers, one of which stands by", () => {
  it(
    `every request has one outcome, whoever answers it, seed: ${SEED}`,
    { timeout: 120_000 + ROUNDS * 30_000 },
    async () => {
      const random = seededRandom(SEED);
      const redis = await TestRedis.start();
      onTestFinished(() => redis.stop());
      const environment = {
        REDIS_URL: `unix:${redis.socketPath}`,
        LOANLOOM_STANDBY: "yes",
        LOANLOOM_LEASE_MS: String(LEASE_MS),
        LOANLOOM_MAC_KEY: MAC_KEY,
        LOANLOOM_SHARDS: String(SHARDS),
        LOANLOOM_JWT_SECRET: JWT_SECRET,
        LOANLOOM_JOURNAL_KEEP: "all",
        LOANLOOM_CHECKPOINT_MS: "100",
        LOANLOOM_CONNECTIONS_PER_ADDRESS_MAX: "2000",
      };
      const servers = [
        await ChaosServer.create(environment),
        await ChaosServer.create(environment),
      ];
      for (const server of servers) onTestFinished(() => server.destroy());
      servers[0]!.start();
      await servers[0]!.untilReady();
      servers[1]!.start();
      await servers[1]!.untilStandingBy();
      const balancer = await Balancer.start(servers);
      const { crowd, operator, end } = await putToWork({
        url: balancer.url,
        jwtSecret: JWT_SECRET,
        shards: SHARDS,
        random,
        lenders: LENDERS,
        depositCents: DEPOSIT_CENTS,
        principals: PRINCIPALS,
      });

      const away: Record<Fault, number[]> = { "asked to end": [], killed: [], "stands still": [] };
      for (let round = 0; round < ROUNDS; round++) {
        await sleep(500 + random(CALM_MS_MAX));
        const fault = FAULTS[round % FAULTS.length]!;
        const serving = await balancer.untilReady();
        const other = servers.find((server) => server !== serving)!;
        const before = crowd.accepted;
        const sinceMs = performance.now();
        const inflicted = inflict(fault, serving, other);
        await other.untilReady();
        away[fault].push(performance.now() - sinceMs);
        await inflicted;
        await serving.untilStandingBy();
        await operator.untilAllShardsServe();
        while (crowd.accepted < before + 50) await sleep(10);
        expect(other.deaths).toEqual([]);
      }
      await end();
      await balancer.stop();
      const serving = await balancer.untilReady();
      // The one that stands by is asked first: it has nothing, and ends at once.
      for (const server of [servers.find((each) => each !== serving)!, serving]) {
        expect(await server.stop()).toBe(0);
      }

      expect([...crowd.failures, ...operator.failures]).toEqual([]);
      const journals = journalsByUrl(environment.REDIS_URL, { LOANLOOM_MAC_KEY: MAC_KEY });
      const report = await auditOfJournals(journals, SHARDS, crowd.log);
      expect(report.violations).toEqual([]);
      expect(report).toMatchObject({ ok: true, violationCount: 0, coverage: "full" });
      expect(report.clients).toMatchObject({ turnedAway: {}, unanswered: 0, lost: 0, doubled: 0 });
      expect(report.totals.trialBalanceCents).toBe(0);
      expect(report.totals.depositedCents).toBe(operator.depositedCents);
      expect(report.totals.takeOvers).toBeGreaterThanOrEqual(SHARDS * (1 + ROUNDS));
      if (process.env["CHAOS_ROUNDS"] !== undefined) {
        for (const [fault, times] of Object.entries(away)) {
          const sorted = times.map(Math.round).sort((a, b) => a - b);
          const median = sorted[sorted.length >> 1];
          process.stdout.write(
            `${fault}: ready again after ${median} ms, at most ${sorted.at(-1)}\n`,
          );
        }
      }
    },
  );
});
