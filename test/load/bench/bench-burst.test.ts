// The benchmark itself, for a second: that it measures a real server and leaves nothing behind.
// What it measures here says nothing: the durations are far too short.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { untilGone } from "../processes.ts";

const PROGRAM = fileURLToPath(new URL("../../../dist/load/bench/bench-burst.js", import.meta.url));

function bench(...options: readonly string[]) {
  return spawnSync(process.execPath, [PROGRAM, ...options], { encoding: "utf8", timeout: 100_000 });
}

describe("npm run bench:burst", () => {
  test("measures echo and bids, checks the books, and leaves nothing behind", async () => {
    const folder = mkdtempSync(join(tmpdir(), "loanloom-bench-test-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const tiny = ["--rounds", "1", "--duration", "300", "--warm-up", "200", "--accounts", "0"];
    const only = ["--only", "echo64,hot64,many"];
    const done = bench("--json", "--clients", "2", ...tiny, ...only, "--data-folder", folder);
    expect(done.stderr).toBe("");
    expect(done.status).toBe(0);
    const report = JSON.parse(done.stdout.trim().split("\n").at(-1)!) as Record<string, object>;
    const positive = expect.toSatisfy((value: number) => value > 0);
    expect(report).toMatchObject({
      echo64: { messagesPerSecond: positive, p99Ms: positive },
      hot64: {
        bidsPerSecond: positive,
        p99Ms: positive,
        ratioToEcho: positive,
        refusedShare: 0,
        serverCpuUs: positive,
      },
      many: { bidsPerSecond: positive, refusedShare: 0 },
      void: false,
    });
    expect(report["hot"]).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
    expect(await untilGone(folder, 5_000)).toEqual([]);
  }, 120_000);

  test("starts a killed server again and again on what it left", async () => {
    const folder = mkdtempSync(join(tmpdir(), "loanloom-bench-test-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const tiny = ["--rounds", "1", "--duration", "100", "--warm-up", "100", "--accounts", "0"];
    const few = ["--tail-events", "3000", "--snapshot-accounts", "50", "--starts", "3"];
    const options = ["--json", "--recovery", "--only", "echo1", ...tiny, ...few];
    const done = bench(...options, "--data-folder", folder);
    expect(done.stderr).toBe("");
    expect(done.status).toBe(0);
    const { recovery } = JSON.parse(done.stdout.trim().split("\n").at(-1)!) as {
      recovery: Record<string, number>;
    };
    expect(recovery["tailEvents"]).toBeGreaterThanOrEqual(3_000);
    expect(recovery).toMatchObject({ snapshotAccounts: 50, startsAfterKill: 3 });
    for (const kind of ["tailServeMs", "snapshotServeMs"]) {
      expect(recovery[`${kind}Lowest`]).toBeGreaterThan(0);
      expect(recovery[kind]).toBeGreaterThan(recovery[`${kind}Lowest`]!);
      expect(recovery[`${kind}Highest`]).toBeGreaterThan(recovery[kind]!);
    }
    expect(readdirSync(folder)).toEqual([]);
    expect(await untilGone(folder, 5_000)).toEqual([]);
  }, 120_000);

  test("refuses a phase that it does not have", () => {
    const done = bench("--only", "hottest");
    expect(done.status).toBe(2);
    expect(done.stderr).toContain("hottest");
  });
});
