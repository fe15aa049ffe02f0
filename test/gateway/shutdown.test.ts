import { describe, expect, test } from "vitest";
import { bid, eventually, GATEWAY_CONFIG, startFixture } from "../support/gateway-fixture.ts";
import { createGateway, startGateway } from "../../src/gateway/gateway.ts";
import { createGatewayCounters } from "../../src/gateway/counters.ts";
import { InlineRuntime } from "../support/inline-runtime.ts";

describe("Shutdown: drain", () => {
  test("answers what was accepted, refuses what is new, and closes with 1012", async () => {
    const fixture = await startFixture({ reconnectUrl: "wss://b.example/v1/ws" });
    await fixture.fund("alice", 1_000);
    await fixture.list("promo", 1_000);
    const client = await fixture.client("alice");
    const idle = await fixture.client("bob", { encoding: "json" });
    await idle.must("session.ping");
    fixture.runtime.isPaused = true;
    const accepted = client.send("bid.place", bid("promo", 100));
    await eventually(() => fixture.runtime.inFlight).toBe(1);

    const drained = fixture.gateway.drain("new version");
    const notice = { reconnectAfterMs: 1_000, url: "wss://b.example/v1/ws" };
    await eventually(() => client.pushes("server.shutdown").at(0)?.view).toEqual(notice);
    await eventually(() => idle.pushes("server.shutdown").at(0)?.view).toEqual(notice);
    const refused = await client.refusal("bid.place", bid("promo", 100));
    expect(refused).toMatchObject({ code: "server_shutdown", retryAfterMs: 1_000 });
    // The port is closed: nobody gets in any more.
    await expect(fixture.client("carol")).rejects.toThrow();

    fixture.runtime.resume();
    expect((await client.answerTo(accepted)).kind).toBe("reply");
    expect(await client.closed).toEqual({ code: 1012, reason: "new version" });
    expect((await idle.closed).code).toBe(1012);
    await drained;
    expect(fixture.counters.connectionsOpen).toBe(0);
  });

  test("does not wait for ever: after drainMsMax the sessions are closed all the same", async () => {
    const fixture = await startFixture({ drainMsMax: 150 });
    await fixture.fund("alice", 1_000);
    const client = await fixture.client("alice");
    fixture.runtime.isPaused = true;
    client.send("account.get");
    await eventually(() => fixture.runtime.inFlight).toBe(1);
    const startMs = performance.now();
    await fixture.gateway.drain("stop");
    expect(performance.now() - startMs).toBeGreaterThan(140);
    expect((await client.closed).code).toBe(1012);
    expect(fixture.logged.at(-1)).toContain("drained only in part");
  });
});

describe("Shutdown: a shard that lost its speculative work", () => {
  test("has all sessions closed with 1012, and every client can ask what became of it", async () => {
    const fixture = await startFixture();
    await fixture.fund("alice", 1_000);
    await fixture.list("promo", 1_000);
    const client = await fixture.client("alice");
    await client.must("account.watch", { accountId: null, after: null });
    fixture.runtime.isPaused = true;
    const lost = bid("promo", 100) as { requestId: string };
    client.send("bid.place", lost);
    await eventually(() => fixture.runtime.inFlight).toBe(1);
    fixture.runtime.loseAll("fenced");
    expect(await client.closed).toEqual({ code: 1012, reason: "fenced" });
    expect(fixture.counters.sessionsClosedByReset).toBe(1);
    expect(fixture.runtime.unwatched).toEqual(["alice"]);
    fixture.runtime.isPaused = false;
    const again = await fixture.client("alice");
    const { requestId } = lost;
    expect(await again.must("request.outcome", { requestId, accountId: null })).toMatchObject({
      state: "unknown",
    });
    expect(await again.must("bid.place", lost)).toMatchObject({ filledCents: 100 });
  });
});

describe("Shutdown: the port", () => {
  test("that is in use is an error that says so", async () => {
    const fixture = await startFixture();
    const options = {
      config: { ...GATEWAY_CONFIG, port: fixture.port },
      metrics: createGatewayCounters(),
      clock: fixture.clock,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      authenticator: fixture.authenticator,
    };
    const second = createGateway(options);
    second.attach(new InlineRuntime(second.outlet));
    await expect(second.listen()).rejects.toThrow(`127.0.0.1:${fixture.port}`);
    second.close();
    const { runtime } = fixture;
    const third = await startGateway({ ...options, config: GATEWAY_CONFIG, runtime });
    expect(third.port).toBeGreaterThan(0);
    third.close();
  });
});
