// One direction and the other between this shard and a peer. What goes out is numbered 1, 2, 3 ...
// and kept until the peer has committed it; what comes in is taken once, in that order.

import { addressOf, type Address } from "../../actors/address.ts";
import type { RecordCodec, Typed } from "../journal/records.ts";
import { assert } from "../money/assert.ts";
import { KINDS, kindByNumber } from "./kind.ts";

/** A message on its way to another shard. */
export interface Letter {
  readonly number: number;
  readonly to: Address;
  readonly command: Typed;
  /** When what led to it was taken in, in ms. */
  readonly at: number;
  /** The business date of the sender. */
  readonly day: number;
}

export class Link {
  /** The number of the last letter sent. */
  sent = 0;
  /** The number of the last letter that came in. */
  received = 0;
  /** Sent and not yet known to be committed by the peer, oldest first. */
  outbox: Letter[] = [];

  send(to: Address, command: Typed, at: number, day: number): Letter {
    const letter = { number: ++this.sent, to, command, at, day };
    this.outbox.push(letter);
    return letter;
  }

  receive(number: number): void {
    assert(number === this.received + 1, "letters come in order", number);
    this.received = number;
  }

  /** The peer has committed everything up to this number. */
  settle(number: number): void {
    assert(number <= this.sent, "no more is received than was sent");
    const first = this.outbox[0]?.number;
    if (first === undefined || number < first) return;
    this.outbox.splice(0, number - first + 1);
  }

  /** The number before the oldest letter in the outbox: all up to it is committed by the peer. */
  get settled(): number {
    return (this.outbox[0]?.number ?? this.sent + 1) - 1;
  }

  toSnapshot(codec: RecordCodec): unknown[] {
    const outbox = this.outbox.map(({ number, to, command, at, day }) => {
      const kind = KINDS[to.kind].number;
      return [number, kind, to.id, codec.toValues(kind, "messages", command), at, day];
    });
    return [this.sent, this.received, outbox];
  }

  restore(values: readonly unknown[], codec: RecordCodec): void {
    this.sent = values[0] as number;
    this.received = values[1] as number;
    const outbox = values[2] as [number, number, string, unknown[], number, number?][];
    this.outbox = outbox.map(([number, kind, id, stored, at, day]) => ({
      number,
      at,
      day: day ?? 0,
      to: addressOf(kindByNumber(kind).name, id),
      command: codec.readTyped(kind, "messages", stored),
    }));
  }
}
