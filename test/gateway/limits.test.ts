import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { Allowance, Allowances } from "../../src/gateway/allowances.ts";
import { checkGatewayConfig } from "../../src/gateway/config.ts";
import type { AccountId } from "../../actors/address.ts";
import { HandshakeRefused, type GatewayClient } from "../support/gateway-client.ts";
import { bid, eventually, type Fixture, startFixture } from "../support/gateway-fixture.ts";

async function handshakeStatus(connecting: Promise<GatewayClient>): Promise<[number, string]> {
  try {
    await connecting;
  } catch (fault) {
    if (!(fault instanceof HandshakeRefused)) throw fault;
    return [fault.status, (JSON.parse(fault.body) as { error: string }).error];
  }
  throw new Error("the handshake was not refused");
}

describe("Limits: connections", () => {
  const FULL = [429, "too_many_connections"];

  test.each(["header", "message"] as const)(
    "per account, given back when one closes: token by %s",
    async (way) => {
      const fixture = await startFixture({ connectionsPerAccountMax: 2 });
      const token = await fixture.token("alice");
      const another = async (): Promise<GatewayClient> => {
        const client = await fixture.connect(way === "header" ? { token } : {});
        if (way === "message") client.send("session.authenticate", { token });
        return client;
      };
      const first = await another();
      await first.must("session.ping");
      await (await another()).must("session.ping");
      const third = await another();
      expect((await third.closed).code).toBe(4429);
      expect(third.received).toMatchObject([{ code: "too_many_connections", retryAfterMs: 250 }]);
      await (await fixture.client("bob")).must("session.ping");
      first.close();
      await eventually(() => fixture.counters.connectionsOpen).toBe(2);
      await (await another()).must("session.ping");
      expect(fixture.counters.handshakesOverAccountLimit).toBe(1);
    },
  );

  test("per address, whoever they claim to be", async () => {
    const fixture = await startFixture({
      connectionsPerAccountMax: 2,
      connectionsPerAddressMax: 3,
    });
    for (const subject of ["a", "b", "c"]) await fixture.client(subject);
    expect(await handshakeStatus(fixture.client("d"))).toEqual(FULL);
    expect(fixture.counters.handshakesOverAddressLimit).toBe(1);
  });

  test("in total, by the addresses that a trusted proxy tells", async () => {
    const fixture = await startFixture({
      connectionsPerAccountMax: 2,
      connectionsPerAddressMax: 2,
      connectionsMax: 3,
      clientAddressHeader: "X-Forwarded-For",
    });
    const from = (subject: string, forwarded: string) =>
      fixture.client(subject, { headers: { "x-forwarded-for": forwarded } });
    await from("a", "9.9.9.9, 10.0.0.1");
    await from("b", "8.8.8.8, 10.0.0.1");
    // What the client claims itself stands before the last entry, and does not count.
    expect(await handshakeStatus(from("c", "7.7.7.7, 10.0.0.1"))).toEqual(FULL);
    await from("d", "10.0.0.2");
    expect(await handshakeStatus(from("e", "10.0.0.3"))).toEqual(FULL);
    const { handshakesOverAddressLimit, handshakesOverConnectionLimit } = fixture.counters;
    expect([handshakesOverAddressLimit, handshakesOverConnectionLimit]).toEqual([1, 1]);
  });

  test("per address, of which a /64 of IPv6 is one", async () => {
    const fixture = await startFixture({
      connectionsPerAccountMax: 2,
      connectionsPerAddressMax: 2,
      clientAddressHeader: "x-forwarded-for",
    });
    const from = (subject: string, forwarded: string) =>
      fixture.client(subject, { headers: { "x-forwarded-for": forwarded } });
    const first = await from("a", "2001:db8::1");
    await from("b", "2001:db8::2");
    expect(await handshakeStatus(from("c", "2001:db8:0:0:ffff::1"))).toEqual(FULL);
    await from("d", "2001:db8:0:1::1");
    first.close();
    await eventually(() => fixture.counters.connectionsOpen).toBe(2);
    await from("c", "2001:db8:0:0:ffff::1");
  });
});

describe("Limits: requests", () => {
  const SLOW = { requestsPerSecondPerAccount: 10, requestBurstPerAccount: 5 } as const;

  test("per account: the burst passes, the rest waits as long as it is told", async () => {
    const fixture = await startFixture({ ...SLOW, inFlightPerSessionMax: 5 });
    const client = await fixture.client("alice");
    const ids = Array.from({ length: 8 }, () => client.send("session.ping"));
    const answers = [];
    for (const id of ids) answers.push(await client.answerTo(id));
    const limited = answers.filter((answer) => answer.kind === "error");
    expect(answers.filter(({ kind }) => kind === "reply").length).toBeGreaterThanOrEqual(5);
    expect(limited.length).toBeGreaterThanOrEqual(1);
    for (const { code, retryAfterMs } of limited) {
      expect(code).toBe("rate_limited");
      expect(retryAfterMs).toBeGreaterThan(0);
      expect(retryAfterMs).toBeLessThanOrEqual(100);
    }
    expect(fixture.counters.requestsRateLimited).toBe(limited.length);
    await new Promise((resolve) => setTimeout(resolve, limited[0]!.retryAfterMs! + 20));
    await client.must("session.ping");
  });

  test("per account: one allowance for all its sessions, not renewed by reconnecting", async () => {
    const fixture = await startFixture({
      requestsPerSecondPerAccount: 1,
      requestBurstPerAccount: 4,
      inFlightPerSessionMax: 4,
    });
    const [one, two] = [await fixture.client("alice"), await fixture.client("alice")];
    for (const client of [one, two, one, two]) await client.must("session.ping");
    expect((await two.refusal("session.ping")).code).toBe("rate_limited");
    one.close();
    two.close();
    await eventually(() => fixture.counters.connectionsOpen).toBe(0);
    const again = await fixture.client("alice");
    expect((await again.refusal("session.ping")).code).toBe("rate_limited");
    await (await fixture.client("bob")).must("session.ping");
  });

  test("closes with 4429 who goes on and on beyond the allowance", async () => {
    const fixture = await startFixture({
      ...SLOW,
      inFlightPerSessionMax: 5,
      rateLimitedInRowMax: 50,
    });
    const client = await fixture.client("alice");
    for (let sent = 0; sent < 200; sent++) client.send("session.ping");
    expect((await client.closed).code).toBe(4429);
    expect(fixture.counters.sessionsClosedRateLimited).toBe(1);
  });

  test("in flight per session: the rest is server_busy and was not taken in", async () => {
    const fixture = await startFixture({ inFlightPerSessionMax: 3 });
    await fixture.fund("alice", 10_000);
    await fixture.list("promo", 10_000);
    const [client, other] = [await fixture.client("alice"), await fixture.client("alice")];
    fixture.runtime.isPaused = true;
    const ids = Array.from({ length: 5 }, () => client.send("bid.place", bid("promo", 100)));
    for (const id of ids.slice(3)) {
      expect(await client.answerTo(id)).toMatchObject({ code: "server_busy", retryAfterMs: 250 });
    }
    const elsewhere = other.send("bid.place", bid("promo", 100));
    await eventually(() => fixture.runtime.inFlight).toBe(4);
    fixture.runtime.resume();
    for (const id of ids.slice(0, 3)) expect((await client.answerTo(id)).kind).toBe("reply");
    expect((await other.answerTo(elsewhere)).kind).toBe("reply");
    // What was answered makes room again.
    for (let more = 0; more < 5; more++) await client.must("bid.place", bid("promo", 100));
    expect(fixture.counters.requestsOverSessionLimit).toBe(2);
  });

  test("in flight in total", async () => {
    const fixture = await startFixture({ inFlightPerSessionMax: 2, inFlightMax: 3 });
    await fixture.fund("alice", 10_000);
    await fixture.list("promo", 10_000);
    const [one, two] = [await fixture.client("alice"), await fixture.client("alice")];
    fixture.runtime.isPaused = true;
    for (let sent = 0; sent < 2; sent++) one.send("account.get");
    await eventually(() => fixture.runtime.inFlight).toBe(2);
    two.send("account.get");
    expect((await two.refusal("account.get")).code).toBe("server_busy");
    expect(fixture.counters.requestsOverTotalLimit).toBe(1);
  });

  test("passes on why the runtime takes nothing in", async () => {
    const fixture = await startFixture();
    const client = await fixture.client("alice");
    fixture.runtime.rejection = { code: "unavailable", retryAfterMs: 250 };
    for (const [operation, fields] of [
      ["account.get", {}],
      ["account.watch", { accountId: null, after: null }],
    ] as const) {
      expect(await client.refusal(operation, fields)).toMatchObject(fixture.runtime.rejection);
    }
    expect(fixture.counters.requestsRejectedByRuntime).toBe(2);
  });

  test("watches per session, of accounts and loans together", async () => {
    const fixture = await startFixture({ watchesPerSessionMax: 2 });
    await fixture.fund("alice", 100);
    for (const loanId of ["l-1", "l-2", "l-3"]) await fixture.list(loanId, 1_000);
    const client = await fixture.client("alice");
    await client.must("account.watch", { accountId: null, after: null });
    await client.must("loan.watch", { loanId: "l-1" });
    expect((await client.refusal("loan.watch", { loanId: "l-2" })).code).toBe("server_busy");
    // Watching again what is watched already is no further watch.
    await client.must("loan.watch", { loanId: "l-1" });
    await client.must("loan.unwatch", { loanId: "l-1" });
    await client.must("loan.watch", { loanId: "l-2" });
    // One that does not exist takes no place.
    await client.must("loan.unwatch", { loanId: "l-2" });
    expect((await client.refusal("loan.watch", { loanId: "none" })).code).toBe("loan_not_found");
    await client.must("loan.watch", { loanId: "l-3" });
  });
});

describe("Limits: slow consumers", () => {
  const FAST = {
    backpressureBytesMax: 64 * 1024,
    requestsPerSecondPerAccount: 1_000_000,
    requestBurstPerAccount: 1_000_000,
  } as const;

  /** Reads nothing, and lets `ask` run until the server has had enough. */
  async function stuff(fixture: Fixture, client: GatewayClient, ask: () => void): Promise<void> {
    client.socket.pause();
    const asking = setInterval(ask, 1);
    await eventually(() => fixture.counters.sessionsClosedSlow).toBe(1);
    clearInterval(asking);
    await eventually(() => fixture.counters.connectionsOpen).toBe(1);
  }

  test("are closed, never short-changed: what arrives is a prefix without a hole", async () => {
    const fixture = await startFixture({ ...FAST, connectionsPerAccountMax: 100 });
    await Promise.all(
      Array.from({ length: 100 }, (_, at) => fixture.list(`${"l".repeat(36)}-${at}`, 1_000)),
    );
    const bystander = await fixture.client("bob");
    const slow = await fixture.client("eve");
    for (let asked = 0; asked < 20; asked++) await slow.must("market.loans");
    await stuff(fixture, slow, () => {
      for (let sent = 0; sent < 20; sent++) slow.send("market.loans");
    });
    slow.socket.resume();
    expect((await slow.closed).code).toBe(1006);
    // Answers come in the order of the requests: each id is one more than that before it.
    const ids = slow.received.map((message) => (message.kind === "reply" ? message.id : null));
    expect(ids.length).toBeGreaterThanOrEqual(20);
    expect(ids).toEqual(ids.map((_id, at) => at + 1));
    await bystander.must("session.ping");
  });

  test("of what commits set free are closed too, and are watched no more", async () => {
    const fixture = await startFixture(FAST);
    await fixture.fund("alice", 10_000);
    await fixture.list("promo", 10_000);
    const bidder = await fixture.client("alice");
    for (let placed = 0; placed < 60; placed++) await bidder.must("bid.place", bid("promo", 100));
    const slow = await fixture.client("alice", { encoding: "json" });
    for (let asked = 0; asked < 3; asked++) await slow.must("account.watch", { after: 0 });
    await eventually(() => slow.pushes("account.entry").length).toBe(3 * 61);
    await stuff(fixture, slow, () => {
      for (let sent = 0; sent < 20; sent++) slow.send("account.watch", { after: 0 });
    });
    await eventually(() => fixture.runtime.inFlight).toBe(0);
    slow.socket.resume();
    await slow.closed;
    // The cut may take along what the client had not read; never something in the middle.
    const entries = slow.pushes("account.entry").map(({ view }) => view["entry"] as number);
    expect(entries.length).toBeGreaterThanOrEqual(3 * 61);
    expect(entries).toEqual(entries.map((_entry, at) => (at % 61) + 1));
    expect(fixture.runtime.unwatched).toContain("alice");
    await bidder.must("session.ping");
  });
});

describe("Limits: the allowance", () => {
  test("fills at its rate up to the burst, and a clock set back costs nothing", () => {
    const allowance = new Allowance("a", 100, 2, 0);
    expect([allowance.take(0), allowance.take(0), allowance.take(0)]).toEqual([0, 0, 10]);
    expect(allowance.take(5)).toBe(5);
    expect(allowance.take(10)).toBe(0);
    expect(allowance.take(-3_600_000)).toBe(10);
    expect(allowance.take(-3_600_000 + 10)).toBe(0);
    expect([allowance.take(1e9), allowance.take(1e9), allowance.take(1e9)]).toEqual([0, 0, 10]);
  });

  test("is forgotten only when it is full and nobody is connected", () => {
    const allowances = new Allowances({
      connectionsPerAccountMax: 1,
      requestsPerSecondPerAccount: 1_000,
      requestBurstPerAccount: 10,
      requestsPerSecondPerOperator: 1,
      requestBurstPerOperator: 1,
    });
    const alice = { subject: "alice" as AccountId, role: "client" } as const;
    const allowance = allowances.connect(alice, 0)!;
    expect(allowances.connect(alice, 0)).toBeUndefined();
    allowance.take(0);
    allowances.sweep(100);
    expect(allowances.size).toBe(1);
    allowance.take(100);
    allowances.disconnect(allowance);
    allowances.sweep(100);
    expect(allowances.size).toBe(1);
    allowances.sweep(101);
    expect(allowances.size).toBe(0);
  });
});

describe("Limits: their relations", () => {
  /** What a server without any setting has. */
  const { gateway } = loadConfig({});

  test("hold for the defaults of the settings", () => {
    expect(() => checkGatewayConfig(gateway)).not.toThrow();
  });

  test.each([
    ["a frame too small for a token", { frameBytesMax: 4_096 }, "frameBytesMax"],
    ["no room for two frames", { backpressureBytesMax: 9_000 }, "at least two frames"],
    ["an idle timeout that the sockets cannot keep", { idleTimeoutS: 5 }, "idleTimeoutS"],
    ["more for one account than for its address", { connectionsPerAccountMax: 2_001 }, "address"],
    ["more for one session than for all", { inFlightMax: 100 }, "one session"],
    ["a burst below the pipeline", { requestBurstPerAccount: 100 }, "pipeline"],
    ["a fraction", { drainMsMax: 0.5 }, "drainMsMax is a positive whole number"],
    ["zero", { marketFeedIntervalMs: 0 }, "marketFeedIntervalMs is a positive whole number"],
  ])("are checked: %s", (_what, change, complaint) => {
    expect(() => checkGatewayConfig({ ...gateway, ...change })).toThrow(complaint);
  });
});
