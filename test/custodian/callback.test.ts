import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CALLBACK_BYTES_MAX, readCallback, signatureIn } from "../../src/custodian/callback.ts";
import { sign, SIGNATURE_HEADER } from "../../src/custodian/signature.ts";
import { KEY, OTHER_KEY } from "./orders.ts";

const NOW_MS = Date.UTC(2026, 10, 24);
const DEPOSIT = {
  type: "deposit_booked",
  notificationId: "n-1",
  reference: "d-1",
  accountId: "alice",
  amountCents: 100,
  bookedAtMs: NOW_MS,
};
const CONFIRMED = { ...DEPOSIT, type: "payout_confirmed", reference: "w-1" };
const { bookedAtMs: _, ...unbooked } = CONFIRMED;
const FAILED = { ...unbooked, type: "payout_failed", failedAtMs: NOW_MS, reason: "closed" };

interface Sent {
  readonly text: string | Uint8Array;
  readonly key?: Uint8Array;
  readonly atMs?: number;
  readonly signature?: string | null;
}

function read({ text, key = KEY, atMs = NOW_MS, signature }: Sent): unknown {
  const body = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const header = signature === undefined ? sign([body], [key], atMs) : (signature ?? undefined);
  return readCallback({ signature: header, body }, { keys: [KEY], nowMs: NOW_MS });
}

function reading(fields: object): unknown {
  return read({ text: JSON.stringify(fields) });
}

describe("A callback", () => {
  test.each([DEPOSIT, CONFIRMED, FAILED])("of type $type is a notice", (notice) => {
    expect(reading(notice)).toEqual({ kind: "notice", notice });
  });

  test("with fields that nobody asked for gives only those that are known", () => {
    const more = { ...DEPOSIT, admin: true, constructor: 1 };
    expect(reading(more)).toEqual({ kind: "notice", notice: DEPOSIT });
    const text = JSON.stringify(DEPOSIT).replace("{", '{"__proto__":{"amountCents":9},');
    expect(read({ text })).toEqual({ kind: "notice", notice: DEPOSIT });
  });

  test("is the same notice again when it is replayed in time: the reference makes it harmless", () => {
    expect(reading(DEPOSIT)).toEqual(reading(DEPOSIT));
    expect(read({ text: JSON.stringify(DEPOSIT), atMs: NOW_MS - 300_001 })).toEqual({
      kind: "refused",
      reason: "signature_stale",
    });
  });

  const big = " ".repeat(CALLBACK_BYTES_MAX + 1);
  test.each<[string, Sent, string]>([
    ["too large, unsigned and no JSON", { text: big, signature: null }, "body_too_large"],
    ["unsigned and no JSON", { text: "{", signature: null }, "signature_missing"],
    [
      "signed by another, stale and no JSON",
      { text: "{", key: OTHER_KEY, atMs: 1 },
      "signature_invalid",
    ],
    ["stale and no JSON", { text: "{", atMs: 1 }, "signature_stale"],
    ["no JSON", { text: "{" }, "body_malformed"],
  ])("that is %s is refused by the first of these reasons", (_name, sent, reason) => {
    expect(read(sent)).toEqual({ kind: "refused", reason });
  });

  test.each<[string, object]>([
    ["an amount of zero", { ...DEPOSIT, amountCents: 0 }],
    ["a negative amount", { ...DEPOSIT, amountCents: -1 }],
    ["half a cent", { ...DEPOSIT, amountCents: 0.5 }],
    ["an amount beyond safe integers", { ...DEPOSIT, amountCents: 2 ** 53 }],
    ["an amount as text", { ...DEPOSIT, amountCents: "100" }],
    ["an account that cannot be", { ...DEPOSIT, accountId: "al ice" }],
    ["a reference with a slash", { ...DEPOSIT, reference: "a/b" }],
    ["a reference that is too long", { ...DEPOSIT, reference: "r".repeat(65) }],
    ["no notification id", { ...DEPOSIT, notificationId: undefined }],
    ["a time that is no date", { ...DEPOSIT, bookedAtMs: 8.64e15 }],
    ["no time", { ...DEPOSIT, bookedAtMs: null }],
    ["an unknown type", { ...DEPOSIT, type: "deposit_reversed" }],
    ["a type of all objects", { ...DEPOSIT, type: "toString" }],
    ["a failure without a reason", { ...FAILED, reason: undefined }],
    ["a reason that is prose", { ...FAILED, reason: "Closed, sorry" }],
    ["a list", [DEPOSIT]],
  ])("with %s is malformed", (_name, fields) => {
    expect(reading(fields)).toEqual({ kind: "refused", reason: "body_malformed" });
  });

  test("of any bytes, rightly signed, is a notice or malformed, and nothing is thrown", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.uint8Array()), (text) => {
        expect(read({ text })).toEqual({ kind: "refused", reason: "body_malformed" });
      }),
    );
  });

  test("with two signature headers is no better signed than with none", () => {
    const body = new TextEncoder().encode(JSON.stringify(DEPOSIT));
    const good = sign([body], [KEY], NOW_MS);
    const headers = { [SIGNATURE_HEADER]: [good, good] };
    expect(signatureIn({})).toBeUndefined();
    expect(
      readCallback({ signature: signatureIn(headers), body }, { keys: [KEY], nowMs: NOW_MS }),
    ).toEqual({ kind: "refused", reason: "signature_invalid" });
  });
});
