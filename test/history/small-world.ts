// Makes journals for tests: runs the real actors one message at a time, and keeps what a shard
// would have written as plain records, so that a test can spoil a single one of them.

import { decideAccount } from "../../actors/account/decide.ts";
import { accountMessages, type AccountEvent } from "../../actors/account/events.ts";
import { evolveAccount } from "../../actors/account/evolve.ts";
import {
  absentAccount,
  type AccountCommand,
  type AccountState,
} from "../../actors/account/account.ts";
import {
  LEG_ITEMS,
  legCount,
  legReceiver,
  receiveLeg,
  type PayLegs,
} from "../../actors/account/legs.ts";
import {
  accountId,
  loanId,
  parseRequestId,
  ACTOR_KINDS,
  MANY_ACCOUNTS,
  type AccountId,
  type Address,
  type LoanId,
  type RequestId,
} from "../../actors/address.ts";
import { decideLoan } from "../../actors/loan/decide.ts";
import {
  isLoanAnswer,
  loanDayWanted,
  loanMessages,
  type LoanEvent,
} from "../../actors/loan/events.ts";
import { evolveLoan } from "../../actors/loan/evolve.ts";
import { absentLoan, type LoanCommand, type LoanState } from "../../actors/loan/loan.ts";
import type { Refusal } from "../../actors/refusals.ts";
import { KINDS } from "../../src/runtime/kind.ts";
import type { Typed } from "../../src/journal/records.ts";
import { MadeJournal, type TestJournal, type TestRecord } from "./made-journal.ts";

interface Item {
  readonly to: Address;
  readonly command: Typed;
  readonly number: number;
  /** Of legs: the first that is not received. */
  readonly nextLeg?: number;
}

export const START_MS = 1_700_000_000_000;
export const START_DAY = 19_675;

/** A UUIDv7 with this number in it, the same for the same number. */
export function requestNo(number: number): RequestId {
  const text = `018bcfe5-6800-7000-8000-${number.toString(16).padStart(12, "0")}`;
  return parseRequestId(text)!;
}

export class SmallWorld {
  readonly #journal: MadeJournal;
  readonly #shardOf: (address: Address) => number;
  readonly #accounts = new Map<string, AccountState>();
  readonly #loans = new Map<string, LoanState>();
  readonly #versions = new Map<string, number>();
  readonly #queue: { shard: number; item: Item }[] = [];
  readonly #left: { shard: number; item: Item }[] = [];
  readonly #links = new Map<string, { sent: number; acknowledged: number }>();
  readonly #wanted = new Map<string, number>();
  #requests = 0;
  #deposits = 0;
  nowMs = START_MS;
  day = START_DAY;
  /** Legs that one record receives at most. */
  legsPerRecord = 512;
  /** Each record is an entry of its own. */
  sealsEach = false;
  /** Accounts whose legs are skipped. */
  readonly outOfService = new Set<string>();

  constructor(shards: number, shardOf: (address: Address) => number) {
    this.#shardOf = shardOf;
    this.#journal = new MadeJournal(shards);
    this.takeOver();
    this.#beginDay();
  }

  #beginDay(): void {
    this.journal.forEach((_, shard) => {
      this.#append(shard, { record: "day", day: this.day, at: this.nowMs });
    });
  }

  /** Begins one business date after the other in all shards, and settles what each one brings. */
  advance(day: number, settle = true): void {
    while (this.day < day) {
      const next = Math.min(day, ...[...this.#wanted.values()].filter((each) => each > this.day));
      this.jump(next);
      if (settle) this.settle();
    }
  }

  /** The date begins at once, whatever lies between. */
  jump(day: number): void {
    this.day = day;
    this.nowMs++;
    this.#beginDay();
    for (const [id, wanted] of [...this.#wanted]) {
      if (wanted > day) continue;
      const to: Address = { kind: "loan", id: loanId(id) };
      this.#carryOut(this.#shardOf(to), { to, command: { type: "DayCame" }, number: 0 });
    }
  }

  /** The day that the loan waits for; undefined when it waits for none. */
  wantedBy(loan: string): number | undefined {
    return this.#wanted.get(loan);
  }

  /** Skipped legs reach their accounts, as after the start of a mended program. */
  mend(): void {
    this.outOfService.clear();
    this.#queue.push(...this.#left.splice(0));
  }

  get journal(): TestJournal {
    return this.#journal.entries;
  }

  /** A new owner: the next epoch begins in every shard. */
  takeOver(): void {
    this.#journal.takeOver();
  }

  /** The next record begins a new entry. */
  seal(): void {
    this.#journal.seal();
  }

  /** Returns the request id, and why it was refused at once. */
  request(
    to: Address,
    fields: Record<string, unknown> & { type: string },
    requestId = requestNo(++this.#requests),
  ): { requestId: RequestId; refusal?: Refusal } {
    this.nowMs++;
    const command = { by: "ops", ...fields, requestId, fingerprint: 7 } as Typed;
    const refusal = this.#carryOut(this.#shardOf(to), { to, command, number: 0 });
    return refusal === undefined ? { requestId } : { requestId, refusal };
  }

  ring(loan: string): void {
    const to: Address = { kind: "loan", id: loanId(loan) };
    this.#carryOut(this.#shardOf(to), { to, command: { type: "AlarmRang" }, number: 0 });
  }

  /** Carries out messages until none is left, or as many as are given. */
  settle(messages = Infinity): void {
    for (let done = 0; done < messages; done++) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#carryOut(next.shard, next.item);
    }
  }

  /** Tells every sender that all its messages have come in. */
  acknowledge(): void {
    for (const [key, link] of this.#links) {
      if (link.acknowledged === link.sent) continue;
      const [from, to] = key.split(":").map(Number) as [number, number];
      link.acknowledged = link.sent;
      this.#append(from, { record: "received", toShard: to, number: link.sent });
    }
  }

  open(id: string, cents = 0): AccountId {
    const account = accountId(id);
    const to: Address = { kind: "account", id: account };
    this.request(to, { type: "OpenAccount", accountId: account });
    if (cents > 0) {
      this.deposit(id, cents);
    }
    return account;
  }

  /** Each time with a reference of its own. */
  deposit(id: string, amountCents: number): void {
    const account = accountId(id);
    const reference = `r-${++this.#deposits}`;
    const fields = { type: "Deposit", accountId: account, amountCents, reference };
    this.request({ kind: "account", id: account }, fields);
  }

  list(id: string, terms: Record<string, unknown> = {}): LoanId {
    const loan = loanId(id);
    this.request(
      { kind: "loan", id: loan },
      {
        type: "ListLoan",
        loanId: loan,
        borrowerId: "borrower",
        principalCents: 1_000_00,
        stepCents: 1_00,
        minBidCents: 100_00,
        lenderCapCents: null,
        opensAtMs: null,
        closesAtMs: START_MS + 1_000_000,
        cancellable: true,
        ...terms,
      },
    );
    return loan;
  }

  bid(account: string, loan: string, amountCents: number, fill = "exact", minCents = null) {
    const fields = { type: "PlaceBid", loanId: loan, amountCents, fill, minCents };
    return this.request({ kind: "account", id: accountId(account) }, fields);
  }

  /** The hash that the borrower is to sign. */
  contractHashOf(loan: string): string {
    const state = this.#loans.get(loan);
    if (state?.status !== "approved") throw new Error(`${loan} is not approved`);
    return state.approval.contractHash;
  }

  confirm(loan: string): void {
    const id = loanId(loan);
    this.request({ kind: "loan", id }, { type: "ConfirmLoan", loanId: id });
  }

  cancel(loan: string): void {
    const command = { type: "CancelLoan", loanId: loan, by: "olav", reason: "a fraud" };
    this.request({ kind: "loan", id: loanId(loan) }, command);
  }

  repay(account: string, loan: string, amountCents: number, mode = "due") {
    const fields = { type: "RepayLoan", loanId: loan, amountCents, mode };
    return this.request({ kind: "account", id: accountId(account) }, fields);
  }

  #carryOut(shard: number, item: Item): Refusal | undefined {
    const { to, command } = item;
    if (command.type === "PayLegs") {
      this.#payLegs(shard, item, command as PayLegs);
      return undefined;
    }
    const state =
      to.kind === "account"
        ? (this.#accounts.get(to.id) ?? absentAccount())
        : (this.#loans.get(to.id) ?? absentLoan());
    const decision =
      to.kind === "account"
        ? decideAccount(state as AccountState, command as AccountCommand)
        : decideLoan(state as LoanState, command as LoanCommand, this.nowMs, this.day);
    if (decision.accepted) {
      if (decision.events.length === 0) return undefined;
      this.#write(shard, item, decision.events);
      return undefined;
    }
    const { requestId, fingerprint } = command as unknown as {
      requestId: RequestId;
      fingerprint: number;
    };
    const { refusal } = decision;
    if (state.status !== "absent") {
      const type = KINDS[to.kind].refusalEvent(command) as "RequestRefused";
      this.#write(shard, item, [{ type, requestId, fingerprint, refusal }]);
    }
    return refusal;
  }

  #payLegs(shard: number, item: Item, fan: PayLegs): void {
    const { number, nextLeg = 0 } = item;
    if (legCount(fan) === 1 && this.outOfService.has(legReceiver(fan, 0))) {
      this.#left.push({ shard, item });
      return;
    }
    const upTo = Math.min(legCount(fan), nextLeg + this.legsPerRecord);
    const skipped: number[] = [];
    for (let leg = nextLeg; leg < upTo; leg++) {
      const id = legReceiver(fan, leg);
      if (this.outOfService.has(id)) {
        skipped.push(leg);
        continue;
      }
      receiveLeg(this.#accounts.get(id)!, fan, leg, this.nowMs);
      const name = `account:${id}`;
      this.#versions.set(name, (this.#versions.get(name) ?? 0) + 1);
    }
    this.#append(shard, { record: "legs", cause: number, upTo, at: this.nowMs, skipped });
    if (upTo < legCount(fan)) {
      this.#queue.unshift({ shard, item: { ...item, nextLeg: upTo } });
    }
    for (const leg of skipped) {
      const legs = fan.legs.slice(leg * LEG_ITEMS, (leg + 1) * LEG_ITEMS);
      this.#send(shard, MANY_ACCOUNTS, { ...fan, legs } as Typed);
    }
  }

  #write(shard: number, { to, number }: Item, events: readonly (AccountEvent | LoanEvent)[]): void {
    const name = `${to.kind}:${to.id}`;
    const changes = events.some(
      (event) => to.kind === "account" || !isLoanAnswer(event as LoanEvent),
    );
    const version = (this.#versions.get(name) ?? 0) + (changes ? 1 : 0);
    this.#versions.set(name, version);
    this.#append(shard, {
      record: "act",
      kind: ACTOR_KINDS[to.kind],
      id: to.id,
      version: changes ? version : 0,
      at: this.nowMs,
      cause: number,
      events: structuredClone(events) as (AccountEvent | LoanEvent)[],
    });
    const send = (receiver: Address, command: Typed): void => this.#send(shard, receiver, command);
    for (const event of events) {
      if (to.kind === "account") {
        const before = this.#accounts.get(to.id) ?? absentAccount();
        this.#accounts.set(to.id, evolveAccount(before, event as AccountEvent, to.id, this.nowMs));
        accountMessages(event as AccountEvent, to.id, send);
      } else {
        const before = this.#loans.get(to.id) ?? absentLoan();
        this.#loans.set(to.id, evolveLoan(before, event as LoanEvent, to.id));
        loanMessages(event as LoanEvent, to.id, send);
        const wanted = loanDayWanted(event as LoanEvent);
        if (wanted === null) this.#wanted.delete(to.id);
        else if (wanted !== undefined) this.#wanted.set(to.id, wanted);
      }
    }
  }

  #send(from: number, to: Address, command: Typed): void {
    if (to !== MANY_ACCOUNTS) {
      this.#sendTo(from, this.#shardOf(to), to, command);
      return;
    }
    const fan = command as PayLegs;
    for (let shard = 0; shard < this.journal.length; shard++) {
      const legs: PayLegs["legs"][number][] = [];
      for (let leg = 0; leg < legCount(fan); leg++) {
        if (this.#shardOf({ kind: "account", id: legReceiver(fan, leg) }) !== shard) continue;
        legs.push(...fan.legs.slice(leg * LEG_ITEMS, (leg + 1) * LEG_ITEMS));
      }
      if (legs.length > 0) this.#sendTo(from, shard, to, { ...fan, legs } as Typed);
    }
  }

  #sendTo(from: number, shard: number, to: Address, command: Typed): void {
    if (shard === from) {
      const number = this.#journal.nextMessageNo(shard);
      this.#queue.push({ shard, item: { to, command, number } });
      return;
    }
    const key = `${from}:${shard}`;
    const link = this.#links.get(key) ?? { sent: 0, acknowledged: 0 };
    link.sent++;
    this.#links.set(key, link);
    this.#append(shard, {
      record: "arrived",
      day: this.day,
      fromShard: from,
      number: link.sent,
      kind: ACTOR_KINDS[to.kind],
      id: to.id,
      at: this.nowMs,
      message: structuredClone(command),
    });
    const number = this.#journal.nextMessageNo(shard);
    this.#queue.push({ shard, item: { to, command, number } });
  }

  #append(shard: number, record: TestRecord): void {
    this.#journal.append(shard, record, this.nowMs);
    if (this.sealsEach) this.seal();
  }
}
