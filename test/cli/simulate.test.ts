// The simulation from the command line: the report, its JSON, and what cannot be asked for.

import { describe, expect, it } from "vitest";
import { runProgram } from "./program.ts";

const SMALL = ["simulate", "--lenders", "20", "--borrowers", "6", "--years", "1", "--seed", "3"];

describe("loanloom simulate", () => {
  it(
    "ends with books, returns and the verdict, quiet when piped",
    { timeout: 120_000 },
    async () => {
      const { code, stdout, stderr } = await runProgram([...SMALL, "--clock-jumps", "--json"]);
      expect(stderr).toBe("");
      expect(code, stdout).toBe(0);
      expect(stdout).toMatch(/difference +0\.00 +0\.00/);
      expect(stdout).toMatch(/least, deciles, most/);
      expect(stdout).toMatch(/0 violations/);
      expect(stdout).toMatch(/ok: every invariant holds/);
      const json = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as Record<string, unknown>;
      expect(json).toMatchObject({
        asked: { seed: 3, lenders: 20, borrowers: 6, years: 1, shards: 1, clockJumps: true },
        faults: [],
        audit: { ok: true, violationCount: 0 },
        books: { cashDifferenceCents: 0, memoDifferenceCents: 0 },
        replay: { differing: [], finalHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      });
    },
  );

  it("exits with 2 for options that cannot be", { timeout: 120_000 }, async () => {
    for (const args of [
      ["--years", "0"],
      ["--lenders", "19"],
      ["--seed", "-1"],
      ["--shards", "x"],
    ]) {
      expect(await runProgram(["simulate", ...args])).toMatchObject({ code: 2 });
    }
  });
});
