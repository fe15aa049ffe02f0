// Tokens are taken back from the command line, of a real server with real sockets: whoever speaks
// with one is thrown out, and stays out.

import { appendFile, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { GatewayClient } from "../support/gateway-client.ts";
import { discard, runProgram, startProgram, urlOf, type RunningProgram } from "./program.ts";

// Each command is a process: half a second of CPU, and on a busy machine some seconds.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const NOTICED_MS_MAX = 5_000;

let folder: string;
let file: string;
let environment: Record<string, string>;
let server: RunningProgram;
let port: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "loanloom-revoked-"));
  environment = { LOANLOOM_DATA: join(folder, "data"), PORT: "0" };
  file = join(folder, "data", "revocations.jsonl");
  await serve();
});

afterAll(() => discard(server, folder));

async function serve(): Promise<void> {
  server = startProgram(["serve"], environment);
  port = Number(new URL(await urlOf(server)).port);
}

interface Token {
  readonly token: string;
  readonly tokenId: string;
}

async function json<Answer>(...args: string[]): Promise<Answer> {
  const ran = await runProgram(["token", ...args, "--json"], environment);
  expect(ran, ran.stderr).toMatchObject({ code: 0, stderr: "" });
  return JSON.parse(ran.stdout) as Answer;
}

async function connect(token: string): Promise<GatewayClient> {
  return GatewayClient.connect(port, { token });
}

async function statusOf(token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(`http://127.0.0.1:${port}/v1/loans`, { headers })).status;
}

/** Those of the tokens that open the door, over WebSocket and over HTTP. */
async function letIn(tokens: Readonly<Record<string, Token>>): Promise<Record<string, boolean[]>> {
  const found: Record<string, boolean[]> = {};
  for (const [name, { token }] of Object.entries(tokens)) {
    const client = await connect(token);
    const isOpen = await client.must("session.ping").then(
      () => true,
      async () => {
        expect((await client.closed).code).toBe(4401);
        return false;
      },
    );
    found[name] = [isOpen, (await statusOf(token)) === 200];
    client.close();
  }
  return found;
}

const IN = [true, true];
const OUT = [false, false];

describe("A token that is revoked", () => {
  let tokens: Record<"stolen" | "other" | "bobs" | "staff", Token>;

  test("ends its sessions within 5 s, and no others", async () => {
    const stolen = await json<Token>("--sub", "alice");
    const other = await json<Token>("--sub", "alice");
    const bobs = await json<Token>("--sub", "bob");
    const staff = await json<Token>("--sub", "ops", "--role", "operator");
    tokens = { stolen, other, bobs, staff };
    expect(await letIn(tokens)).toEqual({ stolen: IN, other: IN, bobs: IN, staff: IN });
    const sessions = await Promise.all(Object.values(tokens).map(({ token }) => connect(token)));
    for (const session of sessions) await session.must("session.ping");
    const [ofStolen, ofOther, ofBob, ofStaff] = sessions as [
      GatewayClient,
      GatewayClient,
      GatewayClient,
      GatewayClient,
    ];

    const reason = ["--reason", "a laptop was stolen"];
    const told = await json<object>("revoke", "--id", stolen.tokenId, ...reason);
    const revokedAtMs = performance.now();
    const by = userInfo().username;
    expect(told).toMatchObject({ file, tokenId: stolen.tokenId, by, reason: reason[1] });
    expect(await ofStolen.closed).toEqual({ code: 4401, reason: "token revoked" });
    expect(performance.now() - revokedAtMs).toBeLessThan(NOTICED_MS_MAX);
    for (const session of [ofOther, ofBob, ofStaff]) await session.must("session.ping");

    await json("revoke", "--subject", "bob", "--by", "olga");
    const subjectRevokedAtMs = performance.now();
    expect((await ofBob.closed).code).toBe(4401);
    expect(performance.now() - subjectRevokedAtMs).toBeLessThan(NOTICED_MS_MAX);
    for (const session of [ofOther, ofStaff]) {
      await session.must("session.ping");
      session.close();
    }
  });

  test("is refused over WebSocket and HTTP; a new one of the subject is not", async () => {
    expect(await letIn(tokens)).toEqual({ stolen: OUT, other: IN, bobs: OUT, staff: IN });
    // `iat` counts whole seconds, and this one is over by now.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await letIn({ fresh: await json<Token>("--sub", "bob") })).toEqual({ fresh: IN });
  });

  test("is listed with who revoked it and why, and counted", async () => {
    const { revoked } = await json<{ revoked: object[] }>("revoked");
    expect(revoked).toMatchObject([
      { tokenId: tokens.stolen.tokenId, subject: null, reason: "a laptop was stolen" },
      { tokenId: null, subject: "bob", by: "olga", reason: null },
    ]);
    const shown = await runProgram(["token", "revoked"], environment);
    expect(shown.stdout).toMatch(/^subject bob +\d{4}-\S+Z +olga +-$/m);
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toMatch(/^loanloom_revocations_in_force 2$/m);
    expect(metrics).toMatch(/^loanloom_sessions_closed_total\{reason="revoked"\} 2$/m);
    expect(Number(/^loanloom_revocations_lag_seconds (\S+)$/m.exec(metrics)![1])).toBeLessThan(30);
  });

  test("stays refused when the server was killed and started again", async () => {
    server.child.kill("SIGKILL");
    await server.ended;
    await serve();
    expect(await letIn(tokens)).toEqual({ stolen: OUT, other: IN, bobs: OUT, staff: IN });
  });

  test("a file that nobody understands keeps a server from starting, and its lines can be mended", async () => {
    server.child.kill("SIGTERM");
    await server.ended;
    const whole = await readFile(file, "utf8");
    await appendFile(file, '{"format":1,"subjet":"carol"}\n');
    const refused = await runProgram(["serve"], environment);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain(`loanloom: ${file}, line 3: unknown field "subjet"`);
    expect(refused.stderr).not.toMatch(/^\s+at /m);
    const listed = await runProgram(["token", "revoked"], environment);
    expect(listed).toMatchObject({ code: 1, stdout: expect.stringContaining("subject bob") });
    expect(listed.stderr).toContain("line 3: unknown field");
    await writeFile(file, whole);
    await serve();
    expect(await letIn(tokens)).toEqual({ stolen: OUT, other: IN, bobs: OUT, staff: IN });
  });
});

describe("loanloom token", () => {
  test("prints the token alone, and with --json its id, which is in it", async () => {
    const { stdout } = await runProgram(["token", "--sub", "alice"], environment);
    expect(stdout).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const { token, tokenId } = await json<Token>("--sub", "alice");
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString());
    expect(claims).toMatchObject({ sub: "alice", jti: tokenId });
  });

  test.each<[string, string[], number, RegExp]>([
    ["a token for nobody", [], 2, /required option '--sub <accountId>' not specified/],
    ["no such command", ["revoque", "--id", "x"], 2, /error: /],
    ["nothing to revoke", ["revoke"], 2, /either --id <jti> or --subject <sub>/],
    ["two at once", ["revoke", "--id", "x", "--subject", "bob"], 2, /either --id/],
    ["a token for its id", ["revoke", "--id", "eyJhbGc.eyJzdWI.c2ln"], 2, /that is a token/],
    ["no subject", ["revoke", "--subject", "a b"], 2, /letters, digits/],
    ["a reason of two lines", ["revoke", "--id", "x", "--reason", "a\nb"], 2, /control characters/],
    ["no folder", ["revoke", "--id", "x", "--file", "/nowhere/at/all"], 2, /nothing was revoked/],
  ])("%s: %j exits with %d and says why in a line", async (_, args, code, says) => {
    const ran = await runProgram(["token", ...args], environment);
    expect(ran.stderr).toMatch(says);
    expect(ran.stderr).not.toMatch(/^\s+at /m);
    expect(ran).toMatchObject({ code, stdout: "" });
  });

  test("revokes no more than servers know one by one, but again what they know", async () => {
    const few = { ...environment, LOANLOOM_REVOCATIONS_MAX: "1" };
    const place = ["--file", join(folder, "few.jsonl"), "--json"];
    const revoke = (id: string) => runProgram(["token", "revoke", "--id", id, ...place], few);
    expect(await revoke("t-1")).toMatchObject({ code: 0 });
    expect(await revoke("t-1")).toMatchObject({ code: 0 });
    const refused = await revoke("t-2");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("nothing was revoked");
    expect(await readFile(place[1]!, "utf8")).not.toContain("t-2");
  });

  test("a named file must be there when a server starts", async () => {
    const named = join(folder, "shared", "revocations.jsonl");
    const settings = { ...environment, LOANLOOM_REVOCATIONS_FILE: named };
    const refused = await runProgram(["serve"], settings);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain(`${named} (LOANLOOM_REVOCATIONS_FILE) is not there`);
  });
});
