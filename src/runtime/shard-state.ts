// What a shard knows besides its actors: counters, messages under way, links to other shards, the
// trial balance, alarms. All of it follows from the records of the journal alone, so that running
// and replaying go through the same code here.

import type { Address } from "../../actors/address.ts";
import { Numbered } from "../../actors/numbered.ts";
import { TrialBalance } from "../ledger/trial-balance.ts";
import { assert } from "../money/assert.ts";
import type { RecordCodec, Typed } from "../journal/records.ts";
import { Alarms } from "./alarms.ts";
import { cellKey } from "./cell.ts";
import { KINDS, kindByNumber, type ActorKind, type Transit } from "./kind.ts";
import { Link, type Letter } from "./link.ts";
import { shardOf } from "./shard-of.ts";

export interface PendingMessage {
  readonly to: Address;
  readonly command: Typed;
  /** When what led to it was taken in, in ms: the time by which its receiver decides. */
  readonly at: number;
}

/** Told of each message as an event implies it. */
export interface Postman {
  local(messageNo: number, message: PendingMessage): void;
  remote(toShard: number, letter: Letter): void;
}

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
  postman: Postman = { local: () => undefined, remote: () => undefined };

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
      const toShard = shardOf(to, shards);
      const at = this.#at;
      if (toShard === shard) this.#expect({ to, command, at });
      else this.postman.remote(toShard, this.links[toShard]!.send(to, command, at));
    };
  }

  #expect(message: PendingMessage): void {
    const messageNo = ++this.messageNo;
    this.pending.add(messageNo, message);
    this.postman.local(messageNo, message);
  }

  /** What an event implies for the shard: postings, alarm, messages. Returns the alarm's change. */
  imply(kind: ActorKind, id: string, event: Typed, at: number): number | null | undefined {
    this.#at = at;
    kind.postings(event, id, this.#transit, this.trial.post);
    this.trial.closeEvent();
    const alarm = kind.alarm(event);
    if (alarm !== undefined) this.alarms.set(cellKey(kind.name, id), alarm);
    kind.messages(event, id, this.#send);
    return alarm;
  }

  /** A message was carried out by the record that is being written. */
  consume(messageNo: number): void {
    assert(this.pending.take(messageNo) !== undefined, "a message is carried out once");
  }

  /** A letter came in under the next number of its link; it is pending from now on. */
  arrive(fromShard: number, letter: Letter): void {
    this.links[fromShard]!.receive(letter.number);
    this.#expect({ to: letter.to, command: letter.command, at: letter.at });
  }

  toSnapshot(codec: RecordCodec): unknown[] {
    const pending: unknown[] = [];
    for (const [messageNo, { to, command, at }] of this.pending.entries()) {
      const kind = KINDS[to.kind].number;
      pending.push([messageNo, kind, to.id, codec.toValues(kind, "messages", command), at]);
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
    ];
  }

  static restore(shard: number, values: readonly unknown[], codec: RecordCodec): ShardState {
    assert(values[0] === FORMAT, "a snapshot of a known format");
    const state = new ShardState(shard, values[1] as number);
    state.recordNo = values[2] as number;
    state.messageNo = values[3] as number;
    for (const [messageNo, kind, id, stored, at] of values[4] as PendingRow[]) {
      const to = { kind: kindByNumber(kind).name, id } as Address;
      const command = codec.readTyped(kind, "messages", stored);
      state.pending.add(messageNo, { to, command, at });
    }
    (values[5] as unknown[][]).forEach((link, peer) => state.links[peer]!.restore(link, codec));
    state.trial = TrialBalance.restore(values[6] as Record<string, string>);
    state.alarms.restore(values[7] as unknown[]);
    return state;
  }
}

type PendingRow = [messageNo: number, kind: number, id: string, stored: unknown[], at: number];

const FORMAT = 1;
