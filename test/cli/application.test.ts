// A loan from its draft to its first bid, by the commands that borrowers, reviewers and operators
// have, each with a token of their own, against a real server with a real Redis.

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
const tokens: Record<string, string> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "loanloom-application-"));
  environment = { LOANLOOM_DATA: join(folder, "data"), PORT: "0", LOANLOOM_JOURNAL_KEEP: "all" };
  server = startProgram(["serve"], environment);
  environment["LOANLOOM_URL"] = await urlOf(server);
  for (const [sub, role] of [
    ["bob", "client"],
    ["ann", "client"],
    ["rita", "reviewer"],
    ["sam", "reviewer"],
    ["olga", "auditor"],
    ["ops", "operator"],
  ] as const) {
    const made = await runProgram(["token", "--sub", sub, "--role", role], environment);
    tokens[sub] = made.stdout.trim();
  }
});

afterAll(() => discard(server, folder));

/** What the command answers to this person; it must not fail. */
async function by(who: string, ...args: string[]): Promise<Record<string, unknown>> {
  const token = { ...environment, LOANLOOM_TOKEN: tokens[who]! };
  const ran = await runProgram([...args, "--json"], token);
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  return JSON.parse(ran.stdout) as Record<string, unknown>;
}

async function refusal(who: string, ...args: string[]): Promise<string> {
  const ran = await runProgram(args, { ...environment, LOANLOOM_TOKEN: tokens[who]! });
  expect(ran.code, ran.stdout).not.toBe(0);
  return ran.stderr;
}

describe("loanloom application", () => {
  test("leads from a draft to a listing, and each does their own part only", async () => {
    for (const id of ["bob", "ann"]) await by("ops", "account", "open", id);
    await by("ops", "account", "deposit", "ann", "50000");

    // The borrower
    const asked = ["--purpose", "a kiln", "--term", "12", "--rate-bps", "900"];
    await by("bob", "application", "create", "kiln", "40000", ...asked);
    await by("bob", "application", "update", "kiln", "50000", ...asked, "--method", "bullet");
    expect(await by("bob", "application", "list")).toMatchObject({ loanIds: ["kiln"] });
    expect(await refusal("ann", "application", "get", "kiln")).toContain("application_not_found");
    expect(await by("bob", "application", "submit", "kiln")).toMatchObject({ status: "submitted" });

    // Two reviewers
    const approve = ["--grade", "B", "--rate-bps", "1080", "--service-fee-bps", "1000"];
    const propose = ["application", "propose", "kiln", "approve", ...approve];
    expect(await refusal("ops", ...propose)).toContain("forbidden");
    expect(await by("rita", ...propose)).toMatchObject({ proposal: 1 });
    expect(await by("bob", "application", "get", "kiln")).toMatchObject({
      status: "proposed",
      grade: null,
    });
    expect(await by("olga", "application", "get", "kiln")).toMatchObject({
      grade: "B",
      maker: "rita",
    });
    const confirm = ["application", "decide", "kiln", "1", "confirm"];
    expect(await refusal("rita", ...confirm)).toContain("maker_is_checker");
    expect(await by("sam", ...confirm)).toMatchObject({ status: "approved" });

    // The borrower signs
    const contract = await by("bob", "application", "contract", "kiln");
    expect(contract["contract"]).toContain("Interest:            10.80 % a year\n");
    const other = ["application", "sign", "kiln", "a".repeat(64)];
    expect(await refusal("bob", ...other)).toContain("contract_hash_mismatch");
    const sign = ["application", "sign", "kiln", String(contract["contractHash"])];
    expect(await by("bob", ...sign)).toMatchObject({ status: "signed" });
    const shown = await runProgram(
      ["application", "contract", "kiln", "--token", tokens["olga"]!],
      {
        ...environment,
      },
    );
    expect(shown.stdout).toContain("\n\nLOAN CONTRACT, VERSION 1\n");

    // The operator lists it, and the market has it
    expect(await refusal("olga", "loan", "publish", "kiln")).toContain("forbidden");
    await by("ops", "loan", "publish", "kiln", "--cancellable");
    const listed = { status: "listed", principalCents: 50_000, rateBps: 1_080, grade: "B" };
    expect(await by("ann", "loan", "get", "kiln")).toMatchObject(listed);
    expect(await by("ann", "loan", "bid", "kiln", "50000")).toMatchObject({ remainingCents: 0 });
    expect(await by("bob", "application", "list")).toMatchObject({ loanIds: [] });
    expect(await refusal("bob", "application", "withdraw", "kiln")).toContain("application_closed");
  });

  test("is found in order by an audit of the journal", async () => {
    server.child.kill("SIGTERM");
    await server.ended;
    const audit = await runProgram(["verify", "--json"], environment);
    expect(audit, audit.stdout + audit.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(audit.stdout)).toMatchObject({ ok: true, coverage: "full" });
  });

  test("asks a reviewer's name where no token is given", async () => {
    const ran = await runProgram(["application", "propose", "kiln", "approve"], environment);
    expect(ran).toMatchObject({ code: 2 });
    expect(ran.stderr).toContain("who reviews? give --as <name>");
  });
});
