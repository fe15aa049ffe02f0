// The load tool against a server that runs already: with its secret, and with tokens of a file. Its
// journal is not asked for, and the report says so.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RequestPipe } from "../../load/driver/request-pipe.ts";
import { Tokens } from "../../load/driver/tokens.ts";
import { newSecret } from "../../load/machine/server-process.ts";
import { freePort, readiness, ServerChild } from "../../src/command/server-child.ts";
import { untilGone } from "./processes.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/load/load.js", import.meta.url));
const SECRET = newSecret();

let folder: string;
let server: ServerChild;
let death: string | null = null;
let url: string;

/** Limits as they are by default: nothing is lifted for a server that is not the tool's own. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "loanloom-running-"));
  const program = fileURLToPath(new URL("../../dist/src/cli/loanloom.js", import.meta.url));
  const port = await freePort();
  server = new ServerChild({
    ...{ program, port, logFile: join(folder, "server.log") },
    environment: { LOANLOOM_DATA: join(folder, "data"), LOANLOOM_JWT_SECRET: SECRET },
    onDeath: (how) => (death = how),
  });
  url = `ws://127.0.0.1:${port}/v1/ws`;
  while ((await readiness(port))?.status !== 200) {
    expect(death).toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}, 90_000);

afterAll(async () => {
  await server.stop();
  await untilGone(folder, 5_000);
  rmSync(folder, { recursive: true, force: true });
  expect(death).toBeNull();
});

async function businessDay(): Promise<unknown> {
  const { hostname, port, pathname } = new URL(url);
  const endpoint = { host: hostname, port: Number(port), path: pathname };
  const subprotocols = new Tokens(SECRET).subprotocols("ops", "operator");
  const pipe = await RequestPipe.open(endpoint, subprotocols, 1);
  let day: unknown;
  await pipe.send({
    operation: "calendar.get",
    count: 1,
    fields: () => ({}),
    onReply: (_, view) => (day = view["day"]),
  });
  pipe.close();
  return day;
}

function load(tokenFile: object, ...options: readonly string[]) {
  const file = join(folder, "tokens.json");
  writeFileSync(file, JSON.stringify(tokenFile));
  const short = ["--duration", "1500ms", "--warm-up", "300ms", "--json", "--data-folder", folder];
  const all = [PROGRAM, ...options, ...short, "--url", url, "--token-file", file];
  return spawnSync(process.execPath, all, { encoding: "utf8", timeout: 60_000 });
}

const positive = expect.toSatisfy((value: number) => value > 0);

describe("A server that runs already", { timeout: 120_000 }, () => {
  test.each([
    ["market", ["--lenders", "20", "--loans", "20", "--watchers", "5", "--rate", "200"]],
    [
      "mixed",
      [
        ...["--lenders", "20", "--loans", "10", "--watchers", "5", "--rate", "200"],
        ...["--paid-out-loans", "3", "--lenders-per-loan", "5"],
      ],
    ],
  ])("is loaded by %s twice, each time in a world of its own, and audited", (name, sizes) => {
    for (let time = 0; time < 2; time++) {
      const done = load({ secret: SECRET }, name, ...sizes);
      expect(done.stderr).toBe("");
      expect(done.status).toBe(0);
      expect(JSON.parse(done.stdout)).toMatchObject({
        audit: {
          by: "protocol",
          ok: true,
          journal: null,
          journalMissing: "the server is not our own",
          protocol: { accounts: 20, findings: 0, watchedAccounts: 5 },
        },
        figures: { answered: positive, unanswered: 0 },
        cores: { server: null },
      });
    }
  });

  test("is searched for its highest rate, each probe in a world of its own", () => {
    const world = ["--lenders", "8", "--loans", "5", "--watchers", "0"];
    const search = ["--find-max", "--p99", "10000", "--from", "50", "--probes", "2"];
    const done = load({ secret: SECRET }, "market", ...world, ...search);
    expect(done.stderr).toBe("");
    expect(JSON.parse(done.stdout)).toMatchObject({
      findMax: { ratePerSecond: 100, probes: [{ passed: true }, { passed: true }] },
    });
  });

  test("keeps its business date, whatever the scenario", async () => {
    const sizes = ["--lenders", "20", "--loans", "10", "--paid-out-loans", "3"];
    const before = await businessDay();
    const done = load({ secret: SECRET }, "mixed", ...sizes, "--rate", "100");
    expect(done.status).toBe(0);
    const report = JSON.parse(done.stdout) as { happenings: object[]; notMeasured: string[] };
    expect(report.happenings).toEqual([]);
    expect(report.notMeasured.join("; ")).toContain(
      "business dates of a server that is not our own",
    );
    expect(await businessDay()).toBe(before);
  });

  test("is loaded with tokens of a file, by as many lenders as it has", () => {
    const tokens = new Tokens(SECRET);
    const names = ["token-ann", "token-bob", "token-cyn"];
    const clients = Object.fromEntries(names.map((name) => [name, tokens.sign(name, "client")]));
    const file = { operator: tokens.sign("ops", "operator"), clients };
    for (let time = 0; time < 2; time++) {
      const done = load(file, "market", "--loans", "5", "--rate", "100");
      expect(done.stderr).toBe("");
      expect(JSON.parse(done.stdout)).toMatchObject({
        settings: { lenders: 3 },
        audit: { by: "protocol", ok: true, protocol: { accounts: 3, findings: 0 } },
      });
    }
    const storm = load(file, "reconnect-storm");
    expect(storm.status).toBe(2);
    expect(storm.stderr).toContain("tokens for any name");
  });

  test("that does not take the tokens is not loaded: exit code 1", () => {
    const done = load({ secret: "another".repeat(8) }, "market", "--lenders", "2");
    expect(done.status).toBe(1);
    expect(done.stderr).not.toBe("");
  });

  test("that is not there is not loaded: exit code 1", () => {
    const file = join(folder, "tokens.json");
    writeFileSync(file, JSON.stringify({ secret: SECRET }));
    const options = ["market", "--url", "ws://127.0.0.1:1/v1/ws", "--token-file", file];
    const done = spawnSync(process.execPath, [PROGRAM, ...options], { encoding: "utf8" });
    expect(done.status).toBe(1);
    expect(done.stderr).toContain("cannot connect");
  });
});
