// Tokens that count no more though they have not expired: single ones by their id, or all of a
// subject's that were issued up to a moment. Kept in memory only; whoever revokes tells every
// process, and again after a restart.

import { AssertionError } from "../money/assert.ts";

export const REVOCATIONS_MAX = 100_000;

/** What a token says of itself, as far as it can be revoked by it. */
export interface TokenFacts {
  readonly subject: string;
  readonly issuedAtMs: number | null;
  readonly tokenId: string | null;
}

export class Revocations {
  /** Time after which no such token can still be valid. */
  readonly #tokens = new Map<string, number>();
  readonly #subjects = new Map<string, number>();
  readonly #tokenLifetimeMs: number;
  #version = 0;

  constructor(tokenLifetimeMs: number) {
    this.#tokenLifetimeMs = tokenLifetimeMs;
  }

  /** Grows with each revocation: tells whether live sessions must be looked at again. */
  get version(): number {
    return this.#version;
  }

  revokeToken(tokenId: string, nowMs: number): void {
    this.#add(this.#tokens, tokenId, nowMs);
  }

  /** All tokens of the subject issued by now; those without `iat` for as long as one may live. */
  revokeSubject(subject: string, nowMs: number): void {
    this.#add(this.#subjects, subject, nowMs);
  }

  covers({ tokenId, subject, issuedAtMs }: TokenFacts): boolean {
    if (tokenId !== null && this.#tokens.has(tokenId)) return true;
    const revokedAtMs = this.#subjects.get(subject);
    // `iat` counts whole seconds: one of the same second may be older than the revocation.
    return revokedAtMs !== undefined && (issuedAtMs === null || issuedAtMs <= revokedAtMs);
  }

  #add(to: Map<string, number>, name: string, nowMs: number): void {
    if (to.size >= REVOCATIONS_MAX) this.#prune(to, nowMs);
    // Forgetting one instead would let a revoked token in again.
    if (to.size >= REVOCATIONS_MAX) throw new AssertionError("too many revocations");
    to.delete(name);
    to.set(name, nowMs);
    this.#version++;
  }

  /** Drops what is older than any token can be. Maps keep the order in which they were filled. */
  #prune(from: Map<string, number>, nowMs: number): void {
    for (const [name, revokedAtMs] of from) {
      if (revokedAtMs + this.#tokenLifetimeMs > nowMs) return;
      from.delete(name);
    }
  }
}
