// The child that demo, load tool and chaos tests run. The programs here are made for the test: what
// a real server does in such a child, those tests show.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { freePort, logTail, readiness, ServerChild } from "../../src/command/server-child.ts";

const ANSWERS = `
  console.log(JSON.stringify({ args: process.argv.slice(2), env: process.env }));
  const { createServer } = require("node:http");
  createServer((request, response) => {
    response.statusCode = request.url === "/readyz" ? 503 : 404;
    response.end("standing by");
  }).listen(Number(process.env.PORT), process.env.HOST);
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ll-child-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function start(source: string) {
  const program = join(folder, "program.cjs");
  writeFileSync(program, source);
  const port = await freePort();
  const deaths: string[] = [];
  const logFile = join(folder, "server.log");
  const child = new ServerChild({
    ...{ program, port, logFile, environment: { LOANLOOM_SHARDS: "2" } },
    onDeath: (how) => deaths.push(how),
  });
  onTestFinished(() => child.kill());
  return { child, port, deaths, logFile };
}

async function untilAnswers(port: number): Promise<void> {
  await vi.waitUntil(async () => (await readiness(port)) !== null, { timeout: 10_000 });
}

describe("A server as a child", () => {
  test("has the settings that it is given, and none of this process's own", async () => {
    for (const name of ["LOANLOOM_DATA", "REDIS_URL", "NODE_OPTIONS"]) vi.stubEnv(name, "");
    onTestFinished(() => void vi.unstubAllEnvs());
    const { port, logFile } = await start(ANSWERS);
    await untilAnswers(port);
    const { args, env } = JSON.parse(readFileSync(logFile, "utf8")) as {
      args: unknown;
      env: Record<string, string>;
    };
    expect(args).toEqual(["serve"]);
    expect(env).toMatchObject({ LOANLOOM_SHARDS: "2", HOST: "127.0.0.1", PORT: String(port) });
    expect(env["PATH"]).toBe(process.env["PATH"]);
    for (const name of ["LOANLOOM_DATA", "REDIS_URL", "NODE_OPTIONS"]) {
      expect(env).not.toHaveProperty(name);
    }
  });

  test("is asked whether it is ready, and nobody answers before and after", async () => {
    const { child, port, deaths } = await start(ANSWERS);
    await untilAnswers(port);
    expect(await readiness(port)).toEqual({ status: 503, text: "standing by" });
    await child.kill();
    expect(child.hasEnded).toBe(true);
    expect(await readiness(port)).toBeNull();
    expect(deaths).toEqual([]);
  });

  test("that is stopped may end in its own time, and has its exit code", async () => {
    const { child, port, deaths } = await start(
      `process.on("SIGTERM", () => setTimeout(() => process.exit(7), 50)); ${ANSWERS}`,
    );
    await untilAnswers(port);
    expect(await child.stop()).toBe(7);
    expect(await child.stop()).toBe(7);
    expect(deaths).toEqual([]);
  });

  test("that does not end when it is stopped is killed", async () => {
    const { child, port, deaths } = await start(`process.on("SIGTERM", () => {}); ${ANSWERS}`);
    await untilAnswers(port);
    expect(await child.stop(100)).toBeNull();
    expect(child.hasEnded).toBe(true);
    expect(deaths).toEqual([]);
  });

  test("that ends by itself is told of, unless it is waited for", async () => {
    const unasked = await start("console.error('no key'); process.exit(3)");
    await vi.waitUntil(() => unasked.deaths.length > 0, { timeout: 10_000 });
    expect(unasked.deaths).toEqual(["code 3"]);
    expect(logTail(unasked.logFile)).toBe("no key");
    const awaited = await start("setTimeout(() => process.exit(3), 50)");
    expect(await awaited.child.ended()).toBe(3);
    expect(awaited.deaths).toEqual([]);
  });
});
