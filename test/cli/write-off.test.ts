// A loan that nobody repays is written off by two operators, by the commands that they have, and
// what comes back is seen by lender, operator and auditor. A real server with a real Redis.

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { discard, runProgram, startProgram, urlOf, type RunningProgram } from "./program.ts";

// Each command is a process: half a second of CPU, and on a busy machine some seconds.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

let folder: string;
let environment: Record<string, string>;
let server: RunningProgram;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "loanloom-write-off-"));
  environment = {
    LOANLOOM_DATA: join(folder, "data"),
    PORT: "0",
    LOANLOOM_JOURNAL_KEEP: "all",
    LOANLOOM_BUSINESS_DATES: "operator",
  };
  server = startProgram(["serve"], environment);
  environment["LOANLOOM_URL"] = await urlOf(server);
});

afterAll(() => discard(server, folder));

/** What the command answers; it must not fail. */
async function answer(...args: string[]): Promise<Record<string, unknown>> {
  const ran = await runProgram([...args, "--json"], environment);
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  return JSON.parse(ran.stdout) as Record<string, unknown>;
}

async function refusal(...args: string[]): Promise<string> {
  const ran = await runProgram(args, environment);
  expect(ran, ran.stdout).toMatchObject({ code: 1 });
  return ran.stderr;
}

describe("loanloom loan propose-write-off, decide-write-off, write-off", () => {
  test("take two operators, and an auditor sees whom and what came back", async () => {
    for (const id of ["bob", "ann", "zoe"]) await answer("account", "open", id);
    await answer("account", "deposit", "ann", "50000");
    const terms = ["--method", "bullet", "--term", "1", "--disburses-at-once"];
    const list = ["--principal-cents", "50000", ...terms];
    const longer = [...list, "--term", "24"];
    await answer("loan", "list", "kiln", "--borrower-id", "bob", ...list);
    await answer("loan", "bid", "kiln", "50000", "--as", "ann");
    // Bob lends on what he got, for longer.
    await answer("loan", "list", "elsewhere", "--borrower-id", "zoe", ...longer);
    await answer("loan", "bid", "elsewhere", "50000", "--as", "bob");
    const propose = ["loan", "propose-write-off", "kiln", "insolvent"];
    expect(await refusal(...propose)).toContain("loan_not_defaulted");

    const { day } = (await answer("calendar", "get")) as { day: number };
    const later = new Date((day + 130) * 86_400_000).toISOString().slice(0, 10);
    await answer("calendar", "advance", later, "--yes");
    expect(await answer("loan", "get", "kiln")).toMatchObject({
      status: "defaulted",
      overdue: "days_over_90",
    });
    expect(await answer(...propose, "--as", "oda")).toMatchObject({ proposal: 1 });
    const confirm = ["loan", "decide-write-off", "kiln", "1", "confirm"];
    expect(await refusal(...confirm, "--as", "oda")).toContain("maker_is_checker");
    expect(await answer(...confirm, "--as", "otto")).toMatchObject({ status: "written_off" });

    await answer("account", "deposit", "bob", "20000");
    await answer("loan", "repay", "kiln", "20000", "--as", "bob");
    expect(await answer("loan", "get", "kiln")).toMatchObject({
      status: "written_off",
      writtenOffCents: 50_000,
      outstandingCents: 30_000,
    });
    const token = await runProgram(["token", "--sub", "olga", "--role", "auditor"], environment);
    const asOlga = ["--token", token.stdout.trim()];
    expect(await answer("loan", "write-off", "kiln", ...asOlga)).toMatchObject({
      maker: "oda",
      checker: "otto",
      reason: "insolvent",
      writtenOffCents: 50_000,
      recoveredCents: 20_000,
    });
    expect(await refusal(...propose, ...asOlga)).toContain("forbidden");
    expect(await answer("account", "get", "ann")).toMatchObject({ availableCents: 20_000 });
  });

  test("are found in order by an audit of the journal", async () => {
    server.child.kill("SIGTERM");
    await server.ended;
    const audit = await runProgram(["verify", "--json"], environment);
    expect(audit, audit.stdout + audit.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(audit.stdout)).toMatchObject({ ok: true, coverage: "full" });
  });
});
