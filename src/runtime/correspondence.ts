// The letters of a shard: those of others come in once and in order, its own are sent again until
// the receiver has them durably. Both journals together make it exactly once; see link.ts.

import type { RecordCodec } from "../journal/records.ts";
import type { Cargo } from "./batch.ts";
import type { Bus, BusEnd } from "./bus.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { Clock } from "./environment.ts";
import { KINDS } from "./kind.ts";
import type { Letter } from "./link.ts";
import type { ShardState } from "./shard-state.ts";

export interface CorrespondenceHost {
  readonly state: ShardState;
  readonly dead: boolean;
  /** A letter of a later business date: here, too, that date has begun. */
  reachDay(day: number): void;
  fail(reason: string, error: unknown): void;
}

export class Correspondence implements BusEnd {
  readonly #host: CorrespondenceHost;
  readonly #commits: CommitQueue;
  readonly #codec: RecordCodec;
  readonly #bus: Bus;
  readonly #clock: Clock;
  /** Receipts of other shards that wait for a batch, by shard. */
  readonly #receipts = new Map<number, number>();
  /** By link: the last letter that is durable here. */
  readonly #durablyReceived: number[];

  constructor(
    host: CorrespondenceHost,
    commits: CommitQueue,
    options: { readonly codec: RecordCodec; readonly bus: Bus; readonly clock: Clock },
  ) {
    this.#host = host;
    this.#commits = commits;
    this.#codec = options.codec;
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#durablyReceived = host.state.links.map((link) => link.received);
  }

  get #shard(): number {
    return this.#host.state.shard;
  }

  attach(): void {
    this.#bus.attach(this.#shard, this);
  }

  detach(): void {
    this.#bus.detach(this.#shard);
  }

  arrive(fromShard: number, letter: Letter): void {
    if (this.#host.dead) return;
    const { state } = this.#host;
    const { received } = state.links[fromShard]!;
    if (letter.number <= received) {
      // Seen before: our word that it is durable may have been lost.
      this.#bus.settle(this.#shard, fromShard, this.#durablyReceived[fromShard]!);
      return;
    }
    // Ahead of one that was lost: the sender sends all again when either side comes up.
    if (letter.number !== received + 1) return;
    this.#host.reachDay(letter.day);
    this.#commits.open(this.#clock.wallMs());
    this.#commits.countRecord();
    const { batch } = this.#commits;
    const { number, to, command, at, day } = letter;
    const kind = KINDS[to.kind].number;
    const delta = at - batch.atMs;
    this.#codec.writeArrived(batch.writer, fromShard, number, kind, to.id, delta, command, day);
    batch.arrivals.set(fromShard, number);
    state.arrive(fromShard, letter);
  }

  settled(byShard: number, number: number): void {
    if (this.#host.dead || number <= this.#host.state.links[byShard]!.settled) return;
    this.#receipts.set(byShard, number);
  }

  /** Whether receipts wait for a batch that nothing else opens. */
  get hasReceipts(): boolean {
    return this.#receipts.size > 0;
  }

  /** Into the batch that was just opened. */
  writeReceipts(): void {
    for (const [toShard, number] of this.#receipts) {
      this.#commits.countRecord();
      this.#codec.writeReceived(this.#commits.batch.writer, toShard, number);
      this.#host.state.links[toShard]!.settle(number);
    }
    this.#receipts.clear();
  }

  /** What the batch says to other shards is durable: now they may hear it. */
  committed({ letters, arrivals }: Cargo): void {
    for (const [toShard, letter] of letters) this.#bus.send(this.#shard, toShard, letter);
    for (const [fromShard, number] of arrivals) {
      this.#durablyReceived[fromShard] = number;
      this.#bus.settle(this.#shard, fromShard, number);
    }
  }

  greeted(fromShard: number, sent: number): void {
    const { received } = this.#host.state.links[fromShard]!;
    if (sent >= received) return;
    // Dropping what it sends again would mint or burn money: it has lost what we already acted on.
    const detail = `shard ${fromShard} has sent ${sent}, and ${received} were received`;
    this.#host.fail("sender_rewound", new Error(detail));
  }

  resend(byShard: number): void {
    // Only what is durable leaves; letters of a batch in flight follow with its commit.
    const undurable = new Set<Letter>();
    for (const { letters } of this.#commits.undurable) {
      for (const [, letter] of letters) undurable.add(letter);
    }
    for (const letter of [...this.#host.state.links[byShard]!.outbox]) {
      if (!undurable.has(letter)) this.#bus.send(this.#shard, byShard, letter);
    }
  }

  sentTo(shard: number): number {
    return this.#host.state.links[shard]!.sent;
  }
}
