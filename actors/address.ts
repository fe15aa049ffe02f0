// Names of actors. An address says who, never where: the shard follows from it by a stable hash.

import { AssertionError, assert } from "../src/money/assert.ts";

declare const brand: unique symbol;

export type AccountId = string & { readonly [brand]: "AccountId" };
export type LoanId = string & { readonly [brand]: "LoanId" };

/**
 * A client-chosen UUIDv7 (RFC 9562) as 16 Latin-1 characters, one for each byte. The compact form
 * is half the memory of the text form; `formatRequestId` gives the text for people and JSON.
 */
export type RequestId = string & { readonly [brand]: "RequestId" };

/** Actor kinds by number: the numbers are in the journal and are never given to another kind. */
export const ACTOR_KINDS = { account: 1, loan: 2 } as const;
export type ActorKindName = keyof typeof ACTOR_KINDS;

export type Address =
  | { readonly kind: "account"; readonly id: AccountId }
  | { readonly kind: "loan"; readonly id: LoanId };

/** Stands for all that a message names itself. No account can have this id. */
export const MANY_ACCOUNTS: Address = { kind: "account", id: "*" as AccountId };

/** From what a journal holds of an address. */
export function addressOf(kind: ActorKindName, id: string): Address {
  return id === MANY_ACCOUNTS.id ? MANY_ACCOUNTS : ({ kind, id } as Address);
}

export const ID_LENGTH_MAX = 40;
const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/;

/**
 * The name of a withdrawal at the custodian bank, which knows each name once: `w-alice-3`. At most
 * 59 characters.
 */
export function withdrawalReference(account: AccountId, withdrawalNo: number): string {
  return `w-${account}-${withdrawalNo}`;
}

/** The number of the account's withdrawal that has this name; undefined when it is none of its. */
export function withdrawalNoOf(reference: string, account: AccountId): number | undefined {
  const prefix = `w-${account}-`;
  const digits = reference.slice(prefix.length);
  const isOne = reference.startsWith(prefix) && /^[1-9]\d{0,14}$/.test(digits);
  return isOne ? Number(digits) : undefined;
}

/** Letters, digits, dot, underscore, hyphen; starts with a letter or digit; 1 to 40 characters. */
export function isId(text: unknown): boolean {
  // A pattern would make text of whatever it is given, and take 12345 and ["alice"] for ids.
  return typeof text === "string" && ID_PATTERN.test(text);
}

export function accountId(text: string): AccountId {
  assert(isId(text), `not an account id: ${JSON.stringify(text)}`);
  return text as AccountId;
}

export function loanId(text: string): LoanId {
  assert(isId(text), `not a loan id: ${JSON.stringify(text)}`);
  return text as LoanId;
}

/** 16 bytes to a RequestId. The caller has checked the version and variant bits. */
export function requestIdFromBytes(bytes: Uint8Array, offset = 0): RequestId {
  if (bytes.length - offset < 16) throw new AssertionError("a request id has 16 bytes");
  const b = bytes;
  const o = offset;
  // One call with literal arguments: no intermediate array, and V8 makes one flat string.
  // prettier-ignore
  return String.fromCharCode(
    b[o]!, b[o + 1]!, b[o + 2]!, b[o + 3]!, b[o + 4]!, b[o + 5]!, b[o + 6]!, b[o + 7]!,
    b[o + 8]!, b[o + 9]!, b[o + 10]!, b[o + 11]!, b[o + 12]!, b[o + 13]!, b[o + 14]!, b[o + 15]!,
  ) as RequestId;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** The text form, `xxxxxxxx-xxxx-7xxx-yxxx-xxxxxxxxxxxx`. */
export function formatRequestId(id: RequestId): string {
  let text = "";
  for (let at = 0; at < 16; at++) {
    if (at === 4 || at === 6 || at === 8 || at === 10) text += "-";
    text += HEX[id.charCodeAt(at)];
  }
  return text;
}

/** The text form to a RequestId; undefined when it is not a UUIDv7. */
export function parseRequestId(text: string): RequestId | undefined {
  if (!UUID_V7.test(text)) return undefined;
  const hex = text.replaceAll("-", "");
  let id = "";
  for (let at = 0; at < 32; at += 2) {
    id += String.fromCharCode(parseInt(hex.slice(at, at + 2), 16));
  }
  return id as RequestId;
}

/** Milliseconds since the epoch, the first 48 bits of a UUIDv7. */
export function requestTimeMs(id: RequestId): number {
  const high = (id.charCodeAt(0) << 8) | id.charCodeAt(1);
  const low =
    id.charCodeAt(2) * 0x1000000 +
    ((id.charCodeAt(3) << 16) | (id.charCodeAt(4) << 8) | id.charCodeAt(5));
  return high * 0x100000000 + low;
}
