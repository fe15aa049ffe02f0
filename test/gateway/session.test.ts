import { describe, expect, test } from "vitest";
import { requestIds } from "../support/gateway-client.ts";
import {
  bid,
  revocationOf,
  revocationOfSubject,
  startFixture,
} from "../support/gateway-fixture.ts";

describe("Session: authentication as the first message", () => {
  test.each(["msgpack", "json"] as const)(
    "lets a session in with a token, in %s",
    async (encoding) => {
      const fixture = await startFixture();
      const client = await fixture.connect({ encoding });
      const expiresAtMs = Math.floor(Date.now() / 1_000) * 1_000 + 60_000;
      const token = await fixture.token("alice", { expiresAtMs });
      expect(await client.must("session.authenticate", { token })).toEqual({
        subject: "alice",
        role: "client",
        expiresAtMs,
      });
      await client.must("session.ping");
    },
  );

  test("closes with 4401 what says anything else first", async () => {
    const fixture = await startFixture();
    const client = await fixture.connect();
    expect((await client.refusal("market.loans")).code).toBe("unauthenticated");
    expect((await client.closed).code).toBe(4401);
  });

  test("closes with 4401 a bad token", async () => {
    const fixture = await startFixture();
    const client = await fixture.connect();
    const { code } = await client.refusal("session.authenticate", { token: "x.y.z" });
    expect(code).toBe("unauthenticated");
    expect((await client.closed).code).toBe(4401);
    expect(fixture.counters.sessionsClosedUnauthenticated).toBe(1);
  });

  test("closes with 4401 what stays silent, after the time allowed", async () => {
    const fixture = await startFixture({ authenticateMsMax: 200 });
    const startMs = performance.now();
    const client = await fixture.connect();
    const { code } = await client.closed;
    expect(code).toBe(4401);
    expect(performance.now() - startMs).toBeGreaterThan(190);
    expect(client.received).toMatchObject([{ kind: "error", id: null, code: "unauthenticated" }]);
  });

  test("need not be waited for: what follows the token is answered after it, in order", async () => {
    const fixture = await startFixture();
    const client = await fixture.connect();
    const first = client.send("session.authenticate", { token: await fixture.token("alice") });
    const ids = [first, ...Array.from({ length: 5 }, () => client.send("session.ping"))];
    for (const id of ids) expect(await client.next()).toMatchObject({ kind: "reply", id });
  });

  test("carries out nothing of what follows a bad token", async () => {
    const fixture = await startFixture();
    await fixture.fund("alice", 1_000);
    await fixture.list("promo", 1_000);
    const before = fixture.runtime.digest();
    const client = await fixture.connect();
    client.send("session.authenticate", { token: "x.y.z" });
    for (let sent = 0; sent < 5; sent++) client.send("bid.place", bid("promo", 100));
    expect((await client.closed).code).toBe(4401);
    expect(fixture.runtime.digest()).toBe(before);
    expect(client.received).toHaveLength(1);
  });
});

describe("Session: expiry, renewal and revocation", () => {
  test("ends with 4401 when the token runs out", async () => {
    const fixture = await startFixture();
    const token = await fixture.token("alice", { expiresAtMs: Date.now() + 3_000 });
    const client = await fixture.connect({ token });
    await client.must("session.ping");
    fixture.clock.shiftMs = 4_000;
    expect((await client.closed).code).toBe(4401);
    expect(client.received.at(-1)).toMatchObject({ code: "unauthenticated", id: null });
    expect(fixture.counters.sessionsClosedExpired).toBe(1);
  });

  test("ends at the next request even before the sweep notices", async () => {
    const fixture = await startFixture({ sweepIntervalMs: 60_000 });
    const token = await fixture.token("alice", { expiresAtMs: Date.now() + 3_000 });
    const client = await fixture.connect({ token });
    await client.must("session.ping");
    fixture.clock.shiftMs = 4_000;
    const before = fixture.runtime.digest();
    client.send("bid.place", bid("promo", 100));
    expect((await client.closed).code).toBe(4401);
    expect(fixture.runtime.digest()).toBe(before);
    expect(fixture.counters.requestsAccepted).toBe(0);
  });

  test("lives on with a newer token of the same subject", async () => {
    const fixture = await startFixture();
    const token = await fixture.token("alice", { expiresAtMs: Date.now() + 3_000 });
    const client = await fixture.connect({ token });
    await client.must("session.authenticate", { token: await fixture.token("alice") });
    fixture.clock.shiftMs = 4_000;
    await new Promise((resolve) => setTimeout(resolve, 100));
    await client.must("session.ping");
  });

  test("keeps its subject and role: a token of another is forbidden and changes nothing", async () => {
    const fixture = await startFixture();
    await fixture.fund("alice", 1_000);
    await fixture.fund("bob", 2_000);
    const client = await fixture.client("alice");
    const others = [await fixture.token("bob"), await fixture.token("alice", { role: "operator" })];
    for (const token of others) {
      expect((await client.refusal("session.authenticate", { token })).code).toBe("forbidden");
    }
    expect(await client.must("account.get")).toMatchObject({ accountId: "alice" });
    const { code } = await client.refusal("account.open", {
      requestId: requestIds.next(),
      accountId: "carol",
    });
    expect(code).toBe("forbidden");
  });

  test("stays open, on its old token, when the newer one is bad", async () => {
    const fixture = await startFixture();
    const client = await fixture.client("alice");
    const { code } = await client.refusal("session.authenticate", { token: "bad" });
    expect(code).toBe("unauthenticated");
    await client.must("session.ping");
  });

  test("ends with 4401 when its token or its subject is revoked", async () => {
    const fixture = await startFixture();
    const tokenId = "t-1";
    const byId = await fixture.connect({ token: await fixture.token("alice", { tokenId }) });
    const bySubject = await fixture.client("bob");
    const untouched = await fixture.client("alice");
    await byId.must("session.ping");
    await bySubject.must("session.ping");
    fixture.revocations.add(revocationOf(tokenId, Date.now()), Date.now());
    fixture.revocations.add(revocationOfSubject("bob", Date.now()), Date.now());
    expect((await byId.closed).code).toBe(4401);
    expect((await bySubject.closed).code).toBe(4401);
    await untouched.must("session.ping");
    expect(fixture.counters.sessionsClosedRevoked).toBe(2);
  });
});

describe("A business date", () => {
  test("begins at most ten years ahead, and none after the last that may be typed", async () => {
    const fixture = await startFixture();
    const { businessDay } = fixture.runtime;
    const operator = await fixture.client("ops", {}, "operator");
    for (const day of [businessDay + 3_661, 376_201, 2_932_896]) {
      const { code } = await operator.refusal("calendar.advance", { day });
      expect([day, code]).toEqual([day, "day_out_of_range"]);
    }
    for (const day of [0, 2_932_897]) {
      const { code } = await operator.refusal("calendar.advance", { day });
      expect([day, code]).toEqual([day, "invalid_field"]);
    }
    expect(fixture.runtime.businessDay).toBe(businessDay);
    await operator.must("calendar.advance", { day: businessDay + 3_660 });
    expect(fixture.runtime.businessDay).toBe(businessDay + 3_660);
  });
});
