// The command as a user runs it, in this process: nothing it does needs another.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { runProgram } from "../../src/cli/program.ts";
import { instalmentsText } from "../../src/cli/schedule.ts";
import { businessDate } from "../../src/lending/business-date.ts";

let stdout = "";
let stderr = "";
const exitCodeBefore = process.exitCode;

beforeEach(() => {
  stdout = "";
  stderr = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  // It would be that of the test's own process.
  process.exitCode = exitCodeBefore;
});

async function run(args: string): Promise<number> {
  process.exitCode = 0;
  await runProgram(["schedule", ...args.split(" ").filter((arg) => arg !== "")]);
  return Number(process.exitCode);
}

const LOAN = "--principal 1000000 --rate 1200 --months 12";

describe("loanloom schedule", () => {
  test("prints the instalments as one line of JSON", async () => {
    expect(await run(`${LOAN} --method equal_instalment --start 2026-01-31 --json`)).toBe(0);
    expect(stdout).toMatch(/^\[.*\]\n$/);
    const rows = JSON.parse(stdout) as Record<string, unknown>[];
    expect(rows).toHaveLength(12);
    expect(rows[0]).toEqual({
      k: 1,
      due: "2026-02-28",
      principalCents: 78_849,
      interestCents: 10_000,
    });
    expect(rows[11]).toEqual({
      k: 12,
      due: "2027-01-31",
      principalCents: 87_967,
      interestCents: 880,
    });
    expect(stderr).toBe("");
  });

  test("prints a table with totals and what is outstanding after each", async () => {
    expect(await run("--principal 1000000 --rate 12% --months 3 --start 2026-01-31")).toBe(0);
    expect(stdout).toBe(
      [
        "10,000.00 at 12.00 % a year for 3 months from 2026-01-31, equal_instalment",
        "",
        "k  due         principal  interest    payment  outstanding",
        "1  2026-02-28   3,300.22    100.00   3,400.22     6,699.78",
        "2  2026-03-31   3,333.22     67.00   3,400.22     3,366.56",
        "3  2026-04-30   3,366.56     33.67   3,400.23         0.00",
        "   total       10,000.00    200.67  10,200.67",
        "",
      ].join("\n"),
    );
  });

  test.each([
    ["equal_principal", "--months 3", [30_000, 30_000, 30_000], [900, 600, 300]],
    ["interest_only", "--months 3", [0, 0, 90_000], [900, 900, 900]],
    ["bullet", "--months 3", [90_000], [2_700]],
    ["bullet_days", "--days 90 --basis 360", [90_000], [2_700]],
    ["bullet_days", "--days 90", [90_000], [2_663]],
  ])("by %s, %s", async (method, term, principals, interests) => {
    const args = `--principal 90000 --rate 1200 ${term} --method ${method} --json`;
    expect(await run(args)).toBe(0);
    const rows = JSON.parse(stdout) as { principalCents: number; interestCents: number }[];
    expect(rows.map(({ principalCents }) => principalCents)).toEqual(principals);
    expect(rows.map(({ interestCents }) => interestCents)).toEqual(interests);
  });

  test("takes days for bullet_days, and today in UTC for the start", async () => {
    const before = new Date().toISOString().slice(0, 10);
    expect(await run("--principal 90000 --rate 0 --days 1 --json")).toBe(0);
    const [row] = JSON.parse(stdout) as { due: string }[];
    const after = new Date().toISOString().slice(0, 10);
    const due = new Date(Date.parse(row!.due) - 86_400_000).toISOString().slice(0, 10);
    expect([before, after]).toContain(due);
  });

  test.each(["12%", "12.0%", "12.00%", "1200"])("the rate %s is 12 per cent", async (rate) => {
    expect(await run(`--principal 1000000 --rate ${rate} --months 12 --json`)).toBe(0);
    expect(stdout).toContain('"principalCents":78849,"interestCents":10000');
  });

  test.each<[string, RegExp]>([
    ["--rate 1200 --months 12", /^loanloom: --principal is missing\n$/],
    ["--principal 100 --months 12", /^loanloom: --rate is missing\n$/],
    ["--principal 100 --rate 1200", /^loanloom: --months is missing\n$/],
    ["--principal 100 --rate 1200 --method bullet_days", /^loanloom: --days is missing\n$/],
    ["--principal 0 --rate 1200 --months 12", /--principal: expected a principal from 1 to/],
    ["--principal 10000000000001 --rate 1 --months 1", /--principal: expected a principal/],
    ["--principal 1.5 --rate 1200 --months 12", /--principal <cents>.*whole number/],
    ["--principal -5 --rate 1200 --months 12", /--principal <cents>.*whole number/],
    ["--principal 100 --rate 100001 --months 12", /--rate <rate>.*basis points/],
    ["--principal 100 --rate 12.5 --months 12", /--rate <rate>.*per cent, as 12% or 12\.25%/],
    ["--principal 100 --rate 12.255% --months 12", /--rate <rate>/],
    ["--principal 100 --rate 1e3 --months 12", /--rate <rate>/],
    ["--principal 100 --rate 1 --months 0", /--months: expected a term from 1 to 600 months/],
    ["--principal 100 --rate 1 --months 601", /--months: expected a term/],
    ["--principal 100 --rate 1 --days 3661", /--days: expected a term/],
    ["--principal 100 --rate 1 --days 9 --months 9", /--months: bullet_days is counted in --days/],
    ["--principal 100 --rate 1 --months 9 --basis 360", /--basis: only with bullet_days/],
    ["--principal 100 --rate 1 --days 9 --method bullet", /--days: only with bullet_days/],
    ["--principal 100 --rate 1 --days 9 --basis 366", /--basis <days>.*360, 364, 365, actual/],
    ["--principal 100 --rate 1 --months 9 --method annuity", /--method <method>.*equal_instalment/],
    ["--principal 100 --rate 1 --months 9 --start 2026-02-30", /--start <date>.*calendar/],
    ["--principal 100 --rate 1 --months 9 --payment 5", /--payment: only with --solve/],
    ["--solve age --principal 100", /--solve <unknown>/],
    ["--solve rate --principal 100 --months 9", /^loanloom: --payment is missing\n$/],
    ["--solve rate --rate 1 --principal 100 --months 9 --payment 20", /--rate: that is what/],
    ["--solve payment --payment 1 --principal 1 --rate 1 --months 1", /--payment: that is what/],
    ["--solve term --principal 100 --rate 1 --payment 0", /--payment: expected 1 cent or more/],
    ["--solve payment --principal 0 --rate 1 --months 1", /--principal: expected a principal/],
    ["--solve payment --principal 1 --rate 1 --months 999", /--months: expected a term/],
    ["--solve payment --principal 1 --rate 1 --days 9", /--days: not with --solve/],
    ["--solve payment --principal 1 --rate 1 --months 1 --method bullet", /--method: with --solve/],
    ["--prinzipal 100", /unknown option/],
    ["100", /too many arguments/],
  ])("%s exits with 2 and names the option", async (args, says) => {
    expect(await run(args)).toBe(2);
    expect(stderr).toMatch(says);
    expect(stdout).toBe("");
  });
});

describe("loanloom schedule --solve", () => {
  const SOLVED = {
    principalCents: 1_000_000,
    rateBps: 1_200,
    months: 12,
    instalmentCents: 88_849,
    lastInstalmentCents: 88_847,
  };

  test.each([
    ["payment", "--principal 1000000 --rate 12% --months 12", {}],
    ["rate", "--principal 1000000 --months 12 --payment 88849", {}],
    ["term", "--principal 1000000 --rate 12% --payment 88849", {}],
    [
      "amount",
      "--rate 12% --months 12 --payment 88849",
      { principalCents: 1_000_008, lastInstalmentCents: 88_856 },
    ],
  ])("%s, from the others, as one line of JSON", async (unknown, args, other) => {
    expect(await run(`--solve ${unknown} ${args} --json`)).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ unknown, ...SOLVED, ...other });
  });

  test("shows people what it found", async () => {
    expect(await run("--solve rate --principal 1000000 --months 12 --payment 88849")).toBe(0);
    expect(stdout).toContain("instalmentCents      88849 (888.49)\n");
    expect(stdout).toMatch(/rateBps +1200 \(12\.00 %\)\n$/);
  });

  test.each([
    ["--solve term --principal 1000000 --rate 12% --payment 10000", "payment_never_repays"],
    ["--solve term --principal 1000000 --rate 12% --payment 10001", "term_too_long"],
    ["--solve rate --principal 1000000 --months 12 --payment 1", "payment_too_small"],
    ["--solve rate --principal 100 --months 12 --payment 9000", "payment_too_large"],
  ])("%s exits with 1: %s", async (args, refusal) => {
    expect(await run(args)).toBe(1);
    expect(stderr).toMatch(new RegExp(`^loanloom: ${refusal}: .{20,}\n$`));
    expect(stdout).toBe("");
  });
});

describe("The table", () => {
  test("is aligned at every size", () => {
    const instalments = Array.from({ length: 120 }, (_, index) => ({
      k: index + 1,
      due: businessDate(20_000 + index),
      principalCents: index === 119 ? 9_000_000_000_000 : index,
      interestCents: index * 1_000,
    }));
    const lines = instalmentsText(9_000_000_007_021, instalments).split("\n");
    expect(lines).toHaveLength(122);
    expect(new Set(lines.slice(0, -1).map((line) => line.length)).size).toBe(1);
    expect(lines.at(-2)).toMatch(/ 0\.00$/);
  });
});
