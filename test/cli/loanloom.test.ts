// The built program, run as users run it: a real server with a real Redis, and commands against it.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { stopLeftoverRedis } from "../../src/journal/embedded-redis.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/src/cli/loanloom.js", import.meta.url));

// Each command is a process: half a second of CPU, and on a busy machine some seconds.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let folder: string;
let environment: NodeJS.ProcessEnv;
let server: Running;

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "loanloom-cli-"));
  environment = {
    PATH: process.env["PATH"],
    LOANLOOM_DATA: join(folder, "data"),
    PORT: "0",
    LOANLOOM_BUSINESS_DATES: "operator",
  };
  server = await serve();
  environment["LOANLOOM_URL"] = server.url;
});

afterAll(async () => {
  server.child.kill("SIGKILL");
  await stopLeftoverRedis(join(folder, "data"));
  await rm(folder, { recursive: true });
});

/** Starts `serve` and waits for the line that says where it serves. */
async function serve(): Promise<Running> {
  const child = spawn(process.execPath, [PROGRAM, "serve"], { env: environment });
  let said = "";
  child.stderr.on("data", (chunk) => (said += String(chunk)));
  child.stdout.resume();
  const deadlineMs = performance.now() + 60_000;
  for (;;) {
    const url = /serves (ws:\S+);/.exec(said)?.[1];
    if (url !== undefined) return { child, url };
    if (child.exitCode !== null || performance.now() > deadlineMs) {
      child.kill("SIGKILL");
      throw new Error(`the server did not start: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], extra: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: { ...environment, ...extra } });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

async function json(args: readonly string[]): Promise<unknown> {
  const ran = await run([...args, "--json"]);
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  return JSON.parse(ran.stdout);
}

describe("loanloom", () => {
  test("does a loan's beginning from the command line", async () => {
    await Promise.all([json(["account", "open", "alice"]), json(["account", "open", "bob"])]);
    expect(await json(["account", "deposit", "alice", "500000"])).toMatchObject({
      availableCents: 500_000,
      heldCents: 0,
    });
    await json(["loan", "list", "spring", "--borrower-id", "bob", "--principal-cents", "1000000"]);
    expect(await json(["loan", "bid", "spring", "20000", "--as", "alice"])).toMatchObject({
      filledCents: 20_000,
      remainingCents: 980_000,
      rank: 1,
    });
    expect(await json(["account", "get", "--as", "alice"])).toMatchObject({
      accountId: "alice",
      availableCents: 480_000,
      heldCents: 20_000,
    });
    expect(await json(["loan", "get", "spring"])).toMatchObject({ raisedCents: 20_000, bids: 1 });
    expect(await json(["loan", "market"])).toMatchObject({ loanIds: ["spring"] });
    const shown = await run(["account", "get", "alice"]);
    expect(shown.stdout).toContain("availableCents  480000 (4,800.00)\n");
  });

  test("repays a loan, by the calendar and by hand", async () => {
    await json(["account", "deposit", "bob", "5000"]);
    const list = ["loan", "list", "tiny", "--borrower-id", "bob", "--principal-cents", "120000"];
    await json([...list, "--rate-bps", "1200", "--disburses-at-once"]);
    await json(["loan", "bid", "tiny", "120000", "--as", "alice"]);
    await expect
      .poll(() => json(["loan", "get", "tiny"]), { timeout: 30_000 })
      .toMatchObject({ status: "repaying" });
    const { nextDueOn } = (await json(["loan", "get", "tiny"])) as { nextDueOn: number };
    const date = new Date(nextDueOn * 86_400_000).toISOString().slice(0, 10);
    expect(await json(["calendar", "advance", date])).toMatchObject({ day: nextDueOn });
    expect(await json(["calendar", "get"])).toMatchObject({ day: nextDueOn });
    // 106.62 of the first instalment came by itself: 94.62 of principal.
    expect(await json(["loan", "get", "tiny"])).toMatchObject({ outstandingCents: 110_538 });
    const early = ["loan", "repay", "tiny", "110538", "--mode", "early_full", "--as", "bob"];
    expect(await json(early)).toMatchObject({ principalCents: 110_538, returnedCents: 0 });
    expect(await json(["loan", "get", "tiny"])).toMatchObject({ status: "settled" });
  });

  test("shows the books, what was lent, and what it earns", async () => {
    expect(await json(["books"])).toMatchObject({ differenceCents: 0, isClosed: false });
    const shown = await run(["books"]);
    expect(shown).toMatchObject({ code: 0 });
    expect(shown.stdout).toMatch(/^asset\.custody +all +5,0\d0\.00$/m);
    expect(shown.stdout).toContain("In balance.");
    expect(await run(["books", "--date", "2020-01-31"])).toMatchObject({ code: 1 });
    expect(await json(["account", "positions", "alice"])).toMatchObject({ loans: 1 });
    const returns = (await json(["account", "returns", "--as", "alice"])) as { xirrPpm: number };
    // 12 % a year, compounded by the month: 12.68 %, give or take the days of that month.
    expect(returns.xirrPpm / 1e6).toBeGreaterThan(0.11);
    expect(returns.xirrPpm / 1e6).toBeLessThan(0.15);
    const share = await run(["loan", "clearing", "tiny", "1", "--lender", "alice"]);
    expect(share).toMatchObject({ code: 0 });
    expect(await json(["loan", "schedule", "spring"])).toMatchObject({ outstandingCents: 0 });
    const clearing = await run(["loan", "clearing", "spring", "1", "--lender", "alice"]);
    expect(clearing).toMatchObject({ code: 1 });
    expect(clearing.stderr).toContain("no clearing of this number");
  });

  test("the same request id again gives the same answer, and no second bid", async () => {
    const requestId = "01890000-0000-7000-8000-000000000001";
    const fresh = `${Date.now().toString(16).padStart(12, "0")}`;
    const id = `${fresh.slice(0, 8)}-${fresh.slice(8)}${requestId.slice(13)}`;
    const bid = ["loan", "bid", "spring", "10000", "--as", "alice", "--request-id", id];
    const first = (await json(bid)) as { bidId: number };
    expect(await json(bid)).toMatchObject({ bidId: first.bidId });
    expect(await json(["account", "outcome", id, "alice"])).toMatchObject({
      state: "done",
      bidId: first.bidId,
    });
  });

  test("a watch shows what happens, and ends well by Ctrl-C", async () => {
    const child = spawn(
      process.execPath,
      [PROGRAM, "account", "watch", "--as", "alice", "--json"],
      { env: environment },
    );
    let shown = "";
    child.stdout.on("data", (chunk) => (shown += String(chunk)));
    const lines = (): Record<string, unknown>[] =>
      shown
        .trim()
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const until = async (count: number): Promise<void> => {
      for (let tries = 0; lines().length < count && tries < 500; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await until(1);
    await json(["account", "deposit", "alice", "777"]);
    await until(2);
    child.kill("SIGINT");
    expect(await once(child, "close")).toEqual([0, null]);
    expect(lines()).toMatchObject([
      { kind: "snapshot", accountId: "alice" },
      { kind: "entry", moved: "deposit", amountCents: 777 },
    ]);
  });

  test.each<[string, readonly string[], number, RegExp]>([
    ["a refusal", ["account", "open", "alice"], 1, /^loanloom: account_exists/],
    ["an account that is not there", ["account", "get", "nobody"], 1, /account_not_found/],
    ["another's account", ["account", "get", "alice", "--as", "bob"], 1, /^loanloom: /],
    ["a wrong token", ["account", "get", "--token", "x.y.z"], 1, /unauthenticated/],
    [
      "an empty token",
      ["account", "get", "alice", "--token", ""],
      2,
      /^loanloom: --token is empty/,
    ],
    ["a leap of the calendar", ["calendar", "advance", "2031-01-31"], 2, /say --yes/],
    ["no such command", ["acount"], 2, /unknown command/],
    ["no such option", ["account", "get", "--jsn"], 2, /unknown option/],
    ["a missing argument", ["account", "deposit", "alice"], 2, /missing required argument/],
    ["a fraction of a cent", ["account", "deposit", "alice", "1.5"], 2, /whole number/],
    ["an impossible id", ["account", "open", "al ice"], 2, /letters, digits/],
    ["a day that is none", ["calendar", "advance", "2026-02-30"], 2, /a date such as/],
    ["a repayment by nobody", ["loan", "repay", "tiny", "1"], 2, /--as <accountId>/],
    ["a repayment of nothing", ["loan", "repay", "spring", "1", "--as", "bob"], 1, /not_repaying/],
    ["a bid by nobody", ["loan", "bid", "spring", "10000"], 2, /--as <accountId>/],
    [
      "a token that lives too long",
      ["token", "--sub", "alice", "--ttl", "60d"],
      2,
      /refuses tokens/,
    ],
    [
      "nobody there",
      ["loan", "market", "--url", "ws://127.0.0.1:1/v1/ws", "--timeout", "500ms"],
      3,
      /unreachable/,
    ],
  ])("%s: %j exits with %d and says why in a line", async (_, args, code, says) => {
    const ran = await run(args);
    expect(ran.stderr).toMatch(says);
    expect(ran.stderr).not.toMatch(/^\s+at /m);
    expect(ran.code).toBe(code);
  });

  test("every command has help", async () => {
    const top = await run(["--help"]);
    const names = [...top.stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map((match) => match[1]!);
    expect(names).toEqual(
      expect.arrayContaining(["serve", "demo", "token", "account", "loan", "verify", "config"]),
    );
    const asked = names.filter((name) => name !== "help");
    const helps = await Promise.all(asked.map((name) => run([name, "--help"])));
    for (const [index, help] of helps.entries()) {
      expect(help.code, `${asked[index]}: ${help.stderr}`).toBe(0);
      expect(help.stdout, asked[index]).toContain("Exit codes:");
    }
  });

  test("a token of the command line opens the door, and only as whom it says", async () => {
    const { token } = (await json(["token", "--sub", "alice", "--ttl", "5m"])) as { token: string };
    expect(await json(["account", "get", "--token", token])).toMatchObject({ accountId: "alice" });
    const secret = (await readFile(join(folder, "data", "jwt.secret"), "utf8")).trim();
    expect(token).not.toContain(secret);
  });

  test("settings are listed, and secrets are not shown", async () => {
    const secret = "not-to-be-shown-not-to-be-shown-not";
    const listed = await run(["config", "--json"], {
      LOANLOOM_JWT_SECRET: secret,
      LOANLOOM_CUSTODIAN_URL: `https://us:${secret}@bank`,
    });
    const rows = JSON.parse(listed.stdout) as { variable: string; value: string | null }[];
    expect(rows.find((row) => row.variable === "LOANLOOM_JWT_SECRET")?.value).toBe("(hidden)");
    expect(rows.find((row) => row.variable === "PORT")?.value).toBe("0");
    expect(listed.stdout).not.toContain(secret);
    expect((await run(["config", "--markdown"])).stdout).toMatch(/^\| variable \|/);
  });

  test("an empty token in the environment is nobody, not the operator", async () => {
    const ran = await run(["loan", "market"], { LOANLOOM_TOKEN: "" });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(/^loanloom: LOANLOOM_TOKEN is empty/);
  });

  test.each([
    [{ PORT: "x" }, /^loanloom: PORT=x: expected a whole number from 0 to 65535\n$/],
    [{ LOANLOOM_SHARD: "4" }, /^loanloom: LOANLOOM_SHARD=\(hidden\): expected a known setting/],
  ])("serve with %j ends with 2 before it starts anything", async (extra, says) => {
    const ran = await run(["serve"], extra);
    expect(ran).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(says) as string,
    });
  });

  test("a second server on the same data is refused with 3", async () => {
    const ran = await run(["serve"]);
    expect(ran.stderr).toMatch(/another server uses .*LOANLOOM_DATA/);
    expect(ran.code).toBe(3);
  });

  test("a killed server's Redis is adopted, and what was acknowledged is there", async () => {
    const before = await json(["account", "get", "alice"]);
    server.child.kill("SIGKILL");
    await once(server.child, "exit");
    server = await serve();
    environment["LOANLOOM_URL"] = server.url;
    const { position: _, ...after } = (await json(["account", "get", "alice"])) as {
      position: string;
    };
    expect(before).toMatchObject(after);
  });

  test("SIGTERM drains and ends with 0; its Redis ends with it", async () => {
    server.child.kill("SIGTERM");
    expect(await once(server.child, "exit")).toEqual([0, null]);
    expect(await stopLeftoverRedis(join(folder, "data"))).toBe(false);
  });
});
