// The comparison itself, for seconds, with the peers that this machine has: that it measures them,
// checks their books, and leaves nothing behind. What it measures here says nothing.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { postgresPrograms } from "../../../load/peers/postgres-program.ts";
import { restateProgram } from "../../../load/peers/restate-program.ts";
import { processesOf, untilGone } from "../processes.ts";

const PROGRAM = fileURLToPath(new URL("../../../dist/load/compare/compare.js", import.meta.url));
const POSTGRES = postgresPrograms() === null ? [] : ["postgresBatch", "postgresRows"];
const QUICK_PEERS = "loanloom,postgresBatch,postgresRows,redisBatch,redis,echo,append";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "loanloom-compare-test-"));
  chmodSync(folder, 0o755);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a run has started, and what that has started, inherits the mark and is found by it. */
const MARK = "COMPARE_TEST";
const environmentOf = (folder: string) => ({ ...process.env, [MARK]: folder });

describe("npm run compare", () => {
  test("measures every peer that is installed, and names the others", async () => {
    const folder = newFolder();
    const some = ["--peers", QUICK_PEERS, "--shapes", "single"];
    const options = ["--quick", "--json", "--no-install", ...some];
    const done = spawnSync(process.execPath, [PROGRAM, ...options, "--data-folder", folder], {
      encoding: "utf8",
      timeout: 150_000,
      env: environmentOf(folder),
    });
    expect(done.status, done.stderr).toBe(0);
    const comparison = JSON.parse(done.stdout.trim().split("\n").at(-1)!) as {
      readonly skipped: readonly { readonly peer: string; readonly reason: string }[];
      readonly peers: readonly { readonly key: string }[];
    };
    const positive = expect.toSatisfy((value: number) => value > 0);
    const spread = { median: positive, lowest: positive, highest: positive };
    const measured = { perSecond: spread, p99Ms: spread, timesOurs: spread, refusedShare: 0 };
    const peers = [...POSTGRES, "redis"];
    const each = Object.fromEntries(peers.map((peer) => [peer, measured]));
    expect(comparison).toMatchObject({
      single: {
        shape: "64 x 1",
        peers: {
          loanloom: { perSecond: spread, timesOurs: null },
          ...each,
          redisBatch: { ...measured, direct: { perSecond: spread } },
          echo: { perSecond: spread, direct: null },
          append: measured,
        },
      },
      serial: { shape: "1", peers: { loanloom: { perSecond: spread }, ...each } },
      parallel: { shape: "4", peers: { loanloom: { perSecond: spread }, ...each } },
      failed: [],
      voidBecause: [],
      interrupted: false,
    });
    const skipped = comparison.skipped.map(({ peer }) => peer);
    for (const { reason } of comparison.skipped) expect(reason).not.toBe("");
    const contestants = Object.keys(
      (comparison as unknown as { single: { peers: object } }).single.peers,
    );
    expect([...contestants, ...skipped].sort()).toEqual(
      comparison.peers.map(({ key }) => key).sort(),
    );
    expect(readdirSync(folder)).toEqual([]);
    expect(await untilGone(folder, 5_000)).toEqual([]);
  }, 180_000);

  test("measures Restate, which takes its time, or says why not", async () => {
    const folder = newFolder();
    const only = ["--peers", "restate", "--contests", "bids", "--shapes", "alone", "--no-direct"];
    const long = ["--rounds", "1", "--warm-up", "500", "--duration", "6000"];
    const options = ["--json", "--no-install", ...only, ...long, "--data-folder", folder];
    const done = spawnSync(process.execPath, [PROGRAM, ...options], {
      encoding: "utf8",
      timeout: 100_000,
      env: environmentOf(folder),
    });
    expect(done.status, done.stderr).toBe(0);
    const comparison = JSON.parse(done.stdout.trim().split("\n").at(-1)!) as object;
    if (restateProgram() === null) {
      const reason = expect.stringContaining("not installed") as string;
      expect(comparison).toMatchObject({ skipped: [{ peer: "restate", reason }] });
    } else {
      const median = expect.toSatisfy((value: number) => value > 0);
      expect(comparison).toMatchObject({
        alone: { peers: { restate: { perSecond: { median } } } },
      });
    }
    expect(readdirSync(folder)).toEqual([]);
    expect(await untilGone(folder, 5_000)).toEqual([]);
  }, 120_000);

  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)(
    "ends at %s with nothing left, and says that it was interrupted",
    async (signal, code) => {
      const folder = newFolder();
      const options = ["--peers", "redis", "--contests", "bids", "--json", "--duration", "60000"];
      const child = spawn(process.execPath, [PROGRAM, ...options, "--data-folder", folder], {
        stdio: ["ignore", "pipe", "pipe"],
        env: environmentOf(folder),
      });
      let stdout = "";
      child.stdout.on("data", (bytes) => (stdout += String(bytes)));
      const exited = once(child, "exit");
      while (!processesOf(folder).some((line) => line.includes("gateway-process"))) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      child.kill(signal);
      const [status] = (await exited) as [number | null];
      expect(status).toBe(code);
      expect(JSON.parse(stdout.trim().split("\n").at(-1)!)).toMatchObject({ interrupted: true });
      expect(readdirSync(folder)).toEqual([]);
      expect(await untilGone(folder, 5_000)).toEqual([]);
    },
  );

  test("leaves nothing behind even when it is killed", async () => {
    const folder = newFolder();
    const peer = POSTGRES[0] ?? "redis";
    const options = ["--peers", peer, "--contests", "bids", "--duration", "60000"];
    const child = spawn(process.execPath, [PROGRAM, ...options, "--data-folder", folder], {
      stdio: "ignore",
      env: environmentOf(folder),
    });
    while (!processesOf(folder).some((line) => line.includes("gateway-process"))) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    child.kill("SIGKILL");
    await expect
      .poll(() => [...processesOf(folder), ...readdirSync(folder)], { timeout: 15_000 })
      .toEqual([]);
  });

  test("refuses a peer that it does not have", () => {
    const done = spawnSync(process.execPath, [PROGRAM, "--peers", "oracle"], { encoding: "utf8" });
    expect(done.status).toBe(2);
    expect(done.stderr).toContain("oracle");
  });
});
