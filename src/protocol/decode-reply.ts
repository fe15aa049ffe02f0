// Frames of the server to messages: the mirror of encode-reply.ts, for the SDK, tests and load.
// A server may be newer than its client: fields behind the known ones, pushes of unknown numbers
// and unknown errors are no fault. Runs in browsers too: nothing of Node.

import { parseRequestId, requestIdFromBytes } from "../../actors/address.ts";
import { errorByNumber, isErrorCode, type ErrorCode } from "./errors.ts";
import { MsgpackReader, NOT_AN_INTEGER } from "./msgpack-reader.ts";
import {
  ERROR_NUMBER,
  KIND,
  OPERATION_PLANS,
  OPERATION_PLANS_BY_NUMBER,
  PUSH_PLANS,
  PUSH_PLANS_BY_NUMBER,
  REPLY_OFFSET,
  REQUEST_ID_BYTES,
  type FieldPlan,
} from "./plans.ts";
import type { OperationName, PushName } from "./table.ts";
import { readText } from "./text.ts";

/** A code that this version does not know yet: its number or name is in the detail. */
export type ServerErrorCode = ErrorCode | "unknown_error";

export type ServerMessage =
  | {
      readonly kind: "reply";
      readonly operation: OperationName;
      readonly id: number;
      readonly position: string;
      readonly view: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: "error";
      readonly id: number | null;
      readonly code: ServerErrorCode;
      readonly detail: string | null;
      readonly retryAfterMs: number | null;
    }
  | {
      readonly kind: "push";
      readonly push: PushName;
      readonly view: Readonly<Record<string, unknown>>;
    }
  /** A push that this version does not know. */
  | { readonly kind: "unknown" }
  /** Not a message of the protocol; `id` tells the request that it would have answered. */
  | { readonly kind: "malformed"; readonly id: number | null };

const UNKNOWN: ServerMessage = { kind: "unknown" };

function malformed(id: number | null): ServerMessage {
  return { kind: "malformed", id };
}

// ---------------------------------------------------------------- MessagePack

const reader = new MsgpackReader();

export function decodeMsgpackReply(bytes: Uint8Array): ServerMessage {
  reader.start(bytes);
  const message = msgpackMessage();
  reader.finish();
  return message;
}

function msgpackMessage(): ServerMessage {
  const items = reader.arrayLength();
  const number = reader.integer();
  if (items < 1 || number === NOT_AN_INTEGER) return malformed(null);
  if (number < 0) {
    const plan = PUSH_PLANS_BY_NUMBER[-number];
    if (plan === undefined) return UNKNOWN;
    const view = msgpackFields(plan.fields, items - 1);
    return view === undefined ? malformed(null) : { kind: "push", push: plan.push, view };
  }
  const id = reader.nil() ? null : reader.integer();
  if (id !== null && id < 0) return malformed(null);
  if (number === ERROR_NUMBER) return msgpackError(id);
  const plan = OPERATION_PLANS_BY_NUMBER[number - REPLY_OFFSET];
  const position = string();
  if (id === null || plan === undefined || position === undefined) return malformed(id);
  const view = msgpackFields(plan.reply, items - 3);
  if (view === undefined) return malformed(id);
  return { kind: "reply", operation: plan.operation, id, position, view };
}

function msgpackError(id: number | null): ServerMessage {
  const number = reader.integer();
  const detail = reader.nil() ? null : string();
  const retryAfterMs = reader.nil() ? null : reader.integer();
  if (number < 0 || detail === undefined || (retryAfterMs !== null && retryAfterMs < 0)) {
    return malformed(id);
  }
  const code = errorByNumber(number);
  if (code !== undefined) return { kind: "error", id, code, detail, retryAfterMs };
  const unknown = `error ${number}${detail === null ? "" : `: ${detail}`}`;
  return { kind: "error", id, code: "unknown_error", detail: unknown, retryAfterMs };
}

function msgpackFields(
  fields: readonly FieldPlan[],
  given: number,
): Record<string, unknown> | undefined {
  const view: Record<string, unknown> = {};
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    if (field.optional && (index >= given || reader.nil())) {
      view[field.name] = null;
      continue;
    }
    const value = index < given ? msgpackValue(field) : undefined;
    if (value === undefined) return undefined;
    view[field.name] = value;
  }
  return view;
}

function msgpackValue(field: FieldPlan): unknown {
  switch (field.kind) {
    case KIND.integer: {
      const value = reader.integer();
      return value < 0 ? undefined : value;
    }
    case KIND.choice:
      return field.choices[reader.integer()];
    case KIND.flag: {
      const flag = reader.flag();
      return flag < 0 ? undefined : flag === 1;
    }
    case KIND.errorCode: {
      const number = reader.integer();
      return number < 0 ? undefined : (errorByNumber(number) ?? "unknown_error");
    }
    case KIND.requestId: {
      if (reader.binLength() !== REQUEST_ID_BYTES) return undefined;
      reader.at += REQUEST_ID_BYTES;
      return requestIdFromBytes(reader.bytes, reader.at - REQUEST_ID_BYTES);
    }
    case KIND.ids: {
      const ids: string[] = [];
      for (let left = reader.arrayLength(); left !== 0; left--) {
        const id = left < 0 ? undefined : string();
        if (id === undefined) return undefined;
        ids.push(id);
      }
      return ids;
    }
    case KIND.signed:
      return reader.signedInteger();
    case KIND.rows:
      return msgpackRows(field);
    default:
      return string();
  }
}

/** Columns of a newer server stand behind the known ones and are passed over. */
function msgpackRows(field: FieldPlan): unknown[] | undefined {
  const { columns } = field;
  const rows: unknown[] = [];
  const count = reader.arrayLength();
  if (count < 0 || count > field.max) return undefined;
  while (rows.length < count) {
    const items = reader.arrayLength();
    const row = items < 0 ? undefined : msgpackFields(columns, items);
    if (row === undefined) return undefined;
    for (let item = columns.length; item < items; item++) if (!reader.skip()) return undefined;
    rows.push(row);
  }
  return rows;
}

function string(): string | undefined {
  const length = reader.stringLength();
  if (length < 0) return undefined;
  const start = reader.at;
  reader.at += length;
  return readText(reader.bytes, start, reader.at, false);
}

// ---------------------------------------------------------------- JSON

type Members = Readonly<Record<string, unknown>>;

export function decodeJsonReply(text: string): ServerMessage {
  const members = parsedObject(text);
  if (members === undefined) return malformed(null);
  if (typeof members["push"] === "string") {
    const plan = PUSH_PLANS.get(members["push"]);
    if (plan === undefined) return UNKNOWN;
    const view = jsonFields(plan.fields, members);
    return view === undefined ? malformed(null) : { kind: "push", push: plan.push, view };
  }
  const id = members["id"] ?? null;
  if (id !== null && !isCount(id)) return malformed(null);
  if (typeof members["error"] === "string") return jsonError(id, members["error"], members);
  const { re, position } = members;
  const plan = typeof re === "string" ? OPERATION_PLANS.get(re) : undefined;
  if (id === null || plan === undefined || typeof position !== "string") return malformed(id);
  const view = jsonFields(plan.reply, members);
  if (view === undefined) return malformed(id);
  return { kind: "reply", operation: plan.operation, id, position, view };
}

function jsonError(id: number | null, name: string, members: Members): ServerMessage {
  const detail = members["detail"] ?? null;
  const retryAfterMs = members["retryAfterMs"] ?? null;
  if (detail !== null && typeof detail !== "string") return malformed(id);
  if (retryAfterMs !== null && !isCount(retryAfterMs)) return malformed(id);
  if (isErrorCode(name)) return { kind: "error", id, code: name, detail, retryAfterMs };
  const unknown = `error ${name}${detail === null ? "" : `: ${detail}`}`;
  return { kind: "error", id, code: "unknown_error", detail: unknown, retryAfterMs };
}

/** The edge to JSON.parse, which throws on anything that is no JSON. */
function parsedObject(text: string): Members | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? (parsed as Members) : undefined;
  } catch {
    return undefined;
  }
}

function jsonFields(
  fields: readonly FieldPlan[],
  members: Members,
): Record<string, unknown> | undefined {
  const view: Record<string, unknown> = {};
  for (const field of fields) {
    const given = members[field.name] ?? null;
    const value = given === null && field.optional ? null : jsonValue(field, given);
    if (value === undefined) return undefined;
    view[field.name] = value;
  }
  return view;
}

function jsonValue(field: FieldPlan, given: unknown): unknown {
  if (field.kind === KIND.integer) return isCount(given) ? given : undefined;
  if (field.kind === KIND.signed) return Number.isSafeInteger(given) ? given : undefined;
  if (field.kind === KIND.rows) return jsonRows(field, given);
  if (field.kind === KIND.flag) return typeof given === "boolean" ? given : undefined;
  if (field.kind === KIND.ids) {
    return Array.isArray(given) && given.every((id) => typeof id === "string") ? given : undefined;
  }
  if (typeof given !== "string") return undefined;
  if (field.kind === KIND.requestId) return parseRequestId(given);
  if (field.kind === KIND.choice) return field.choices.includes(given) ? given : undefined;
  if (field.kind === KIND.errorCode) return isErrorCode(given) ? given : "unknown_error";
  return given;
}

function jsonRows(field: FieldPlan, given: unknown): unknown[] | undefined {
  if (!Array.isArray(given) || given.length > field.max) return undefined;
  const rows: unknown[] = [];
  for (const each of given as unknown[]) {
    if (typeof each !== "object" || each === null) return undefined;
    const row = jsonFields(field.columns, each as Members);
    if (row === undefined) return undefined;
    rows.push(row);
  }
  return rows;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
