import { describe, expect, test } from "vitest";
import { startFixture } from "../support/gateway-fixture.ts";
import { startKeyServer } from "../support/key-server.ts";

describe("What the gateway answers itself", () => {
  test("is not told by a server that has nothing, or was replaced", async () => {
    const fixture = await startFixture();
    const client = await fixture.client("alice");
    fixture.runtime.isServing = false;
    const unavailable = { kind: "error", code: "unavailable" };
    expect(await client.ask("market.loans", {})).toMatchObject(unavailable);
    expect(await client.ask("calendar.get", {})).toMatchObject(unavailable);
    const terms = { principalCents: 1_000_000, rateBps: 1_200, term: 12 };
    expect(await client.ask("schedule.preview", terms)).toMatchObject(unavailable);
    expect(await client.ask("session.ping", {})).toMatchObject({ kind: "reply" });
    const headers = { authorization: `Bearer ${await fixture.token("alice")}` };
    const overHttp = await fetch(`http://127.0.0.1:${fixture.port}/v1/loans`, { headers });
    expect(overHttp.status).toBe(503);
    fixture.runtime.isServing = true;
    expect(await client.ask("market.loans", {})).toMatchObject({ kind: "reply" });
  });
});

describe("A token that cannot be verified now", () => {
  test("is no reason to end a client for good: its session is closed with 1013", async () => {
    const identities = await startKeyServer();
    const token = await identities.sign({ sub: "alice" });
    identities.isBroken = true;
    const fixture = await startFixture({}, {}, identities.config);
    const client = await fixture.connect({ token });
    expect((await client.closed).code).toBe(1013);
  });
});
