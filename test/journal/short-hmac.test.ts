import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MacChain } from "../../src/journal/mac-chain.ts";
import { SHORT_BYTES_MAX, ShortHmac } from "../../src/journal/short-hmac.ts";

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ maxLength, size: "max" });

test("is the HMAC-SHA256 of node, one message after the other", () => {
  const messages = fc.array(fc.array(bytes(SHORT_BYTES_MAX / 4), { maxLength: 4 }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(bytes(64), messages, (key, all) => {
      const hmac = new ShortHmac(key);
      for (const parts of all) {
        const expected = createHmac("sha256", key).update(Buffer.concat(parts)).digest();
        expect(Buffer.from(hmac.of(parts), "binary")).toEqual(expected);
      }
    }),
  );
});

test("refuses a key longer than a block, and a message longer than it has room for", () => {
  expect(() => new ShortHmac(new Uint8Array(65))).toThrow("a key is at most a block");
  const hmac = new ShortHmac(new Uint8Array(32));
  expect(() => hmac.of([new Uint8Array(SHORT_BYTES_MAX), new Uint8Array(1)])).toThrow(RangeError);
});

test("a snapshot's MAC is the same function of short and of long ones", () => {
  const key = Buffer.alloc(32, 7);
  const ofKey = (context: string): Buffer => createHmac("sha256", key).update(context).digest();
  const chain = new MacChain(key, 3);
  for (const length of [0, 220, SHORT_BYTES_MAX - 17, SHORT_BYTES_MAX - 16, 100_000]) {
    const payload = Buffer.alloc(length, 1);
    const head = Buffer.from("\0\0\0\x05a/ann\0\0\0\0\0\0\0\x09");
    const expected = createHmac("sha256", ofKey("loanloom:3:snapshots")).update(head);
    expect(chain.ofSnapshot("a/ann", 9, payload)).toEqual(expected.update(payload).digest());
  }
});
