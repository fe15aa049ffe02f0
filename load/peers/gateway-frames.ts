// The few frames that the gateways of the peers must understand, in the encoding that the clients
// of the benchmark speak. Less is checked here than a gateway for strangers would: it is in the
// peers' favour, and their figures are the better for it.

import { BEARER_ENTRY } from "../../src/protocol/connection.ts";
import { errorByNumber } from "../../src/protocol/errors.ts";
import { encodeError, encodeReply } from "../../src/protocol/encode-reply.ts";
import { MsgpackReader } from "../../src/protocol/msgpack-reader.ts";
import { MsgpackWriter } from "../../src/protocol/msgpack-writer.ts";
import { REPLY_OFFSET } from "../../src/protocol/plans.ts";
import { OPERATIONS } from "../../src/protocol/table.ts";
import type { PeerRequest } from "./store.ts";

const BID = OPERATIONS["bid.place"].number;
const REPAYMENT = OPERATIONS["loan.repay"].number;
const PING = OPERATIONS["session.ping"].number;
const NO_FRAME = new Uint8Array(0);

export interface Ping {
  readonly kind: "ping";
  readonly correlationId: number;
}

const reader = new MsgpackReader();
const writer = new MsgpackWriter(256);

/** Throws on anything that the benchmark's clients do not send. */
export function readFrame(
  bytes: Buffer,
  accountId: string,
  from: unknown,
  keepsFrame: boolean,
): PeerRequest | Ping {
  reader.start(bytes);
  reader.arrayLength();
  const operation = reader.integer();
  const correlationId = reader.integer();
  if (operation === PING) return { kind: "ping", correlationId };
  if (operation !== BID && operation !== REPAYMENT) throw new Error(`operation ${operation}`);
  if (reader.binLength() !== 16) throw new Error("a request id has 16 bytes");
  const requestId = bytes.toString("latin1", reader.at, reader.at + 16);
  reader.at += 16;
  const size = reader.stringLength();
  const loanId = bytes.toString("latin1", reader.at, reader.at + size);
  reader.at += size;
  const amountCents = reader.integer();
  if (size < 1 || amountCents < 1) throw new Error("a loan and an amount were expected");
  return {
    kind: operation === BID ? "bid" : "repayment",
    accountId,
    loanId,
    amountCents,
    requestId,
    // The bytes belong to the socket once it is handled.
    frame: keepsFrame ? Uint8Array.prototype.slice.call(bytes) : NO_FRAME,
    errorNumber: 0,
    ordinal: 0,
    remainingCents: 0,
    from,
    correlationId,
  };
}

/** The answer's bytes, valid until the next call. */
export function answerFrame(request: PeerRequest): Uint8Array {
  if (request.frame.length > 0) return request.frame;
  writer.reset();
  const { correlationId, errorNumber, amountCents, ordinal, remainingCents } = request;
  if (errorNumber !== 0) {
    const code = errorByNumber(errorNumber) ?? "internal_error";
    encodeError(writer, correlationId, code, null, null);
  } else if (request.kind === "bid") {
    // By hand, as the frames of the clients are: it is the one that counts.
    writer.arrayHeader(7);
    writer.int(REPLY_OFFSET + BID);
    writer.int(correlationId);
    writer.str("");
    writer.int(ordinal);
    writer.int(amountCents);
    writer.int(ordinal);
    writer.int(remainingCents);
  } else {
    encodeReply(writer, "loan.repay", correlationId, "", {
      clearing: ordinal,
      principalCents: amountCents,
      interestCents: 0,
      penaltyCents: 0,
      feeCents: 0,
      returnedCents: 0,
    });
  }
  return writer.view();
}

export function pongFrame({ correlationId }: Ping): Uint8Array {
  writer.reset();
  encodeReply(writer, "session.ping", correlationId, "", { at: Date.now() });
  return writer.view();
}

/** The subject of a bearer token among the subprotocols. Its signature is not checked. */
export function subjectOf(subprotocols: string): string {
  const token = subprotocols.split(",").find((each) => each.trim().startsWith(BEARER_ENTRY));
  const payload = token?.trim().split(".")[2];
  if (payload === undefined) throw new Error("a client without a token");
  const { sub } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { sub: string };
  return sub;
}
