// Strict reading of UTF-8 and of the escapes of JSON strings, and the rules for text and tokens.
// TextDecoder would throw or replace what is wrong; here the answer is undefined.

import { TEXT_LENGTH_MAX, TOKEN_LENGTH_MAX } from "./plans.ts";

/**
 * Nothing that is invisible, breaks a line or turns the direction of what stands beside it on an
 * operator's screen: controls, half characters, all of format (Cf: joiners of no width, marks of
 * direction, tags, the soft hyphen), separators of lines, and letters that fill and
 * show nothing. Asked where a text comes in and never of a journal, so a newer
 * Unicode changes no answer of before.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\u034f\u115f\u1160\u17b4\u17b5\u2028\u2029\u3164\uffa0]/u;

export function isPrintableText(text: string): boolean {
  if (text.length > TEXT_LENGTH_MAX * 2 || UNPRINTABLE.test(text)) return false;
  if (text.length <= TEXT_LENGTH_MAX) return true;
  let characters = 0;
  for (const _ of text) characters++;
  return characters <= TEXT_LENGTH_MAX;
}

const TOKEN = /^[\x21-\x7e]+$/;

export function isToken(text: string): boolean {
  return text.length <= TOKEN_LENGTH_MAX && TOKEN.test(text);
}

const SHA256 = /^[0-9a-f]{64}$/;

export function isSha256(text: string): boolean {
  return SHA256.test(text);
}

/** More bytes than any field may have, escapes included. */
const BYTES_MAX = TOKEN_LENGTH_MAX * 6;

/**
 * The string in these bytes of UTF-8; undefined when they are no strict UTF-8 (overlong forms,
 * surrogates, cut sequences). With `escapes`, as the inside of a JSON string.
 */
export function readText(
  bytes: Uint8Array,
  start: number,
  end: number,
  escapes: boolean,
): string | undefined {
  if (end - start > BYTES_MAX) return undefined;
  const units: number[] = [];
  let at = start;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === 0x5c && escapes) {
      const unit = escaped(bytes, at + 1, end);
      if (unit < 0) return undefined;
      at += bytes[at + 1] === 0x75 ? 6 : 2;
      units.push(unit);
    } else if (byte < 0x80) {
      at++;
      units.push(byte);
    } else {
      const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      const point = codePoint(bytes, at, end, size);
      if (point < 0) return undefined;
      at += size;
      if (point < 0x10000) units.push(point);
      else units.push(0xd7c0 + (point >> 10), 0xdc00 | (point & 0x3ff));
    }
  }
  return String.fromCharCode(...units);
}

const LEAST = [0, 0, 0x80, 0x800, 0x10000] as const;

function codePoint(bytes: Uint8Array, at: number, end: number, size: number): number {
  const head = bytes[at]!;
  if (head < 0xc2 || head > 0xf4 || at + size > end) return -1;
  let point = head & (0x7f >> size);
  for (let next = at + 1; next < at + size; next++) {
    const byte = bytes[next]!;
    if ((byte & 0xc0) !== 0x80) return -1;
    point = (point << 6) | (byte & 0x3f);
  }
  if (point < LEAST[size]! || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return -1;
  return point;
}

/** The code unit of the escape after a backslash, -1 when it is none. */
function escaped(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1;
  switch (bytes[at]) {
    case 0x22:
    case 0x5c:
    case 0x2f:
      return bytes[at]!;
    case 0x62:
      return 8;
    case 0x66:
      return 12;
    case 0x6e:
      return 10;
    case 0x72:
      return 13;
    case 0x74:
      return 9;
    case 0x75: {
      if (at + 5 > end) return -1;
      let unit = 0;
      for (let next = at + 1; next < at + 5; next++) {
        const digit = hexDigit(bytes[next]!);
        if (digit < 0) return -1;
        unit = (unit << 4) | digit;
      }
      return unit;
    }
    default:
      return -1;
  }
}

/** Value of a hexadecimal digit in ASCII, -1 when it is none. */
export function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
