// What operators do by mistake is told in a line, with the exit code of a usage error, and changes
// nothing. The built program, a real server and a real Redis; dates follow the clock, the default.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { freePort } from "../../src/command/server-child.ts";
import {
  PROGRAM,
  discard,
  runProgram,
  startProgram,
  urlOf,
  type RunningProgram,
} from "./program.ts";

// Each command is a process: half a second of CPU, and on a busy machine some seconds.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const DAY_MS = 86_400_000;

let folder: string;
let environment: Record<string, string>;
let server: RunningProgram;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "loanloom-mistakes-"));
  environment = { LOANLOOM_DATA: join(folder, "data"), PORT: String(await freePort()) };
  server = startProgram(["serve"], environment);
  environment["LOANLOOM_URL"] = await urlOf(server);
});

afterAll(() => discard(server, folder));

describe("A server whose dates follow the clock", () => {
  test("begins none by hand before it has come", async () => {
    const { stdout } = await runProgram(["calendar", "get", "--json"], environment);
    const { day } = JSON.parse(stdout) as { day: number };
    const dateOf = (ahead: number): string =>
      new Date((day + ahead) * DAY_MS).toISOString().slice(0, 10);
    const soon = await runProgram(["calendar", "advance", dateOf(2)], environment);
    expect(soon).toMatchObject({ code: 1 });
    expect(soon.stderr).toMatch(/^loanloom: day_not_come: by the clock it is \d{4}-/);
    const far = await runProgram(["calendar", "advance", dateOf(400), "--yes"], environment);
    expect(far).toMatchObject({ code: 1 });
    const still = await runProgram(["calendar", "get", "--json"], environment);
    expect(JSON.parse(still.stdout)).toMatchObject({ day });
  });
});

describe("loanloom serve", () => {
  async function refused(changed: Record<string, string>): Promise<string> {
    const ran = await runProgram(["serve"], { PORT: "0", ...changed });
    expect(ran, ran.stderr).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr.trimEnd().split("\n")).toHaveLength(1);
    return ran.stderr;
  }

  test("says that the port is taken before it has made or started anything but its keys", async () => {
    const port = new URL(environment["LOANLOOM_URL"]!).port;
    const data = join(folder, "second");
    expect(await refused({ PORT: port, LOANLOOM_DATA: data })).toMatch(
      new RegExp(`^loanloom: PORT=${port} \\(.*EADDRINUSE.*\\): expected a free port`),
    );
    expect(await readdir(data)).not.toContain("redis");
  });

  test("says that the address is none of this machine's", async () => {
    const data = join(folder, "third");
    expect(await refused({ HOST: "203.0.113.1", LOANLOOM_DATA: data })).toMatch(
      /^loanloom: HOST=203\.0\.113\.1 \(.*EADDRNOTAVAIL/,
    );
  });

  test.each([
    ["a file", "file"],
    ["a link that leads nowhere", "link"],
    ["below /proc", "/proc/loanloom"],
  ])("says that LOANLOOM_DATA is %s", async (_, path) => {
    await writeFile(join(folder, "file"), "");
    await symlink(join(folder, "nowhere"), join(folder, "link")).catch(() => undefined);
    const data = path.startsWith("/") ? path : join(folder, path);
    expect(await refused({ LOANLOOM_DATA: data })).toMatch(/^loanloom: LOANLOOM_\w+=\(E[A-Z]+: /);
  });
});

describe("A command of a client", () => {
  test("makes no keys where it happens to run", async () => {
    const empty = await mkdtemp(join(folder, "empty-"));
    const { LOANLOOM_URL } = environment as { LOANLOOM_URL: string };
    const args = ["account", "get", "alice", "--url", LOANLOOM_URL];
    const ran = await runProgram(args, {}, empty);
    expect(ran).toMatchObject({ code: 2 });
    expect(ran.stderr).toMatch(/^loanloom: LOANLOOM_JWT_SECRET is not set: .*jwt\.secret/);
    expect(await runProgram(["token", "--sub", "alice"], {}, empty)).toMatchObject({ code: 2 });
    expect(await readdir(empty)).toEqual([]);
  });

  test("needs no MAC key where the server has a Redis of its own", async () => {
    const given = { REDIS_URL: "redis://cache", LOANLOOM_JWT_SECRET: "x".repeat(40) };
    expect(await runProgram(["token", "--sub", "alice"], given)).toMatchObject({ code: 0 });
  });

  test.each([["serve --help"], ["config"], ["account watch --json"]])(
    "%s ends quietly when nobody reads on",
    async (args) => {
      const opened = await runProgram(["account", "open", "alice"], environment);
      expect([0, 1]).toContain(opened.code);
      const watch = args.includes("watch") ? ["alice"] : [];
      const child = spawn(process.execPath, [PROGRAM, ...args.split(" "), ...watch], {
        env: { ...process.env, ...environment },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let said = "";
      child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
      // Closed at the first byte, or before it: what is written next finds nobody.
      if (watch.length > 0) await once(child.stdout, "data");
      child.stdout.destroy();
      const exit = once(child, "exit");
      if (watch.length > 0) {
        await runProgram(["account", "deposit", "alice", "100"], environment);
      }
      const [code] = (await exit) as [number | null];
      expect(said).toBe("");
      expect(code).toBe(0);
    },
  );
});

describe("package.json", () => {
  test("runs Node in the shell's place, so that a signal to npm reaches it", async () => {
    const path = fileURLToPath(new URL("../../package.json", import.meta.url));
    const { scripts } = JSON.parse(await readFile(path, "utf8")) as {
      scripts: Record<string, string>;
    };
    const runs = Object.entries(scripts).filter(([, script]) => /^(exec )?node dist/.test(script));
    expect(runs.length).toBeGreaterThan(5);
    for (const [name, script] of runs) expect(script, name).toMatch(/^exec /);
  });
});

describe("What fails with --json", () => {
  test.each<[string, readonly string[], number, string]>([
    ["a refusal", ["account", "get", "nobody"], 1, "account_not_found"],
    ["what was typed wrongly", ["account", "deposit", "alice"], 2, "usage"],
    ["an empty token", ["loan", "market", "--token", ""], 2, "usage"],
    ["a setting", ["loan", "market", "--as", "x"], 2, "config_invalid"],
  ])("ends standard error with its code: %s", async (_, args, exit, code) => {
    const wrong = code === "config_invalid" ? { PORT: "x" } : {};
    const ran = await runProgram([...args, "--json"], { ...environment, ...wrong });
    expect(ran).toMatchObject({ code: exit, stdout: "" });
    expect(JSON.parse(ran.stderr.trimEnd().split("\n").at(-1)!)).toEqual({
      error: { code, message: expect.stringMatching(/./) as string },
    });
  });

  test("on a wrong path says which it should be", async () => {
    const url = environment["LOANLOOM_URL"]!.replace("/v1/ws", "/ws");
    const args = ["loan", "market", "--url", url, "--timeout", "1s"];
    const ran = await runProgram(args, environment);
    expect(ran).toMatchObject({ code: 3 });
    expect(ran.stderr).toMatch(/is it the path \/v1\/ws\?/);
  });
});

describe("A watch", () => {
  test("says on standard error that the connection is lost", async () => {
    await runProgram(["account", "open", "bob"], environment);
    const watch = startProgram(["account", "watch", "bob", "--json"], environment);
    await once(watch.child.stdout!, "data");
    let said = "";
    watch.child.stderr!.on("data", (chunk: Buffer) => (said += chunk.toString()));
    server.child.kill("SIGHUP");
    expect(await server.ended).toMatchObject({ code: 0 });
    await expect.poll(() => said, { timeout: 20_000 }).toMatch(/the connection is lost \(.+\);/);
    server = startProgram(["serve"], environment);
    await urlOf(server);
    await expect.poll(() => said, { timeout: 20_000 }).toMatch(/connected again after \d+ ms/);
    watch.child.kill("SIGINT");
    expect(await watch.ended).toMatchObject({ code: 0 });
  });
});

describe("A data folder whose mac.key is gone", () => {
  test("is neither served nor verified with a new one, and the key is asked for", async () => {
    server.child.kill("SIGHUP");
    expect(await server.ended).toMatchObject({ code: 0 });
    const data = environment["LOANLOOM_DATA"]!;
    await rm(join(data, "mac.key"));
    const ran = await runProgram(["serve"], environment);
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(/mac\.key is missing, restore it/);
    const verified = await runProgram(["verify", "--data", data]);
    expect(verified).toMatchObject({ code: 2, stdout: "" });
    expect(verified.stderr).toMatch(/mac\.key/);
    expect(verified.stderr).not.toMatch(/anchor/);
    expect(await readdir(data)).not.toContain("mac.key");
  });
});
