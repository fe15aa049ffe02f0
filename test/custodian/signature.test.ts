import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { headerRefusalOf, refusalOf, sign } from "../../src/custodian/signature.ts";
import { KEY, OTHER_KEY } from "./orders.ts";

const NOW_MS = Date.UTC(2026, 10, 24);
const BODY = new TextEncoder().encode('{"amountCents":1}');

function refusal(header: string | undefined, changes: object = {}): string | undefined {
  return refusalOf({
    header,
    content: [BODY],
    keys: [KEY],
    nowMs: NOW_MS,
    toleranceMs: 1_000,
    ...changes,
  });
}

describe("A signature", () => {
  test("is HMAC-SHA256 over time, dot and body, as anybody can compute it", () => {
    // printf '1764000000000.hello' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707...07
    expect(sign(["hello"], [KEY], 1_764_000_000_000)).toBe(
      "t=1764000000000,v1=3d8810d4cfc708a40c7f53d59c5fe0de762f2d4aac5875b70c041c20ca86936f",
    );
  });

  test("holds for any content, in whatever pieces, at any time", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(300),
        fc.integer({ min: 1, max: 10 ** 14 }),
        (body, at, nowMs) => {
          const pieces = [body.subarray(0, at), body.subarray(at)];
          expect(refusal(sign([body], [KEY], nowMs), { content: pieces, nowMs })).toBeUndefined();
        },
      ),
    );
  });

  test("breaks with any changed byte of the body, and with a time that was moved", () => {
    const header = sign([BODY], [KEY], NOW_MS);
    for (let at = 0; at < BODY.length; at++) {
      for (const flip of [1, 0x20, 0x80]) {
        const changed = BODY.slice();
        changed[at]! ^= flip;
        expect(refusal(header, { content: [changed] })).toBe("signature_invalid");
      }
    }
    expect(refusal(header.replace(`t=${NOW_MS}`, `t=${NOW_MS + 1}`))).toBe("signature_invalid");
  });

  test("breaks with any other digit in it", () => {
    const header = sign([BODY], [KEY], NOW_MS);
    for (let at = header.indexOf("v1=") + 3; at < header.length; at++) {
      const other = header[at] === "0" ? "1" : "0";
      const changed = header.slice(0, at) + other + header.slice(at + 1);
      expect(refusal(changed)).toBe("signature_invalid");
    }
  });

  test("that is none is known by its header alone, and one that could be any's is not", () => {
    const good = sign([BODY], [KEY], NOW_MS);
    for (const header of [good, sign([BODY], [OTHER_KEY], 1), `${good},v2=x`]) {
      expect(headerRefusalOf(header), header).toBeUndefined();
    }
    expect(headerRefusalOf(undefined)).toBe("signature_missing");
    expect(headerRefusalOf("")).toBe("signature_missing");
    for (const header of ["x", "t=1", "v1=ab", `${good},${good}`, good.slice(0, -1)]) {
      expect(headerRefusalOf(header), header).toBe("signature_invalid");
      expect(refusal(header), header).toBe("signature_invalid");
    }
  });

  test("is taken while a key is being changed, on either side, and not afterwards", () => {
    const byOld = sign([BODY], [KEY], NOW_MS);
    const byBoth = sign([BODY], [OTHER_KEY, KEY], NOW_MS);
    expect(refusal(byOld, { keys: [OTHER_KEY, KEY] })).toBeUndefined();
    expect(refusal(byBoth, { keys: [KEY] })).toBeUndefined();
    expect(refusal(byBoth, { keys: [OTHER_KEY] })).toBeUndefined();
    expect(refusal(byOld, { keys: [OTHER_KEY] })).toBe("signature_invalid");
  });

  test.each([
    [-1_001, "signature_stale"],
    [-1_000, undefined],
    [1_000, undefined],
    [1_001, "signature_stale"],
  ])("that is %d ms off is %s", (offMs, expected) => {
    expect(refusal(sign([BODY], [KEY], NOW_MS + offMs))).toBe(expected);
  });

  test("that is stale and wrong is told to be wrong: strangers learn nothing of our clock", () => {
    expect(refusal(sign([BODY], [OTHER_KEY], NOW_MS - 10_000))).toBe("signature_invalid");
  });

  const mac = "0".repeat(64);
  test.each([
    [undefined, "signature_missing"],
    ["", "signature_missing"],
    ["v1=" + mac, "signature_invalid"],
    [`t=${NOW_MS}`, "signature_invalid"],
    [`t=${NOW_MS},v1=`, "signature_invalid"],
    [`t=${NOW_MS},v1=${mac.slice(1)}`, "signature_invalid"],
    [`t=${NOW_MS},v1=${mac}0`, "signature_invalid"],
    [`t=${NOW_MS},v1=${mac.replace("0", "G")}`, "signature_invalid"],
    [`t=-1,v1=${mac}`, "signature_invalid"],
    [`t=0x10,v1=${mac}`, "signature_invalid"],
    [`t=${"9".repeat(16)},v1=${mac}`, "signature_invalid"],
    [`t=${NOW_MS},t=${NOW_MS},v1=${mac}`, "signature_invalid"],
    [`t=${NOW_MS}${`,v1=${mac}`.repeat(9)}`, "signature_invalid"],
    ["t=" + "1".repeat(100_000), "signature_invalid"],
    ["\u0000", "signature_invalid"],
  ])("%j is refused with %s", (header, expected) => {
    expect(refusal(header)).toBe(expected);
  });

  test("whose good part stands beside others of a later version is taken", () => {
    const [time, good] = sign([BODY], [KEY], NOW_MS).split(",");
    expect(refusal(`${time},v2=abc,v1=${mac},${good}`)).toBeUndefined();
  });

  test("is never made or checked without a key, or with a short one", () => {
    expect(() => sign([BODY], [], NOW_MS)).toThrow(/keys/);
    expect(() => sign([BODY], [KEY.subarray(1)], NOW_MS)).toThrow(/32 bytes/);
    expect(() => refusal(sign([BODY], [KEY], NOW_MS), { keys: [] })).toThrow(/keys/);
  });
});
