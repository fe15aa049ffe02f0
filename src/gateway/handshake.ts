// What a client may ask for when it connects: origin, subprotocol, token. Pure: headers in, a
// judgement out. A token is never looked for in the URL, where proxies and histories would keep it.

import { BEARER_ENTRY, SUBPROTOCOLS } from "../protocol/connection.ts";
import type { ErrorCode } from "../protocol/errors.ts";

const BEARER_HEADER = /^Bearer +([\x21-\x7e]+)$/i;
const WEBSOCKET_VERSION = "13"; // RFC 6455

/** Header values as they came, empty when absent. */
export interface HandshakeHeaders {
  readonly origin: string;
  readonly host: string;
  readonly protocols: string;
  readonly authorization: string;
  readonly version: string;
}

export interface Handshake {
  readonly ok: true;
  readonly isBinary: boolean;
  readonly subprotocol: string;
  /** Null: it must be the first message. */
  readonly token: string | null;
}

export interface HandshakeRefusal {
  readonly ok: false;
  readonly code: Extract<ErrorCode, "origin_not_allowed" | "malformed_frame" | "unauthenticated">;
  readonly detail: string;
}

export function judgeHandshake(
  headers: HandshakeHeaders,
  originsAllowed: readonly string[],
): Handshake | HandshakeRefusal {
  if (!isOriginAllowed(headers.origin, headers.host, originsAllowed)) {
    return refusal("origin_not_allowed", "pages of this origin may not connect");
  }
  if (headers.version !== WEBSOCKET_VERSION) {
    return refusal("malformed_frame", "Sec-WebSocket-Version must be 13");
  }
  const entries = headers.protocols.split(",").map((entry) => entry.trim());
  const subprotocol = entries.find(
    (entry) => entry === SUBPROTOCOLS.msgpack || entry === SUBPROTOCOLS.json,
  );
  if (subprotocol === undefined) {
    const offered = `${SUBPROTOCOLS.msgpack} or ${SUBPROTOCOLS.json}`;
    return refusal("malformed_frame", `Sec-WebSocket-Protocol must name ${offered}`);
  }
  const isBinary = subprotocol === SUBPROTOCOLS.msgpack;
  if (headers.authorization !== "") {
    const token = bearerOf(headers.authorization);
    if (token === null) return refusal("unauthenticated", "Authorization must be Bearer");
    return { ok: true, isBinary, subprotocol, token };
  }
  const entry = entries.find((candidate) => candidate.startsWith(BEARER_ENTRY));
  const token = entry === undefined ? null : entry.slice(BEARER_ENTRY.length);
  return { ok: true, isBinary, subprotocol, token };
}

/** The token of an Authorization header, null when it is of another scheme. */
export function bearerOf(authorization: string): string | null {
  return BEARER_HEADER.exec(authorization)?.[1] ?? null;
}

/**
 * Only browsers send Origin. Pages that this very host serves may connect, and those of the list.
 * That is no authentication: tokens are, and a page has to be given one.
 */
export function isOriginAllowed(
  origin: string,
  host: string,
  originsAllowed: readonly string[],
): boolean {
  if (origin === "" || originsAllowed.includes("*") || originsAllowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

function refusal(code: HandshakeRefusal["code"], detail: string): HandshakeRefusal {
  return { ok: false, code, detail };
}
