// What a shard knows besides its actors: counters, messages under way, links to other shards, the
// trial balance, alarms. All of it follows from the records of the journal alone, so that running
// and replaying go through the same code here.

import { legCount, type PayLegs } from "../../actors/account/legs.ts";
import {
  addressOf,
  MANY_ACCOUNTS,
  withdrawalReference,
  type AccountId,
  type Address,
  type LoanId,
} from "../../actors/address.ts";
import {
  payoutChange,
  type Payout,
  type PayoutChange,
} from "../../actors/account/custody/events.ts";
import type { Transit } from "../../actors/decider.ts";
import { Numbered } from "../../actors/numbered.ts";
import { TrialBalance } from "../ledger/trial-balance.ts";
import { assert } from "../money/assert.ts";
import type { RecordCodec, Typed } from "../journal/records.ts";
import { ApplicationQueue } from "./application-queue.ts";
import { Alarms } from "./alarms.ts";
import { Calendar } from "./calendar.ts";
import { cellKey, type Item } from "./cell.ts";
import { KINDS, kindByNumber, type ActorKind, type ShellState } from "./kind.ts";
import { singleLeg, splitByShard } from "./legs-by-shard.ts";
import { Link, type Letter } from "./link.ts";
import { OverdueLoans } from "./overdue-loans.ts";
import { shardOf } from "./shard-of.ts";

/** `at` is when what led to it was taken in: the time by which its receiver decides. */
export interface PendingMessage extends Item {
  readonly to: Address;
  /** Of a message to many accounts: the first leg that is not yet received. */
  nextLeg: number;
}

/** Told of each message as an event implies it. */
export interface Postman {
  local(message: PendingMessage): void;
  remote(toShard: number, letter: Letter): void;
  /** Effects outside: to be seen by those who carry them out once this is durable. */
  payout(change: PayoutChange): void;
}

const NOBODY: Postman = {
  local: () => undefined,
  remote: () => undefined,
  payout: () => undefined,
};

export class ShardState {
  readonly shard: number;
  readonly shards: number;
  /** The last record of the journal: the position of snapshots. */
  recordNo = 0;
  /** The last number given to a message for an actor of this shard. */
  messageNo = 0;
  /** Messages to actors of this shard that are not carried out yet, by number. */
  readonly pending = new Numbered<PendingMessage>();
  readonly links: readonly Link[];
  trial = new TrialBalance();
  readonly alarms = new Alarms();
  readonly calendar = new Calendar();
  readonly overdue = new OverdueLoans();
  readonly queue = new ApplicationQueue();
  /** Withdrawals that the custodian is to carry out or may be carrying out, by their reference. */
  readonly payouts = new Map<string, Payout>();
  postman: Postman = NOBODY;

  /** The time of the event at hand. */
  #at = 0;
  readonly #transit: Transit;
  readonly #send: (to: Address, command: Typed) => void;

  constructor(shard: number, shards: number) {
    this.shard = shard;
    this.shards = shards;
    this.links = Array.from({ length: shards }, () => new Link());
    this.#transit = {
      to: (receiver) => `${shard}:${shardOf(receiver, shards)}`,
      from: (sender) => `${shardOf(sender, shards)}:${shard}`,
    };
    // Bound once: this runs for every message.
    this.#send = (to, command) => {
      if (to !== MANY_ACCOUNTS) {
        this.#sendTo(shardOf(to, shards), to, command);
        return;
      }
      for (const [toShard, part] of splitByShard(command as PayLegs, shards)) {
        this.#sendTo(toShard, to, part);
      }
    };
  }

  #sendTo(toShard: number, to: Address, command: Typed): void {
    const at = this.#at;
    if (toShard === this.shard) {
      this.#expect(to, command, at);
      return;
    }
    const { day } = this.calendar;
    this.postman.remote(toShard, this.links[toShard]!.send(to, command, at, day));
  }

  #expect(to: Address, command: Typed, at: number): void {
    const message = pendingMessage(++this.messageNo, to, command, at, 0);
    this.pending.add(message.messageNo, message);
    this.postman.local(message);
  }

  /**
   * What an event implies for the shard: postings, alarm, messages. Returns the alarm's change.
   * `actor` is the state after it, in a replay perhaps a later one: what is read of it is read
   * again at the event that led there.
   */
  imply(
    kind: ActorKind,
    id: string,
    event: Typed,
    at: number,
    actor: ShellState,
  ): number | null | undefined {
    this.#at = at;
    kind.postings(event, id, this.#transit, this.trial.post);
    this.trial.closeEvent();
    const alarm = kind.alarm(event);
    if (alarm !== undefined) this.alarms.set(cellKey(kind.name, id), alarm);
    const day = kind.dayWanted(event);
    if (day !== undefined) {
      const key = cellKey(kind.name, id);
      this.calendar.set(key, day);
      this.overdue.set(key, day === null ? null : kind.overdueSince(actor));
    }
    const stage = kind.staffStage(event);
    if (stage !== undefined) this.queue.set(id as LoanId, stage, at);
    kind.messages(event, id, this.#send);
    if (kind === KINDS.account) this.#payOut(event, id as AccountId);
    return alarm;
  }

  #payOut(event: Typed, id: AccountId): void {
    const change = payoutChange(event, id);
    if (change === undefined) return;
    const reference = withdrawalReference(id, change.withdrawalNo);
    if (change.payout === null) this.payouts.delete(reference);
    else this.payouts.set(reference, change.payout);
    this.postman.payout(change);
  }

  /** A message was carried out by the record that is being written. */
  consume(messageNo: number): void {
    assert(this.pending.take(messageNo) !== undefined, "a message is carried out once");
  }

  /** A letter came in under the next number of its link; it is pending from now on. */
  arrive(fromShard: number, letter: Letter): void {
    this.links[fromShard]!.receive(letter.number);
    this.#expect(letter.to, letter.command, letter.at);
  }

  /**
   * The legs of a message up to `upTo` were received, `netCents` in all. Skipped ones, whose
   * accounts are out of service, become messages of their own.
   */
  received(messageNo: number, upTo: number, skipped: readonly number[], netCents: number): void {
    const message = this.pending.get(messageNo);
    assert(message !== undefined, "legs are received of a message that is under way");
    const fan = message.command as PayLegs;
    assert(upTo > message.nextLeg && upTo <= legCount(fan), "legs are received once, in order");
    message.nextLeg = upTo;
    this.trial.post("transit", "", netCents);
    this.trial.post("client.available", "", -netCents);
    this.trial.closeEvent();
    for (const leg of skipped) {
      this.#expect(MANY_ACCOUNTS, singleLeg(fan, leg), message.at);
    }
    if (upTo === legCount(fan)) this.consume(messageNo);
  }

  /** A business date begins: the one before is closed with its totals. */
  beginDay(day: number): void {
    this.calendar.begin(day, this.trial.totals());
  }

  toSnapshot(codec: RecordCodec): unknown[] {
    const pending: unknown[] = [];
    for (const [messageNo, { to, command, at, nextLeg }] of this.pending.entries()) {
      const kind = KINDS[to.kind].number;
      const values = codec.toValues(kind, "messages", command);
      pending.push([messageNo, kind, to.id, values, at, nextLeg]);
    }
    return [
      FORMAT,
      this.shards,
      this.recordNo,
      this.messageNo,
      pending,
      this.links.map((link) => link.toSnapshot(codec)),
      this.trial.totals(),
      this.alarms.toSnapshot(),
      this.calendar.toSnapshot(),
      ...this.#laterRows(),
    ];
  }

  /** What came to the snapshot later: stored as it always was where there is none of it. */
  #laterRows(): unknown[] {
    const rows = [payoutRows(this.payouts), this.overdue.toSnapshot(), this.queue.toSnapshot()];
    return rows.slice(0, rows.findLastIndex((row) => row.length > 0) + 1);
  }

  static shardsOf(values: readonly unknown[]): number {
    assert(values[0] === FORMAT, "a snapshot of a known format");
    return values[1] as number;
  }

  static restore(shard: number, values: readonly unknown[], codec: RecordCodec): ShardState {
    const state = new ShardState(shard, ShardState.shardsOf(values));
    state.recordNo = values[2] as number;
    state.messageNo = values[3] as number;
    for (const [messageNo, kind, id, stored, at, nextLeg] of values[4] as PendingRow[]) {
      const to = addressOf(kindByNumber(kind).name, id);
      const command = codec.readTyped(kind, "messages", stored);
      const message = pendingMessage(messageNo, to, command, at, nextLeg ?? 0);
      state.pending.add(messageNo, message);
    }
    (values[5] as unknown[][]).forEach((link, peer) => state.links[peer]!.restore(link, codec));
    state.trial = TrialBalance.restore(values[6] as Record<string, string>);
    state.alarms.restore(values[7] as unknown[]);
    if (values[8] !== undefined) state.calendar.restore(values[8] as unknown[]);
    restorePayouts(state.payouts, (values[9] as unknown[] | undefined) ?? []);
    state.overdue.restore((values[10] as unknown[] | undefined) ?? []);
    state.queue.restore((values[11] as unknown[] | undefined) ?? []);
    return state;
  }
}

function pendingMessage(
  messageNo: number,
  to: Address,
  command: Typed,
  at: number,
  nextLeg: number,
): PendingMessage {
  return { command, at, request: null, messageNo, next: null, to, nextLeg };
}

type PendingRow = [
  messageNo: number,
  kind: number,
  id: string,
  stored: unknown[],
  at: number,
  nextLeg?: number,
];

const FORMAT = 1;

/** Four items a payout. */
function payoutRows(payouts: ReadonlyMap<string, Payout>): unknown[] {
  return [...payouts.values()].flatMap(({ accountId, withdrawalNo, amountCents, beneficiary }) => [
    accountId,
    withdrawalNo,
    amountCents,
    beneficiary,
  ]);
}

function restorePayouts(payouts: Map<string, Payout>, rows: readonly unknown[]): void {
  for (let at = 0; at < rows.length; at += 4) {
    const [accountId, withdrawalNo, amountCents, beneficiary] = rows.slice(at, at + 4) as [
      AccountId,
      number,
      number,
      string,
    ];
    const payout = { accountId, withdrawalNo, amountCents, beneficiary };
    payouts.set(withdrawalReference(accountId, withdrawalNo), payout);
  }
}
