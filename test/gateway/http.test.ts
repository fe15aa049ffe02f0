import net from "node:net";
import { describe, expect, test } from "vitest";
import { formatRequestId } from "../../actors/address.ts";
import { requestIds } from "../support/gateway-client.ts";
import {
  bid,
  eventually,
  type Fixture,
  revocationOfSubject,
  startFixture,
} from "../support/gateway-fixture.ts";

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function get(fixture: Fixture, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${fixture.port}${path}`, init);
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  const body = isJson && text !== "" ? (JSON.parse(text) as Record<string, unknown>) : { text };
  return { status: response.status, headers: response.headers, body };
}

async function as(fixture: Fixture, subject: string, role: "client" | "operator" = "client") {
  return { headers: { authorization: `Bearer ${await fixture.token(subject, { role })}` } };
}

async function world(config: object = {}): Promise<Fixture> {
  const fixture = await startFixture(config, { metrics: () => "up 1\n" });
  await fixture.fund("alice", 1_000);
  await fixture.fund("bob", 2_000);
  await fixture.list("promo", 1_000);
  return fixture;
}

describe("HTTP: health and metrics", () => {
  test("answer without a token", async () => {
    const fixture = await world();
    expect(await get(fixture, "/healthz")).toMatchObject({ status: 200, body: { status: "ok" } });
    expect(await get(fixture, "/readyz")).toMatchObject({ status: 200, body: { ready: true } });
    const metrics = await get(fixture, "/metrics");
    expect(metrics).toMatchObject({ status: 200, body: { text: "up 1\n" } });
    expect(metrics.headers.get("content-type")).toContain("version=0.0.4");
  });

  test("say why the server is not ready", async () => {
    const fixture = await world();
    fixture.runtime.readiness = { ready: false, reason: "shard 0 degraded: OOM" };
    expect(await get(fixture, "/readyz")).toMatchObject({
      status: 503,
      body: { ready: false, reason: "shard 0 degraded: OOM" },
    });
    expect((await get(fixture, "/healthz")).status).toBe(200);
  });

  test("can be switched off", async () => {
    const fixture = await world({ healthExposed: false, metricsExposed: false });
    for (const path of ["/healthz", "/readyz", "/metrics"]) {
      expect((await get(fixture, path)).status).toBe(404);
    }
  });

  test("metrics that fail are an error of this request alone", async () => {
    const fixture = await startFixture({}, { metrics: () => Promise.reject(new Error("broken")) });
    expect(await get(fixture, "/metrics")).toMatchObject({
      status: 500,
      body: { error: "internal_error" },
    });
    expect((await get(fixture, "/healthz")).status).toBe(200);
  });
});

describe("HTTP: reads", () => {
  test("of the own account, by an operator of any", async () => {
    const fixture = await world();
    const own = await get(fixture, "/v1/accounts/alice", await as(fixture, "alice"));
    expect(own.status).toBe(200);
    expect(own.body).toEqual({
      position: expect.stringMatching(/^0:1-\d+$/) as string,
      accountId: "alice",
      availableCents: 1_000,
      heldCents: 0,
      entry: 1,
      openBids: 0,
    });
    const operator = await as(fixture, "ops", "operator");
    expect((await get(fixture, "/v1/accounts/bob", operator)).body).toMatchObject({
      availableCents: 2_000,
    });
  });

  test("of others' accounts and of absent ones answer alike: 404", async () => {
    const fixture = await world();
    const alice = await as(fixture, "alice");
    const other = await get(fixture, "/v1/accounts/bob", alice);
    const absent = await get(fixture, "/v1/accounts/nobody", alice);
    expect([other.status, other.body]).toEqual([absent.status, absent.body]);
    expect(other).toMatchObject({ status: 404, body: { error: "account_not_found" } });
    const id = formatRequestId(requestIds.next());
    const outcome = await get(fixture, `/v1/accounts/bob/requests/${id}`, alice);
    expect([outcome.status, outcome.body]).toEqual([404, other.body]);
  });

  test("of a request's outcome, of a loan, and of the market", async () => {
    const fixture = await world();
    const alice = await as(fixture, "alice");
    const client = await fixture.client("alice");
    const placed = bid("promo", 300) as { requestId: Parameters<typeof formatRequestId>[0] };
    await client.must("bid.place", placed);
    const path = `/v1/accounts/alice/requests/${formatRequestId(placed.requestId)}`;
    expect(await get(fixture, path, alice)).toMatchObject({ status: 200, body: { state: "done" } });
    expect(await get(fixture, "/v1/loans/promo", alice)).toMatchObject({
      status: 200,
      body: { loanId: "promo", status: "listed", raisedCents: 300, remainingCents: 700 },
    });
    expect((await get(fixture, "/v1/loans", alice)).body).toEqual({
      position: "",
      loanIds: ["promo"],
    });
    expect(await get(fixture, "/v1/loans/none", alice)).toMatchObject({
      status: 404,
      body: { error: "loan_not_found" },
    });
  });

  test("of positions, of a loan's schedule, and of the books", async () => {
    const fixture = await world();
    const alice = await as(fixture, "alice");
    expect(await get(fixture, "/v1/accounts/alice/positions?from=0", alice)).toMatchObject({
      status: 200,
      body: { accountId: "alice", loans: 0, positions: [] },
    });
    expect(await get(fixture, "/v1/loans/promo/schedule?after=0", alice)).toMatchObject({
      status: 200,
      body: { loanId: "promo", instalments: [], payments: [] },
    });
    expect(await get(fixture, "/v1/accounts/alice/returns?seconds=true", alice)).toMatchObject({
      status: 200,
      body: { accountId: "alice", xirrPpm: null, returns: [] },
    });
    for (const path of ["", "/path", "/path?account=alice"]) {
      expect(await get(fixture, `/v1/loans/promo/clearings/1${path}`, alice)).toMatchObject({
        status: 404,
        body: { error: "clearing_not_found" },
      });
    }
    expect(await get(fixture, "/v1/loans/promo/clearings/1/path?account=bob", alice)).toMatchObject(
      {
        status: 404,
        body: { error: "account_not_found" },
      },
    );
    expect(await get(fixture, "/v1/books", alice)).toMatchObject({
      status: 403,
      body: { error: "forbidden" },
    });
    const operator = await as(fixture, "ops", "operator");
    expect(await get(fixture, "/v1/loans/promo/write-off", alice)).toMatchObject({
      status: 403,
      body: { error: "forbidden" },
    });
    expect(await get(fixture, "/v1/loans/promo/write-off", operator)).toMatchObject({
      status: 200,
      body: { loanId: "promo", status: "listed", proposal: null },
    });
    expect(await get(fixture, "/v1/books", operator)).toMatchObject({
      status: 200,
      body: { differenceCents: 0, totals: [] },
    });
  });

  test.each([
    ["no token", "/v1/loans", {}, 401, "unauthenticated"],
    ["a bad token", "/v1/loans", { authorization: "Bearer x" }, 401, "unauthenticated"],
    ["a token in the URL", "/v1/loans?access_token=x", {}, 401, "unauthenticated"],
    ["a foreign page", "/v1/loans", { origin: "https://evil.example" }, 403, "origin_not_allowed"],
    ["an unknown path", "/v1/secrets", {}, 404, "not_found"],
    ["a path that climbs", "/v1/accounts/../../etc/passwd", {}, 404, "not_found"],
  ])("are refused with %s", async (_what, path, headers, status, error) => {
    const fixture = await world();
    const answer = await get(fixture, path, { headers });
    expect(answer).toMatchObject({ status, body: { error } });
    expect(answer.headers.get("www-authenticate")).toBe(status === 401 ? "Bearer" : null);
  });

  test.each([
    ["/v1/accounts/a!b", "accountId"],
    ["/v1/accounts/alice/requests/7", "requestId"],
    ["/v1/loans/a%20b", "loanId"],
    ["/v1/loans/a%20b/schedule", "loanId"],
    ["/v1/loans/promo/clearings/one", "clearing"],
    ["/v1/loans/promo/clearings/1/path?account=a!b", "accountId"],
    ["/v1/accounts/alice/withdrawals/1e3", "withdrawal"],
    ["/v1/accounts/alice/withdrawals/9999999999999999", "withdrawal"],
    ["/v1/accounts/alice/returns?seconds=1", "seconds"],
    ["/v1/accounts/alice/positions?from=-1", "from"],
    ["/v1/books?day=tomorrow", "day"],
    ["/v1/books?day=0", "day"],
    ["/v1/applications?stage=lost", "stage"],
  ])("say which part of the path is wrong: %s", async (path, part) => {
    const fixture = await world();
    const answer = await get(fixture, path, await as(fixture, "alice"));
    expect(answer).toMatchObject({ status: 400, body: { error: "invalid_field" } });
    expect(answer.body["detail"]).toContain(part);
  });

  test("are counted in the account's allowance", async () => {
    const fixture = await world({
      requestsPerSecondPerAccount: 1,
      requestBurstPerAccount: 3,
      inFlightPerSessionMax: 3,
    });
    const alice = await as(fixture, "alice");
    const statuses = [];
    for (let asked = 0; asked < 4; asked++) {
      statuses.push((await get(fixture, "/v1/loans", alice)).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
    const limited = await get(fixture, "/v1/loans", alice);
    expect(limited.headers.get("retry-after")).toBe("1");
    const client = await fixture.client("alice");
    expect((await client.refusal("session.ping")).code).toBe("rate_limited");
  });

  test("that are not answered in time, or never, end as unavailable", async () => {
    const fixture = await world({ httpAnswerMsMax: 100 });
    const alice = await as(fixture, "alice");
    fixture.runtime.isPaused = true;
    expect(await get(fixture, "/v1/accounts/alice", alice)).toMatchObject({
      status: 503,
      body: { error: "unavailable" },
    });
    expect(fixture.counters.httpTimeouts).toBe(1);
    const waiting = get(fixture, "/v1/accounts/alice", alice);
    await eventually(() => fixture.runtime.inFlight).toBe(2);
    fixture.runtime.loseAll("fenced");
    expect(await waiting).toMatchObject({ status: 503, body: { error: "unavailable" } });
    // Answers that come too late find nobody, and hurt nobody.
    fixture.runtime.resume();
    expect((await get(fixture, "/healthz")).status).toBe(200);
  });

  test("with a revoked token are refused, also one that waits for its answer", async () => {
    const fixture = await world();
    const [alice, bob] = [await as(fixture, "alice"), await as(fixture, "bob")];
    fixture.runtime.isPaused = true;
    const waiting = get(fixture, "/v1/accounts/alice", alice);
    const untouched = get(fixture, "/v1/accounts/bob", bob);
    await eventually(() => fixture.runtime.inFlight).toBe(2);
    const atMs = fixture.clock.wallMs();
    fixture.revocations.add(revocationOfSubject("alice", atMs), atMs);
    const refused = { status: 401, body: { error: "unauthenticated" } };
    expect(await waiting).toMatchObject(refused);
    fixture.runtime.resume();
    expect(await untouched).toMatchObject({ status: 200 });
    expect(await get(fixture, "/v1/accounts/alice", alice)).toMatchObject(refused);
    expect(await get(fixture, "/v1/accounts/bob", bob)).toMatchObject({ status: 200 });
  });

  test("survive clients that go away before the answer", async () => {
    const fixture = await world();
    const { authorization } = (await as(fixture, "alice")).headers;
    fixture.runtime.isPaused = true;
    const sockets = Array.from({ length: 20 }, () => {
      const socket = net.connect(fixture.port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(
        `GET /v1/accounts/alice HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n\r\n`,
      );
      return socket;
    });
    await eventually(() => fixture.runtime.inFlight).toBe(20);
    for (const socket of sockets) socket.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    fixture.runtime.resume();
    await eventually(() => fixture.runtime.inFlight).toBe(0);
    expect((await get(fixture, "/healthz")).status).toBe(200);
  });
});

describe("HTTP: manners", () => {
  test("HEAD has the headers of GET and no body", async () => {
    const fixture = await world();
    const { status, headers, body } = await get(fixture, "/healthz", { method: "HEAD" });
    expect([status, headers.get("content-length"), body]).toEqual([200, "15", { text: "" }]);
  });

  test.each(["POST", "PUT", "DELETE", "PATCH"])("%s is not allowed: 405", async (method) => {
    const fixture = await world();
    const answer = await get(fixture, "/v1/loans", { method, body: "x".repeat(10_000) });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect((await get(fixture, "/healthz")).status).toBe(200);
  });

  test("a GET of the WebSocket's path asks for an upgrade: 426", async () => {
    const fixture = await world();
    expect((await get(fixture, "/v1/ws")).status).toBe(426);
  });

  test("every answer forbids sniffing, framing and caching", async () => {
    const fixture = await world();
    for (const path of ["/healthz", "/metrics", "/v1/loans", "/nowhere"]) {
      const { headers } = await get(fixture, path);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(headers.get("cache-control")).toBe("no-store");
    }
  });

  test("a server that stands by is alive, not ready, and takes no WebSocket", async () => {
    const fixture = await world();
    fixture.runtime.isStandingBy = true;
    fixture.runtime.readiness = { ready: false, reason: "shard 0 standing by" };
    expect((await get(fixture, "/healthz")).status).toBe(200);
    expect((await get(fixture, "/readyz")).status).toBe(503);
    await expect(fixture.client("alice")).rejects.toThrow(/503/);
    expect(fixture.counters.handshakesStandingBy).toBe(1);
    fixture.runtime.isStandingBy = false;
    await (await fixture.client("alice")).must("session.ping");
  });

  test("readiness says draining, and reads are refused", async () => {
    const fixture = await world({ drainMsMax: 2_000 });
    const alice = await as(fixture, "alice");
    // An open connection outlives the listening port.
    const socket = net.connect(fixture.port, "127.0.0.1");
    let received = "";
    socket.on("data", (chunk) => (received += chunk.toString()));
    socket.on("error", () => undefined);
    socket.write("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    await eventually(() => received).toContain("200 OK");
    fixture.runtime.isPaused = true;
    const client = await fixture.client("alice");
    client.send("account.get");
    await eventually(() => fixture.runtime.inFlight).toBe(1);
    const drained = fixture.gateway.drain("stop");
    received = "";
    socket.write("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    await eventually(() => received).toContain('"reason":"draining"');
    socket.write(
      `GET /v1/loans HTTP/1.1\r\nHost: x\r\nAuthorization: ${alice.headers.authorization}\r\n\r\n`,
    );
    await eventually(() => received).toContain("server_shutdown");
    fixture.runtime.resume();
    await drained;
    socket.destroy();
  });
});
