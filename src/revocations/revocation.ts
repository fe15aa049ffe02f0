// One revocation, and the line of the file that it is: of a token by its id (`jti`), or of a
// subject, which is all of its tokens that were issued up to that moment. A line is understood
// whole or not at all: one that was taken in part would let somebody in.
//
//   {"format":1,"tokenId":"0f8f...","atMs":1800000000000,"by":"olga","reason":"a stolen laptop"}
//   {"format":1,"subject":"alice","atMs":1800000000000,"by":"olga"}

import { isId } from "../../actors/address.ts";
import { assert } from "../money/assert.ts";

interface Circumstances {
  readonly atMs: number;
  /** A name for people: nobody has verified it. */
  readonly by: string;
  readonly reason: string | null;
}

export type Revocation = Circumstances &
  (
    | { readonly kind: "token"; readonly tokenId: string }
    | { readonly kind: "subject"; readonly subject: string }
  );

export type ParsedRevocation =
  | { readonly ok: true; readonly revocation: Revocation }
  | { readonly ok: false; readonly complaint: string };

const FORMAT = 1;
/** A longer line is none of ours. */
export const LINE_BYTES_MAX = 8_192;
/** Characters; a longer `jti` can only be revoked with its subject. */
export const TOKEN_ID_LENGTH_MAX = 512;
export const BY_LENGTH_MAX = 100;
export const REASON_LENGTH_MAX = 500;
/** An earlier moment is a mistake, most likely seconds instead of milliseconds. */
const AT_MS_LEAST = Date.UTC(2020, 0, 1);
/** The last moment that a Date can be (ECMA-262, 21.4.1.1). */
const AT_MS_MOST = 8_640_000_000_000_000;

const FIELDS: readonly string[] = ["format", "tokenId", "subject", "atMs", "by", "reason"];

/** The line, with the newline that ends it. */
export function formatRevocation(revocation: Revocation): string {
  const { atMs, by, reason } = revocation;
  const whose =
    revocation.kind === "token" ? { tokenId: revocation.tokenId } : { subject: revocation.subject };
  const told = reason === null ? {} : { reason };
  const line = JSON.stringify({ format: FORMAT, ...whose, atMs, by, ...told });
  assert(parseRevocation(line).ok, "a revocation that is written can be read again");
  assert(Buffer.byteLength(line) < LINE_BYTES_MAX, "a line of revocation is not too long");
  return `${line}\n`;
}

/**
 * Reads a line without its newline; null is one that cannot be text.
 * A complaint follows "line 3: ".
 */
export function parseRevocation(line: string | null): ParsedRevocation {
  if (line === null) return complain("is too long, or not UTF-8");
  const fields = fieldsOf(line);
  if (fields === null) return complain("is no JSON object");
  const { format, tokenId, subject, atMs, by, reason = null } = fields;
  if (format !== FORMAT) return complain(`expected "format":${FORMAT}`);
  const stranger = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (stranger !== undefined) return complain(`unknown field ${JSON.stringify(stranger)}`);
  if (typeof atMs !== "number" || !Number.isSafeInteger(atMs)) {
    return complain("atMs: expected whole milliseconds since 1970");
  }
  if (atMs < AT_MS_LEAST || atMs > AT_MS_MOST) {
    return complain("atMs: expected milliseconds since 1970, of 2020 or later");
  }
  if (!isPlainText(by, BY_LENGTH_MAX)) return complain(`by: ${plainText(BY_LENGTH_MAX)}`);
  if (reason !== null && !isPlainText(reason, REASON_LENGTH_MAX)) {
    return complain(`reason: ${plainText(REASON_LENGTH_MAX)}`);
  }
  const circumstances = { atMs, by, reason };
  if ((tokenId === undefined) === (subject === undefined)) {
    return complain("expected either tokenId or subject");
  }
  if (tokenId !== undefined) {
    if (isPlainText(tokenId, TOKEN_ID_LENGTH_MAX)) {
      return { ok: true, revocation: { kind: "token", tokenId, ...circumstances } };
    }
    return complain(`tokenId: ${plainText(TOKEN_ID_LENGTH_MAX)}`);
  }
  if (typeof subject !== "string" || !isId(subject)) return complain("subject: expected an id");
  return { ok: true, revocation: { kind: "subject", subject, ...circumstances } };
}

/**
 * Letters, digits, signs and blanks: nothing that would play tricks on a terminal that shows it.
 */
export function isPlainText(value: unknown, lengthMax: number): value is string {
  if (typeof value !== "string" || value.length > lengthMax) return false;
  return /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u.test(value);
}

export function plainText(lengthMax: number): string {
  return `expected 1 to ${lengthMax} characters, without control characters`;
}

function complain(complaint: string): ParsedRevocation {
  return { ok: false, complaint };
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
