// The door for the custodian's callbacks, with a reader that tells what it was given: whole bodies,
// bounded, answered when it says so; and withdrawals, which need a bank.

import net from "node:net";
import { describe, expect, test } from "vitest";
import {
  BODIES_COMING_PER_ADDRESS_MAX,
  BODY_MS_MAX,
  CALLBACKS_MAX,
  type CallbackAnswer,
  type CustodianDoor,
} from "../../src/gateway/callback-door.ts";
import { requestIds } from "../support/gateway-client.ts";
import { eventually, startFixture } from "../support/gateway-fixture.ts";
import { sendRaw } from "../support/raw-http.ts";

class TestDoor implements CustodianDoor {
  hasRoom = true;
  readonly taken: { signature: string | undefined; text: string; bytes: number }[] = [];
  answer: Promise<CallbackAnswer> = Promise.resolve({ status: 200, fields: { status: "noted" } });

  readonly callbacks = {
    signatureHeader: "loanloom-signature",
    bodyBytesMax: 1_000,
    screen: (signature: string | undefined): CallbackAnswer | undefined =>
      signature === undefined ? { status: 401, fields: { error: "signature_missing" } } : undefined,
    take: async (signature: string | undefined, body: Uint8Array): Promise<CallbackAnswer> => {
      const text = Buffer.from(body).toString();
      this.taken.push({ signature, text, bytes: body.length });
      return this.answer;
    },
  };
}

const SIGNED = { "loanloom-signature": "t=1,v1=ab" };

async function post(port: number, body: string, headers: Record<string, string> = SIGNED) {
  const url = `http://127.0.0.1:${port}/v1/custodian/callbacks`;
  const response = await fetch(url, { method: "POST", body, headers });
  return { status: response.status, fields: (await response.json()) as unknown };
}

/** Begins a callback whose body does not come; `address`: as a proxy tells it. */
function hold(port: number, told: (text: string) => void, address = "127.0.0.1"): net.Socket {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.on("data", (piece) => told(piece.toString()));
  const fields = ["Host: x", "loanloom-signature: t=1,v1=ab", "Content-Length: 100"];
  const headers = [...fields, `X-Client: ${address}`].join("\r\n");
  socket.write(`POST /v1/custodian/callbacks HTTP/1.1\r\n${headers}\r\n\r\n`);
  return socket;
}

describe("Callbacks", () => {
  test("reach the reader as they came, with their signature", async () => {
    const custodian = new TestDoor();
    const { port } = await startFixture({}, { custodian });
    const body = '{"a":"\u4e2d"}';
    expect(await post(port, body)).toEqual({ status: 200, fields: { status: "noted" } });
    expect(custodian.taken).toMatchObject([{ signature: "t=1,v1=ab", text: body }]);
  });

  test("without a signature are refused before their bodies come", async () => {
    const custodian = new TestDoor();
    const { port, counters } = await startFixture({}, { custodian });
    const asked = "POST /v1/custodian/callbacks HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n";
    const { statuses, text } = await sendRaw(port, asked);
    expect(statuses).toEqual([401]);
    expect(text).toContain("signature_missing");
    expect(await post(port, "{}", {})).toMatchObject({ status: 401 });
    expect(custodian.taken).toEqual([]);
    expect(counters.httpRefused).toBe(2);
  });

  test("are cut where they are too large: the reader sees that, and little else", async () => {
    const custodian = new TestDoor();
    custodian.answer = Promise.resolve({ status: 413, fields: { error: "body_too_large" } });
    const { port } = await startFixture({}, { custodian });
    expect(await post(port, "x".repeat(1_000))).toMatchObject({ status: 413 });
    expect(await post(port, "x".repeat(500_000))).toMatchObject({ status: 413 });
    expect(custodian.taken.map(({ bytes }) => bytes)).toEqual([1_000, 1_001]);
  });

  test("come through while others keep the door busy with bodies that do not come", async () => {
    const custodian = new TestDoor();
    const { port, counters } = await startFixture({}, { custodian });
    let refusedNow = 0;
    const sockets = Array.from({ length: CALLBACKS_MAX + 50 }, () =>
      hold(port, () => refusedNow++),
    );
    // Whoever has taken longest makes way for those of the same address that come later.
    const most = sockets.length - BODIES_COMING_PER_ADDRESS_MAX;
    await eventually(() => refusedNow).toBeGreaterThanOrEqual(most);
    for (let n = 0; n < 20; n++) expect(await post(port, "{}")).toMatchObject({ status: 200 });
    expect(custodian.taken).toHaveLength(20);
    expect(counters.httpRefused).toBeGreaterThanOrEqual(most);
    for (const socket of sockets) socket.destroy();
  });

  test("of one address make way for its own where all seats are taken, and give back but theirs", async () => {
    const { port, counters } = await startFixture(
      { clientAddressHeader: "x-client" },
      { custodian: new TestDoor() },
    );
    const refused = new Map<string, number>();
    const refusedOf = (address: string) => refused.get(address) ?? 0;
    const sockets: net.Socket[] = [];
    const holdMany = (address: string, count: number): void => {
      const told = (text: string) => {
        if (text.includes("server_busy")) refused.set(address, refusedOf(address) + 1);
      };
      for (let n = 0; n < count; n++) sockets.push(hold(port, told, address));
    };
    const most = BODIES_COMING_PER_ADDRESS_MAX;
    const addresses = Array.from({ length: CALLBACKS_MAX / most }, (_, n) => `10.0.0.${n}`);
    const [first, last] = [addresses[0]!, addresses.at(-1)!];
    for (const address of addresses) holdMany(address, most);
    await eventually(() => counters.httpRequests).toBe(CALLBACKS_MAX);
    holdMany(last, 100);
    await eventually(() => refusedOf(last)).toBe(100);
    expect(refusedOf(first)).toBe(0);
    // All go; then it has as many seats as before, no more.
    for (const socket of sockets.splice(0)) socket.destroy();
    await eventually(() => counters.httpConnectionsOpen).toBe(0);
    refused.clear();
    holdMany(last, most + 100);
    await eventually(() => refusedOf(last)).toBe(100);
    for (const socket of sockets) socket.destroy();
  });

  test("have a short time for their bodies", async () => {
    const custodian = new TestDoor();
    const { port, counters, clock } = await startFixture({}, { custodian });
    let text = "";
    const socket = hold(port, (piece) => (text += piece));
    await eventually(() => counters.httpRequests).toBe(1);
    clock.shiftMs = BODY_MS_MAX;
    await eventually(() => text).toContain("408 Request Timeout");
    expect(counters.httpTimeouts).toBe(1);
    socket.destroy();
  });

  test("are refused as busy when too many wait for their commits, and not longer", async () => {
    const custodian = new TestDoor();
    let noted: (answer: CallbackAnswer) => void = () => undefined;
    custodian.answer = new Promise((resolve) => (noted = resolve));
    const { port } = await startFixture({ httpAnswerMsMax: 60_000 }, { custodian });
    const waiting = Array.from({ length: CALLBACKS_MAX }, () => post(port, "{}"));
    await eventually(() => custodian.taken.length).toBe(CALLBACKS_MAX);
    expect(await post(port, "{}")).toMatchObject({ status: 503, fields: { error: "server_busy" } });
    noted({ status: 200, fields: {} });
    const statuses = new Set((await Promise.all(waiting)).map(({ status }) => status));
    expect([...statuses]).toEqual([200]);
    expect(await post(port, "{}")).toMatchObject({ status: 200 });
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
