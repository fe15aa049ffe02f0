import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BY_LENGTH_MAX,
  formatRevocation,
  LINE_BYTES_MAX,
  parseRevocation,
  REASON_LENGTH_MAX,
  TOKEN_ID_LENGTH_MAX,
  type Revocation,
} from "../../src/revocations/revocation.ts";

const GOOD = { format: 1, tokenId: "t-1", atMs: 1_800_000_000_000, by: "olga", reason: "lost" };

function complaintOf(fields: object): string {
  const parsed = parseRevocation(JSON.stringify(fields));
  return parsed.ok ? "none" : parsed.complaint;
}

describe("A line of revocation", () => {
  test("is of a token or of a subject", () => {
    expect(parseRevocation(JSON.stringify(GOOD))).toEqual({
      ok: true,
      revocation: { kind: "token", tokenId: "t-1", atMs: GOOD.atMs, by: "olga", reason: "lost" },
    });
    const line = `{"subject":"alice","atMs":1800000000000,"by":"olga","format":1} \r`;
    expect(parseRevocation(line)).toEqual({
      ok: true,
      revocation: { kind: "subject", subject: "alice", atMs: GOOD.atMs, by: "olga", reason: null },
    });
  });

  test.each<[string, object, string]>([
    ["another format", { ...GOOD, format: 2 }, 'expected "format":1'],
    ["no format", { ...GOOD, format: undefined }, 'expected "format":1'],
    ["a misspelt field", { ...GOOD, subjet: "alice" }, 'unknown field "subjet"'],
    ["both", { ...GOOD, subject: "alice" }, "either tokenId or subject"],
    ["neither", { ...GOOD, tokenId: undefined }, "either tokenId or subject"],
    ["an empty id", { ...GOOD, tokenId: "" }, "tokenId: expected 1 to"],
    ["an id that is a number", { ...GOOD, tokenId: 7 }, "tokenId: expected 1 to"],
    ["an id that is too long", { ...GOOD, tokenId: "x".repeat(513) }, "tokenId: expected 1 to"],
    ["a subject that is no id", { ...GOOD, tokenId: undefined, subject: "a b" }, "subject:"],
    ["no moment", { ...GOOD, atMs: undefined }, "atMs: expected whole milliseconds"],
    ["a moment as text", { ...GOOD, atMs: "2027-01-15" }, "atMs: expected whole milliseconds"],
    ["seconds", { ...GOOD, atMs: 1_800_000_000 }, "atMs: expected milliseconds"],
    ["no date", { ...GOOD, atMs: 8_640_000_000_000_001 }, "atMs: expected milliseconds"],
    ["nobody", { ...GOOD, by: undefined }, "by: expected 1 to"],
    ["a reason for a terminal", { ...GOOD, reason: "\u001b[2J" }, "reason: expected 1 to"],
    ["a list", [GOOD], "is no JSON object"],
  ])("with %s is not understood", (_what, fields, complaint) => {
    expect(complaintOf(fields)).toContain(complaint);
  });

  test.each(["", "{", "null", '"x"', "{}{}", '{"format":1,"tok'])("that is %j neither", (line) => {
    expect(parseRevocation(line).ok).toBe(false);
  });

  test("is written so that it is read again as it was, in one line that is not too long", () => {
    const plain = (lengthMax: number) =>
      fc
        .string({ unit: "grapheme", minLength: 1, maxLength: lengthMax })
        .filter((text) => text.length <= lengthMax)
        .filter((text) => /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u.test(text));
    const circumstances = {
      atMs: fc.integer({ min: Date.UTC(2020, 0, 1), max: 8_640_000_000_000_000 }),
      by: plain(BY_LENGTH_MAX),
      reason: fc.option(plain(REASON_LENGTH_MAX)),
    };
    const token = fc.record({
      kind: fc.constant("token" as const),
      tokenId: plain(TOKEN_ID_LENGTH_MAX),
      ...circumstances,
    });
    const subject = fc.record({
      kind: fc.constant("subject" as const),
      subject: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/),
      ...circumstances,
    });
    fc.assert(
      fc.property(fc.oneof(token, subject), (revocation: Revocation) => {
        const line = formatRevocation(revocation);
        expect(line.indexOf("\n")).toBe(line.length - 1);
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(LINE_BYTES_MAX);
        expect(parseRevocation(line.slice(0, -1))).toEqual({ ok: true, revocation });
        // Whatever part of it a crash leaves is no revocation of anybody else.
        expect(parseRevocation(line.slice(0, -2)).ok).toBe(false);
      }),
    );
  });
});
