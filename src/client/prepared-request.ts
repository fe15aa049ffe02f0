// A request as it is sent: fields in the form of the program, and a request id if the caller gave
// none. Such an id is made anew when the request was not sent at once, since servers forget old ids
// in their order; and by the server's clock once the server has said that the one here is ahead.

import {
  formatRequestId,
  parseRequestId,
  requestTimeMs,
  type RequestId,
} from "../../actors/address.ts";
import { complaintAbout } from "../protocol/encode-request.ts";
import { OPERATIONS, type OperationName } from "../protocol/table.ts";
import { LoanloomError } from "./loanloom-error.ts";
import { RequestIds, requestIds, SYSTEM } from "./request-id.ts";
import type { Ask } from "./request-table.ts";

/** Less is what a request takes to get there. */
const CLOCKS_APART_MS = 5_000;

/** The request ids of one client. */
export class Stamps {
  #ids = requestIds;
  /** By how much the clock here is ahead of the server's, as far as the server has complained. */
  #aheadMs = 0;

  next(): RequestId {
    return this.#ids.next();
  }

  /** An id was ahead of the server's clock: from now on they are of its time. */
  setBack(requestId: RequestId, byMs: number): void {
    const aheadMs = Date.now() - (requestTimeMs(requestId) - byMs);
    // Many that were under way at once tell the same.
    if (Math.abs(aheadMs - this.#aheadMs) < CLOCKS_APART_MS) return;
    this.#aheadMs = aheadMs;
    this.#ids = new RequestIds({ ...SYSTEM, nowMs: () => Date.now() - aheadMs });
  }
}

type Prepared = Pick<Ask, "fields" | "requestId" | "restamp">;

export function prepare(
  operation: OperationName,
  given: object,
  stamps: Stamps,
): Prepared | LoanloomError {
  const { fields: plans, mutates } = OPERATIONS[operation];
  const fields: Record<string, unknown> = { ...given };
  const prepared: { -readonly [Key in keyof Prepared]: Prepared[Key] } = {
    fields,
    requestId: null,
    restamp: null,
  };
  if (plans.some((field) => field.name === "requestId")) {
    const isOurs = mutates && (fields["requestId"] ?? null) === null;
    const requestId = isOurs ? stamps.next() : idOf(fields["requestId"]);
    if (requestId === undefined) return invalid(operation, "requestId must be a UUID of version 7");
    fields["requestId"] = requestId;
    prepared.requestId = formatRequestId(requestId);
    if (isOurs) prepared.restamp = (ask, aheadMs) => restamp(ask, fields, stamps, aheadMs);
  }
  const complaint = complaintAbout(operation, fields);
  return complaint === null ? prepared : invalid(operation, complaint);
}

function restamp(ask: Ask, fields: Record<string, unknown>, stamps: Stamps, aheadMs: number): void {
  if (aheadMs > 0) stamps.setBack(fields["requestId"] as RequestId, aheadMs);
  const requestId = stamps.next();
  fields["requestId"] = requestId;
  ask.requestId = formatRequestId(requestId);
}

function idOf(given: unknown): RequestId | undefined {
  return typeof given === "string" ? parseRequestId(given) : undefined;
}

function invalid(operation: OperationName, complaint: string): LoanloomError {
  return new LoanloomError("invalid_field", complaint, { operation });
}
