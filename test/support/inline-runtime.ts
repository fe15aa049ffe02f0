// A runtime for tests of the gateway: the real actors and the real port, with everything that lies
// between left out. What a turn of the event loop brings in is carried out in order and released as
// one commit. No journal, no shards, no recovery: those have tests of their own.

import type { PayLegs } from "../../actors/account/legs.ts";
import { assert } from "../../src/money/assert.ts";
import type { AccountId, Address, LoanId, RequestId } from "../../actors/address.ts";
import {
  absentAccount,
  accountView,
  type AccountCommand,
  type AccountState,
} from "../../actors/account/account.ts";
import { decideAccount } from "../../actors/account/decide.ts";
import { accountMessages, type AccountEvent } from "../../actors/account/events.ts";
import { evolveAccount } from "../../actors/account/evolve.ts";
import { snapshotAccount } from "../../actors/account/snapshot.ts";
import { decideLoan } from "../../actors/loan/decide.ts";
import { isLoanAnswer, loanMessages, type LoanEvent } from "../../actors/loan/events.ts";
import { evolveLoan } from "../../actors/loan/evolve.ts";
import {
  absentLoan,
  isOnMarket,
  loanView,
  type LoanCommand,
  type LoanState,
} from "../../actors/loan/loan.ts";
import { snapshotLoan } from "../../actors/loan/snapshot.ts";
import { positionsView } from "../../actors/account/positions-view.ts";
import { LegCache } from "../../src/runtime/loan-legs.ts";
import { returnsOf } from "../../src/runtime/returns.ts";
import { queueView } from "../../src/runtime/application-queue.ts";
import { booksView } from "../../src/runtime/books.ts";
import type { OutcomeEntry } from "../../actors/outcome-window.ts";
import type { Cell } from "../../src/runtime/cell.ts";
import { KINDS } from "../../src/runtime/kind.ts";
import { answerRead } from "../../src/runtime/reads.ts";
import type {
  Answer,
  LoanProgress,
  Outlet,
  Rejection,
  Release,
  Request,
  Runtime,
} from "../../src/runtime/port.ts";

interface Account {
  state: AccountState;
  watched: boolean;
}

interface Loan {
  /** What is read of a loan asks whether it is one. */
  readonly kind: typeof KINDS.loan;
  state: LoanState;
  version: number;
  watched: boolean;
}

const RESUME_KEPT = 64;

export class InlineRuntime implements Runtime {
  readonly accounts = new Map<AccountId, Account>();
  readonly loans = new Map<LoanId, Loan>();
  /** While true nothing is committed: requests stay in flight. */
  isPaused = false;
  /** When set, requests are rejected with it. */
  rejection: Rejection | undefined;
  readonly unwatched: string[] = [];
  readiness: Runtime["readiness"] = { ready: true, reason: "" };
  isStandingBy = false;
  isServing = true;
  commits = 0;
  readonly #outlet: Outlet;
  readonly #nowMs: () => number;
  readonly #waiting = new Map<RequestId, Request>();
  #inbox: Request[] = [];
  #messages: { to: Address; command: AccountCommand | LoanCommand }[] = [];
  #releases: Release[] = [];
  readonly #changedLoans = new Set<LoanId>();
  #wake: NodeJS.Immediate | undefined;
  #inFlight = 0;

  constructor(outlet: Outlet, nowMs: () => number = Date.now) {
    this.#outlet = outlet;
    this.#nowMs = nowMs;
  }

  businessDay = 20_000;

  async advanceTo(day: number): Promise<void> {
    await Promise.resolve();
    this.businessDay = Math.max(this.businessDay, day);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  submit(request: Request): Rejection | undefined {
    if (this.rejection !== undefined) return this.rejection;
    this.#inFlight++;
    this.#inbox.push(request);
    this.#schedule();
    return undefined;
  }

  resume(): void {
    this.isPaused = false;
    this.#schedule();
  }

  /** Loses what was not committed, as a shard that was fenced does. */
  loseAll(reason: string): void {
    this.#inbox = [];
    this.#inFlight = 0;
    this.#outlet.reset(0, reason);
  }

  unwatchAccount(accountId: AccountId): void {
    this.unwatched.push(accountId);
    this.#account(accountId).watched = false;
  }

  unwatchLoan(loanId: LoanId): void {
    this.unwatched.push(loanId);
    this.#loan(loanId).watched = false;
  }

  openLoans(limit: number): readonly LoanId[] {
    const open: [LoanId, number][] = [];
    for (const [loanId, { state }] of this.loans) {
      if (state.status === "listed") open.push([loanId, state.terms.closesAtMs]);
    }
    open.sort((a, b) => a[1] - b[1]);
    return open.slice(0, limit).map(([loanId]) => loanId);
  }

  /** A digest of all that a client could have changed; what does not exist is left out. */
  digest(): string {
    const digests: unknown[] = [];
    for (const [id, { state }] of this.accounts) {
      if (state.status === "open") digests.push([id, snapshotAccount(state, "all")]);
    }
    for (const [id, { state, version }] of this.loans) {
      if (state.status !== "absent") digests.push([id, version, snapshotLoan(state, "all")]);
    }
    return JSON.stringify(digests);
  }

  #schedule(): void {
    if (this.isPaused || this.#wake !== undefined || this.#inbox.length === 0) return;
    this.#wake = setImmediate(() => {
      this.#wake = undefined;
      if (!this.isPaused) this.commit();
    });
  }

  commit(): void {
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const request of inbox) this.#carryOut(request);
    for (const loanId of this.#changedLoans) {
      const loan = this.#loan(loanId);
      if (loan.watched) this.#releases.push({ kind: "progress", progress: progressOf(loan) });
    }
    this.#changedLoans.clear();
    const releases = this.#releases;
    this.#releases = [];
    this.#outlet.release(`0:1-${++this.commits}`, releases);
  }

  #answer(request: Request, answer: Answer): void {
    this.#inFlight--;
    this.#releases.push({ kind: "answer", request, answer });
  }

  #carryOut(request: Request): void {
    const { command, self } = request;
    switch (command.type) {
      case "GetAccount":
      case "WatchAccount":
      case "GetOutcome":
      case "ListApplications":
      case "GetPositions":
        return this.#readAccount(request, (command.accountId ?? self)!);
      case "GetApplicationQueue":
        return this.#answer(request, { type: "Read", view: queueView([]) });
      case "GetBooks": {
        const books = { shard: 0, day: this.businessDay, totals: {}, closings: [] };
        return this.#answer(request, { type: "Read", view: booksView([books], null)! });
      }
      case "GetClearing":
      case "GetClearingPath": {
        // No loan is repaid here.
        const code = "clearing_not_found";
        return this.#answer(request, { type: "Failed", code, retryAfterMs: null });
      }
      case "GetReturns":
        return this.#readReturns(request, (command.accountId ?? self)!);
      case "GetLoanSchedule":
      case "GetWriteOff":
      case "GetLoan":
      case "WatchLoan":
      case "GetApplication":
      case "GetDocument":
      case "GetContract": {
        const loan = this.#loan(command.loanId) as unknown as Cell;
        return this.#answer(request, answerRead(loan, command, self));
      }
      case "OpenAccount":
      case "Deposit":
        return this.#change(request, { kind: "account", id: command.accountId }, command);
      case "GetWithdrawal": {
        const { state } = this.#account((command.accountId ?? self)!);
        const code = state.status === "absent" ? "account_not_found" : "withdrawal_not_found";
        return this.#refuse(request, code);
      }
      case "Withdraw":
      case "PlaceBid":
      case "CancelBid":
      case "CreateApplication":
      case "RepayLoan":
        return this.#change(request, { kind: "account", id: self! }, command);
      default:
        return this.#change(request, { kind: "loan", id: command.loanId }, command);
      case "BookDeposit":
      case "ConfirmWithdrawal":
      case "FailWithdrawal":
        throw new TypeError("this runtime has no bank");
    }
  }

  #refuse(request: Request, code: Extract<Answer, { type: "Refused" }>["code"]): void {
    this.#answer(request, { type: "Refused", code });
  }

  #readReturns(request: Request, accountId: AccountId): void {
    const { state } = this.#account(accountId);
    if (state.status === "absent") return this.#refuse(request, "account_not_found");
    const page = { ...positionsView(state, 0, 10), positions: [] };
    const made = returnsOf(new LegCache(0), page, [], this.businessDay).next();
    if (made.done !== true) throw new TypeError("nothing was lent");
    this.#answer(request, { type: "Read", view: made.value });
  }

  #readAccount(request: Request, accountId: AccountId): void {
    const { command } = request;
    const account = this.#account(accountId);
    const { state } = account;
    if (state.status === "absent") return this.#refuse(request, "account_not_found");
    if (command.type === "GetAccount") {
      return this.#answer(request, { type: "Account", view: accountView(state) });
    }
    if (command.type === "ListApplications") {
      const view = { loanIds: [...state.applications] };
      return this.#answer(request, { type: "Read", view });
    }
    if (command.type === "GetPositions") {
      return this.#answer(request, { type: "Read", view: positionsView(state, 0, 10) });
    }
    if (command.type === "GetOutcome") {
      const outcome = state.outcomes.get(command.requestId)?.outcome;
      const view = {
        state: outcome === undefined ? ("unknown" as const) : ("done" as const),
        code: null,
        bidId: null,
        filledCents: null,
        rank: null,
        remainingCents: null,
        releasedCents: null,
        clearing: null,
        withdrawal: null,
      };
      return this.#answer(request, { type: "RequestOutcome", view });
    }
    account.watched = true;
    const after = command.type === "WatchAccount" ? command.after : null;
    const resumed = after !== null && after <= state.entries.count;
    const entries = resumed ? state.entries.after(after).slice(-RESUME_KEPT) : [];
    const view = { ...accountView(state), resumed, entries };
    this.#answer(request, { type: "AccountWatched", view });
  }

  #change(
    request: Request,
    to: Address,
    command: (AccountCommand | LoanCommand) & { requestId: RequestId; fingerprint: number },
  ): void {
    const kind = KINDS[to.kind];
    const { state } = this.#actor(to);
    const hidden = kind.hides(state, command);
    if (hidden !== null) return this.#refuse(request, hidden);
    const outcomes = kind.outcomesFor(state, command);
    const known = outcomes.get(command.requestId);
    if (known !== undefined) {
      if (known.fingerprint !== command.fingerprint) {
        return this.#refuse(request, "request_id_reused");
      }
      return this.#answer(request, known.outcome!);
    }
    this.#waiting.set(command.requestId, request);
    this.#messages.push({ to, command });
    while (this.#messages.length > 0) this.#deliver(this.#messages.shift()!);
  }

  #deliver({ to, command }: { to: Address; command: AccountCommand | LoanCommand }): void {
    const { state } = this.#actor(to);
    const decision =
      to.kind === "account"
        ? decideAccount(state as AccountState, command as AccountCommand)
        : decideLoan(state as LoanState, command as LoanCommand, this.#nowMs(), this.businessDay);
    if (decision.accepted) {
      for (const event of decision.events) this.#apply(to, event);
      return;
    }
    const { requestId, fingerprint } = command as { requestId: RequestId; fingerprint: number };
    const { refusal } = decision;
    if (state.status === "absent") {
      // Nothing is remembered of what does not exist.
      this.#refuse(this.#waiting.get(requestId)!, refusal);
      this.#waiting.delete(requestId);
      return;
    }
    const type = KINDS[to.kind].refusalEvent(command) as "RequestRefused";
    this.#apply(to, { type, requestId, fingerprint, refusal });
  }

  #apply(to: Address, event: AccountEvent | LoanEvent): void {
    const send = (receiver: Address, command: AccountCommand | LoanCommand | PayLegs): void => {
      assert(command.type !== "PayLegs", "this runtime repays nothing");
      this.#messages.push({ to: receiver, command });
    };
    if (to.kind === "account") {
      const account = this.#account(to.id);
      const before = account.state.status === "open" ? account.state.entries.count : 0;
      account.state = evolveAccount(account.state, event as AccountEvent, to.id, this.#nowMs());
      accountMessages(event as AccountEvent, to.id, send);
      this.#settle(account.state.outcomes.takeSettled());
      if (account.state.status !== "open" || !account.watched) return;
      for (const entry of account.state.entries.after(before)) {
        this.#releases.push({ kind: "entry", accountId: to.id, entry });
      }
      return;
    }
    const loan = this.#loan(to.id);
    loan.state = evolveLoan(loan.state, event as LoanEvent, to.id);
    loanMessages(event as LoanEvent, to.id, send);
    this.#settle(KINDS.loan.takeSettled(loan.state));
    if (isLoanAnswer(event as LoanEvent)) return;
    loan.version++;
    this.#changedLoans.add(to.id);
  }

  #settle(settled: readonly OutcomeEntry[]): void {
    for (const { requestId, outcome } of settled) {
      const request = this.#waiting.get(requestId);
      this.#waiting.delete(requestId);
      if (request !== undefined) this.#answer(request, outcome!);
    }
  }

  #actor(to: Address): Account | Loan {
    return to.kind === "account" ? this.#account(to.id) : this.#loan(to.id);
  }

  #account(id: AccountId): Account {
    let account = this.accounts.get(id);
    if (account === undefined) {
      account = { state: absentAccount(), watched: false };
      this.accounts.set(id, account);
    }
    return account;
  }

  #loan(id: LoanId): Loan {
    let loan = this.loans.get(id);
    if (loan === undefined) {
      loan = { kind: KINDS.loan, state: absentLoan(), version: 0, watched: false };
      this.loans.set(id, loan);
    }
    return loan;
  }
}

function progressOf({ state, version }: Loan): LoanProgress {
  if (!isOnMarket(state)) throw new TypeError("the market does not know the loan");
  return { ...loanView(state), seq: version };
}
