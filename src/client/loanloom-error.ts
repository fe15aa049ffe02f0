// What every promise of the SDK is rejected with: one class, told apart by `code`.

import type { ServerErrorCode } from "../protocol/decode-reply.ts";
import type { OperationName } from "../protocol/table.ts";

/** Codes that come from the client itself, not from the server. */
type LocalErrorCode =
  /**
   * No answer came in time. A mutating request may or may not have had its effect: ask `outcome`.
   */
  | "deadline_exceeded"
  /** More requests wait than the client may hold; nothing was sent. */
  | "queue_full"
  /** The connection was lost and this request is not repeated on the next one. */
  | "disconnected"
  /** The client is closed. */
  | "closed"
  /** No connection came about in time. */
  | "unreachable"
  /** The server answered with something that is not of the protocol. */
  | "malformed_reply";

export type LoanloomErrorCode = ServerErrorCode | LocalErrorCode;

export interface ErrorContext {
  readonly operation?: OperationName;
  /** UUID of the mutating request: with it `outcome` tells what it came to. */
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | null;
}

export class LoanloomError extends Error {
  override readonly name = "LoanloomError";
  readonly code: LoanloomErrorCode;
  readonly detail: string | null;
  readonly retryAfterMs: number | null;
  readonly operation: OperationName | null;
  readonly requestId: string | null;

  constructor(code: LoanloomErrorCode, detail: string | null, context: ErrorContext = {}) {
    super(detail === null ? code : `${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
    this.retryAfterMs = context.retryAfterMs ?? null;
    this.operation = context.operation ?? null;
    this.requestId = context.requestId ?? null;
  }
}
