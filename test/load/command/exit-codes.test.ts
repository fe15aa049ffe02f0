// That all tools end with the codes of one table, and say so in their help.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { EXIT, exitHelp, exitOf, WrongState } from "../../../load/command/exit-codes.ts";
import { EXIT as EXIT_OF_LOANLOOM } from "../../../src/cli/exit-codes.ts";
import { UsageError } from "../../../src/command/exit-codes.ts";

const TOOLS = [
  "load.js",
  "bench/bench-burst.js",
  "core/bench-core.js",
  "fanout/bench-fanout.js",
  "compare/compare.js",
  "growth/growth.js",
];

function run(tool: string, ...options: readonly string[]) {
  const program = fileURLToPath(new URL(`../../../dist/load/${tool}`, import.meta.url));
  return spawnSync(process.execPath, [program, ...options], { encoding: "utf8", timeout: 30_000 });
}

describe("Exit codes of the load tools", () => {
  test.each(TOOLS)("%s ends with 0 for help, which tells the codes", (tool) => {
    const { status, stdout } = run(tool, "--help");
    expect(status).toBe(EXIT.ok);
    const told = stdout.slice(stdout.indexOf("Exit codes:")).replaceAll("\n", " ");
    expect(told).toMatch(/^Exit codes: 0 [^,]+, 1 [^,]+, 2 usage[,.]/);
  });

  test.each([
    ...TOOLS.map((tool) => [tool, ["--hurry"], "unknown option"] as const),
    ["load.js", ["burst", "--clients", "0"], "1 or more"],
    ["bench/bench-burst.js", ["--rounds", "0"], "1 or more"],
    ["bench/bench-burst.js", ["--accounts", "-1"], "0 or more"],
    ["bench/bench-burst.js", ["--only", "hottest"], "no hottest"],
    ["core/bench-core.js", ["--runs", "none"], "1 or more"],
    ["fanout/bench-fanout.js", ["--rounds", "0"], "1 or more"],
    ["compare/compare.js", ["--rounds", "1.5"], "1 or more"],
    ["compare/compare.js", ["--peers", "oracle"], "no oracle"],
    ["growth/growth.js", ["--rounds", "0"], "1 or more"],
    ["growth/growth.js", ["--axes", "moons"], "no moons"],
  ] as const)("%s ends with 2 for %j", (tool, options, complaint) => {
    const { status, stderr } = run(tool, ...options);
    expect(status).toBe(EXIT.usage);
    expect(stderr).toContain(complaint);
  });

  test("are these, and usage is what it is for loanloom, too", () => {
    const own = { wrongState: 3, void: 4, targetMissed: 5 };
    expect(EXIT).toEqual({ ok: 0, failed: 1, usage: 2, ...own });
    expect(EXIT.usage).toBe(EXIT_OF_LOANLOOM.usage);
  });

  test("a failure ends with the code of its kind", () => {
    expect(exitOf(new WrongState("a cent is gone"))).toBe(EXIT.wrongState);
    expect(exitOf(new UsageError("no such server"))).toBe(EXIT.usage);
    expect(exitOf(new Error("the server ended"))).toBe(EXIT.failed);
  });

  test("help has the codes in the order of the table, on lines that fit", () => {
    const void_ = `void (${"very ".repeat(20)}much was refused)`;
    const lines = exitHelp({ void: void_, ok: "measured", signal: "at a signal" }).split("\n");
    expect(lines.slice(1).join(" ")).toBe(
      `Exit codes: 0 measured, 2 usage, 4 ${void_}. 129, 130 or 143 at a signal.`,
    );
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  });
});
