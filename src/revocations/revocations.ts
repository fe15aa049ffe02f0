// What is in force, in memory and bounded: the gateway asks it about every token. It forgets what
// is older than any token can be, and nothing else.
//
// Where there is no more room, forgetting would let a revoked token in again. So what does not fit
// is remembered by its moment alone: of whoever it is, no token that was issued up to then counts.

import type { Revocation } from "./revocation.ts";

export interface RevocationLimits {
  /** After so long a revocation covers nothing any more: see `keptMsOf`. */
  readonly keptMs: number;
  /** Revocations that are remembered one by one. */
  readonly max: number;
}

/** What a token says of itself, as far as it can be revoked by it. */
export interface TokenFacts {
  readonly subject: string;
  readonly issuedAtMs: number;
  readonly tokenId: string | null;
}

/**
 * `known`: it changes nothing. `outlived`: no token can be as old. `beyond`: there was no room, and
 * everybody's tokens up to that moment count no more.
 */
export type Added = "added" | "known" | "outlived" | "beyond";

/** `iat` and `exp` count whole seconds. */
const SECOND_MS = 1_000;

/**
 * How long a revocation must be kept: a token that was issued when it was made, by a clock that is
 * ahead, lives so long, and is let in for a while after its end.
 */
export function keptMsOf(limits: {
  readonly tokenLifetimeMsMax: number;
  readonly clockToleranceS: number;
}): number {
  return limits.tokenLifetimeMsMax + 2 * limits.clockToleranceS * SECOND_MS + SECOND_MS;
}

/** A server looks every second: so 100,000 are looked at in less than two minutes. */
const PRUNED_AT_ONCE = 1_000;
/** Where there is no room, for each that comes: many may come at once. */
const PRUNED_FOR_ROOM = 4;

export class Revocations {
  readonly #limits: RevocationLimits;
  /** By token id and by subject: when it was revoked last. */
  readonly #tokens = new Map<string, number>();
  readonly #subjects = new Map<string, number>();
  #everyoneAtMs = -Infinity;
  #pruning = this.#all();
  #version = 0;

  constructor(limits: RevocationLimits) {
    this.#limits = limits;
  }

  /** Grows when there is something new: tells whether live sessions must be looked at again. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#tokens.size + this.#subjects.size;
  }

  add(revocation: Revocation, nowMs: number): Added {
    const { atMs } = revocation;
    if (this.#isOutlived(atMs, nowMs)) return "outlived";
    const [into, name] =
      revocation.kind === "token"
        ? [this.#tokens, revocation.tokenId]
        : [this.#subjects, revocation.subject];
    const knownAtMs = into.get(name);
    if (knownAtMs !== undefined && knownAtMs >= atMs) return "known";
    if (knownAtMs === undefined && !this.#hasRoom(nowMs)) {
      if (atMs > this.#everyoneAtMs) {
        this.#everyoneAtMs = atMs;
        this.#version++;
      }
      return "beyond";
    }
    into.set(name, atMs);
    this.#version++;
    return "added";
  }

  covers({ tokenId, subject, issuedAtMs }: TokenFacts): boolean {
    if (tokenId !== null && this.#tokens.has(tokenId)) return true;
    const revokedAtMs = Math.max(this.#subjects.get(subject) ?? -Infinity, this.#everyoneAtMs);
    // `iat` counts whole seconds: one of the same second may be older than the revocation.
    return issuedAtMs <= revokedAtMs;
  }

  /** Looks at some more of all, in turn, and forgets what no token can be as old as. */
  prune(nowMs: number, most = PRUNED_AT_ONCE): void {
    if (this.#isOutlived(this.#everyoneAtMs, nowMs)) this.#everyoneAtMs = -Infinity;
    for (let step = 0; step < most; step++) {
      const next = this.#pruning.next();
      if (next.done === true) {
        this.#pruning = this.#all();
        return;
      }
      const [map, name, atMs] = next.value;
      if (this.#isOutlived(atMs, nowMs)) map.delete(name);
    }
  }

  *#all(): Generator<readonly [Map<string, number>, string, number], undefined> {
    for (const map of [this.#tokens, this.#subjects]) {
      for (const [name, atMs] of map) yield [map, name, atMs];
    }
  }

  #hasRoom(nowMs: number): boolean {
    if (this.size >= this.#limits.max) this.prune(nowMs, PRUNED_FOR_ROOM);
    return this.size < this.#limits.max;
  }

  #isOutlived(atMs: number, nowMs: number): boolean {
    return atMs + this.#limits.keptMs <= nowMs;
  }
}
