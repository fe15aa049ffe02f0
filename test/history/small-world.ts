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
  accountId,
  loanId,
  parseRequestId,
  ACTOR_KINDS,
  type AccountId,
  type Address,
  type LoanId,
  type RequestId,
} from "../../actors/address.ts";
import { ACTOR_LAYOUTS } from "../../actors/kinds.ts";
import { decideLoan } from "../../actors/loan/decide.ts";
import { isLoanAnswer, loanMessages, type LoanEvent } from "../../actors/loan/events.ts";
import { evolveLoan } from "../../actors/loan/evolve.ts";
import { absentLoan, type LoanCommand, type LoanState } from "../../actors/loan/loan.ts";
import type { Refusal } from "../../actors/refusals.ts";
import { UPCASTERS } from "../../actors/upcasters.ts";
import type { ShardSource } from "../../src/history/audit.ts";
import type { Position } from "../../src/journal/position.ts";
import {
  RecordCodec,
  writeTyped,
  type JournalRecord,
  type Typed,
} from "../../src/journal/records.ts";
import { MsgpackWriter } from "../../src/protocol/msgpack-writer.ts";

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
export type TestRecord = JournalRecord extends infer R
  ? R extends JournalRecord
    ? Writable<R>
    : never
  : never;
export type TestAct = Extract<TestRecord, { record: "act" }>;

export interface TestEntry {
  position: Position;
  /** Null in a take-over. */
  header: { atMs: number; firstRecordNo: number; firstMessageNo: number } | null;
  records: TestRecord[];
  /** Instead of the encoded records. */
  bytes?: Uint8Array;
}

/** Entries by shard. */
export type TestJournal = TestEntry[][];

interface Item {
  readonly to: Address;
  readonly command: Typed;
  readonly number: number;
}

const codec = new RecordCodec(ACTOR_LAYOUTS, UPCASTERS);
export const START_MS = 1_700_000_000_000;

/** A UUIDv7 with this number in it, the same for the same number. */
export function requestNo(number: number): RequestId {
  const text = `018bcfe5-6800-7000-8000-${number.toString(16).padStart(12, "0")}`;
  return parseRequestId(text)!;
}

export class SmallWorld {
  readonly journal: TestJournal;
  readonly #shardOf: (address: Address) => number;
  readonly #accounts = new Map<string, AccountState>();
  readonly #loans = new Map<string, LoanState>();
  readonly #versions = new Map<string, number>();
  readonly #counters: { recordNo: number; messageNo: number; epoch: number; seq: number }[];
  readonly #queue: { shard: number; item: Item }[] = [];
  readonly #links = new Map<string, { sent: number; acknowledged: number }>();
  #requests = 0;
  nowMs = START_MS;

  constructor(shards: number, shardOf: (address: Address) => number) {
    this.#shardOf = shardOf;
    this.journal = Array.from({ length: shards }, () => []);
    this.#counters = this.journal.map(() => ({ recordNo: 0, messageNo: 0, epoch: 0, seq: 0 }));
    this.takeOver();
  }

  /** A new owner: the next epoch begins in every shard. */
  takeOver(): void {
    this.journal.forEach((entries, shard) => {
      if (entries.at(-1)?.position.epoch === 0) entries.pop();
      const counter = this.#counters[shard]!;
      counter.epoch++;
      counter.seq = 0;
      const position = { epoch: counter.epoch, seq: 0 };
      entries.push({ position, header: null, records: [] });
    });
  }

  /** The next record begins a new entry. */
  seal(): void {
    for (const entries of this.journal) {
      if (entries.at(-1)?.records.length === 0) continue;
      entries.push({ position: { epoch: 0, seq: 0 }, header: null, records: [] });
    }
  }

  /** Returns the request id, and why it was refused at once. */
  request(
    to: Address,
    fields: Record<string, unknown> & { type: string },
    requestId = requestNo(++this.#requests),
  ): { requestId: RequestId; refusal?: Refusal } {
    this.nowMs++;
    const command = { ...fields, requestId, fingerprint: 7 } as Typed;
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
      this.request(to, { type: "Deposit", accountId: account, amountCents: cents, reference: "r" });
    }
    return account;
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

  confirm(loan: string): void {
    const id = loanId(loan);
    this.request({ kind: "loan", id }, { type: "ConfirmLoan", loanId: id });
  }

  #carryOut(shard: number, item: Item): Refusal | undefined {
    const { to, command } = item;
    const state =
      to.kind === "account"
        ? (this.#accounts.get(to.id) ?? absentAccount())
        : (this.#loans.get(to.id) ?? absentLoan());
    const decision =
      to.kind === "account"
        ? decideAccount(state as AccountState, command as AccountCommand)
        : decideLoan(state as LoanState, command as LoanCommand, this.nowMs, 20_000);
    if (decision.accepted) {
      this.#write(shard, item, decision.events);
      return undefined;
    }
    const { requestId, fingerprint } = command as unknown as {
      requestId: RequestId;
      fingerprint: number;
    };
    const { refusal } = decision;
    if (state.status !== "absent") {
      this.#write(shard, item, [{ type: "RequestRefused", requestId, fingerprint, refusal }]);
    }
    return refusal;
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
      }
    }
  }

  #send(from: number, to: Address, command: Typed): void {
    const shard = this.#shardOf(to);
    if (shard === from) {
      const number = ++this.#counters[shard]!.messageNo;
      this.#queue.push({ shard, item: { to, command, number } });
      return;
    }
    const key = `${from}:${shard}`;
    const link = this.#links.get(key) ?? { sent: 0, acknowledged: 0 };
    link.sent++;
    this.#links.set(key, link);
    this.#append(shard, {
      record: "arrived",
      day: 20_000,
      fromShard: from,
      number: link.sent,
      kind: ACTOR_KINDS[to.kind],
      id: to.id,
      at: this.nowMs,
      message: structuredClone(command),
    });
    const number = ++this.#counters[shard]!.messageNo;
    this.#queue.push({ shard, item: { to, command, number } });
  }

  #append(shard: number, record: TestRecord): void {
    const counter = this.#counters[shard]!;
    const entries = this.journal[shard]!;
    let entry = entries.at(-1)!;
    if (entry.header === null && entry.position.seq === 0) {
      const header = {
        atMs: this.nowMs,
        firstRecordNo: counter.recordNo + 1,
        firstMessageNo: counter.messageNo + 1,
      };
      const position = { epoch: counter.epoch, seq: ++counter.seq };
      const isTakeOver = entry.position.epoch !== 0;
      if (isTakeOver) {
        entry = { position, header, records: [] };
        entries.push(entry);
      } else {
        Object.assign(entry, { position, header });
      }
    }
    counter.recordNo++;
    entry.records.push(record);
  }
}

/** The journals as the auditor reads them. `heads` true: with the head that is right. */
export function sourcesOf(journal: TestJournal, heads = true): ShardSource[] {
  return journal.map((all, shard) => {
    const entries = all.filter(({ position }) => position.epoch !== 0);
    const encoded = entries.map((entry) => ({
      position: entry.position,
      payload: entry.bytes ?? encode(entry),
    }));
    return heads
      ? { shard, entries: encoded, head: entries.at(-1)?.position ?? null }
      : { shard, entries: encoded };
  });
}

export function encode({ header, records }: TestEntry): Uint8Array {
  const writer = new MsgpackWriter();
  if (header === null) return writer.copy();
  codec.writeHeader(writer, header);
  for (const record of records) {
    if (record.record === "received") {
      codec.writeReceived(writer, record.toShard, record.number);
    } else if (record.record === "arrived") {
      const { fromShard, number, kind, id, at, message } = record;
      const { day } = record;
      codec.writeArrived(writer, fromShard, number, kind, id, at - header.atMs, message, day);
    } else if (record.record === "legs") {
      const { cause, upTo, at, skipped } = record;
      codec.writeLegs(writer, cause, upTo, at - header.atMs, skipped);
    } else if (record.record === "day") {
      codec.writeDay(writer, record.day, record.at - header.atMs);
    } else {
      const { kind, id, version, at, cause, events } = record;
      codec.writeAct(writer, kind, id, version, at - header.atMs, cause, events.length);
      const plans = codec.plansOf(kind, "events");
      for (const event of events) writeTyped(writer, plans.get(event.type)!, event);
    }
  }
  return writer.copy();
}
