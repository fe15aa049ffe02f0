// What clients say to the server: the mirror of decode-request.ts, for the SDK, tests and load.
// Runs in browsers too: nothing of Node.

import { isId, type RequestId } from "../../actors/address.ts";
import type { MsgpackWriter } from "./msgpack-writer.ts";
import { KIND, OPERATION_PLANS, REQUEST_ID_BYTES, type FieldPlan } from "./plans.ts";
import type { OperationName } from "./table.ts";
import { isPrintableText, isSha256, isToken } from "./text.ts";
import { fieldsText, writeFields } from "./write-fields.ts";

/** `[operation number, id, ...fields]`. The fields have passed `complaintAbout`. */
export function encodeRequest(
  to: MsgpackWriter,
  operation: OperationName,
  id: number,
  fields: object,
): void {
  const plan = OPERATION_PLANS.get(operation)!;
  to.arrayHeader(2 + plan.fields.length);
  to.int(plan.number);
  to.int(id);
  writeFields(to, plan.fields, fields);
}

export function requestText(operation: OperationName, id: number, fields: object): string {
  const plan = OPERATION_PLANS.get(operation)!;
  return `{"op":"${operation}","id":${id}${fieldsText(plan.fields, fields)}}`;
}

/** Why the server would refuse these fields, or null: the same rules as those of its decoder. */
export function complaintAbout(operation: OperationName, fields: object): string | null {
  const plans = OPERATION_PLANS.get(operation)!.fields;
  const record = fields as Readonly<Record<string, unknown>>;
  for (const field of plans) {
    const value = record[field.name] ?? null;
    if (value === null ? !field.optional : !fits(field, value)) return field.complaint;
  }
  for (const name of Object.keys(fields)) {
    if (!plans.some((field) => field.name === name)) return `${operation} has no field ${name}`;
  }
  return null;
}

function fits(field: FieldPlan, value: unknown): boolean {
  if (field.kind === KIND.integer) {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) return false;
    return (value as number) >= field.min && (value as number) <= field.max;
  }
  if (field.kind === KIND.flag) return typeof value === "boolean";
  if (typeof value !== "string") return false;
  switch (field.kind) {
    case KIND.id:
      return isId(value);
    case KIND.requestId:
      return isRequestId(value);
    case KIND.choice:
      return field.choices.includes(value);
    case KIND.text:
      return isPrintableText(value);
    case KIND.sha256:
      return isSha256(value);
    case KIND.token:
      return isToken(value);
    default:
      return false; // Lists and error codes are sent by the server only.
  }
}

/** The form of the program: 16 Latin-1 characters, version 7, variant 10. */
export function isRequestId(text: string): text is RequestId {
  if (text.length !== REQUEST_ID_BYTES) return false;
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0xff) return false;
  return text.charCodeAt(6) >> 4 === 7 && text.charCodeAt(8) >> 6 === 2;
}
