// The load tool itself, end to end on real servers, each scenario for seconds: that it loads,
// audits and reports, and leaves nothing behind. What it measures here says nothing.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { descendantsOf } from "../../load/machine/process-cpu.ts";
import { SCENARIOS } from "../../load/scenarios/catalogue.ts";
import { processesOf, until, untilGone } from "./processes.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/load/load.js", import.meta.url));

function load(...options: readonly string[]) {
  return spawnSync(process.execPath, [PROGRAM, ...options], { encoding: "utf8", timeout: 60_000 });
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "loanloom-load-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const SMALL: Readonly<Record<string, readonly string[]>> = {
  burst: ["--lenders", "30", "--watchers", "10", "--rate", "400"],
  market: ["--lenders", "30", "--loans", "50", "--watchers", "10", "--rate", "400"],
  fanout: ["--lenders", "40", "--paid-out-loans", "10", "--lenders-per-loan", "20", "--rate", "40"],
  mixed: [
    ...["--lenders", "30", "--loans", "20", "--watchers", "10", "--rate", "300"],
    ...["--paid-out-loans", "5", "--lenders-per-loan", "10"],
  ],
  "slow-consumers": ["--lenders", "20", "--crowd", "3", "--rate", "100"],
  "reconnect-storm": ["--lenders", "10", "--crowd", "200", "--rate", "50"],
  soak: ["--lenders", "20", "--loans", "20", "--watchers", "5", "--rate", "200"],
};

const positive = expect.toSatisfy((value: number) => value > 0);
const latency = expect.objectContaining({ count: positive, p99Ms: positive });

// A busy machine is given its time.
describe("npm run load", { timeout: 120_000 }, () => {
  test.each(SCENARIOS.map(({ name }) => name))(
    "%s is loaded, audited and reported",
    async (name) => {
      const folder = temporaryFolder();
      const short = ["--duration", "2s", "--warm-up", "500ms", "--clients", "2"];
      const done = load(name, ...SMALL[name]!, ...short, "--json", "--data-folder", folder);
      expect(done.stderr).toBe("");
      expect(done.status).toBe(0);
      const report = JSON.parse(done.stdout) as Record<string, unknown>;
      expect(report).toMatchObject({
        kind: "loanloom-load",
        scenario: name,
        audit: {
          by: "journal",
          ok: true,
          journal: { requests: positive, lost: 0, doubled: 0, trialBalanceCents: 0, violations: 0 },
          protocol: { findings: 0 },
        },
        verdict: { auditOk: true, void: false },
        figures: { answered: positive, unanswered: 0, violations: [], latency, service: latency },
      });
      const { figures } = report as { figures: { sent: number; answered: number; crowd: unknown } };
      expect(figures.answered).toBe(figures.sent);
      if (name === "reconnect-storm") {
        const back = { opened: 200, reconnected: 200, failed: 0, closedByServer: 0 };
        expect(figures.crowd).toMatchObject(back);
      }
      expect(readdirSync(folder)).toEqual([]);
      expect(await untilGone(folder, 5_000)).toEqual([]);
    },
  );

  test("looks first whether its page can be written", () => {
    const folder = temporaryFolder();
    for (const html of [join(folder, "none", "r.html"), folder]) {
      const done = load("burst", "--html", html, "--data-folder", folder);
      expect(done).toMatchObject({ status: 2, stdout: "" });
      expect(done.stderr).toMatch(/^load: --html: /);
    }
  });

  test("runs a closed loop where it is asked to", () => {
    const folder = temporaryFolder();
    const closed = ["--closed", "4", "--lenders", "8", "--loans", "5", "--watchers", "0"];
    const short = ["--duration", "1s", "--warm-up", "300ms"];
    const done = load("market", ...closed, ...short, "--json", "--data-folder", folder);
    expect(done.status).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({
      settings: { loop: "closed, 4 in flight", ratePerSecond: null },
      audit: { ok: true },
    });
  });

  test("writes a page that fetches nothing and has every chart", () => {
    const folder = temporaryFolder();
    const html = join(folder, "report.html");
    const short = ["--duration", "1s", "--warm-up", "200ms", "--data-folder", folder];
    const done = load("burst", ...SMALL["burst"]!, ...short, "--html", html);
    expect(done.status).toBe(0);
    expect(done.stdout).toContain("audit passed, against the journal");
    const page = readFileSync(html, "utf8");
    expect(page).not.toMatch(/(src|href)\s*=|@import|url\(/);
    const text = /<script type="application\/json" id="charts">(.*?)<\/script>/s.exec(page)![1]!;
    const charts = JSON.parse(text) as {
      id: string;
      x: number[];
      series: { values: number[] }[];
    }[];
    const ids = charts.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(["throughput", "latency", "percentiles", "cores"]));
    for (const { id, x, series } of charts) {
      expect(page).toContain(`id="${id}"`);
      expect(series.length).toBeGreaterThan(0);
      for (const { values } of series) expect(values.length).toBe(x.length);
    }
  });

  test("searches the highest rate, and exits with 5 when a target is missed", () => {
    const folder = temporaryFolder();
    const world = ["--lenders", "8", "--loans", "5", "--watchers", "0", "--data-folder", folder];
    const short = ["--duration", "500ms", "--warm-up", "200ms", "--json"];
    const search = ["--find-max", "--p99", "10000", "--from", "50", "--probes", "2"];
    const found = load("market", ...world, ...short, ...search);
    expect(found.status).toBe(0);
    expect(JSON.parse(found.stdout)).toMatchObject({
      findMax: { ratePerSecond: 100, probes: [{ passed: true }, { passed: true }] },
    });
    const missed = load("market", ...world, ...short, "--rate", "50", "--p99", "0.001");
    expect(missed.status).toBe(5);
    expect(JSON.parse(missed.stdout)).toMatchObject({ verdict: { targetMet: false } });
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "reports what it measured after %s, and leaves nothing running",
    async (signal, code) => {
      const folder = temporaryFolder();
      const options = ["market", "--lenders", "20", "--loans", "20", "--watchers", "5"];
      const long = ["--rate", "200", "--duration", "10m", "--warm-up", "200ms", "--json"];
      const run = spawn(process.execPath, [PROGRAM, ...options, ...long, "--data-folder", folder]);
      let stdout = "";
      run.stdout.on("data", (part: Buffer) => (stdout += part.toString()));
      const ended = once(run, "close") as Promise<[number | null]>;
      const hasClient = (): boolean => processesOf(folder).some((line) => line.includes("redis"));
      await until(hasClient, 60_000, "the server runs");
      // Server, guardian and client: the world is open, and the load is about to begin.
      const processes = (): number => descendantsOf(run.pid!, /^node/).length;
      await until(() => processes() >= 3, 60_000, "the client runs");
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      run.kill(signal);
      expect((await ended)[0]).toBe(code);
      expect(JSON.parse(stdout)).toMatchObject({
        wasStopped: true,
        audit: { by: "journal", ok: true },
        figures: { answered: positive, measuredMs: expect.toSatisfy((ms: number) => ms < 60_000) },
      });
      expect(await untilGone(folder, 5_000)).toEqual([]);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  test("leaves nothing running when it is killed", async () => {
    const folder = temporaryFolder();
    const options = ["soak", "--lenders", "20", "--loans", "20", "--data-folder", folder];
    const run = spawn(process.execPath, [PROGRAM, ...options], { stdio: "ignore" });
    const ended = once(run, "exit");
    const hasRedis = (): boolean => processesOf(folder).some((line) => line.includes("redis"));
    await until(hasRedis, 60_000, "the server runs");
    run.kill("SIGKILL");
    await ended;
    expect(await untilGone(folder, 5_000)).toEqual([]);
    await until(() => readdirSync(folder).length === 0, 5_000, "its folder is gone");
  });

  test("lists and describes without running anything", () => {
    const listed = load("--list");
    expect(listed.status).toBe(0);
    for (const { name } of SCENARIOS) expect(listed.stdout).toContain(name);
    const described = load("burst", "--describe", "--rate", "100", "--duration", "10s");
    expect(described.status).toBe(0);
    expect(described.stdout).toContain("the hot loan");
    const data = JSON.parse(load("burst", "--describe", "--json").stdout) as object;
    expect(data).toMatchObject({ scenario: { name: "burst" }, plan: { seed: 7 } });
  });

  test.each<[string, readonly string[], string]>([
    ["no scenario", [], "name a scenario"],
    ["a scenario that is none", ["flood"], "no scenario flood"],
    ["an option that is none", ["burst", "--faster"], "unknown option"],
    ["a time without a unit", ["burst", "--duration", "10"], "such as 500ms"],
    ["a search without a target", ["burst", "--find-max"], "--p99"],
    ["a server without tokens", ["burst", "--url", "ws://127.0.0.1:1/"], "--token-file"],
    ["TLS", ["burst", "--url", "wss://127.0.0.1:1/", "--token-file", "x"], "without TLS"],
    [
      "a server elsewhere that nobody confirmed",
      ["burst", "--url", "ws://192.0.2.1:8080/v1/ws", "--token-file", "x"],
      "--remote",
    ],
    [
      "a token file that is not there",
      ["burst", "--url", "ws://[::1]:1/", "--token-file", "/no"],
      "/no",
    ],
  ])("refuses %s with exit code 2", (_, options, complaint) => {
    const done = load(...options);
    expect(done.status).toBe(2);
    expect(done.stderr).toContain(complaint);
  });
});
