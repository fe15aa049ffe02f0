// Signed tokens (JWT, HS256) for the accounts of the benchmark, by the secret that its server was
// started with.

import { createHmac } from "node:crypto";
import { BEARER_ENTRY, SUBPROTOCOLS } from "../../src/protocol/connection.ts";
import type { Role } from "../../src/protocol/table.ts";

/** A server ends a session with its token: no run may last longer. */
export const TOKEN_LIFETIME_S = 7 * 24 * 3600;

export class Tokens {
  readonly #secret: string;

  constructor(secret: string) {
    this.#secret = secret;
  }

  sign(subject: string, role: Role): string {
    const iat = Math.floor(Date.now() / 1000);
    const claims = { sub: subject, role, iat, exp: iat + TOKEN_LIFETIME_S };
    const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
    return `${text}.${createHmac("sha256", this.#secret).update(text).digest("base64url")}`;
  }

  subprotocols(subject: string, role: Role): readonly string[] {
    return subprotocolsOf(this.sign(subject, role));
  }
}

/** What a WebSocket client offers: the subprotocol, and its token as a second entry. */
export function subprotocolsOf(token: string): readonly string[] {
  return [SUBPROTOCOLS.msgpack, BEARER_ENTRY + token];
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
