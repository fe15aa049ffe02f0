// README's account of who does what, typed as it stands there: every line must do what it says
// against a fresh server, with a real Redis.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  PROGRAM,
  discard,
  runProgram,
  startProgram,
  urlOf,
  type RunningProgram,
} from "./program.ts";

// Each command is a process: half a second of CPU, and on a busy machine some seconds.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const README = fileURLToPath(new URL("../../README.md", import.meta.url));
const PAYSLIP = "%PDF-1.7 a payslip";

let folder: string;
let environment: Record<string, string>;
let server: RunningProgram;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "loanloom-readme-"));
  await writeFile(join(folder, "payslip.pdf"), PAYSLIP);
  environment = {
    LOANLOOM_DATA: join(folder, "data"),
    PORT: "0",
    LOANLOOM_BUSINESS_DATES: "operator",
    LOANLOOM_JOURNAL_KEEP: "all",
  };
  server = startProgram(["serve"], environment);
  environment["LOANLOOM_URL"] = await urlOf(server);
});

afterAll(() => discard(server, folder));

/** The lines of all blocks that are marked as a shell's, in their order. */
async function linesOfReadme(): Promise<string> {
  const text = await readFile(README, "utf8");
  const [, section] = /^## Who does what$(.*?)^## /ms.exec(text)!;
  return [...section!.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block).join("\n");
}

/** Of curl what README uses, for machines without it: -fsS, -T, -H. */
const CURL = `
  import { readFileSync } from "node:fs";
  import { parseArgs } from "node:util";
  const flag = { type: "boolean" };
  const text = (short) => ({ type: "string", short });
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      fail: { ...flag, short: "f" },
      silent: { ...flag, short: "s" },
      errors: { ...flag, short: "S" },
      upload: text("T"),
      header: { ...text("H"), multiple: true },
    },
  });
  const headers = values.header.map((line) => line.split(/: (.*)/).slice(0, 2));
  const put = values.upload && { method: "PUT", body: readFileSync(values.upload) };
  const answer = await fetch(positionals[0], { headers, ...put });
  process.stdout.write(Buffer.from(await answer.arrayBuffer()));
  process.exitCode = answer.ok ? 0 : 22;
`;

/** Stops at the first line that fails. */
function typed(lines: string): Promise<{ code: number | null; said: string }> {
  const { host } = new URL(environment["LOANLOOM_URL"]!);
  const script = [
    "set -euo pipefail",
    `loanloom() { "${process.execPath}" "${PROGRAM}" "$@"; }`,
    `command -v curl || curl() { "${process.execPath}" --input-type=module -e '${CURL}' -- "$@"; }`,
    lines.replaceAll("127.0.0.1:8080", host),
  ].join("\n");
  const { LOANLOOM_TOKEN: _, ...own } = process.env;
  const env = { ...own, ...environment };
  const shell = spawn("bash", ["-x", "-c", script], { cwd: folder, env });
  let said = "";
  shell.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  shell.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve, reject) => {
    shell.once("error", reject).once("close", (code) => resolve({ code, said }));
  });
}

describe("README: who does what", () => {
  test("is true, line by line", async () => {
    const lines = await linesOfReadme();
    expect(lines.match(/^loanloom /gm)!.length).toBeGreaterThan(25);
    const { code, said } = await typed(lines);
    expect(code, said).toBe(0);
    expect(said).toMatch(/^checked +holds$/m);
    expect(said).toMatch(/^status +defaulted$/m);
    expect(said).toMatch(/^overdue +days_over_90$/m);
    expect(said).toContain("In balance. In transit between actors: 0.00.");
    expect(await readFile(join(folder, "seen.pdf"), "utf8")).toBe(PAYSLIP);
    const loan = await runProgram(["loan", "get", "kiln", "--json"], environment);
    expect(JSON.parse(loan.stdout)).toMatchObject({ status: "written_off", grade: "B" });
  });

  test("leaves a journal in which the auditor finds nothing wrong", async () => {
    server.child.kill("SIGTERM");
    await server.ended;
    const audit = await runProgram(["verify", "--json"], environment);
    expect(audit, audit.stdout + audit.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(audit.stdout)).toMatchObject({ ok: true, coverage: "full" });
  });
});
