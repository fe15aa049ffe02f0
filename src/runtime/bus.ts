// How letters get from one shard to another. Shards owned by one process pass them directly; what
// makes them durable and exactly-once is not here but in the journals of both sides: the sender
// keeps a letter until the receiver has committed it, the receiver takes each number once.

import type { Letter } from "./link.ts";

/** A shard as others see it. */
export interface BusEnd {
  /** Letters of `fromShard` come in; those seen before are skipped. */
  arrive(fromShard: number, letter: Letter): void;
  /** `byShard` has committed all letters up to this number. */
  settled(byShard: number, number: number): void;
  /** `fromShard` came up and has sent up to this number: more than was received, or equal. */
  greeted(fromShard: number, sent: number): void;
  /** `byShard` came up: what it has not committed must be sent again. */
  resend(byShard: number): void;
  /** The number of the last letter sent towards a shard. */
  sentTo(shard: number): number;
}

export interface Bus {
  /** A shard serves: both sides greet each other and send again what is open. */
  attach(shard: number, end: BusEnd): void;
  detach(shard: number): void;
  send(fromShard: number, toShard: number, letter: Letter): void;
  settle(byShard: number, ofShard: number, number: number): void;
}

export class LocalBus implements Bus {
  readonly #ends = new Map<number, BusEnd>();

  attach(shard: number, end: BusEnd): void {
    this.#ends.set(shard, end);
    for (const [peer, peerEnd] of this.#ends) {
      if (peer === shard) continue;
      peerEnd.greeted(shard, end.sentTo(peer));
      end.greeted(peer, peerEnd.sentTo(shard));
      peerEnd.resend(shard);
      end.resend(peer);
    }
  }

  detach(shard: number): void {
    this.#ends.delete(shard);
  }

  send(fromShard: number, toShard: number, letter: Letter): void {
    this.#ends.get(toShard)?.arrive(fromShard, letter);
  }

  settle(byShard: number, ofShard: number, number: number): void {
    this.#ends.get(ofShard)?.settled(byShard, number);
  }
}
