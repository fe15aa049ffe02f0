// `loanloom custodian` as people meet it: help, mistakes, start and end.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { NO_FAULTS } from "../../src/custodian/sandbox/faults.ts";
import { runProgram, startProgram } from "../cli/program.ts";

async function folderOfTest(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ll-custodian-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function files(): Promise<readonly string[]> {
  const folder = await folderOfTest();
  return ["--file", join(folder, "a", "bank.jsonl"), "--secret-file", join(folder, "b", "key")];
}

describe("loanloom custodian", () => {
  test("explains every fault switch and every exit code", async () => {
    const { code, stdout } = await runProgram(["custodian", "--help"]);
    expect(code).toBe(0);
    for (const name of Object.keys(NO_FAULTS))
      expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
    expect(stdout).toContain("Exit codes:");
  }, 60_000);

  test("says where it listens, on the loopback, and ends with 0 by SIGTERM", async () => {
    const { child, ended } = startProgram(["custodian", "--port", "0", ...(await files())]);
    onTestFinished(() => void child.kill("SIGKILL"));
    const [said] = (await once(child.stdout!, "data")) as [Buffer];
    const url = /custodian sandbox at (http:\/\/127\.0\.0\.1:\d+),/.exec(String(said))?.[1];
    expect(url).toBeDefined();
    const health = await fetch(`${url}/healthz`);
    expect(await health.json()).toMatchObject({ status: "ok", balanceCents: 0 });
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 0, stderr: "" });
  }, 60_000);

  test("ends by SIGTERM also while a request never comes to its end", async () => {
    const { child, ended } = startProgram([
      "custodian",
      "--port",
      "0",
      "--json",
      ...(await files()),
    ]);
    onTestFinished(() => void child.kill("SIGKILL"));
    const [said] = (await once(child.stdout!, "data")) as [Buffer];
    const { port } = JSON.parse(String(said)) as { port: number };
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    socket.write("POST /payouts HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n");
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 0 });
  }, 60_000);

  test.each([
    ["a port beyond all", ["--port", "65536"], /from 0 to 65535/],
    ["a port that is none", ["--port", "http"], /whole number/],
    ["a callback that is no URL", ["--callback-url", "localhost"], /http:\/\//],
    ["a callback into a file", ["--callback-url", "file:///etc/passwd"], /http:\/\//],
    ["an offset that is none", ["--utc-offset", "8"], /\+08:00/],
    ["an option that is none", ["--faults", "x"], /unknown option/],
    ["an address of another machine", ["--host", "192.0.2.1", "--port", "0"], /cannot listen/],
  ])(
    "with %s ends with 2 and says why in a line",
    async (_name, args, says) => {
      const { code, stdout, stderr } = await runProgram(["custodian", ...(await files()), ...args]);
      expect(stderr).toMatch(says);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    },
    60_000,
  );

  test("on a port that is taken ends with 2", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void holder.close());
    await once(holder, "listening");
    const { port } = holder.address() as { port: number };
    const ran = await runProgram(["custodian", ...(await files()), "--port", String(port)]);
    expect(ran.stderr).toMatch(/cannot listen on 127\.0\.0\.1:\d+/);
    expect(ran.code).toBe(2);
  }, 60_000);
});
