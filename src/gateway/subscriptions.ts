// What sessions watch: accounts (every entry, to each watcher) and loans (the conflated feed).

import type { AccountId, LoanId } from "../../actors/address.ts";
import type { ActorCommand, LoanProgress, Runtime } from "../runtime/port.ts";
import type { MarketFeed } from "./market-feed.ts";
import type { Session } from "./session.ts";
import { Watchers } from "./watchers.ts";

export type WatchCommand = Extract<ActorCommand, { type: "WatchAccount" | "WatchLoan" }>;

export class Subscriptions {
  readonly #accounts: Watchers<AccountId>;
  readonly #loans: Watchers<LoanId>;
  readonly #feed: MarketFeed;
  readonly #perSessionMax: number;

  constructor(runtime: Runtime, feed: MarketFeed, perSessionMax: number) {
    this.#feed = feed;
    this.#perSessionMax = perSessionMax;
    this.#accounts = new Watchers((accountId) => runtime.unwatchAccount(accountId));
    this.#loans = new Watchers((loanId) => {
      feed.forget(loanId);
      runtime.unwatchLoan(loanId);
    });
  }

  watchersOf(accountId: AccountId): ReadonlySet<Session> | undefined {
    return this.#accounts.liveOf(accountId);
  }

  /** Before the request goes to the runtime. False when the session watches its most already. */
  ask(session: Session, command: WatchCommand, self: AccountId | null): boolean {
    const count = this.#accounts.countOf(session) + this.#loans.countOf(session);
    if (command.type === "WatchLoan") {
      const isNew = !this.#loans.has(session, command.loanId);
      if (isNew && count >= this.#perSessionMax) return false;
      this.#loans.ask(session, command.loanId);
      return true;
    }
    const accountId = accountOf(command, self);
    if (!this.#accounts.has(session, accountId) && count >= this.#perSessionMax) return false;
    this.#accounts.ask(session, accountId);
    return true;
  }

  /** `snapshot` is the loan as it was answered; null when the request was refused or rejected. */
  answered(
    session: Session,
    command: WatchCommand,
    self: AccountId | null,
    snapshot: LoanProgress | "account" | null,
  ): void {
    if (command.type === "WatchAccount") {
      const accountId = accountOf(command, self);
      const live = this.#accounts.answered(session, accountId, snapshot !== null);
      if (live && snapshot !== null && command.receipts === true) {
        session.receiptsOf = (session.receiptsOf ?? new Set()).add(accountId);
      }
      return;
    }
    const live = this.#loans.answered(session, command.loanId, snapshot !== null);
    if (live && snapshot !== null && snapshot !== "account") this.#feed.join(session, snapshot);
  }

  endAccount(session: Session, accountId: AccountId): void {
    session.receiptsOf?.delete(accountId);
    this.#accounts.end(session, accountId);
  }

  endLoan(session: Session, loanId: LoanId): void {
    this.#feed.leave(session, loanId);
    this.#loans.end(session, loanId);
  }

  close(session: Session): void {
    this.#accounts.close(session);
    this.#loans.close(session);
  }
}

/** Authorisation has made sure that there is one. */
function accountOf(
  command: Extract<WatchCommand, { type: "WatchAccount" }>,
  self: AccountId | null,
): AccountId {
  return (command.accountId ?? self) as AccountId;
}
