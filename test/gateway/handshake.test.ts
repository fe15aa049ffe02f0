import net from "node:net";
import { describe, expect, test } from "vitest";
import { isOriginAllowed, judgeHandshake } from "../../src/gateway/handshake.ts";
import { HandshakeRefused, type ConnectOptions } from "../support/gateway-client.ts";
import { startKeyServer } from "../support/key-server.ts";
import { eventually, type Fixture, SECRET, startFixture } from "../support/gateway-fixture.ts";
import { signToken } from "../../src/gateway/signing.ts";

const HEADERS = {
  origin: "",
  host: "api.example.com",
  protocols: "loanloom.v1.json",
  authorization: "",
  version: "13",
};

async function refusedWith(fixture: Fixture, options: ConnectOptions): Promise<[number, string]> {
  try {
    await fixture.connect(options);
  } catch (fault) {
    if (!(fault instanceof HandshakeRefused)) throw fault;
    return [fault.status, (JSON.parse(fault.body) as { error: string }).error];
  }
  throw new Error("the handshake was not refused");
}

describe("Handshake: judgement of headers", () => {
  test("takes the first subprotocol that it knows, in the client's order", () => {
    const both = { ...HEADERS, protocols: "chat, loanloom.v1.json, loanloom.v1.msgpack" };
    expect(judgeHandshake(both, [])).toMatchObject({ ok: true, isBinary: false });
    const bots = { ...HEADERS, protocols: "loanloom.v1.msgpack,loanloom.v1.json" };
    expect(judgeHandshake(bots, [])).toMatchObject({ ok: true, isBinary: true });
  });

  test("takes a token from the header before one from a subprotocol entry", () => {
    const protocols = "loanloom.v1.json, bearer.from.sub.protocol";
    expect(judgeHandshake({ ...HEADERS, protocols }, [])).toMatchObject({
      token: "from.sub.protocol",
    });
    const authorization = "Bearer from.the.header";
    expect(judgeHandshake({ ...HEADERS, protocols, authorization }, [])).toMatchObject({
      token: "from.the.header",
    });
  });

  test.each([
    ["no subprotocol", { protocols: "" }, "malformed_frame"],
    ["an unknown subprotocol", { protocols: "loanloom.v2.json" }, "malformed_frame"],
    ["another version of WebSocket", { version: "8" }, "malformed_frame"],
    ["another scheme", { authorization: "Basic YTpi" }, "unauthenticated"],
    ["a foreign origin", { origin: "https://evil.example" }, "origin_not_allowed"],
    ["an opaque origin", { origin: "null" }, "origin_not_allowed"],
  ])("refuses %s", (_what, headers, code) => {
    expect(judgeHandshake({ ...HEADERS, ...headers }, [])).toMatchObject({ ok: false, code });
  });

  test.each([
    ["no origin: not a browser", "", [], true],
    ["the page's own host", "https://api.example.com", [], true],
    ["the page's own host on another port", "https://api.example.com:8443", [], false],
    ["a listed origin", "https://app.example.com", ["https://app.example.com"], true],
    [
      "a listed host by another scheme",
      "http://app.example.com",
      ["https://app.example.com"],
      false,
    ],
    ["a longer host", "https://app.example.com.evil.net", ["https://app.example.com"], false],
    ["any, when any is allowed", "https://evil.example", ["*"], true],
  ])("origin: %s", (_what, origin, allowed, expected) => {
    expect(isOriginAllowed(origin, "api.example.com", allowed)).toBe(expected);
  });
});

describe("Handshake: over a real socket", () => {
  test.each(["msgpack", "json"] as const)("answers a ping in %s", async (encoding) => {
    const fixture = await startFixture();
    const client = await fixture.client("alice", { encoding });
    expect(client.socket.protocol).toBe(`loanloom.v1.${encoding}`);
    const { at } = await client.must("session.ping");
    expect(Math.abs((at as number) - Date.now())).toBeLessThan(5_000);
  });

  test("takes the token from a subprotocol entry and does not echo it", async () => {
    const fixture = await startFixture();
    const token = await fixture.token("alice");
    const protocols = ["loanloom.v1.json", `bearer.${token}`];
    const client = await fixture.connect({ encoding: "json", protocols });
    expect(client.socket.protocol).toBe("loanloom.v1.json");
    await client.must("session.ping");
  });

  test("refuses without a known subprotocol: 400", async () => {
    const fixture = await startFixture();
    const token = await fixture.token("alice");
    expect(await refusedWith(fixture, { token, protocols: ["chat"] })).toEqual([
      400,
      "malformed_frame",
    ]);
    expect(fixture.counters.handshakesMalformed).toBe(1);
  });

  test("refuses a foreign origin: 403, also with a good token", async () => {
    const fixture = await startFixture({ originsAllowed: ["https://app.example.com"] });
    const token = await fixture.token("alice");
    const evil = { token, headers: { origin: "https://evil.example" } };
    expect(await refusedWith(fixture, evil)).toEqual([403, "origin_not_allowed"]);
    const page = { token, headers: { origin: "https://app.example.com" } };
    await (await fixture.connect(page)).must("session.ping");
  });

  test("never takes a token from the URL", async () => {
    const fixture = await startFixture();
    const token = await fixture.token("alice");
    const client = await fixture.connect({ query: `?token=${token}&access_token=${token}` });
    expect((await client.refusal("session.ping")).code).toBe("unauthenticated");
    expect((await client.closed).code).toBe(4401);
  });

  test.each<[string, (fixture: Fixture) => Promise<string>]>([
    ["of another key", async () => sign(Buffer.from("another secret, also 32 bytes or more!!"))],
    ["that has expired", async () => sign(SECRET, { expiresAtMs: Date.now() - 1_000 })],
    ["that lives too long", async () => sign(SECRET, { expiresAtMs: Date.now() + 1e11 })],
    ["whose subject is no account id", async () => sign(SECRET, { subject: "../etc" })],
    ["of an unknown role", async () => sign(SECRET, { role: "root" as "client" })],
    ["that is unsigned", async () => unsigned({ sub: "alice" })],
    ["that is no token", async () => "x"],
  ])("closes with 4401 a session whose token is one %s", async (_what, tokenOf) => {
    const fixture = await startFixture();
    const token = await tokenOf(fixture);
    const client = await fixture.connect({ token });
    client.send("account.get");
    expect((await client.closed).code).toBe(4401);
    expect(client.received).toMatchObject([{ kind: "error", id: null, code: "unauthenticated" }]);
    expect(fixture.counters.sessionsClosedUnauthenticated).toBe(1);
    expect(fixture.counters.requestsAccepted).toBe(0);
  });

  test("refuses another scheme of Authorization: 401", async () => {
    const fixture = await startFixture();
    const headers = { authorization: "Basic YWxpY2U6c2VjcmV0" };
    expect(await refusedWith(fixture, { headers })).toEqual([401, "unauthenticated"]);
  });

  test("lets clients send at once: what comes while the token is verified is held, in order", async () => {
    const keys = await startKeyServer();
    keys.delayMs = 200;
    const fixture = await startFixture({ heldFramesMax: 8 }, {}, keys.config);
    const client = await fixture.connect({ token: await keys.sign({ sub: "alice" }) });
    const ids = Array.from({ length: 10 }, () => client.send("session.ping"));
    // Those beyond the bound are refused at once, the others answered once the token is verified.
    expect(await client.next()).toMatchObject({ id: 9, code: "server_busy" });
    expect(await client.next()).toMatchObject({ id: 10, code: "server_busy" });
    for (const id of ids.slice(0, 8)) {
      expect(await client.next()).toMatchObject({ kind: "reply", id });
    }
  });

  test("bounds what is held by bytes, too", async () => {
    const keys = await startKeyServer();
    keys.delayMs = 200;
    const fixture = await startFixture({ frameBytesMax: 5_000 }, {}, keys.config);
    const token = await keys.sign({ sub: "alice" });
    const client = await fixture.connect({ token });
    const bulky = Array.from({ length: 10 }, () =>
      client.send("session.authenticate", { token: "t".repeat(4_000) }),
    );
    await client.answerTo(bulky[9]!);
    const busy = client.received.filter(
      (message) => message.kind === "error" && message.code === "server_busy",
    );
    expect(busy.length).toBeGreaterThanOrEqual(6); // Four of 4 KiB are held, and no more.
  });

  test("survives clients that go away while their token is verified", async () => {
    const keys = await startKeyServer();
    let release = (): void => undefined;
    keys.gate = new Promise((resolve) => (release = resolve));
    const fixture = await startFixture({ connectionsPerAddressMax: 50 }, {}, keys.config);
    const token = await keys.sign({ sub: "alice" });
    const gone = Array.from({ length: 50 }, () => abandonHandshake(fixture.port, token));
    await Promise.all(gone);
    await eventually(() => fixture.counters.connectionsOpen).toBe(0);
    release();
    await eventually(() => fixture.counters.handshakesAborted).toBe(50);
    expect(fixture.counters.verificationsPending).toBe(0);
    // The seats came back: with one of the address's fifty lost, one more would do too many.
    const client = await fixture.connect({ token });
    await client.must("session.ping");
    expect(fixture.counters.connectionsOpen).toBe(1);
  });
});

/** Completes a handshake, and cuts the connection right after. */
function abandonHandshake(port: number, token: string): Promise<void> {
  const head = [
    "GET /v1/ws HTTP/1.1",
    "Host: x",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol: loanloom.v1.json",
    `Authorization: Bearer ${token}`,
  ].join("\r\n");
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.write(`${head}\r\n\r\n`));
    socket.on("data", () => socket.resetAndDestroy());
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
  });
}

function sign(secret: Uint8Array, claims: object = {}): Promise<string> {
  const expiresAtMs = Date.now() + 60_000;
  return signToken(secret, { subject: "alice", role: "client", expiresAtMs, ...claims });
}

function unsigned(claims: object): string {
  const iat = Math.floor(Date.now() / 1_000);
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  return `${encode({ alg: "none", typ: "JWT" })}.${encode({ iat, exp: iat + 60, ...claims })}.`;
}
