import fc from "fast-check";
import { pack, unpack } from "msgpackr";
import { describe, expect, test } from "vitest";
import { requestIdFromBytes, requestTimeMs } from "../../../actors/address.ts";
import {
  BidFrame,
  BidReply,
  CORRELATION_ID_END,
  errorName,
} from "../../../load/driver/bid-frames.ts";
import { RequestIds } from "../../../load/driver/request-ids.ts";
import { FrameError } from "../../../load/driver/websocket-frames.ts";
import { ERRORS } from "../../../src/protocol/errors.ts";

function payloadOf(frame: Buffer): unknown[] {
  return unpack(frame.subarray(6)) as unknown[];
}

describe("RequestIds", () => {
  test("are UUIDv7 of the given time, ascending, and never twice", () => {
    const ids = new RequestIds();
    const bytes = Buffer.alloc(16);
    let last = "";
    const wrong: number[] = [];
    for (let at = 0; at < 100_000; at++) {
      const timeMs = 1_763_000_000_000 + Math.floor(at / 1_000);
      ids.write(bytes, 0, timeMs);
      const text = bytes.toString("latin1");
      const isV7 = bytes[6]! >> 4 === 7 && bytes[8]! >> 6 === 2;
      const isOfTime = requestTimeMs(requestIdFromBytes(bytes)) === timeMs;
      if (!isV7 || !isOfTime || text <= last) wrong.push(at);
      last = text;
    }
    expect(wrong).toEqual([]);
  });

  test("of two processes differ", () => {
    const one = Buffer.alloc(16);
    const other = Buffer.alloc(16);
    new RequestIds().write(one, 0, 1_763_000_000_000);
    new RequestIds().write(other, 0, 1_763_000_000_000);
    expect(one.equals(other)).toBe(false);
  });
});

describe("BidFrame", () => {
  test("is bid.place with the correlation id and a fresh request id patched in", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0x1_0000, max: CORRELATION_ID_END - 1 }),
        fc.constantFrom(100, 10_000, 1_000_000_000_000),
        fc.nat(50),
        (correlationId, amountCents, at) => {
          const frame = new BidFrame({ loanId: "hot-0000", amountCents });
          const out = Buffer.alloc(200, 0xee);
          const end = frame.write(out, at, correlationId, new RequestIds(), 1_763_000_000_000);
          const message = payloadOf(out.subarray(at, end));
          const requestId = message[2] as Buffer;
          expect(message).toEqual([20, correlationId, requestId, "hot-0000", amountCents, 0, null]);
          expect(requestTimeMs(requestIdFromBytes(requestId))).toBe(1_763_000_000_000);
          expect(out[end]).toBe(0xee);
        },
      ),
    );
  });
});

describe("BidReply", () => {
  const read = (message: unknown[], padding = 0): BidReply | false => {
    const bytes = Buffer.concat([Buffer.alloc(padding), pack(message), Buffer.alloc(3)]);
    const reply = new BidReply();
    return reply.read(bytes, padding, bytes.length - 3) ? reply : false;
  };

  test("reads what the loan took, wherever it stands in the buffer", () => {
    const reply = read([148, 70_000, "0:12-345678", 41, 10_000, 99, 5_000_000_000], 17);
    expect(reply).toMatchObject({ correlationId: 70_000, errorNumber: 0, filledCents: 10_000 });
  });

  test("reads a refusal with its name", () => {
    const reply = read([0, 70_000, ERRORS.loan_full.number, null, null]);
    expect(reply).toMatchObject({ correlationId: 70_000, filledCents: 0 });
    expect(errorName((reply as BidReply).errorNumber)).toBe("loan_full");
  });

  test("reads an echo of the bid itself", () => {
    const frame = new BidFrame({ loanId: "hot", amountCents: 100 });
    const out = Buffer.alloc(100);
    const end = frame.write(out, 0, 123_456, new RequestIds(), 1_763_000_000_000);
    const reply = new BidReply();
    expect(reply.read(out, 6, end)).toBe(true);
    expect(reply).toMatchObject({ correlationId: 123_456, errorNumber: 0, filledCents: 0 });
  });

  test("passes over pushes", () => {
    expect(read([-3, 1_000, null])).toBe(false);
  });

  test.each([
    ["another operation", [140, 70_000, "0:1-1"]],
    ["no array", "text" as unknown as unknown[]],
    ["a reply without amounts", [148, 70_000, "0:1-1"]],
    ["a reply without position", [148, 70_000, 1, 2, 3, 4, 5]],
  ])("throws at %s", (_, message) => {
    expect(() => read(message)).toThrow(FrameError);
  });
});
