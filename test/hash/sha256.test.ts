import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha256, sha256Hex } from "../../src/hash/sha256.ts";

const reference = (bytes: Uint8Array): Uint8Array => {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
};

describe("SHA-256", () => {
  // FIPS 180-2, appendix B, and the empty message.
  it.each([
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
  ])("of the standard's message %j", (text, hex) => {
    expect(sha256Hex(text)).toBe(hex);
  });

  it("of a million letters, as in the standard", () => {
    const hex = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    expect(sha256Hex("a".repeat(1_000_000))).toBe(hex);
  });

  it("is node:crypto's for every length around the ends of blocks", () => {
    for (let length = 0; length <= 260; length++) {
      const bytes = Uint8Array.from({ length }, (_, at) => (at * 31 + length) & 0xff);
      expect(sha256(bytes), `${length} bytes`).toEqual(reference(bytes));
    }
  });

  it("is node:crypto's for random bytes, whatever was hashed before", () => {
    const arrays = fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 5 });
    fc.assert(
      fc.property(arrays, (inputs) => {
        const hashes = inputs.map(sha256);
        expect(hashes).toEqual(inputs.map(reference));
      }),
      { numRuns: 500 },
    );
  });

  it("is node:crypto's for random text in UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => {
        expect(sha256Hex(text)).toBe(createHash("sha256").update(text, "utf8").digest("hex"));
      }),
    );
  });

  it("reads a part of a larger array as that part", () => {
    const all = Uint8Array.from({ length: 300 }, (_, at) => at & 0xff);
    expect(sha256(all.subarray(100, 230))).toEqual(reference(all.slice(100, 230)));
  });
});
