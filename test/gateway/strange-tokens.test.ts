// Tokens that somebody signed with the right key and the wrong content, against a server of its
// own: it lives on, whatever they say.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT, type JWTPayload } from "jose";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { stopLeftoverRedis } from "../../src/journal/embedded-redis.ts";
import { startProgram, urlOf } from "../cli/program.ts";

const SECRET = "a-secret-of-this-test-of-32-characters-or-more";

async function serve() {
  const folder = await mkdtemp(join(tmpdir(), "loanloom-tokens-"));
  const server = startProgram(["serve"], {
    PORT: "0",
    LOANLOOM_DATA: folder,
    LOANLOOM_JWT_SECRET: SECRET,
    LOANLOOM_SHARDS: "2",
  });
  onTestFinished(async () => {
    server.child.kill("SIGKILL");
    await server.ended;
    await stopLeftoverRedis(folder);
    await rm(folder, { recursive: true });
  });
  return { child: server.child, url: await urlOf(server) };
}

/** Says its token, asks for three things at once, and resolves with how the session ended. */
async function knock(url: string, claims: JWTPayload): Promise<number> {
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(Buffer.from(SECRET));
  const socket = new WebSocket(url, ["loanloom.v1.json", `bearer.${token}`]);
  socket.on("open", () => {
    socket.send('{"op":"account.get","id":1}');
    socket.send('{"op":"account.watch","id":2}');
    socket.send('{"op":"account.get","id":3,"accountId":"alice"}');
  });
  return new Promise((resolve) => {
    socket.on("error", () => undefined);
    socket.on("close", resolve);
  });
}

test("A server lives on when the names in a signed token are no texts", async () => {
  const { child, url } = await serve();
  for (const sub of [12345, true, ["alice"], { a: 1 }, null]) {
    expect(await knock(url, { sub } as unknown as JWTPayload), String(sub)).toBe(4401);
  }
  for (const jti of [7, ["t-1"]]) {
    const claims = { sub: "alice", jti } as unknown as JWTPayload;
    expect(await knock(url, claims), String(jti)).toBe(4401);
  }
  expect((await fetch(`${url.replace("ws:", "http:").replace("/v1/ws", "")}/healthz`)).status).toBe(
    200,
  );
  expect(child.exitCode).toBeNull();
}, 60_000);
