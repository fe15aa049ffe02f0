import { addExtension, Packr, pack } from "msgpackr";
import { describe, expect, test } from "vitest";
import { formatRequestId, type RequestId } from "../../actors/address.ts";
import { decodeJsonRequest, decodeMsgpackRequest } from "../../src/protocol/decode-request.ts";

const ID_BYTES = Buffer.from("01930000000070008000000000000001", "hex");
const ID_TEXT = formatRequestId(ID_BYTES.toString("latin1") as RequestId);

/** A bid whose items are replaced by position: 2 requestId, 3 loan, 4 amount, 5 fill, 6 least. */
function bid(changes: Record<number, unknown> = {}): unknown[] {
  const items: unknown[] = [20, 7, ID_BYTES, "loan-1", 10_000, 1, null];
  for (const [at, value] of Object.entries(changes)) items[Number(at)] = value;
  return items;
}

function jsonBid(changes: Record<string, string> = {}): string {
  const members: Record<string, string> = {
    op: '"bid.place"',
    id: "7",
    requestId: `"${ID_TEXT}"`,
    loanId: '"loan-1"',
    amountCents: "10000",
    fill: '"upTo"',
    ...changes,
  };
  return `{${Object.entries(members)
    .map(([name, text]) => `"${name}":${text}`)
    .join(",")}}`;
}

const float64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(9);
  bytes[0] = 0xcb;
  bytes.writeDoubleBE(value, 1);
  return bytes;
};

/** The bid with the bytes of its amount as given. */
function bidWithAmount(amount: Uint8Array): Uint8Array {
  const [head, tail] = [pack(bid().slice(0, 4)), pack(bid().slice(5))];
  return Buffer.concat([Buffer.of(0x97), head.subarray(1), amount, tail.subarray(1)]);
}

const refusal = (code: string, id: number | null = 7) => ({ ok: false, id, code });

describe("decodeMsgpackRequest", () => {
  test("takes a good bid", () => {
    expect(decodeMsgpackRequest(pack(bid()))).toMatchObject({
      ok: true,
      id: 7,
      command: { type: "PlaceBid", loanId: "loan-1", amountCents: 10_000, fill: "upTo" },
    });
  });

  test.each<[string, Uint8Array]>([
    ["uint 8", Buffer.of(0xcc, 200)],
    ["uint 16", Buffer.of(0xcd, 0, 200)],
    ["uint 32", Buffer.of(0xce, 0, 0, 0, 200)],
    ["uint 64", Buffer.of(0xcf, 0, 0, 0, 0, 0, 0, 0, 200)],
    ["int 16", Buffer.of(0xd1, 0, 200)],
    ["int 32", Buffer.of(0xd2, 0, 0, 0, 200)],
    ["int 64", Buffer.of(0xd3, 0, 0, 0, 0, 0, 0, 0, 200)],
  ])("takes an amount as %s", (_, amount) => {
    const decoded = decodeMsgpackRequest(bidWithAmount(amount));
    expect(decoded).toMatchObject({ ok: true, command: { amountCents: 200 } });
  });

  test("takes a float 64 only for an integer beyond 32 bits", () => {
    const large = decodeMsgpackRequest(bidWithAmount(float64(2 ** 39)));
    expect(large).toMatchObject({ ok: true, command: { amountCents: 2 ** 39 } });
  });

  test.each<[string, Uint8Array]>([
    ["zero", Buffer.of(0)],
    ["minus one", Buffer.of(0xff)],
    ["a negative int 8", Buffer.of(0xd0, 0x80)],
    ["a negative int 16", Buffer.of(0xd1, 0x80, 0)],
    ["a negative int 32", Buffer.of(0xd2, 0x80, 0, 0, 0)],
    ["a negative int 64", Buffer.of(0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ["10^12 + 1", float64(10 ** 12 + 1)],
    ["2^53", Buffer.of(0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0)],
    ["2^53 + 1", Buffer.of(0xcf, 0, 0x20, 0, 0, 0, 0, 0, 1)],
    ["2^64 - 1", Buffer.of(0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ["NaN", float64(NaN)],
    ["Infinity", float64(Infinity)],
    ["-0", float64(-0)],
    ["a fraction", float64(10_000.5)],
    ["a small integer as float 64", float64(10_000)],
    ["a float 32", Buffer.of(0xca, 0x46, 0x1c, 0x40, 0)],
    ["text", pack("10000")],
    ["true", pack(true)],
    ["nil", pack(null)],
    ["a list", pack([10_000])],
    ["a map", pack({ amountCents: 1 })],
    ["a timestamp", pack(new Date(0))],
  ])("refuses %s as an amount", (_, amount) => {
    expect(decodeMsgpackRequest(bidWithAmount(amount))).toMatchObject(refusal("invalid_field"));
  });

  test.each<[string, unknown[]]>([
    ["a UUID of version 4", bid({ 2: Buffer.from("01930000000040008000000000000001", "hex") })],
    [
      "a UUID of another variant",
      bid({ 2: Buffer.from("0193000000007000c000000000000001", "hex") }),
    ],
    ["a UUID of 15 bytes", bid({ 2: ID_BYTES.subarray(1) })],
    ["a UUID in text", bid({ 2: ID_TEXT })],
    ["an empty id", bid({ 3: "" })],
    ["an id of 41 characters", bid({ 3: "a".repeat(41) })],
    ["an id with a slash", bid({ 3: "a/b" })],
    ["an id with a letter of another script", bid({ 3: "lo\u0430n" })],
    ["an id that begins with a dot", bid({ 3: ".a" })],
    ["a choice out of range", bid({ 5: 2 })],
    ["a choice by name", bid({ 5: "upTo" })],
    ["a least amount of zero", bid({ 6: 0 })],
    ["a field too many", [...bid(), 1]],
    ["a field too few", bid().slice(0, 5)],
  ])("refuses %s", (_, items) => {
    expect(decodeMsgpackRequest(pack(items))).toMatchObject(refusal("invalid_field"));
  });

  test.each<[string, unknown[]]>([
    ["of number 0", [0, 7]],
    ["of an unassigned number", [99, 7]],
    ["of a number beyond all", [1_000_000, 7]],
    ["of a reply", [148, 7]],
    ["of a push", [-1, 7]],
  ])("refuses an operation %s", (_, items) => {
    expect(decodeMsgpackRequest(pack(items))).toMatchObject(refusal("unknown_operation"));
  });

  test.each<[string, Uint8Array]>([
    ["nothing", Buffer.of()],
    ["a number", pack(20)],
    ["a map", pack({ op: 20, id: 7 })],
    ["an empty list", pack([])],
    ["a list of one", pack([20])],
    ["an operation by name", pack(["bid.place", 7])],
    ["an id of nil", pack([20, null])],
    ["a negative id", pack([20, -1])],
    ["an id beyond 32 bits", pack([20, 2 ** 32])],
    ["a fractional id", pack([20, 1.5])],
    ["text", new TextEncoder().encode(jsonBid())],
    ["a list that claims four billion items", Buffer.of(0xdd, 0xff, 0xff, 0xff, 0xff, 20)],
  ])("refuses %s as malformed", (_, bytes) => {
    expect(decodeMsgpackRequest(bytes)).toMatchObject(refusal("malformed_frame", null));
  });

  test("refuses bytes behind the message", () => {
    const bytes = Buffer.concat([pack(bid()), Buffer.of(0xc0)]);
    expect(decodeMsgpackRequest(bytes)).toMatchObject(refusal("malformed_frame"));
  });

  test("refuses every prefix of a good frame", () => {
    const bytes = pack(bid());
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeMsgpackRequest(bytes.subarray(0, length)).ok).toBe(false);
    }
  });

  test("refuses a string that claims to go on behind the frame, whatever memory is there", () => {
    const all = pack([32, 7, "loan-1"]);
    const within = Buffer.concat([all, Buffer.from("234567")]).subarray(0, all.length);
    within[3] = 0xa0 | 12;
    expect(decodeMsgpackRequest(within)).toMatchObject(refusal("invalid_field"));
  });

  test("refuses records of msgpackr and other extensions", () => {
    const records = new Packr({ useRecords: true, structures: [] });
    expect(decodeMsgpackRequest(records.pack({ op: 20, id: 7 })).ok).toBe(false);
    expect(decodeMsgpackRequest(records.pack([20, 7, { __proto__x: 1 }])).ok).toBe(false);
    class Thing {}
    addExtension({ Class: Thing, type: 1, pack: () => Buffer.of(1) });
    for (let at = 2; at < 7; at++) {
      expect(decodeMsgpackRequest(pack(bid({ [at]: new Thing() }))).ok).toBe(false);
    }
    // Fixext 1 of type "r" (0x72) is how msgpackr announces a record structure.
    const announced = Buffer.concat([Buffer.of(0xd4, 0x72, 0x40), pack(["op", "id"])]);
    expect(decodeMsgpackRequest(announced).ok).toBe(false);
  });

  test("refuses 16 KB of nesting at once", () => {
    for (const head of [0x91, 0x81, 0xdc]) {
      const deep = Buffer.concat([pack([20, 7]), Buffer.alloc(16_384, head)]);
      deep[0] = 0x97;
      expect(decodeMsgpackRequest(deep)).toMatchObject(refusal("invalid_field"));
      expect(decodeMsgpackRequest(Buffer.alloc(16_384, head)).ok).toBe(false);
    }
  });

  test.each<[string, Uint8Array]>([
    ["overlong", Buffer.of(0xc0, 0xaf)],
    ["an overlong of 3", Buffer.of(0xe0, 0x80, 0xaf)],
    ["a surrogate", Buffer.of(0xed, 0xa0, 0x80)],
    ["beyond the last code point", Buffer.of(0xf4, 0x90, 0x80, 0x80)],
    ["cut", Buffer.of(0x61, 0xe2, 0x82)],
    ["a lone continuation", Buffer.of(0x80)],
  ])("refuses UTF-8 that is %s", (_, text) => {
    const head = pack([11, 7, ID_BYTES, "alice", 1]);
    head[0] = 0x96;
    const bytes = Buffer.concat([head, Buffer.of(0xa0 | text.length), text]);
    expect(decodeMsgpackRequest(bytes)).toMatchObject(refusal("invalid_field"));
  });
});

describe("decodeJsonRequest", () => {
  test("takes a good bid", () => {
    expect(decodeJsonRequest(jsonBid())).toEqual(decodeMsgpackRequest(pack(bid())));
  });

  test.each([
    "0",
    "-1",
    "-0",
    "1.0",
    "1.5",
    "1e4",
    "1000000000001",
    "9007199254740992",
    "9007199254740993",
    "9007199254740991.4",
    "1e999",
    `1${"0".repeat(400)}`,
    '"10000"',
    "true",
    "null",
  ])("refuses %s as an amount", (amountCents) => {
    expect(decodeJsonRequest(jsonBid({ amountCents }))).toMatchObject(refusal("invalid_field"));
  });

  test.each<[string, string]>([
    ["an unknown field", jsonBid({ colour: '"red"' })],
    ["__proto__", jsonBid({ ["__proto__"]: "1" })],
    ["a polluting key", jsonBid().replace("{", '{"__proto__":"x",')],
    ["constructor", jsonBid().replace("{", '{"constructor":"x",')],
    ["a field that is there twice", jsonBid().replace("{", '{"amountCents":1,')],
    ["op twice", jsonBid().replace("{", '{"op":"bid.place",')],
    ["a field of another operation", jsonBid({ bidId: "1" })],
    ["a choice of another case", jsonBid({ fill: '"UPTO"' })],
    ["a choice by number", jsonBid({ fill: "1" })],
    ["a choice that every object has", jsonBid({ fill: '"constructor"' })],
    ["a UUID without hyphens", jsonBid({ requestId: `"${ID_TEXT.replaceAll("-", "")}"` })],
    ["a UUID of version 4", jsonBid({ requestId: '"01930000-0000-4000-8000-000000000001"' })],
    ["a UUID with a wrong first digit", jsonBid({ requestId: `"g${ID_TEXT.slice(1)}"` })],
    ["a UUID with a wrong last digit", jsonBid({ requestId: `"${ID_TEXT.slice(0, -1)}g"` })],
    ["a UUID with a digit of another script", jsonBid({ requestId: `"é${ID_TEXT.slice(2)}"` })],
    ["a UUID with other hyphens", jsonBid({ requestId: `"${ID_TEXT.replaceAll("-", "_")}"` })],
    ["an id with an escape for a bad character", jsonBid({ loanId: '"a\\u0000"' })],
    ["an id with a broken escape", jsonBid({ loanId: '"a\\x41"' })],
  ])("refuses %s", (_, text) => {
    expect(decodeJsonRequest(text)).toMatchObject(refusal("invalid_field"));
  });

  test.each([
    "",
    " ",
    "null",
    "[]",
    "7",
    '"text"',
    "{",
    "{}",
    jsonBid().slice(0, -1),
    `${jsonBid()}x`,
    `${jsonBid()}{}`,
    `\ufeff${jsonBid()}`,
    jsonBid({ loanId: '{"a":1}' }),
    jsonBid({ loanId: '["loan-1"]' }),
    jsonBid({ amountCents: "01" }),
    jsonBid({ amountCents: "+1" }),
    jsonBid({ amountCents: ".5" }),
    jsonBid({ amountCents: "1." }),
    jsonBid({ amountCents: "0x10" }),
    jsonBid({ amountCents: "NaN" }),
    jsonBid({ amountCents: "Infinity" }),
    jsonBid({ amountCents: "tru" }),
    jsonBid({ loanId: "'loan-1'" }),
    jsonBid({ loanId: '"a\nb"' }),
    jsonBid().replace("}", ",}"),
    jsonBid({ id: "-1" }),
    jsonBid({ id: "4294967296" }),
    jsonBid({ id: '"7"' }),
    `{${Array.from({ length: 40 }, (_, at) => `"k${at}":1`).join(",")}}`,
  ])("refuses %s as malformed", (text) => {
    expect(decodeJsonRequest(text)).toMatchObject(refusal("malformed_frame", null));
  });

  test("refuses 16 KB of nesting at once", () => {
    for (const open of ["[", '{"a":']) {
      expect(decodeJsonRequest(open.repeat(16_384)).ok).toBe(false);
      expect(decodeJsonRequest(jsonBid({ loanId: open.repeat(16_384) })).ok).toBe(false);
    }
  });

  test.each([
    ["no operation", '{"id":7}', "malformed_frame"],
    ["an operation that is no text", '{"op":20,"id":7}', "malformed_frame"],
    ["an unknown operation", '{"op":"bid.steal","id":7}', "unknown_operation"],
    ["an operation named like a property", '{"op":"constructor","id":7}', "unknown_operation"],
    ["an operation named __proto__", '{"op":"__proto__","id":7}', "unknown_operation"],
  ])("refuses %s", (_, text, code) => {
    expect(decodeJsonRequest(text)).toMatchObject(refusal(code));
  });

  test.each<[string, string]>([
    ["a line break", '"a\\nb"'],
    ["a lone surrogate", '"\\ud800"'],
    ["text that turns the reading direction", '"\\u202egnp.exe"'],
    ["an invisible mark", '"a\\ufeffb"'],
    ["a space of no width", '"a\\u200bb"'],
    ["a joiner of no width", '"a\\u200db"'],
    ["a mark of left to right", '"a\\u200eb"'],
    ["a mark of right to left", '"a\\u200fb"'],
    ["the Arabic mark of direction", '"a\\u061cb"'],
    ["a soft hyphen", '"a\\u00adb"'],
    ["a tag", '"a\\udb40\\udc41b"'],
    ["a letter that shows nothing", '"\\u3164"'],
    ["65 characters", `"${"x".repeat(65)}"`],
  ])("refuses %s as text", (_, reference) => {
    const fields = `"requestId":"${ID_TEXT}","accountId":"alice","amountCents":1`;
    const text = `{"op":"account.deposit","id":7,${fields},"reference":${reference}}`;
    expect(decodeJsonRequest(text)).toMatchObject(refusal("invalid_field"));
    const good = text.replace(reference, `"${"😀".repeat(64)}"`);
    expect(decodeJsonRequest(good).ok).toBe(true);
    const visible = text.replace(reference, '"\u2764\ufe0f \u0639\u0631\u0628\u064a e\u0301"');
    expect(decodeJsonRequest(visible).ok).toBe(true);
  });

  test("leaves no trace on objects", () => {
    decodeJsonRequest('{"op":"bid.place","id":7,"__proto__":{"polluted":true}}');
    decodeJsonRequest('{"op":"bid.place","id":7,"constructor":"x"}');
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("Both decoders", () => {
  test("keep nothing of one frame for the next", () => {
    const first = decodeMsgpackRequest(pack(bid({ 6: 5_000 })));
    decodeMsgpackRequest(pack([32, 9, "another"]));
    const again = decodeMsgpackRequest(pack(bid().slice(0, 6)));
    expect(first).toMatchObject({ command: { minCents: 5_000, loanId: "loan-1" } });
    expect(again).toMatchObject({ command: { minCents: null, loanId: "loan-1" } });
  });

  test("give the same string for the same id, and right ones when their slots collide", () => {
    for (let round = 0; round < 3; round++) {
      for (let loan = 0; loan < 20_000; loan += 1) {
        const decoded = decodeMsgpackRequest(pack([32, 1, `loan-${loan}`]));
        if (!decoded.ok || decoded.command.type !== "GetLoan") throw new Error("not decoded");
        if (decoded.command.loanId !== `loan-${loan}`) throw new Error(`wrong for ${loan}`);
      }
    }
  });
});
