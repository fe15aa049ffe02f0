// Who speaks: verifies signed tokens (JWT, RFC 7519) and knows which were revoked. The algorithm is
// pinned by configuration, never taken from the token. Verification is asynchronous and never
// throws for what a client sent.
//
// Claims: `sub` is the account id (for the staff: their own name, of the same form), `role` is one
// of ROLES and "client" when absent. `iat` and `exp` are required, at most `tokenLifetimeMsMax`
// apart, and `iat` is not to come: else a token would outlive what was remembered of its
// revocation. `iss` and `aud` are checked when configured; `jti` makes revocation finer.

import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from "jose";
import { isId, type AccountId } from "../../actors/address.ts";
import { assert } from "../money/assert.ts";
import { ROLES, type Role } from "../protocol/table.ts";
import type { Revocations } from "../revocations/revocations.ts";
import type { Clock } from "../runtime/environment.ts";

export interface AuthenticatorConfig {
  readonly keys:
    | { readonly kind: "secret"; readonly secret: Uint8Array }
    | {
        readonly kind: "jwks";
        readonly url: string;
        readonly algorithm: "RS256" | "PS256" | "ES256" | "EdDSA";
      };
  readonly issuer: string | null;
  readonly audience: string | null;
  /** Allowed difference between the clocks of issuer and server. */
  readonly clockToleranceS: number;
  /** Tokens that live longer are refused, so that a revocation need not be kept for ever. */
  readonly tokenLifetimeMsMax: number;
  /** How long the keys' server may take to answer. */
  readonly keysFetchMsMax: number;
}

export const AUTHENTICATOR_DEFAULTS = {
  issuer: null,
  audience: null,
  clockToleranceS: 5,
  tokenLifetimeMsMax: 31 * 24 * 3_600_000,
  keysFetchMsMax: 2_000,
} as const;

/** `iat` and `exp` are whole seconds, each rounded by itself. */
const SECOND_MS = 1_000;

/** 256 bits, what HS256 asks for (RFC 7518, 3.2). */
const SECRET_BYTES_LEAST = 32;

export interface Principal {
  readonly subject: AccountId;
  readonly role: Role;
  readonly expiresAtMs: number;
  readonly issuedAtMs: number;
  readonly tokenId: string | null;
}

export type Verdict =
  | { readonly ok: true; readonly principal: Principal }
  /** `reason` is for the log; clients learn the code alone. */
  | {
      readonly ok: false;
      readonly code: "unauthenticated" | "unavailable";
      readonly reason: string;
    };

/** Which tokens count no more, and a number that grows when there are others. */
export type RevokedTokens = Pick<Revocations, "covers" | "version">;

type Verify = (token: string, currentDate: Date) => Promise<JWTPayload>;

export class Authenticator {
  readonly revocations: RevokedTokens;
  readonly #clock: Pick<Clock, "wallMs">;
  readonly #config: AuthenticatorConfig;
  readonly #verify: Verify;

  constructor(
    config: AuthenticatorConfig,
    clock: Pick<Clock, "wallMs">,
    revocations: RevokedTokens,
  ) {
    this.#config = config;
    this.#clock = clock;
    this.revocations = revocations;
    this.#verify = verifierOf(config);
  }

  async verify(token: string): Promise<Verdict> {
    const nowMs = this.#clock.wallMs();
    let claims: JWTPayload;
    try {
      claims = await this.#verify(token, new Date(nowMs));
    } catch (fault) {
      return { ok: false, code: codeOf(fault), reason: String(fault) };
    }
    return this.#judge(claims, nowMs);
  }

  #judge(claims: JWTPayload, nowMs: number): Verdict {
    // What was signed may still be of any type: jose looks at exp, iat and nbf alone.
    const { exp, iat, role = "client" } = claims;
    const { sub, jti = null }: { readonly sub?: unknown; readonly jti?: unknown } = claims;
    if (!isId(sub)) return unauthenticated("sub is no account id");
    if (jti !== null && typeof jti !== "string") return unauthenticated("jti is no text");
    if (!isRole(role)) return unauthenticated("unknown role");
    assert(exp !== undefined && iat !== undefined, "a token without them was refused before");
    const { clockToleranceS, tokenLifetimeMsMax } = this.#config;
    const [issuedAtMs, expMs] = [Math.floor(iat * 1_000), Math.floor(exp * 1_000)];
    const toleranceMs = clockToleranceS * 1_000;
    if (issuedAtMs > nowMs + toleranceMs) return unauthenticated("iat is ahead of the clock");
    // Else it would become valid when nobody remembers any more that it was revoked.
    if (expMs - issuedAtMs > tokenLifetimeMsMax + SECOND_MS) {
      return unauthenticated("it lives too long");
    }
    // The tolerance that let the token in also carries the session: else it would end at once.
    const expiresAtMs = expMs + toleranceMs;
    const subject = sub as AccountId;
    const principal: Principal = { subject, role, expiresAtMs, issuedAtMs, tokenId: jti };
    if (this.revocations.covers(principal)) return unauthenticated("revoked");
    return { ok: true, principal };
  }
}

function verifierOf(config: AuthenticatorConfig): Verify {
  const { keys, issuer, audience, clockToleranceS: clockTolerance } = config;
  const algorithm = keys.kind === "secret" ? "HS256" : keys.algorithm;
  const options = {
    algorithms: [algorithm],
    requiredClaims: ["sub", "iat", "exp"],
    clockTolerance,
    ...(issuer === null ? {} : { issuer }),
    ...(audience === null ? {} : { audience }),
  };
  if (keys.kind === "secret") {
    const { secret } = keys;
    assert(secret.length >= SECRET_BYTES_LEAST, `a secret has ${SECRET_BYTES_LEAST} bytes or more`);
    return async (token, currentDate) =>
      (await jwtVerify(token, secret, { ...options, currentDate })).payload;
  }
  const keySet = createRemoteJWKSet(new URL(keys.url), { timeoutDuration: config.keysFetchMsMax });
  return async (token, currentDate) =>
    (await jwtVerify(token, keySet, { ...options, currentDate })).payload;
}

/** What jose says of a token is the client's fault; a keys' server out of reach is not. */
function codeOf(fault: unknown): "unauthenticated" | "unavailable" {
  if (fault instanceof errors.JWKSTimeout || fault instanceof errors.JWKSInvalid) {
    return "unavailable";
  }
  // jose reports a keys' server that answered with another status as its plain base class.
  if (fault instanceof errors.JOSEError && fault.constructor !== errors.JOSEError) {
    return "unauthenticated";
  }
  return "unavailable";
}

function isRole(role: unknown): role is Role {
  return ROLES.some((known) => known === role);
}

function unauthenticated(reason: string): Verdict {
  return { ok: false, code: "unauthenticated", reason };
}
