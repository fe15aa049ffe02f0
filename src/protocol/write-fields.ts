// Writes the fields of a message by its plan, in MessagePack or JSON. What it is given comes from
// this program (or was checked): a value that does not fit its field is a bug, and asserts.

import { formatRequestId, type RequestId } from "../../actors/address.ts";
import { AssertionError } from "../money/assert.ts";
import { errorNumber, type ErrorCode } from "./errors.ts";
import type { MsgpackWriter } from "./msgpack-writer.ts";
import { KIND, type FieldPlan } from "./plans.ts";

/** One item for each field, nil for an optional one that is null or absent. */
export function writeFields(to: MsgpackWriter, fields: readonly FieldPlan[], view: object): void {
  const record = view as Readonly<Record<string, unknown>>;
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    const value = record[field.name];
    if (field.kind === KIND.integer && typeof value === "number") {
      to.int(value);
    } else if (value === null || value === undefined) {
      if (!field.optional) throw new AssertionError(`${field.name} is there`);
      to.nil();
    } else {
      writeValue(to, field, value);
    }
  }
}

function writeValue(to: MsgpackWriter, field: FieldPlan, value: unknown): void {
  switch (field.kind) {
    case KIND.id:
    case KIND.text:
    case KIND.token:
    case KIND.sha256:
    case KIND.page:
      return to.str(value as string);
    case KIND.signed:
      return to.int(value as number);
    case KIND.rows: {
      const rows = rowsOf(field, value);
      to.arrayHeader(rows.length);
      for (const row of rows) {
        to.arrayHeader(field.columns.length);
        writeFields(to, field.columns, row);
      }
      return;
    }
    case KIND.requestId:
      return to.binFromLatin1(value as string);
    case KIND.flag:
      return to.bool(value as boolean);
    case KIND.choice:
      return to.int(choiceNumber(field, value));
    case KIND.errorCode:
      return to.int(errorNumber(value as ErrorCode));
    case KIND.ids: {
      const ids = value as readonly string[];
      to.arrayHeader(ids.length);
      for (const id of ids) to.str(id);
      return;
    }
    default:
      throw new AssertionError(`${field.name} is not a number: ${String(value)}`);
  }
}

/** Whoever answers keeps to the bound; a longer list is a bug. */
function rowsOf(field: FieldPlan, value: unknown): readonly object[] {
  const rows = value as readonly object[];
  if (rows.length > field.max) throw new AssertionError(`${field.name} has ${rows.length} rows`);
  return rows;
}

function choiceNumber(field: FieldPlan, value: unknown): number {
  const choice = field.choices.indexOf(value as string);
  if (choice < 0) throw new AssertionError(`${field.name} has no choice ${String(value)}`);
  return choice;
}

/** `,"name":value` for each field; null for an optional one that is null or absent. */
export function fieldsText(fields: readonly FieldPlan[], view: object): string {
  const record = view as Readonly<Record<string, unknown>>;
  let text = "";
  for (const field of fields) {
    const value = record[field.name] ?? null;
    text += `,"${field.name}":`;
    if (value !== null && field.kind === KIND.rows) text += rowsText(field, value);
    else text += JSON.stringify(value === null ? null : plain(field, value));
    if (value === null && !field.optional) throw new AssertionError(`${field.name} is there`);
  }
  return text;
}

function rowsText(field: FieldPlan, value: unknown): string {
  const rows = rowsOf(field, value).map((row) => `{${fieldsText(field.columns, row).slice(1)}}`);
  return `[${rows.join(",")}]`;
}

/** The form that JSON has of a value. */
function plain(field: FieldPlan, value: unknown): unknown {
  if (field.kind === KIND.requestId) return formatRequestId(value as RequestId);
  if (field.kind === KIND.choice) choiceNumber(field, value);
  const isNumber = field.kind === KIND.integer || field.kind === KIND.signed;
  if (isNumber && !Number.isSafeInteger(value)) {
    throw new AssertionError(`${field.name} is not a number: ${String(value)}`);
  }
  return value;
}
