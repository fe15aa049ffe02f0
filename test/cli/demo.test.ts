// The main job, small: a real server that is really killed. And that nothing stays behind, whatever
// way it ends.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { runProgram, startProgram } from "./program.ts";

const SMALL = ["demo", "--lenders", "40", "--principal", "50000", "--json"];
const KEYS = [
  "accepted",
  "refused",
  "lost",
  "doubled",
  "raisedCents",
  "heldCents",
  "principalCents",
  "trialBalanceCents",
  "serveAgainMs",
  "p99Ms",
  "disbursedMs",
  "repayments",
  "legs",
  "legsLost",
  "legsDoubled",
  "repaidPrincipalCents",
  "interestCents",
  "serviceFeeCents",
  "lastPushMs",
  "lastPushKilledMs",
  "balancedToTheCent",
];

/** A folder in which the run puts all it has, so that what stays behind is seen. */
async function privateFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ll-demo-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Pids of the process and of all its descendants. */
function familyOf(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  const children = existsSync(path) ? readFileSync(path, "utf8").trim() : "";
  const pids = children === "" ? [] : children.split(" ").map(Number);
  return [pid, ...pids.flatMap(familyOf)];
}

function isAlive(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) && !/^\d+ \(.*\) [ZX]/.test(readFileSync(path, "utf8"));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe.runIf(process.platform === "linux")("loanloom demo", () => {
  for (const shards of ["1", "4"]) {
    it(
      `adds up with ${shards} shards, and leaves nothing behind`,
      { timeout: 120_000 },
      async () => {
        const folder = await privateFolder();
        const args = [...SMALL, "--shards", shards];
        const { child, ended } = startProgram(args, { TMPDIR: folder });
        const seen = new Set<number>();
        const watching = setInterval(
          () => familyOf(child.pid!).forEach((pid) => seen.add(pid)),
          20,
        );
        const { code, stdout, stderr } = await ended;
        clearInterval(watching);
        expect(stderr).toBe("");
        expect(code, stdout).toBe(0);
        const json = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as Record<string, number>;
        expect(Object.keys(json)).toEqual(KEYS);
        expect(json).toMatchObject({ lost: 0, doubled: 0, trialBalanceCents: 0 });
        expect(json).toMatchObject({ raisedCents: 50_000_00, heldCents: 50_000_00 });
        expect(json["accepted"]! + json["refused"]!).toBe(40 * 12 + 1);
        expect(json["serveAgainMs"]).toBeGreaterThan(0);
        expect(json).toMatchObject({ repayments: 12, legsLost: 0, legsDoubled: 0 });
        expect(json).toMatchObject({ repaidPrincipalCents: 50_000_00, balancedToTheCent: true });
        expect(json["legs"]! % 12).toBe(0);
        expect(json["interestCents"]).toBe(3_309_27);
        // The demo itself, three servers and two Redis.
        expect(seen.size).toBeGreaterThanOrEqual(5);
        expect([...seen].filter(isAlive)).toEqual([]);
        expect(readdirSync(folder)).toEqual([]);
      },
    );
  }

  it("ends in order when it is interrupted", { timeout: 60_000 }, async () => {
    const folder = await privateFolder();
    const { child, ended } = startProgram(SMALL, { TMPDIR: folder });
    await until(() => familyOf(child.pid!).length >= 3);
    const family = familyOf(child.pid!);
    child.kill("SIGINT");
    const sinceMs = performance.now();
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    // Nothing that waits for an answer, which will never come, may hold the process.
    expect(performance.now() - sinceMs).toBeLessThan(15_000);
    expect(stderr).toMatch(/ended by SIGINT/);
    expect(family.filter(isAlive)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("fails, and leaves nothing, when the server ends by itself", { timeout: 60_000 }, async () => {
    const folder = await privateFolder();
    const { child, ended } = startProgram(SMALL, { TMPDIR: folder });
    await until(() => familyOf(child.pid!).length >= 3);
    const family = familyOf(child.pid!);
    process.kill(family[1]!, "SIGKILL");
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/the server ended with SIGKILL/);
    expect(family.filter(isAlive)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("exits with 2 for options that cannot be", async () => {
    for (const args of [
      ["--lenders", "0"],
      ["--principal", "x"],
      ["--shards", "1.5"],
    ]) {
      expect(await runProgram(["demo", ...args])).toMatchObject({ code: 2 });
    }
    const small = await runProgram(["demo", "--lenders", "1000", "--principal", "1000"]);
    expect(small.code).toBe(2);
    expect(small.stderr).toMatch(/need a loan of at least 66,667\.00/);
  });
});
