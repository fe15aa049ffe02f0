import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FrameError,
  FrameParser,
  OPCODE,
  encodeFrame,
  upgradeAnswerEnd,
  upgradeRequest,
} from "../../../load/driver/websocket-frames.ts";

interface Seen {
  readonly messages: string[];
  readonly controls: [number, string][];
  readonly parser: FrameParser;
}

function parser(): Seen {
  const messages: string[] = [];
  const controls: [number, string][] = [];
  const parser = new FrameParser({
    message: (bytes, from, to) =>
      messages.push(Buffer.from(bytes.subarray(from, to)).toString("hex")),
    control: (opcode, payload) => controls.push([opcode, Buffer.from(payload).toString("hex")]),
  });
  return { messages, controls, parser };
}

/** What a server sends: no mask. Written on its own, not from the encoder under test. */
function serverFrame(opcode: number, payload: Uint8Array, fin = true): Buffer {
  const head: number[] = [(fin ? 0x80 : 0) | opcode];
  if (payload.length < 126) head.push(payload.length);
  else if (payload.length < 65_536) head.push(126, payload.length >> 8, payload.length & 255);
  else
    head.push(
      127,
      0,
      0,
      0,
      0,
      0,
      payload.length >> 16,
      (payload.length >> 8) & 255,
      payload.length & 255,
    );
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Gives the bytes over one buffer that is overwritten each time, as the sockets do. */
function push(seen: Seen, stream: Buffer, cuts: readonly number[]): void {
  const shared = Buffer.alloc(stream.length + 16, 0xee);
  let at = 0;
  for (const cut of [...cuts, stream.length]) {
    const size = Math.min(Math.max(cut, 0), stream.length) - at;
    if (size <= 0) continue;
    shared.fill(0xee);
    stream.copy(shared, 0, at, at + size);
    seen.parser.push(shared, size);
    at += size;
  }
}

const payloads = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 130 }),
    fc.uint8Array({ minLength: 120, maxLength: 400 }),
    fc.constantFrom(65_535, 65_536, 70_000).map((size) => new Uint8Array(size).fill(7)),
  ),
  { maxLength: 8 },
);

describe("FrameParser", () => {
  test("finds the same messages wherever the stream was cut", () => {
    fc.assert(
      fc.property(payloads, fc.array(fc.nat(3_000), { maxLength: 40 }), (sent, cuts) => {
        const seen = parser();
        const stream = Buffer.concat(sent.map((one) => serverFrame(OPCODE.binary, one)));
        push(
          seen,
          stream,
          [...cuts].sort((a, b) => a - b),
        );
        expect(seen.messages).toEqual(sent.map((one) => Buffer.from(one).toString("hex")));
        expect(seen.parser.isAtBoundary).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("finds them when every byte comes alone", () => {
    const sent = [new Uint8Array(0), new Uint8Array(3).fill(1), new Uint8Array(300).fill(2)];
    const stream = Buffer.concat(sent.map((one) => serverFrame(OPCODE.text, one)));
    const seen = parser();
    push(
      seen,
      stream,
      Array.from({ length: stream.length }, (_, at) => at),
    );
    expect(seen.messages).toEqual(sent.map((one) => Buffer.from(one).toString("hex")));
  });

  test("joins fragments, and hears control frames between them", () => {
    const seen = parser();
    const stream = Buffer.concat([
      serverFrame(OPCODE.binary, Buffer.from("ab"), false),
      serverFrame(OPCODE.ping, Buffer.from("?")),
      serverFrame(OPCODE.continuation, Buffer.from("cd"), false),
      serverFrame(OPCODE.continuation, Buffer.from("ef")),
      serverFrame(OPCODE.binary, Buffer.from("gh")),
    ]);
    push(seen, stream, [3, 5, 9]);
    expect(seen.messages).toEqual([
      Buffer.from("abcdef").toString("hex"),
      Buffer.from("gh").toString("hex"),
    ]);
    expect(seen.controls).toEqual([[OPCODE.ping, Buffer.from("?").toString("hex")]]);
  });

  test("is not at a boundary within a frame or a fragmented message", () => {
    const inFrame = parser();
    push(inFrame, serverFrame(OPCODE.binary, Buffer.from("abc")).subarray(0, 3), []);
    expect(inFrame.parser.isAtBoundary).toBe(false);
    const inMessage = parser();
    push(inMessage, serverFrame(OPCODE.binary, Buffer.from("abc"), false), []);
    expect(inMessage.parser.isAtBoundary).toBe(false);
  });

  test.each([
    ["a masked frame", Buffer.from([0x82, 0x81, 0, 0, 0, 0, 1])],
    ["reserved bits", Buffer.from([0xc2, 0x01, 1])],
    ["an absurd length", Buffer.from([0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0])],
    ["a continuation of nothing", serverFrame(OPCODE.continuation, Buffer.from("x"))],
    ["a fragmented ping", serverFrame(OPCODE.ping, Buffer.from("x"), false)],
    [
      "a message that begins within another",
      Buffer.concat([
        serverFrame(OPCODE.binary, Buffer.from("x"), false),
        serverFrame(OPCODE.binary, Buffer.from("y")),
      ]),
    ],
  ])("refuses %s", (_, stream) => {
    expect(() => push(parser(), stream, [])).toThrow(FrameError);
  });
});

describe("encodeFrame", () => {
  test("writes a final masked frame whose key is zero, in the shortest form", () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 125, 126, 300, 65_535, 65_536), (size) => {
        const payload = Buffer.alloc(size, 0x5a);
        const frame = encodeFrame(OPCODE.binary, payload);
        expect(frame[0]).toBe(0x82);
        expect(frame[1]! & 0x80).toBe(0x80);
        const short = frame[1]! & 0x7f;
        const maskAt = short < 126 ? 2 : short === 126 ? 4 : 10;
        expect(short).toBe(size < 126 ? size : size < 65_536 ? 126 : 127);
        if (short === 126) expect(frame.readUInt16BE(2)).toBe(size);
        if (short === 127) expect(frame.readBigUInt64BE(2)).toBe(BigInt(size));
        expect(frame.subarray(maskAt, maskAt + 4).equals(Buffer.alloc(4))).toBe(true);
        expect(frame.subarray(maskAt + 4).equals(payload)).toBe(true);
      }),
    );
  });
});

describe("The upgrade", () => {
  const answer = (accept: string, status = "101 Switching Protocols"): Buffer =>
    Buffer.from(
      `HTTP/1.1 ${status}\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );

  test("asks for the subprotocols and expects the hash of its key (RFC 6455, 4.2.2)", () => {
    const { request, accept } = upgradeRequest("here:1", "/v1/ws", ["one", "two"]);
    expect(request).toContain("GET /v1/ws HTTP/1.1\r\nHost: here:1\r\n");
    expect(request).toContain("Sec-WebSocket-Protocol: one, two\r\n");
    const key = /Sec-WebSocket-Key: (\S+)\r\n/.exec(request)![1]!;
    expect(Buffer.from(key, "base64")).toHaveLength(16);
    const hash = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
    expect(accept).toBe(hash.digest("base64"));
  });

  test("tells where the frames begin, even when they came with the answer", () => {
    const head = answer("abc=");
    expect(upgradeAnswerEnd(Buffer.concat([head, Buffer.from("frames")]), "abc=")).toBe(
      head.length,
    );
    expect(upgradeAnswerEnd(head.subarray(0, head.length - 1), "abc=")).toBe(-1);
  });

  test("throws for another status and for another hash", () => {
    expect(() => upgradeAnswerEnd(answer("abc=", "401 Unauthorized"), "abc=")).toThrow("401");
    expect(() => upgradeAnswerEnd(answer("other="), "abc=")).toThrow("did not answer");
  });
});
