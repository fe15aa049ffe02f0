// Who may come in and stay: seats of connections, allowances of accounts, and tokens being
// verified, all bounded. It counts; it never sends.

import type { Allowance } from "./allowances.ts";
import { Allowances } from "./allowances.ts";
import type { Authenticator, Principal, Verdict } from "./authenticator.ts";
import type { Speaker } from "./authorisation.ts";
import type { GatewayConfig } from "./config.ts";
import type { GatewayCounters } from "./counters.ts";
import { Seats } from "./seats.ts";
import type { Session } from "./session.ts";

export class Admission {
  readonly seats: Seats;
  readonly #allowances: Allowances;
  readonly #authenticator: Authenticator;
  readonly #counters: GatewayCounters;
  readonly #verificationsMax: number;
  readonly #sessions = new Set<Session>();

  constructor(config: GatewayConfig, counters: GatewayCounters, authenticator: Authenticator) {
    this.seats = new Seats(config.connectionsMax, config.connectionsPerAddressMax);
    this.#allowances = new Allowances(config);
    this.#authenticator = authenticator;
    this.#counters = counters;
    this.#verificationsMax = config.verificationsMax;
  }

  get sessions(): ReadonlySet<Session> {
    return this.#sessions;
  }

  /** As many tokens are being verified as may be at once. */
  get isBusy(): boolean {
    return this.#counters.verificationsPending >= this.#verificationsMax;
  }

  async verify(token: string): Promise<Verdict> {
    this.#counters.verificationsPending++;
    const verdict = await this.#authenticator.verify(token);
    this.#counters.verificationsPending--;
    return verdict;
  }

  isRevoked(principal: Principal): boolean {
    return this.#authenticator.revocations.covers(principal);
  }

  get revocationsVersion(): number {
    return this.#authenticator.revocations.version;
  }

  /** Gives the session its principal and allowance; false when the account has its most open. */
  seat(session: Session, principal: Principal, nowMs: number): boolean {
    const allowance = this.#allowances.connect(principal, nowMs);
    if (allowance === undefined) return false;
    session.principal = principal;
    session.allowance = allowance;
    return true;
  }

  allowanceOf(speaker: Speaker, nowMs: number): Allowance {
    return this.#allowances.of(speaker, nowMs);
  }

  opened(session: Session): void {
    this.#sessions.add(session);
    this.#counters.connectionsOpened++;
    this.#counters.connectionsOpen = this.#sessions.size;
  }

  /** Gives back all that the session had taken. */
  closed(session: Session): void {
    this.#sessions.delete(session);
    this.#counters.connectionsOpen = this.#sessions.size;
    this.seats.giveBack(session.address);
    if (session.allowance !== null) this.#allowances.disconnect(session.allowance);
  }

  sweep(nowMs: number): void {
    this.#allowances.sweep(nowMs);
  }
}
