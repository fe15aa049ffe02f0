// How a snapshot lies in its field of the hash: 16 hex digits of position (which a function can
// compare without decoding anything), the MAC, the payload. A part of an actor's snapshot is a
// field of its own, named after the main field: `l/spring#3`.

import { assert } from "../money/assert.ts";
import { JournalError } from "./errors.ts";
import { MAC_BYTES, sameMac, type MacChain } from "./mac-chain.ts";

const POSITION_DIGITS = 16;
export const HEADER_BYTES = POSITION_DIGITS + MAC_BYTES;

/** Not an actor's, whose fields have a slash: see snapshot-seal.ts. */
export const SEAL_FIELD = "seal";

/** Of a field, as it is written: longer ones are none of ours. */
export const FIELD_BYTES_MAX = 1_024;

export interface Snapshot {
  readonly position: number;
  readonly payload: Buffer;
}

/** As it is compared within Redis. */
export function positionDigits(position: number): string {
  return position.toString(16).padStart(POSITION_DIGITS, "0");
}

export function partField(field: string, partNo: number): string {
  assert(Number.isSafeInteger(partNo) && partNo >= 0, "parts are numbered from 0");
  return `${field}#${partNo}`;
}

/** As it is stored, whatever it is worth; `value` needs no payload. */
export function macOf(value: Buffer): Buffer {
  return value.subarray(POSITION_DIGITS, HEADER_BYTES);
}

export function sealSnapshot(
  chain: MacChain,
  field: string,
  position: number,
  payload: Uint8Array,
): Buffer {
  const value = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  value.write(positionDigits(position), "latin1");
  chain.ofSnapshot(field, position, payload).copy(value, POSITION_DIGITS);
  value.set(payload, HEADER_BYTES);
  return value;
}

/** Throws JournalError `tampered` when the value is not what was written under this field. */
export function openSnapshot(chain: MacChain, field: string, value: Buffer): Snapshot {
  const digits = value.toString("latin1", 0, POSITION_DIGITS);
  const position = /^[0-9a-f]{16}$/.test(digits) ? parseInt(digits, 16) : NaN;
  const payload = value.subarray(HEADER_BYTES);
  if (
    !Number.isSafeInteger(position) ||
    value.length < HEADER_BYTES ||
    !sameMac(
      value.subarray(POSITION_DIGITS, HEADER_BYTES),
      chain.ofSnapshot(field, position, payload),
    )
  ) {
    throw new JournalError("tampered", `the snapshot ${field} is not what was written`);
  }
  return { position, payload };
}
