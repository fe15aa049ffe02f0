import fc from "fast-check";
import { pack } from "msgpackr";
import { describe, expect, test } from "vitest";
import { formatRequestId, type RequestId } from "../../actors/address.ts";
import { decodeJsonReply, decodeMsgpackReply } from "../../src/protocol/decode-reply.ts";
import { decodeJsonRequest, decodeMsgpackRequest } from "../../src/protocol/decode-request.ts";
import {
  encodeError,
  encodePush,
  encodeReply,
  errorText,
  pushText,
  replyText,
} from "../../src/protocol/encode-reply.ts";
import { complaintAbout, encodeRequest, requestText } from "../../src/protocol/encode-request.ts";
import { ERRORS, type ErrorCode } from "../../src/protocol/errors.ts";
import { ROWS_MAX } from "../../src/protocol/plans.ts";
import { MsgpackWriter } from "../../src/protocol/msgpack-writer.ts";
import {
  OPERATIONS,
  PUSHES,
  type Operation,
  type OperationName,
  type PushName,
} from "../../src/protocol/table.ts";
import { correlationId, count, objectOf } from "./arbitraries.ts";

const operations = Object.entries<Operation>(OPERATIONS) as [OperationName, Operation][];
const pushes = Object.keys(PUSHES) as PushName[];

function bytesOf(write: (to: MsgpackWriter) => void): Uint8Array {
  const writer = new MsgpackWriter(16);
  write(writer);
  return Buffer.from(writer.view());
}

function decodedBoth(operation: OperationName, id: number, fields: object) {
  const msgpack = decodeMsgpackRequest(bytesOf((to) => encodeRequest(to, operation, id, fields)));
  const json = decodeJsonRequest(requestText(operation, id, fields));
  return { msgpack, json };
}

describe("Requests", () => {
  test.each(operations)("%s comes out of both encodings as it went in", (operation, row) => {
    fc.assert(
      fc.property(correlationId, objectOf(row.fields), (id, fields) => {
        expect(complaintAbout(operation, fields)).toBeNull();
        const { msgpack, json } = decodedBoth(operation, id, fields);
        expect(msgpack).toMatchObject({ ok: true, id, command: { type: row.command, ...fields } });
        expect(json).toEqual(msgpack);
        if (!msgpack.ok) return;
        const extra = row.mutates ? ["fingerprint"] : [];
        const names = ["type", ...row.fields.map(({ name }) => name), ...extra];
        expect(Object.keys(msgpack.command)).toEqual(names);
      }),
    );
  });

  test.each(operations)("%s may end before fields that are left out", (operation, row) => {
    fc.assert(
      fc.property(objectOf(row.fields), (fields) => {
        const items = row.fields.map(({ name, type, choices }) => {
          const value = fields[name];
          if (value === null) return null;
          if (type === "requestId") return Buffer.from(value as string, "latin1");
          return type === "choice" ? choices!.indexOf(value as string) : value;
        });
        while (items.length > 0 && items.at(-1) === null) items.pop();
        // Another writer than ours: the wire format is MessagePack, not
        // what our writer happens to do.
        const decoded = decodeMsgpackRequest(pack([row.number, 7, ...items]));
        const present = Object.entries(fields).filter(([, value]) => value !== null);
        const text = JSON.stringify({
          ...Object.fromEntries(present.toReversed()),
          ...(typeof fields["requestId"] === "string"
            ? { requestId: formatRequestId(fields["requestId"] as RequestId).toUpperCase() }
            : {}),
          id: 7,
          op: operation,
        });
        expect(decoded).toMatchObject({ ok: true, command: fields });
        expect(decodeJsonRequest(text)).toEqual(decoded);
        expect(decodeJsonRequest(new TextEncoder().encode(text))).toEqual(decoded);
      }),
    );
  });

  test("of JSON may have blanks and escapes wherever JSON has them", () => {
    const text = ' {\n"\\u006fp" : "account.get",\t"id":1, "accountId" :\r"al\\u0069ce"} ';
    const plain = '{"op":"account.get","id":1,"accountId":"alice"}';
    expect(decodeJsonRequest(text)).toEqual(decodeJsonRequest(plain));
    expect(decodeJsonRequest(plain)).toMatchObject({ ok: true, command: { accountId: "alice" } });
  });
});

describe("Fingerprint", () => {
  const mutating = operations.filter(([, row]) => row.mutates);

  function fingerprint(operation: OperationName, fields: object): number {
    const { msgpack } = decodedBoth(operation, 1, fields);
    if (!msgpack.ok || !("fingerprint" in msgpack.command)) throw new Error("no fingerprint");
    return msgpack.command.fingerprint;
  }

  test.each(mutating)("of %s does not depend on the request id", (operation, row) => {
    fc.assert(
      fc.property(objectOf(row.fields), objectOf(row.fields), (fields, other) => {
        const renamed = { ...fields, requestId: other["requestId"] };
        expect(fingerprint(operation, renamed)).toBe(fingerprint(operation, fields));
      }),
    );
  });

  test.each(mutating)("of %s changes with every other field", (operation, row) => {
    fc.assert(
      fc.property(objectOf(row.fields), objectOf(row.fields), (fields, other) => {
        const before = fingerprint(operation, fields);
        for (const { name } of row.fields) {
          if (name === "requestId" || Object.is(fields[name], other[name])) continue;
          const changed = { ...fields, [name]: other[name] };
          // By chance once in 2^32.
          expect(fingerprint(operation, changed)).not.toBe(before);
        }
      }),
    );
  });

  test("spreads neighbouring bids evenly over its 32 bits", () => {
    const buckets = new Array<number>(256).fill(0);
    const seen = new Set<number>();
    const [, row] = operations.find(([name]) => name === "bid.place")!;
    const [fields] = fc.sample(objectOf(row.fields), { numRuns: 1, seed: 1 });
    for (let amountCents = 1; amountCents <= 65_536; amountCents++) {
      const hash = fingerprint("bid.place", { ...fields, amountCents });
      seen.add(hash);
      buckets[hash >>> 24]!++;
    }
    // By the birthday bound half a collision is expected.
    expect(seen.size).toBeGreaterThan(65_536 - 6);
    for (const bucket of buckets) expect(Math.abs(bucket - 256)).toBeLessThan(6 * 16);
  });

  test("never changes: it is in journals", () => {
    const requestId = "\x01\x93\x00\x00\x00\x00\x70\x00\x80\x00\x00\x00\x00\x00\x00\x01";
    const bid = { requestId, loanId: "loan-1", amountCents: 10_000, fill: "exact", minCents: null };
    const deposit = {
      requestId,
      accountId: "alice",
      amountCents: 2 ** 39 + 1,
      reference: "Überweisung 7",
    };
    const listing = {
      requestId,
      loanId: "spring",
      borrowerId: "bob",
      principalCents: 100_000,
      stepCents: 100,
      minBidCents: 10_000,
      closesAtMs: 1_700_000_000_000,
      cancellable: true,
    };
    expect(fingerprint("loan.list", listing)).toMatchInlineSnapshot(`1574714587`);
    expect(fingerprint("bid.place", bid)).toMatchInlineSnapshot(`2543957839`);
    expect(fingerprint("account.deposit", deposit)).toMatchInlineSnapshot(`2490686115`);
  });
});

describe("Replies", () => {
  const position = fc.constantFrom("", "0:1-1", "3:12-9007199254740991");

  test.each(operations)("to %s come out of both encodings as they went in", (operation, row) => {
    fc.assert(
      fc.property(correlationId, position, objectOf(row.reply), (id, at, view) => {
        const message = { kind: "reply", operation, id, position: at, view };
        const more = { ...view, unrelated: { nested: true } };
        const bytes = bytesOf((to) => encodeReply(to, operation, id, at, more));
        expect(decodeMsgpackReply(bytes)).toEqual(message);
        expect(decodeJsonReply(replyText(operation, id, at, more))).toEqual(message);
      }),
    );
  });

  test("that lack a field are a bug, and assert", () => {
    const writer = new MsgpackWriter();
    const view = { bidId: 1, filledCents: 1, rank: 1 };
    expect(() => encodeReply(writer, "bid.place", 1, "", view)).toThrow("remainingCents");
    expect(() => replyText("bid.place", 1, "", view)).toThrow("remainingCents");
    const fraction = { ...view, remainingCents: 0.5 };
    expect(() => encodeReply(writer, "bid.place", 1, "", fraction)).toThrow("safe integer");
    expect(() => replyText("bid.place", 1, "", fraction)).toThrow("not a number");
  });

  test("of a newer server, with fields behind the known ones, are understood", () => {
    expect(decodeMsgpackReply(pack([130, 9, "", 1_700_000_000_000, "new"]))).toMatchObject({
      kind: "reply",
      view: { at: 1_700_000_000_000 },
    });
  });
});

describe("Rows", () => {
  const columns = ["loan-1", 5, 4, 3, 2];
  const sums = ["alice", 1, 5, 4, 3, 2];

  test("of a newer server, with columns behind the known ones, are understood", () => {
    const extras = ["text", null, true, -70_000, 2 ** 40, Buffer.from([1, 2])];
    const rows = [[...columns, ...extras], [...columns]];
    const decoded = decodeMsgpackReply(pack([128 + 84, 9, "", ...sums, rows]));
    const row = { loanId: "loan-1", lentCents: 5, repaidCents: 4, receivedCents: 3, feesCents: 2 };
    expect(decoded).toMatchObject({ kind: "reply", view: { positions: [row, row] } });
  });

  test("that are too many, cut off or no rows are malformed", () => {
    const many = Array.from({ length: ROWS_MAX + 1 }, () => columns);
    for (const rows of [many, [columns.slice(0, 3)], ["row"], [5], 5, [[...columns, [1]]]]) {
      expect(decodeMsgpackReply(pack([128 + 84, 9, "", ...sums, rows])).kind).toBe("malformed");
    }
    const head = '{"re":"account.positions","id":9,"position":"","accountId":"a","loans":1';
    const rest = ',"lentCents":1,"repaidCents":1,"receivedCents":1,"feesCents":1,"positions":';
    const manyText = `[${Array.from({ length: ROWS_MAX + 1 }, () => "{}").join()}]`;
    for (const rows of [manyText, "[{}]", '["row"]', "[null]", "5"]) {
      expect(decodeJsonReply(`${head}${rest}${rows}}`).kind).toBe("malformed");
    }
    expect(decodeJsonReply(`${head}${rest}[]}`).kind).toBe("reply");
  });

  test("that are more than the protocol allows are a bug, and assert", () => {
    const row = { loanId: "a", lentCents: 1, repaidCents: 0, receivedCents: 0, feesCents: 0 };
    const positions = Array.from({ length: ROWS_MAX + 1 }, () => row);
    const view = { ...row, accountId: "a", loans: 1, positions };
    expect(() => replyText("account.positions", 1, "", view)).toThrow("601 rows");
    expect(() => encodeReply(new MsgpackWriter(), "account.positions", 1, "", view)).toThrow("601");
  });
});

describe("Errors", () => {
  test("come out of both encodings as they went in", () => {
    const code = fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[]));
    const detail = fc.option(fc.string({ unit: "grapheme", maxLength: 80 }));
    fc.assert(
      fc.property(
        fc.option(correlationId),
        code,
        detail,
        fc.option(count),
        (id, code, detail, retryAfterMs) => {
          const message = { kind: "error", id, code, detail, retryAfterMs };
          const bytes = bytesOf((to) => encodeError(to, id, code, detail, retryAfterMs));
          expect(decodeMsgpackReply(bytes)).toEqual(message);
          expect(decodeJsonReply(errorText(id, code, detail, retryAfterMs))).toEqual(message);
        },
      ),
    );
  });

  test("that this version does not know are told apart by their detail", () => {
    const unknown = { kind: "error", id: 3, code: "unknown_error", retryAfterMs: null };
    const detail = "error 9999: no";
    expect(decodeMsgpackReply(pack([0, 3, 9999, "no", null]))).toEqual({ ...unknown, detail });
    expect(decodeJsonReply('{"error":"9999","id":3,"detail":"no"}')).toEqual({
      ...unknown,
      detail,
    });
  });
});

describe("Pushes", () => {
  test.each(pushes)("%s comes out of both encodings as it went in", (push) => {
    fc.assert(
      fc.property(objectOf(PUSHES[push].fields), (view) => {
        const message = { kind: "push", push, view };
        expect(decodeMsgpackReply(bytesOf((to) => encodePush(to, push, view)))).toEqual(message);
        expect(decodeJsonReply(pushText(push, view))).toEqual(message);
      }),
    );
  });

  test("that this version does not know are passed over", () => {
    expect(decodeMsgpackReply(pack([-120, 1, 2]))).toEqual({ kind: "unknown" });
    expect(decodeJsonReply('{"push":"weather"}')).toEqual({ kind: "unknown" });
  });
});

describe("Frames of the server", () => {
  test("that are broken are malformed, whatever they hold", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const { kind } = decodeMsgpackReply(bytes);
        expect(["reply", "error", "push", "unknown", "malformed"]).toContain(kind);
      }),
      { numRuns: 20_000 },
    );
    for (const text of ["", "[", "null", "1", "[]", "{}", '{"re":"bid.place","id":1}']) {
      expect(decodeJsonReply(text).kind).toBe("malformed");
    }
  });
});
