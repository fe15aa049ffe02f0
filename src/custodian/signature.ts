// Who says so: HMAC-SHA256 over the time and the exact bytes, in one header. The same scheme signs
// the custodian's callbacks and our requests; what is signed begins differently (`{` against
// a method's name), so neither can be sent back as the other.
//
//   loanloom-signature: t=1764000000000,v1=<64 hexadecimal digits>[,v1=<...>]
//
// `t` is milliseconds since the epoch. Several `v1` come from a sender that is changing its key;
// several keys at the receiver do the same for the other side.

import { createHmac, timingSafeEqual } from "node:crypto";
import { assert } from "../money/assert.ts";

export const SIGNATURE_HEADER = "loanloom-signature";
export const KEY_BYTES = 32;
/** Old, current, next, and one to spare: a longer list is a mistake or an attack. */
export const KEYS_MAX = 4;
/** Stripe and GitHub, which use the same scheme, allow five minutes. */
export const TOLERANCE_MS_DEFAULT = 300_000;

const SIGNATURES_MAX = 8;
const HEADER_LENGTH_MAX = 1_024;
const TIME_PATTERN = /^[1-9]\d{0,14}$/;
const MAC_PATTERN = /^[0-9a-f]{64}$/;

export type SignatureRefusal = "signature_missing" | "signature_invalid" | "signature_stale";

export interface Verification {
  /** As it came; undefined when there was none. */
  readonly header: string | undefined;
  /** The exact bytes that were signed, in pieces. */
  readonly content: readonly (string | Uint8Array)[];
  readonly keys: readonly Uint8Array[];
  readonly nowMs: number;
  /** How far the sender's time may be from ours, in both directions. */
  readonly toleranceMs: number;
}

/** The header's value, with a signature for each key. */
export function sign(
  content: readonly (string | Uint8Array)[],
  keys: readonly Uint8Array[],
  atMs: number,
): string {
  assertKeys(keys);
  const time = String(Math.trunc(atMs));
  return [
    `t=${time}`,
    ...keys.map((key) => `v1=${macOf(key, time, content).toString("hex")}`),
  ].join();
}

/** What is wrong with a header by itself, whatever it signs; undefined when that must be seen. */
export function headerRefusalOf(
  header: string | undefined,
): Exclude<SignatureRefusal, "signature_stale"> | undefined {
  if (header === undefined || header === "") return "signature_missing";
  return partsOf(header) === undefined ? "signature_invalid" : undefined;
}

/**
 * Undefined when the signature holds; otherwise why not. A wrong signature is told before a stale
 * one: only who has the key learns about our clock.
 */
export function refusalOf(verification: Verification): SignatureRefusal | undefined {
  const { header, content, keys, nowMs, toleranceMs } = verification;
  assertKeys(keys);
  if (header === undefined || header === "") return "signature_missing";
  const parts = partsOf(header);
  if (parts === undefined) return "signature_invalid";
  // All pairs are compared, whatever was found: the time taken says nothing.
  let holds = false;
  for (const key of keys) {
    const mac = macOf(key, parts.time, content);
    for (const candidate of parts.macs) holds = timingSafeEqual(mac, candidate) || holds;
  }
  if (!holds) return "signature_invalid";
  return Math.abs(nowMs - Number(parts.time)) > toleranceMs ? "signature_stale" : undefined;
}

interface Parts {
  readonly time: string;
  readonly macs: readonly Buffer[];
}

/** Items of other names are passed over, so that a `v2` can be introduced beside `v1`. */
function partsOf(header: string): Parts | undefined {
  if (header.length > HEADER_LENGTH_MAX) return undefined;
  let time: string | undefined;
  const macs: Buffer[] = [];
  for (const item of header.split(",")) {
    const [name = "", value = ""] = item.trim().split("=", 2);
    if (name === "t") {
      if (time !== undefined || !TIME_PATTERN.test(value)) return undefined;
      time = value;
    } else if (name === "v1") {
      if (macs.length === SIGNATURES_MAX || !MAC_PATTERN.test(value)) return undefined;
      macs.push(Buffer.from(value, "hex"));
    }
  }
  return time === undefined || macs.length === 0 ? undefined : { time, macs };
}

function macOf(key: Uint8Array, time: string, content: readonly (string | Uint8Array)[]): Buffer {
  const hmac = createHmac("sha256", key).update(`${time}.`);
  for (const piece of content) hmac.update(piece);
  return hmac.digest();
}

function assertKeys(keys: readonly Uint8Array[]): void {
  assert(keys.length > 0 && keys.length <= KEYS_MAX, "between one and four keys", keys.length);
  for (const key of keys) assert(key.length === KEY_BYTES, "a key has 32 bytes", key.length);
}
