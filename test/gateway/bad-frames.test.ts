import { randomBytes } from "node:crypto";
import { pack } from "msgpackr";
import { describe, expect, test } from "vitest";
import { bid, eventually, type Fixture, startFixture } from "../support/gateway-fixture.ts";
import { requestIds } from "../support/gateway-client.ts";

async function world(config: object = {}): Promise<Fixture> {
  const fixture = await startFixture(config);
  await fixture.fund("alice", 1_000_000);
  await fixture.list("promo", 1_000_000);
  return fixture;
}

const uuid = (): string => "01890a5d-ac96-774b-bcce-b302099a8057";

describe("Bad frames: JSON", () => {
  const place = (changes: string): string =>
    `{"op":"bid.place","id":7,"requestId":"${uuid()}","loanId":"promo",${changes}}`;

  test.each([
    ["no JSON", "{", "malformed_frame"],
    ["nothing", "", "malformed_frame"],
    ["an array", "[1,2]", "malformed_frame"],
    ["no id", '{"op":"session.ping"}', "malformed_frame"],
    ["an unknown operation", '{"op":"bid.steal","id":7}', "unknown_operation"],
    ["an operation of Object's", '{"op":"constructor","id":7}', "unknown_operation"],
    ["zero", place('"amountCents":0,"fill":"exact"'), "invalid_field"],
    ["a negative amount", place('"amountCents":-100,"fill":"exact"'), "invalid_field"],
    ["minus zero", place('"amountCents":-0,"fill":"exact"'), "invalid_field"],
    ["a fraction", place('"amountCents":100.5,"fill":"exact"'), "invalid_field"],
    ["above 2^53", place('"amountCents":9007199254740993,"fill":"exact"'), "invalid_field"],
    ["a number as text", place('"amountCents":"100","fill":"exact"'), "invalid_field"],
    ["an unknown fill", place('"amountCents":100,"fill":"most"'), "invalid_field"],
    ["a missing field", place('"amountCents":100'), "invalid_field"],
    ["a polluting field", place('"amountCents":100,"fill":"exact","__proto__":1'), "invalid_field"],
  ])("%s is answered with a typed error", async (_what, frame, code) => {
    const fixture = await world();
    const client = await fixture.client("alice", { encoding: "json" });
    const before = fixture.runtime.digest();
    client.socket.send(frame);
    expect(await client.next()).toMatchObject({ kind: "error", code, retryAfterMs: null });
    await client.must("session.ping");
    expect(fixture.runtime.digest()).toBe(before);
    expect(fixture.counters.framesMalformed).toBe(1);
  });
});

describe("Bad frames: MessagePack", () => {
  test.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(), "malformed_frame"],
    ["a map", pack({ op: 20 }), "malformed_frame"],
    ["an unknown number", pack([99, 7]), "unknown_operation"],
    ["NaN for an amount", pack([20, 7, Buffer.alloc(16, 0x77), "promo", NaN, 0]), "invalid_field"],
    ["a loan id that is no text", pack([32, 7, { id: "promo" }]), "invalid_field"],
    ["deep nesting", Buffer.alloc(8_000, 0x91), "malformed_frame"],
    ["bytes after the message", Buffer.concat([pack([2, 7]), Buffer.from([0])]), "malformed_frame"],
  ])("%s is answered with a typed error", async (_what, frame, code) => {
    const fixture = await world();
    const client = await fixture.client("alice");
    const before = fixture.runtime.digest();
    client.socket.send(frame);
    expect(await client.next()).toMatchObject({ kind: "error", code });
    await client.must("session.ping");
    expect(fixture.runtime.digest()).toBe(before);
  });
});

describe("Bad frames: of the wrong kind or size", () => {
  test("text where binary was agreed, and the other way round", async () => {
    const fixture = await world();
    const bot = await fixture.client("alice");
    bot.socket.send('{"op":"session.ping","id":1}');
    expect(await bot.next()).toMatchObject({ code: "malformed_frame", id: null });
    const page = await fixture.client("alice", { encoding: "json" });
    page.socket.send(pack([2, 1]));
    expect(await page.next()).toMatchObject({ code: "malformed_frame", id: null });
  });

  test("larger than the limit: frame_too_large; twice as large: the connection ends", async () => {
    const fixture = await world();
    const client = await fixture.client("alice", { encoding: "json" });
    client.socket.send(" ".repeat(8 * 1024 + 1));
    expect(await client.next()).toMatchObject({ code: "frame_too_large" });
    client.socket.send(" ".repeat(16 * 1024 + 1));
    expect((await client.closed).code).toBe(1006);
    expect(fixture.counters.framesTooLarge).toBe(2);
    expect(fixture.counters.framesMalformed).toBe(0);
    await (await fixture.client("alice")).must("session.ping");
  });

  test("so many in a row: closed with 4400; a good one in between starts the count anew", async () => {
    const fixture = await world({ badFramesInRowMax: 4 });
    const client = await fixture.client("alice", { encoding: "json" });
    for (let round = 0; round < 3; round++) {
      for (let bad = 0; bad < 3; bad++) client.socket.send("{");
      await client.must("session.ping");
    }
    for (let bad = 0; bad < 4; bad++) client.socket.send("{");
    expect((await client.closed).code).toBe(4400);
    expect(fixture.counters.sessionsClosedBadFrames).toBe(1);
  });
});

describe("Bad frames: random bytes", () => {
  test("change nothing and leave others' requests alone", async () => {
    const fixture = await world({ badFramesInRowMax: 1_000_000 });
    const before = fixture.runtime.digest();
    const attackers = [
      await fixture.client("eve"),
      await fixture.client("eve", { encoding: "json" }),
      // Not even let in yet.
      await fixture.connect(),
    ];
    const honest = await fixture.client("alice");
    const sent = 3_000;
    for (let at = 0; at < sent; at++) {
      const bytes = randomBytes(at % 64);
      // Half of them look like a bid at first.
      if (at % 2 === 0 && bytes.length > 4) bytes.set([0x96, 20, 7, 0xc4], 0);
      for (const client of attackers) {
        client.socket.send(client.encoding === "json" ? bytes.toString("latin1") : bytes);
      }
      if (at % 100 === 0) await honest.must("session.ping");
    }
    await eventually(() => fixture.counters.framesReceived).toBeGreaterThan(sent * 2);
    expect(fixture.runtime.digest()).toBe(before);
    await honest.must("bid.place", bid("promo", 100));
    expect(fixture.counters.framesMalformed).toBeGreaterThan(sent);
  });

  test("as ids and tokens are refused as what they are", async () => {
    const fixture = await world();
    const client = await fixture.client("alice", { encoding: "json" });
    const fields = { requestId: requestIds.next(), loanId: "no such loan!", amountCents: 1 };
    const { code } = await client.refusal("bid.place", {
      ...fields,
      fill: "exact",
      minCents: null,
    });
    expect(code).toBe("invalid_field");
  });
});
