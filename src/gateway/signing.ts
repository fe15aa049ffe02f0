// Makes tokens for development, tests and the command line, signed with the shared secret. The
// server itself never issues one: in production an identity provider does.

import { SignJWT } from "jose";
import type { Role } from "../protocol/table.ts";

export interface TokenClaims {
  readonly subject: string;
  readonly role: Role;
  readonly expiresAtMs: number;
  readonly issuer?: string | null;
  readonly audience?: string | null;
  readonly tokenId?: string | null;
  /** Left out: now. */
  readonly issuedAtMs?: number;
}

const seconds = (ms: number): number => Math.floor(ms / 1_000);

/** A compact JWT signed with HS256. */
export function signToken(secret: Uint8Array, claims: TokenClaims): Promise<string> {
  const { subject, role, expiresAtMs, issuer, audience, tokenId, issuedAtMs } = claims;
  const token = new SignJWT({ role })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(subject)
    .setIssuedAt(issuedAtMs === undefined ? undefined : seconds(issuedAtMs))
    .setExpirationTime(seconds(expiresAtMs));
  if (typeof issuer === "string") token.setIssuer(issuer);
  if (typeof audience === "string") token.setAudience(audience);
  if (typeof tokenId === "string") token.setJti(tokenId);
  return token.sign(secret);
}
