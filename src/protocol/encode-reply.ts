// What the server says to clients: replies, errors and pushes, in both subprotocols.
// Views are objects with the fields of the table by name; other properties are not sent.

import { errorNumber, type ErrorCode } from "./errors.ts";
import type { MsgpackWriter } from "./msgpack-writer.ts";
import { ERROR_NUMBER, OPERATION_PLANS, PUSH_PLANS, REPLY_OFFSET } from "./plans.ts";
import type { OperationName, PushName } from "./table.ts";
import { fieldsText, writeFields } from "./write-fields.ts";

/**
 * `[128 + operation number, id, position, ...fields]`. `position` is `shard:epoch-seq` of the
 * journal, up to which what the reply says is durable; empty where nothing durable is meant.
 */
export function encodeReply(
  to: MsgpackWriter,
  operation: OperationName,
  id: number,
  position: string,
  view: object,
): void {
  const { number, reply } = OPERATION_PLANS.get(operation)!;
  to.arrayHeader(3 + reply.length);
  to.int(REPLY_OFFSET + number);
  to.int(id);
  to.str(position);
  writeFields(to, reply, view);
}

/** `[0, id, error number, detail, retryAfterMs]`; `id` is null when the frame did not tell it. */
export function encodeError(
  to: MsgpackWriter,
  id: number | null,
  code: ErrorCode,
  detail: string | null,
  retryAfterMs: number | null,
): void {
  to.arrayHeader(5);
  to.int(ERROR_NUMBER);
  if (id === null) to.nil();
  else to.int(id);
  to.int(errorNumber(code));
  if (detail === null) to.nil();
  else to.str(detail);
  if (retryAfterMs === null) to.nil();
  else to.int(retryAfterMs);
}

/** `[-push number, ...fields]` */
export function encodePush(to: MsgpackWriter, push: PushName, view: object): void {
  const { number, fields } = PUSH_PLANS.get(push)!;
  to.arrayHeader(1 + fields.length);
  to.int(-number);
  writeFields(to, fields, view);
}

export function replyText(
  operation: OperationName,
  id: number,
  position: string,
  view: object,
): string {
  const { reply } = OPERATION_PLANS.get(operation)!;
  return `{"re":"${operation}","id":${id},"position":${JSON.stringify(position)}${fieldsText(reply, view)}}`;
}

export function errorText(
  id: number | null,
  code: ErrorCode,
  detail: string | null,
  retryAfterMs: number | null,
): string {
  return `{"error":"${code}","id":${id},"detail":${JSON.stringify(detail)},"retryAfterMs":${retryAfterMs}}`;
}

export function pushText(push: PushName, view: object): string {
  return `{"push":"${push}"${fieldsText(PUSH_PLANS.get(push)!.fields, view)}}`;
}
