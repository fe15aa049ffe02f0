// How many connections an account may have, and how fast it may ask: one token bucket for all its
// sessions. A bucket outlives the last connection until it is full again, so that reconnecting
// gains nothing.

import type { Role } from "../protocol/table.ts";
import type { Speaker } from "./authorisation.ts";
import type { GatewayConfig } from "./config.ts";

export class Allowance {
  readonly key: string;
  connections = 0;
  readonly #tokensPerMs: number;
  readonly #burst: number;
  #tokens: number;
  #refilledAtMs: number;

  constructor(key: string, perSecond: number, burst: number, nowMs: number) {
    this.key = key;
    this.#tokensPerMs = perSecond / 1_000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#refilledAtMs = nowMs;
  }

  /** 0 when the request may pass; else how many ms to wait for the next one. */
  take(nowMs: number): number {
    if (nowMs !== this.#refilledAtMs) this.#refill(nowMs);
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    return Math.ceil((1 - this.#tokens) / this.#tokensPerMs);
  }

  /** Takes more for what costs more, into debt if need be: whoever asks next waits for it. */
  charge(tokens: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens -= tokens;
  }

  isFull(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= this.#burst;
  }

  #refill(nowMs: number): void {
    // A clock that was set back gives nothing and takes nothing.
    const elapsedMs = Math.max(0, nowMs - this.#refilledAtMs);
    this.#tokens = Math.min(this.#burst, this.#tokens + elapsedMs * this.#tokensPerMs);
    this.#refilledAtMs = nowMs;
  }
}

type Limits = Pick<
  GatewayConfig,
  | "connectionsPerAccountMax"
  | "requestsPerSecondPerAccount"
  | "requestBurstPerAccount"
  | "requestsPerSecondPerOperator"
  | "requestBurstPerOperator"
>;

export class Allowances {
  readonly #limits: Limits;
  readonly #byKey = new Map<string, Allowance>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  of({ subject, role }: Speaker, nowMs: number): Allowance {
    const key = `${role}:${subject}`;
    let allowance = this.#byKey.get(key);
    if (allowance === undefined) {
      allowance = this.#create(key, role, nowMs);
      this.#byKey.set(key, allowance);
    }
    return allowance;
  }

  /** Undefined when the account has its most connections open. */
  connect(speaker: Speaker, nowMs: number): Allowance | undefined {
    const allowance = this.of(speaker, nowMs);
    if (allowance.connections >= this.#limits.connectionsPerAccountMax) return undefined;
    allowance.connections++;
    return allowance;
  }

  disconnect(allowance: Allowance): void {
    allowance.connections--;
  }

  /** Forgets accounts that are away and have their full burst again. */
  sweep(nowMs: number): void {
    for (const [key, allowance] of this.#byKey) {
      if (allowance.connections === 0 && allowance.isFull(nowMs)) this.#byKey.delete(key);
    }
  }

  get size(): number {
    return this.#byKey.size;
  }

  #create(key: string, role: Role, nowMs: number): Allowance {
    const { requestsPerSecondPerAccount, requestBurstPerAccount } = this.#limits;
    const { requestsPerSecondPerOperator, requestBurstPerOperator } = this.#limits;
    return role === "operator"
      ? new Allowance(key, requestsPerSecondPerOperator, requestBurstPerOperator, nowMs)
      : new Allowance(key, requestsPerSecondPerAccount, requestBurstPerAccount, nowMs);
  }
}
