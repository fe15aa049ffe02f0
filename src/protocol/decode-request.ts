// Frames of clients to commands, for both subprotocols. Here every field is checked, once: what
// comes out may be trusted by type and range. A bad frame is answered with a typed error and never
// with a throw; nothing of it reaches an actor.

import { requestIdFromBytes } from "../../actors/address.ts";
import { commandFrom, refused, type DecodedRequest } from "./commands.ts";
import { IdCache } from "./id-cache.ts";
import { JsonScanner, TOKEN_KIND } from "./json-scanner.ts";
import { MsgpackReader, NOT_AN_INTEGER } from "./msgpack-reader.ts";
import {
  CORRELATION_ID_MAX,
  FIELDS_MAX,
  KIND,
  OPERATION_PLANS,
  OPERATION_PLANS_BY_NUMBER,
  REQUEST_ID_BYTES,
  type FieldPlan,
  type OperationPlan,
} from "./plans.ts";
import { hexDigit, isPrintableText, isSha256, isToken, readText } from "./text.ts";

export type { DecodedRequest } from "./commands.ts";

/** Ids that are met again and again; at most some 300 KiB. */
const IDS = new IdCache(4096);
const NAMES = new IdCache(64);

/** Fields of the frame at hand: decoding is synchronous and never nested. */
const values: unknown[] = new Array<unknown>(FIELDS_MAX).fill(null);
const uuid = new Uint8Array(REQUEST_ID_BYTES);
const reader = new MsgpackReader();
const scanner = new JsonScanner();
const utf8 = new TextEncoder();

// ---------------------------------------------------------------- MessagePack

/** `[operation number, id, ...fields]`; trailing optional fields may be left out. */
export function decodeMsgpackRequest(bytes: Uint8Array): DecodedRequest {
  reader.start(bytes);
  const decoded = msgpackRequest();
  reader.finish();
  return decoded;
}

function msgpackRequest(): DecodedRequest {
  const items = reader.arrayLength();
  if (items < 2)
    return refused(null, "malformed_frame", "a request is an array of 2 items or more");
  const number = reader.integer();
  const id = reader.integer();
  if (number === NOT_AN_INTEGER || id < 0 || id > CORRELATION_ID_MAX) {
    return refused(null, "malformed_frame", "an operation number and an id of 32 bits come first");
  }
  const plan = OPERATION_PLANS_BY_NUMBER[number];
  if (plan === undefined) return refused(id, "unknown_operation", "no operation has this number");
  const fields = plan.fields;
  const given = items - 2;
  if (given > fields.length) return refused(id, "invalid_field", "more fields than there are");
  if (given < plan.fieldsMin) return refused(id, "invalid_field", fields[given]!.complaint);
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    if (index >= given || (field.optional && reader.nil())) {
      values[index] = null;
      continue;
    }
    const value = msgpackValue(field);
    if (value === undefined) return refused(id, "invalid_field", field.complaint);
    values[index] = value;
  }
  if (reader.at !== reader.end) return refused(id, "malformed_frame", "bytes after the message");
  return { ok: true, id, command: commandFrom(plan, values) };
}

function msgpackValue(field: FieldPlan): unknown {
  switch (field.kind) {
    case KIND.integer: {
      const value = reader.integer();
      return value >= field.min && value <= field.max ? value : undefined;
    }
    case KIND.id: {
      const length = reader.stringLength();
      const start = reader.at;
      reader.at += Math.max(length, 0);
      return IDS.read(reader.bytes, start, length);
    }
    case KIND.requestId: {
      if (reader.binLength() !== REQUEST_ID_BYTES) return undefined;
      const start = reader.at;
      reader.at += REQUEST_ID_BYTES;
      return requestIdIn(reader.bytes, start);
    }
    case KIND.choice: {
      const index = reader.integer();
      return index >= 0 && index <= field.max ? field.choices[index] : undefined;
    }
    case KIND.flag: {
      const flag = reader.flag();
      return flag < 0 ? undefined : flag === 1;
    }
    case KIND.text:
    case KIND.sha256:
    case KIND.token: {
      const length = reader.stringLength();
      if (length < 0) return undefined;
      const start = reader.at;
      reader.at += length;
      return checkedText(field, readText(reader.bytes, start, reader.at, false));
    }
    default:
      return undefined; // Lists and error codes are sent by the server only.
  }
}

// ---------------------------------------------------------------- JSON

/** `{"op": ..., "id": ..., ...fields}`: one flat object, every member once, no unknown ones. */
export function decodeJsonRequest(frame: string | Uint8Array): DecodedRequest {
  const members = scanner.scan(typeof frame === "string" ? utf8.encode(frame) : frame);
  const decoded =
    members < 0
      ? refused(null, "malformed_frame", "a request is one flat object of JSON")
      : jsonRequest(members);
  scanner.finish();
  located = scanner.bytes;
  return decoded;
}

function jsonRequest(members: number): DecodedRequest {
  const opAt = memberNamed("op", members, 0);
  const idAt = memberNamed("id", members, 1);
  const id = idAt >= 0 && scanner.kinds[idAt] === TOKEN_KIND.integer ? scanner.integerOf(idAt) : -1;
  if (id < 0 || id > CORRELATION_ID_MAX) {
    return refused(null, "malformed_frame", "id must be an integer of 32 bits");
  }
  if (opAt < 0 || scanner.kinds[opAt] !== TOKEN_KIND.string) {
    return refused(id, "malformed_frame", "op must be the name of an operation");
  }
  locate(opAt);
  const name = NAMES.read(located, locatedFrom, locatedTo - locatedFrom);
  const plan = name === undefined ? undefined : OPERATION_PLANS.get(name);
  if (plan === undefined) return refused(id, "unknown_operation", "no operation has this name");
  return jsonCommand(plan, id, members);
}

function jsonCommand(plan: OperationPlan, id: number, members: number): DecodedRequest {
  const fields = plan.fields;
  let found = 2; // op and id
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    const at = memberNamed(field.name, members, found);
    if (at >= 0) found++;
    if (at < 0 || (field.optional && scanner.kinds[at] === TOKEN_KIND.null)) {
      if (!field.optional) return refused(id, "invalid_field", field.complaint);
      values[index] = null;
      continue;
    }
    const value = jsonValue(field, at);
    if (value === undefined) return refused(id, "invalid_field", field.complaint);
    values[index] = value;
  }
  // Every name that there is was found once: what is left is unknown, or there twice.
  if (found !== members) return refused(id, "invalid_field", "a field is unknown or there twice");
  return { ok: true, id, command: commandFrom(plan, values) };
}

/** Where the member of this name is, -1 if nowhere. `guess` is looked at first. */
function memberNamed(name: string, members: number, guess: number): number {
  if (guess < members && isNamed(guess, name)) return guess;
  for (let at = 0; at < members; at++) if (isNamed(at, name)) return at;
  return -1;
}

function isNamed(at: number, name: string): boolean {
  const start = scanner.keyStarts[at]!;
  const end = scanner.keyEnds[at]!;
  if (scanner.keyEscaped[at] === 1) return readText(scanner.bytes, start, end, true) === name;
  return isAscii(scanner.bytes, start, end, name);
}

function isAscii(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let index = 0; index < text.length; index++) {
    if (bytes[start + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/** Where the bytes of the string at hand are: in the frame, unless it had escapes. */
let located = scanner.bytes;
let locatedFrom = 0;
let locatedTo = 0;

function locate(at: number): void {
  located = scanner.bytes;
  locatedFrom = scanner.valueStarts[at]!;
  locatedTo = scanner.valueEnds[at]!;
  if (scanner.valueEscaped[at] === 0) return;
  located = utf8.encode(readText(located, locatedFrom, locatedTo, true) ?? "");
  locatedFrom = 0;
  locatedTo = located.length;
}

function jsonValue(field: FieldPlan, at: number): unknown {
  const kind = scanner.kinds[at];
  if (field.kind === KIND.integer) {
    if (kind !== TOKEN_KIND.integer) return undefined;
    const value = scanner.integerOf(at);
    return value >= field.min && value <= field.max ? value : undefined;
  }
  if (field.kind === KIND.flag) {
    if (kind !== TOKEN_KIND.true && kind !== TOKEN_KIND.false) return undefined;
    return kind === TOKEN_KIND.true;
  }
  if (kind !== TOKEN_KIND.string) return undefined;
  if (field.kind === KIND.text || field.kind === KIND.token || field.kind === KIND.sha256) {
    const start = scanner.valueStarts[at]!;
    return checkedText(field, readText(scanner.bytes, start, scanner.valueEnds[at]!, true));
  }
  locate(at);
  const length = locatedTo - locatedFrom;
  if (field.kind === KIND.id) return IDS.read(located, locatedFrom, length);
  if (field.kind === KIND.requestId) {
    return length === UUID_LENGTH ? uuidIn(located, locatedFrom) : undefined;
  }
  for (const choice of field.choices) {
    if (isAscii(located, locatedFrom, locatedTo, choice)) return choice;
  }
  return undefined;
}

// ---------------------------------------------------------------- values of both

function checkedText(field: FieldPlan, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return isFit(field, text) ? text : undefined;
}

function isFit(field: FieldPlan, text: string): boolean {
  if (field.kind === KIND.text) return isPrintableText(text);
  return field.kind === KIND.sha256 ? isSha256(text) : isToken(text);
}

/** RFC 9562: version 7 in the upper half of byte 6, variant 10 in the upper bits of byte 8. */
function requestIdIn(bytes: Uint8Array, start: number) {
  if (bytes[start + 6]! >> 4 !== 7 || bytes[start + 8]! >> 6 !== 2) return undefined;
  return requestIdFromBytes(bytes, start);
}

const UUID_LENGTH = 36;
const NOT_HEX = 0x100;
/** By code of a character: the value of a digit, else a mark above the 8 bits of two digits. */
const HEX_VALUES = Int16Array.from({ length: 256 }, (_, code) => {
  const digit = hexDigit(code);
  return digit < 0 ? NOT_HEX : digit;
});
/** Where a UUID in text has its 16 pairs of digits. */
const UUID_PAIRS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;
const UUID_HYPHENS = [8, 13, 18, 23] as const;

function uuidIn(bytes: Uint8Array, start: number) {
  let wrong = 0;
  for (let index = 0; index < UUID_HYPHENS.length; index++) {
    wrong |= bytes[start + UUID_HYPHENS[index]!]! ^ 0x2d;
  }
  for (let index = 0; index < REQUEST_ID_BYTES; index++) {
    const at = start + UUID_PAIRS[index]!;
    const byte = (HEX_VALUES[bytes[at]!]! << 4) | HEX_VALUES[bytes[at + 1]!]!;
    wrong |= byte >> 8;
    uuid[index] = byte;
  }
  return wrong === 0 ? requestIdIn(uuid, 0) : undefined;
}
