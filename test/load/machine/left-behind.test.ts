// Nothing may be left running, whatever ends a run: the benchmarks are ended in the
// middle, each time in another way.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { processesOf, until, untilGone } from "../processes.ts";

const program = (name: string): string =>
  fileURLToPath(new URL(`../../../dist/load/${name}`, import.meta.url));

const LONG = ["--rounds", "9", "--duration", "60000", "--warm-up", "60000"];

describe("A run that is ended in the middle", { timeout: 120_000 }, () => {
  test.each([
    ["bench/bench-burst.js", "SIGINT", 130],
    ["bench/bench-burst.js", "SIGTERM", 143],
    ["bench/bench-burst.js", "SIGKILL", null],
    ["fanout/bench-fanout.js", "SIGTERM", 143],
  ] as const)("%s leaves nothing behind after %s", async (name, signal, code) => {
    const folder = mkdtempSync(join(tmpdir(), "loanloom-left-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const options = [...LONG, "--data-folder", folder];
    if (name.includes("burst")) options.push("--accounts", "0", "--only", "hot64");
    const run = spawn(process.execPath, [program(name), ...options], { stdio: "ignore" });
    const ended = once(run, "exit") as Promise<[number | null, string | null]>;
    const hasRedis = (): boolean => processesOf(folder).some((line) => line.includes("redis-serv"));
    await until(hasRedis, 90_000, "the server and its Redis run");
    run.kill(signal);
    const [exitCode, endedBy] = await ended;
    expect(exitCode).toBe(code);
    if (code === null) expect(endedBy).toBe(signal);
    expect(await untilGone(folder, 5_000)).toEqual([]);
    await until(() => readdirSync(folder).length === 0, 5_000, "its folder is gone");
  });
});
