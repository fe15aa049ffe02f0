// The door for the custodian's callbacks, with a reader that tells what it was given: whole bodies,
// bounded, answered when it says so; and withdrawals, which need a bank.

import { describe, expect, test } from "vitest";
import type { CallbackAnswer, CustodianDoor } from "../../src/gateway/callback-door.ts";
import { requestIds } from "../support/gateway-client.ts";
import { startFixture } from "../support/gateway-fixture.ts";

class TestDoor implements CustodianDoor {
  hasRoom = true;
  readonly taken: { signature: string | undefined; text: string; bytes: number }[] = [];
  answer: Promise<CallbackAnswer> = Promise.resolve({ status: 200, fields: { status: "noted" } });

  readonly callbacks = {
    signatureHeader: "loanloom-signature",
    bodyBytesMax: 1_000,
    take: async (signature: string | undefined, body: Uint8Array): Promise<CallbackAnswer> => {
      const text = Buffer.from(body).toString();
      this.taken.push({ signature, text, bytes: body.length });
      return this.answer;
    },
  };
}

async function post(port: number, body: string, headers: Record<string, string> = {}) {
  const url = `http://127.0.0.1:${port}/v1/custodian/callbacks`;
  const response = await fetch(url, { method: "POST", body, headers });
  return { status: response.status, fields: (await response.json()) as unknown };
}

describe("Callbacks", () => {
  test("reach the reader as they came, with their signature", async () => {
    const custodian = new TestDoor();
    const { port } = await startFixture({}, { custodian });
    const body = '{"a":"\u4e2d"}';
    const answer = await post(port, body, { "loanloom-signature": "t=1,v1=ab" });
    expect(answer).toEqual({ status: 200, fields: { status: "noted" } });
    expect(await post(port, body)).toMatchObject({ status: 200 });
    expect(custodian.taken).toMatchObject([
      { signature: "t=1,v1=ab", text: body },
      { signature: undefined, text: body },
    ]);
  });

  test("are cut where they are too large: the reader sees that, and little else", async () => {
    const custodian = new TestDoor();
    custodian.answer = Promise.resolve({ status: 413, fields: { error: "body_too_large" } });
    const { port } = await startFixture({}, { custodian });
    expect(await post(port, "x".repeat(1_000))).toMatchObject({ status: 413 });
    expect(await post(port, "x".repeat(500_000))).toMatchObject({ status: 413 });
    expect(custodian.taken.map(({ bytes }) => bytes)).toEqual([1_000, 1_001]);
  });

  test("that nobody answers are unavailable after the time of every answer", async () => {
    const custodian = new TestDoor();
    custodian.answer = new Promise(() => undefined);
    const { port } = await startFixture({ httpAnswerMsMax: 100 }, { custodian });
    expect(await post(port, "{}")).toMatchObject({
      status: 503,
      fields: { error: "unavailable" },
    });
  });

  test("have no path where there is no bank, and no other method", async () => {
    const without = await startFixture();
    const url = (port: number): string => `http://127.0.0.1:${port}/v1/custodian/callbacks`;
    expect((await fetch(url(without.port), { method: "POST", body: "{}" })).status).toBe(404);
    const custodian = new TestDoor();
    const { port } = await startFixture({}, { custodian });
    expect((await fetch(url(port))).status).toBe(404);
    expect(custodian.taken).toEqual([]);
  });
});

describe("Withdrawals", () => {
  const withdraw = () => ({
    requestId: requestIds.next(),
    amountCents: 10_00,
    beneficiary: "bank 1",
  });

  test("need a bank, and one that has room", async () => {
    const without = await startFixture();
    await without.fund("ann", 100_00);
    const client = await without.client("ann");
    expect(await client.refusal("account.withdraw", withdraw())).toMatchObject({
      code: "custodian_not_configured",
    });
    const custodian = new TestDoor();
    const fixture = await startFixture({}, { custodian });
    await fixture.fund("ann", 100_00);
    const ann = await fixture.client("ann");
    custodian.hasRoom = false;
    const busy = await ann.refusal("account.withdraw", withdraw());
    expect(busy).toMatchObject({ code: "server_busy" });
    expect(busy.retryAfterMs).toBeGreaterThan(0);
    custodian.hasRoom = true;
    expect(await ann.must("account.withdraw", withdraw())).toMatchObject({
      withdrawal: 1,
      availableCents: 90_00,
      heldCents: 10_00,
    });
  });
});
