// The fan-out benchmark itself, for a second: that it measures a real server, checks what lenders
// have against what borrowers were told, and leaves nothing behind.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";

const PROGRAM = fileURLToPath(
  new URL("../../../dist/load/fanout/bench-fanout.js", import.meta.url),
);

describe("npm run bench:fanout", () => {
  test("measures repayments and pushes, and the books of both sides agree", () => {
    const folder = mkdtempSync(join(tmpdir(), "loanloom-fanout-test-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const world = ["--loans", "4", "--lenders", "40", "--accounts", "60", "--growth", "10"];
    const short = ["--rounds", "1", "--duration", "1500", "--warm-up", "300", "--pushes", "5"];
    const readme = join(mkdtempSync(join(tmpdir(), "loanloom-fanout-readme-")), "README.md");
    onTestFinished(() => rmSync(dirname(readme), { recursive: true, force: true }));
    writeFileSync(readme, "before\n<!-- fanout:begin -->\nold\n<!-- fanout:end -->\nbehind\n");
    const options = ["--json", "--readme", readme, ...world, ...short, "--data-folder", folder];
    const done = spawnSync(process.execPath, [PROGRAM, ...options], {
      encoding: "utf8",
      timeout: 100_000,
    });
    expect(done.stderr).toBe("");
    expect(done.status).toBe(0);
    const report = JSON.parse(done.stdout.trim().split("\n").at(-1)!) as object;
    const positive = expect.toSatisfy((value: number) => value > 0);
    expect(report).toMatchObject({
      serial: { inFlight: 1, postingsPerSecond: positive, p99Ms: positive },
      parallel: { inFlight: 4, postingsPerSecond: positive },
      lastPushP99Ms: positive,
      growth: [{ lenders: 10, postingsPerSecond: positive, lastPushP99Ms: positive }],
    });
    expect(readdirSync(folder)).toEqual([]);
    const page = readFileSync(readme, "utf8");
    expect(page).toMatch(
      /^before\n<!-- fanout:begin -->\n\nWritten by [^]*1 interleaved rounds of\n1500 ms/,
    );
    expect(page).toMatch(
      /4 loans of 40 lenders out of 60 accounts[^]*<!-- fanout:end -->\nbehind\n$/,
    );
    expect(page).not.toContain("old");
  });
});
