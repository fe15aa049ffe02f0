// Real servers beside their anchors: one that lost acknowledged commits does not
// serve before somebody says so, one that was killed always does, and what is wrong
// with anchors alone stops nobody.

import { randomUUID } from "node:crypto";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { shardKeys } from "../../src/journal/keys.ts";
import { LoanloomClient, LoanloomError } from "../../src/client/client.ts";
import { runProgram, type Ended } from "../cli/program.ts";
import { TestRedis } from "../support/redis.ts";
import { auditOf, token } from "./aftermath.ts";
import { ChaosServer } from "./chaos-server.ts";

const JWT_SECRET = "anchored".repeat(8);
const KILLS = Number(process.env["CHAOS_ROUNDS"] ?? 10);
const SHARDS = 2;
const CALM = {
  LOANLOOM_JWT_SECRET: JWT_SECRET,
  LOANLOOM_SHARDS: String(SHARDS),
  LOANLOOM_JOURNAL_KEEP: "all",
  LOANLOOM_ANCHOR_MS: "20",
};

async function create(environment: Readonly<Record<string, string>> = {}): Promise<ChaosServer> {
  const server = await ChaosServer.create({ ...CALM, ...environment });
  onTestFinished(() => server.destroy());
  return server;
}

/** Deposits, many at once, and counts what is acknowledged; each account is in some shard. */
class Depositor {
  cents = 0;
  readonly #client: LoanloomClient;
  #over = false;
  #running: Promise<unknown> = Promise.resolve();

  static async at(url: string): Promise<Depositor> {
    const depositor = new Depositor(
      new LoanloomClient({
        url,
        token: await token(JWT_SECRET, "ops", "operator"),
        requestTimeoutMs: 30_000,
        firstConnectTimeoutMs: 30_000,
        reconnect: { delayMsFirst: 10, delayMsMax: 50 },
        retry: { delayMsFirst: 10, delayMsMax: 50 },
      }),
    );
    onTestFinished(() => depositor.end());
    for (const accountId of ACCOUNTS) {
      const opening = depositor.#client.request("account.open", { accountId });
      await opening.catch((error: unknown) => {
        if (!(error instanceof LoanloomError) || error.code !== "account_exists") throw error;
      });
    }
    return depositor;
  }

  private constructor(client: LoanloomClient) {
    this.#client = client;
  }

  begin(): void {
    this.#running = Promise.all(ACCOUNTS.map((accountId) => this.#deposits(accountId)));
  }

  async deposit(times: number): Promise<void> {
    for (let each = 0; each < times; each++) {
      await Promise.all(ACCOUNTS.map((accountId) => this.#deposit(accountId)));
    }
  }

  async #deposits(accountId: string): Promise<void> {
    while (!this.#over) await this.#deposit(accountId);
  }

  async #deposit(accountId: string): Promise<void> {
    const body = { accountId, amountCents: 100, reference: `chaos ${randomUUID()}` };
    await this.#client.request("account.deposit", body);
    this.cents += 100;
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.#running;
    this.#client.close();
  }
}

const ACCOUNTS = Array.from({ length: 8 }, (_, at) => `saver-${at}`);

async function metric(server: ChaosServer, name: string): Promise<number> {
  const url = server.url.replace("ws:", "http:").replace("/v1/ws", "/metrics");
  const lines = (await (await fetch(url)).text())
    .split("\n")
    .filter((line) => line.startsWith(name));
  expect(lines.length).toBeGreaterThan(0);
  return Math.max(...lines.map((line) => Number(line.split(" ").at(-1))));
}

function loanloom(server: ChaosServer, ...args: string[]): Promise<Ended> {
  return runProgram([...args, "--data", server.dataDir], {});
}

interface Shown {
  readonly shards: readonly {
    readonly shard: number;
    readonly verdict: string;
    readonly journalEndsAt: string | null;
    readonly anchoredAt: string | null;
  }[];
}

async function shown(server: ChaosServer): Promise<Shown["shards"]> {
  const { stdout } = await loanloom(server, "anchor", "show", "--json");
  return (JSON.parse(stdout) as Shown).shards;
}

/** Another state of the files of Redis, of a server that has stopped. */
function redisFolder(server: ChaosServer): string {
  return join(server.dataDir, "redis", "appendonlydir");
}

describe.runIf(process.platform === "linux")("Anchors", () => {
  it(
    `accuse nobody who was killed, ${KILLS} times amidst commits`,
    { timeout: 60_000 + KILLS * 10_000 },
    async () => {
      const server = await create();
      server.start();
      await server.untilReady();
      const depositor = await Depositor.at(server.url);
      depositor.begin();
      let anchored = 0;
      for (let round = 0; round < KILLS; round++) {
        const before = depositor.cents;
        while (depositor.cents < before + 20_000) await sleep(1);
        await server.kill();
        // Of this life, not of the one before.
        const text = await readFile(join(server.dataDir, "anchors", "shard-0.anchor"), "utf8");
        const [epoch, seq] = (JSON.parse(text) as { position: string }).position.split("-");
        if (Number(epoch) === round + 1 && Number(seq) > 0) anchored++;
        server.start();
        await server.untilReady();
      }
      await depositor.end();
      expect(await server.stop()).toBe(0);
      expect(anchored).toBe(KILLS);
      expect(server.logged("journal_behind_anchor")).toBe(0);
      expect(server.logged("anchor")).toBe(0);
      const report = await auditOf(server, SHARDS);
      expect(report.violations).toEqual([]);
      expect(report.totals.depositedCents).toBeGreaterThanOrEqual(depositor.cents);
      expect(report.totals.takeOvers).toBe(SHARDS * (KILLS + 1));
    },
  );

  it("stop a server whose Redis was put back, until somebody accepts what is lost", async () => {
    const server = await create();
    server.start();
    await server.untilReady();
    const depositor = await Depositor.at(server.url);
    await depositor.deposit(10);
    expect(await server.stop()).toBe(0);
    const copy = `${server.dataDir}-copy`;
    await cp(redisFolder(server), copy, { recursive: true });
    const before = await shown(server);
    expect(before.map(({ verdict }) => verdict)).toEqual(["whole", "whole"]);
    expect(before.map(({ journalEndsAt }) => journalEndsAt)).toEqual(
      before.map(({ anchoredAt }) => anchoredAt),
    );
    server.start();
    await server.untilReady();
    await depositor.deposit(10);
    await depositor.end();
    expect(await server.stop()).toBe(0);
    const after = await shown(server);
    await rm(redisFolder(server), { recursive: true });
    await cp(copy, redisFolder(server), { recursive: true });

    server.start();
    expect(await server.untilEnded()).toBe(1);
    expect(server.log).toContain("journal_behind_anchor");
    for (const position of [before[0]!.journalEndsAt, after[0]!.anchoredAt]) {
      expect(server.log).toContain(`at ${position}`);
    }
    // Nothing was changed by it.
    expect((await shown(server)).map(({ journalEndsAt }) => journalEndsAt)).toEqual(
      before.map(({ journalEndsAt }) => journalEndsAt),
    );
    const verified = await loanloom(server, "verify");
    expect(verified.code).toBe(1);
    expect(verified.stdout).toMatch(/behind_anchor shard 0 /);
    expect((await loanloom(server, "anchor", "show")).code).toBe(1);

    const accepted = await loanloom(server, "anchor", "accept", "--shard", "0");
    expect(accepted.code).toBe(0);
    expect(accepted.stdout).toContain(`from ${after[0]!.anchoredAt} of`);
    expect(accepted.stdout).toContain(`to ${before[0]!.journalEndsAt}.`);
    server.start();
    expect(await server.untilEnded()).toBe(1);
    expect(server.log).toContain("shard-1.anchor");
    const rest = await loanloom(server, "anchor", "accept", "--shard", "1", "--json");
    expect(JSON.parse(rest.stdout)).toEqual({
      shard: 1,
      verdict: "lost",
      anchoredAt: after[1]!.anchoredAt,
      acceptedAt: before[1]!.journalEndsAt,
    });
    server.start();
    await server.untilReady();
    expect(await server.stop()).toBe(0);
    expect((await loanloom(server, "verify")).code).toBe(0);
    const again = await loanloom(server, "anchor", "accept", "--shard", "0");
    expect(again.stdout).toContain("nothing is to be accepted");
  }, 90_000);

  it("stop a server whose Redis was flushed, and one that finds a forged anchor", async () => {
    const redis = await TestRedis.start();
    onTestFinished(() => redis.stop());
    const environment = {
      REDIS_URL: `unix:${redis.socketPath}`,
      LOANLOOM_MAC_KEY: "7b".repeat(32),
      LOANLOOM_LEASE_MS: "600",
    };
    const server = await create(environment);
    server.start();
    await server.untilReady();
    expect(await server.stop()).toBe(0);
    const anchor = join(server.dataDir, "anchors", "shard-0.anchor");
    const good = await readFile(anchor, "utf8");
    await writeFile(anchor, good.replace('"position":"1-', '"position":"0-'));
    server.start();
    expect(await server.untilEnded()).toBe(1);
    expect(server.log).toContain(`${anchor} is no anchor of shard 0`);
    await writeFile(anchor, good);
    server.start();
    await server.untilReady();
    expect(await server.stop()).toBe(0);
    await redis.run("FLUSHALL");
    server.start();
    expect(await server.untilEnded()).toBe(1);
    expect(server.log).toContain("the journal is empty");
    expect(await redis.run("EXISTS", shardKeys(0).journal, shardKeys(0).head)).toBe(0);

    const place = { ...environment, LOANLOOM_DATA: server.dataDir };
    expect((await runProgram(["verify"], place)).code).toBe(1);
    const named = ["--redis", environment.REDIS_URL];
    expect((await runProgram(["anchor", "show", ...named], place)).code).toBe(2);
    named.push("--anchors", join(server.dataDir, "anchors"));
    expect((await runProgram(["anchor", "show", ...named], place)).code).toBe(1);
    for (const shard of ["0", "1"]) {
      const accepted = await runProgram(["anchor", "accept", "--shard", shard], place);
      expect(accepted).toMatchObject({ code: 0 });
      expect(accepted.stdout).toContain("the journal is empty");
    }
    expect((await runProgram(["anchor", "accept", "--shard", "2"], place)).code).toBe(2);
    server.start();
    await server.untilReady();
  }, 90_000);

  it("keep a server that lives from going on with an older Redis, and others from its lease", async () => {
    const redis = await TestRedis.start();
    onTestFinished(() => redis.stop());
    const server = await create({
      REDIS_URL: `unix:${redis.socketPath}`,
      LOANLOOM_MAC_KEY: "7b".repeat(32),
      LOANLOOM_SHARDS: "1",
      LOANLOOM_LEASE_MS: "600",
      LOANLOOM_RETRY_MS_MAX: "1000",
    });
    server.start();
    await server.untilReady();
    const files = join(redis.folder, "appendonlydir");
    const copy = `${redis.folder}-copy`;
    onTestFinished(() => rm(copy, { recursive: true, force: true }));
    await cp(files, copy, { recursive: true });
    const depositor = await Depositor.at(server.url);
    await depositor.deposit(5);
    await depositor.end();
    await redis.kill();
    // It has given up, and begins its lives in vain: nothing of before is in memory any more.
    while (server.logged("retry_exhausted") === 0) await sleep(10);
    await rm(files, { recursive: true });
    await cp(copy, files, { recursive: true });
    await redis.restart();
    while (server.logged("journal_behind_anchor") === 0) await sleep(10);
    const readyz = server.url.replace("ws:", "http:").replace("/v1/ws", "/readyz");
    await sleep(2_000);
    expect(await (await fetch(readyz)).text()).toContain("failed: journal_behind_anchor");
    expect(server.logged("journal_behind_anchor")).toBe(1);
    expect(Number(await redis.run("PTTL", shardKeys(0).lease))).toBeGreaterThan(0);
    expect(await server.stop()).toBe(0);
    while ((await redis.run("EXISTS", shardKeys(0).lease)) !== 0) await sleep(20);
  }, 60_000);

  it("that cannot be written stop nobody: it is logged once, and the metrics tell", async () => {
    const server = await create({ LOANLOOM_ANCHOR_FOLDER: "/dev/null/anchors" });
    server.start();
    await server.untilReady();
    const depositor = await Depositor.at(server.url);
    await depositor.deposit(20);
    while ((await metric(server, "loanloom_anchor_lag_seconds{")) < 0.5) await depositor.deposit(1);
    expect(await metric(server, "loanloom_anchor_failures_total")).toBeGreaterThan(SHARDS);
    expect(server.logged("the anchor cannot be written")).toBe(SHARDS);
    await server.kill();
    server.start();
    await server.untilReady();
    await depositor.deposit(1);
    expect(server.logged("without an anchor nobody knows")).toBe(SHARDS);
    expect(server.logged("the anchor cannot be written")).toBe(2 * SHARDS);
    await depositor.end();
    expect(await server.stop()).toBe(0);
  }, 60_000);

  it("are written again as soon as they can be, and one that is gone is made anew", async () => {
    const server = await create();
    server.start();
    await server.untilReady();
    await server.kill();
    await rm(join(server.dataDir, "anchors"), { recursive: true });
    server.start();
    await server.untilReady();
    const depositor = await Depositor.at(server.url);
    await depositor.deposit(5);
    expect(server.logged("without an anchor nobody knows")).toBe(SHARDS);
    while ((await metric(server, "loanloom_anchor_lag_seconds{")) > 0) await sleep(5);
    // Its folder goes while it serves: the next one finds it missing, and makes it.
    await rm(join(server.dataDir, "anchors"), { recursive: true });
    await depositor.deposit(5);
    while ((await shown(server)).some(({ verdict }) => verdict !== "whole")) {
      await depositor.deposit(1);
    }
    await depositor.end();
  }, 60_000);

  it("are shared by two servers that hand over to each other, and accuse neither", async () => {
    const redis = await TestRedis.start();
    onTestFinished(() => redis.stop());
    const anchors = join(redis.folder, "anchors");
    const environment = {
      REDIS_URL: `unix:${redis.socketPath}`,
      LOANLOOM_STANDBY: "yes",
      LOANLOOM_LEASE_MS: "600",
      LOANLOOM_MAC_KEY: "7b".repeat(32),
      LOANLOOM_ANCHOR_FOLDER: anchors,
    };
    const servers = [await create(environment), await create(environment)] as const;
    let [serving, waiting] = servers;
    serving.start();
    await serving.untilReady();
    for (let round = 0; round < 9; round++) {
      waiting.start();
      await waiting.untilStandingBy();
      const depositor = await Depositor.at(serving.url);
      await depositor.deposit(10);
      await depositor.end();
      const how = (["stop", "kill", "freeze"] as const)[round % 3]!;
      await serving[how]();
      await waiting.untilReady();
      if (how === "freeze") {
        serving.thaw();
        expect(await serving.untilEnded()).toBe(1);
      }
      [serving, waiting] = [waiting, serving];
    }
    for (const server of servers) {
      expect(server.deaths).toEqual([]);
      expect(server.logged("journal_behind_anchor")).toBe(0);
      expect(server.logged("without an anchor")).toBe(0);
    }
    // One that was held up may have put its anchor over a later one, which the next commit mends.
    const depositor = await Depositor.at(serving.url);
    await depositor.deposit(1);
    await depositor.end();
    expect(await serving.stop()).toBe(0);
    const place = { ...environment, LOANLOOM_DATA: serving.dataDir };
    expect(await runProgram(["verify"], place)).toMatchObject({ code: 0 });
    const { stdout } = await runProgram(["anchor", "show", "--json"], place);
    const [shard] = (JSON.parse(stdout) as Shown).shards;
    expect(shard).toMatchObject({ verdict: "whole", anchoredAt: shard!.journalEndsAt });
  }, 120_000);
});
