// One callback of the custodian: headers and body in, a notice or the reason why it is none out.
// Pure: whoever has the socket answers and passes the notice on. It remembers nothing: a callback
// that is replayed within the tolerance is a notice again, and the reference makes it harmless,
// since a deposit is booked once and a payout ends once for each reference.

import type { Notice } from "./port.ts";
import {
  refusalOf,
  SIGNATURE_HEADER,
  TOLERANCE_MS_DEFAULT,
  type SignatureRefusal,
} from "./signature.ts";
import { parseObject, readNotice } from "./wire.ts";

/** A notice has some 300 bytes; banks add fields. */
export const CALLBACK_BYTES_MAX = 16_384;

export type CallbackRefusal = "body_too_large" | SignatureRefusal | "body_malformed";

/** The HTTP status that tells the custodian what to do: all but 2xx make it try again later. */
export const CALLBACK_STATUS: Readonly<Record<CallbackRefusal, number>> = {
  body_too_large: 413,
  signature_missing: 401,
  signature_invalid: 401,
  signature_stale: 401,
  body_malformed: 400,
};

export type CallbackRead =
  | { readonly kind: "notice"; readonly notice: Notice }
  | { readonly kind: "refused"; readonly reason: CallbackRefusal };

export interface Callback {
  /** The value of `SIGNATURE_HEADER`; undefined when there was none. */
  readonly signature: string | undefined;
  /** The body exactly as it came: one byte changed is another body. */
  readonly body: Uint8Array;
}

export interface CallbackRules {
  /** All keys that the custodian may sign with now: during a change of keys the old one, too. */
  readonly keys: readonly Uint8Array[];
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  readonly toleranceMs?: number;
}

/**
 * The reasons in order of precedence: body_too_large, signature_missing, signature_invalid,
 * signature_stale, body_malformed. Nothing of a body is parsed before its signature holds.
 */
export function readCallback({ signature, body }: Callback, rules: CallbackRules): CallbackRead {
  if (body.length > CALLBACK_BYTES_MAX) return refused("body_too_large");
  const reason = refusalOf({
    header: signature,
    content: [body],
    keys: rules.keys,
    nowMs: rules.nowMs,
    toleranceMs: rules.toleranceMs ?? TOLERANCE_MS_DEFAULT,
  });
  if (reason !== undefined) return refused(reason);
  const fields = parseObject(Buffer.from(body.buffer, body.byteOffset, body.length).toString());
  const notice = fields === undefined ? undefined : readNotice(fields);
  return notice === undefined ? refused("body_malformed") : { kind: "notice", notice };
}

/** The signature among headers as Node and uWebSockets.js give them: names in lower case. */
export function signatureIn(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): string | undefined {
  const value = headers[SIGNATURE_HEADER];
  // Two of them are no signature of anything: joined, they have two times and are invalid.
  return typeof value === "object" ? value.join() : value;
}

function refused(reason: CallbackRefusal): CallbackRead {
  return { kind: "refused", reason };
}
