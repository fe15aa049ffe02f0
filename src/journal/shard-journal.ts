// The journal of one shard, as its owner sees it: take over, read what was, append, and be told
// what is durable. The rules of OWNER-RULES.md hold here: fence first and read second
// (take-over.ts), commits that are never changed and released in order (committer.ts), a lease for
// liveness only.
//
// It must never hand out anything that is not committed, and after it has halted it releases
// nothing any more: whoever owns the shard then drops its state and takes over anew.

import { assert } from "../money/assert.ts";
import { AnchorKeeper } from "./anchor-keeper.ts";
import { BehindWatch } from "./behind-watch.ts";
import { walkChain, type JournalEntry } from "./chain-walk.ts";
import { systemClock, systemTimers, type Timers } from "./clock.ts";
import { Committer } from "./committer.ts";
import { RedisReplyError, connectTo } from "./connection.ts";
import { DAMAGED, unavailable, type HaltReason } from "./errors.ts";
import { formatHead, malformedHead, tryParseHead } from "./head.ts";
import { shardKeys, type ShardKeys } from "./keys.ts";
import { Lease } from "./lease.ts";
import { journalLimits, type JournalLimits } from "./limits.ts";
import { MacChain, type ChainPoint } from "./mac-chain.ts";
import { OnDemandLink } from "./on-demand-link.ts";
import { PayloadMemory } from "./payload-memory.ts";
import { comparePositions, nextPosition, type Position } from "./position.ts";
import type { ShardJournalOptions } from "./shard-journal-options.ts";
import { SnapshotReader } from "./snapshot-reader.ts";
import { SnapshotStore } from "./snapshots.ts";
import { endOrHold, takeOver, type Fence } from "./take-over.ts";
import { trimJournal } from "./trim.ts";

interface Parts<Cargo> extends Fence<Cargo> {
  readonly keys: ShardKeys;
  readonly timers: Timers;
  readonly limits: JournalLimits;
  readonly chain: MacChain;
  readonly memory: PayloadMemory;
  readonly lease: Lease;
  readonly reads: OnDemandLink;
  readonly anchor: AnchorKeeper | undefined;
}

export class ShardJournal<Cargo> {
  readonly epoch: number;
  readonly limits: JournalLimits;
  readonly snapshots: SnapshotStore;
  readonly #options: ShardJournalOptions<Cargo>;
  readonly #timers: Timers;
  readonly #keys: ShardKeys;
  readonly #chain: MacChain;
  readonly #committer: Committer<Cargo | null>;
  readonly #lease: Lease;
  readonly #reads: OnDemandLink;
  readonly #writes: OnDemandLink;
  readonly #takenOverAt: ChainPoint;
  readonly #memory: PayloadMemory;
  readonly #anchor: AnchorKeeper | undefined;
  readonly #watch: BehindWatch;
  #last: ChainPoint;
  #committed: Position;
  #state: "open" | "closing" | "closed" | "halted" = "open";
  /** Not for the rest of this life once Redis had gone back: snapshots may be lost, too. */
  #mayTrim = true;
  #trimming: Promise<void> = Promise.resolve();
  #drained = (): void => {};

  /**
   * Fences every earlier owner. Rejects with JournalError `lease_held` while another owner's lease
   * lives, `lost_race` when another one was faster, `tampered` when head and journal do not match,
   * `journal_behind_anchor`, `anchor_invalid` or `wrong_shard_count` as those say, `unavailable`
   * when Redis could not commit it in `retryForMs`.
   */
  static async takeOver<Cargo>(options: ShardJournalOptions<Cargo>): Promise<ShardJournal<Cargo>> {
    const limits = journalLimits(options.limits ?? {});
    const { shard, clock = systemClock, timers = systemTimers } = options;
    const connect = connectTo(options.connect, shard);
    const keys = shardKeys(shard);
    const lease = new Lease({ keys, connect, clock, timers, owner: options.owner, limits });
    const reads = new OnDemandLink(connect, "reads");
    try {
      const chain = new MacChain(options.macKey, shard);
      const memory = new PayloadMemory();
      const fence = await takeOver<Cargo>({
        keys,
        connect,
        clock,
        timers,
        limits,
        chain,
        memory,
        lease,
        reads,
        shard,
        anchor: options.anchor,
        wait: {
          waitMs: options.leaseWaitMs ?? 0,
          force: options.force ?? false,
          signal: options.signal,
          onWaiting: (holder) => options.onWaiting?.(holder),
        },
        snapshots: new SnapshotReader(reads, keys, chain),
        shardsOfCheckpoint: options.shardsOfCheckpoint ?? (() => Promise.resolve(null)),
        entry: { owner: options.owner, atMs: clock.wallMs(), shards: options.shards },
      });
      const anchor =
        options.anchor &&
        new AnchorKeeper({ ...options.anchor, shard, everyMs: limits.anchorMs, clock, timers });
      const parts = { keys, timers, limits, chain, memory, lease, reads, anchor, ...fence };
      return new ShardJournal(options, parts);
    } catch (error) {
      reads.close();
      endOrHold(lease, error, options.signal);
      throw error instanceof RedisReplyError ? unavailable(error) : error;
    }
  }

  private constructor(options: ShardJournalOptions<Cargo>, parts: Parts<Cargo>) {
    const { keys, chain, limits, lease, committer, point } = parts;
    this.#options = options;
    this.#timers = parts.timers;
    this.#keys = keys;
    this.#chain = chain;
    this.#memory = parts.memory;
    this.limits = limits;
    this.epoch = point.position.epoch;
    this.#takenOverAt = point;
    this.#last = point;
    this.#committed = point.position;
    this.#committer = committer;
    this.#lease = lease;
    this.#reads = parts.reads;
    this.#anchor = parts.anchor;
    this.#anchor?.moved(point);
    this.#writes = new OnDemandLink(connectTo(options.connect, options.shard), "snapshots");
    this.snapshots = new SnapshotStore({
      link: this.#writes,
      reads: this.#reads,
      keys,
      chain,
      epoch: this.epoch,
      callBytesMax: limits.snapshotCallBytesMax,
      timers: this.#timers,
      onFenced: (head) => this.#sawOtherEpoch(head),
      onTampered: (detail) => this.#halt("tampered", detail),
      onBehind: (detail) => this.#watch.behind(detail),
    });
    this.#watch = new BehindWatch({
      link: this.#writes,
      headKey: keys.head,
      timers: this.#timers,
      committer,
      isOpen: () => this.#state === "open",
      committed: () => this.#committed,
      onWhole: (detail) => this.#rewound(detail),
    });
    parts.listen({
      committed: (cargo, { position, mac }) => this.#onCommitted(cargo as Cargo, { position, mac }),
      degraded: (degraded, reason) => options.onDegraded(degraded, reason),
      rewound: (detail) => this.#rewound(detail),
      halted: (reason, detail) => this.#halt(reason, detail),
    });
    this.#keepLease();
  }

  #keepLease(): void {
    let headBefore: string | undefined;
    this.#lease.keep(this.epoch, {
      onRenew: () => {
        headBefore = this.#committer.headAtRest;
        this.#committer.dropOld();
      },
      onRenewed: (head) => {
        // Nothing was committed while it was asked, so the head must be where it was.
        const atRest = this.#committer.headAtRest;
        if (atRest !== undefined && atRest === headBefore && head !== atRest) {
          this.#committer.surprise(head);
        }
      },
      onUnreachable: (reason) => this.#committer.suspect(reason),
      onLost: (holder) => this.#halt("lease_lost", `the lease is held by ${holder}`),
      onSpoilt: (reason) => this.#halt("tampered", `lease or head are of another type: ${reason}`),
      onFenced: (head) => this.#sawOtherEpoch(head),
    });
  }

  /** True when another batch may be appended now. */
  get ready(): boolean {
    return (
      this.#state === "open" &&
      !this.#committer.isDegraded &&
      this.#committer.inFlight < this.limits.inFlightMax
    );
  }

  /** Batches appended and not yet told to be committed. */
  get inFlight(): number {
    return this.#committer.inFlight;
  }

  /** The last appended entry, or the take-over when nothing was appended yet. */
  get last(): ChainPoint {
    return this.#last;
  }

  /** The last position that was told to be committed. */
  get committed(): Position {
    return this.#committed;
  }

  /**
   * Whether nobody else can have taken over (except by force): committed state may be read
   * without a commit that proves it.
   */
  get leaseHeld(): boolean {
    return this.#state === "open" && this.#lease.isHeld;
  }

  /** A copy of the bytes of a batch, to be appended: in memory that is the journal's. */
  payloadOf(bytes: Uint8Array): Buffer {
    return this.#memory.copyOf(bytes);
  }

  /**
   * Sends a batch on its way. `payload` belongs to the journal from now on: it must never be
   * written to again, not even after it is committed, because it may have to be sent again; nor
   * read, for then its memory may hold another.
   */
  append(payload: Buffer, cargo: Cargo): { readonly position: Position; readonly mac: Buffer } {
    assert(this.ready, "a batch is appended only when the journal is ready");
    assert(payload.length <= this.limits.entryBytesMax, "an entry has its most bytes");
    const previous = this.#last;
    const position = nextPosition(previous.position);
    const mac = this.#chain.next(previous.mac, position, payload);
    this.#last = { position, mac };
    this.#committer.commit({
      position,
      mac,
      head: formatHead(position, mac),
      previousHead: formatHead(previous.position, previous.mac),
      payload,
      cargo,
      releasedAtMs: 0,
    });
    return this.#last;
  }

  /**
   * The verified journal after `from` (null: from the very first entry), up to and including the
   * entry of this take-over. Rejects with JournalError `tampered`, `trimmed` or `unavailable`.
   */
  read(
    from: { readonly after: Position; readonly mac: Uint8Array } | null,
  ): AsyncGenerator<JournalEntry> {
    return walkChain({
      link: this.#reads,
      keys: this.#keys,
      chain: this.#chain,
      after: from ? { position: from.after, mac: Buffer.from(from.mac) } : this.#chain.genesis,
      through: this.#takenOverAt,
      chunkBytes: this.limits.readChunkBytes,
    });
  }

  /**
   * Removes entries before the position, in slices; one trim at a time. The caller vouches that
   * snapshots cover them. Rejects with JournalError `fenced`, `unavailable` or `closed`.
   */
  trim(before: Position): Promise<void> {
    assert(comparePositions(before, this.#committed) <= 0, "only what is committed is trimmed");
    const trimmed = this.#trimming.then(() =>
      trimJournal({
        before,
        link: this.#writes,
        keys: this.#keys,
        epoch: this.epoch,
        timers: this.#timers,
        limits: this.limits,
        onFenced: (head) => this.#sawOtherEpoch(head),
        onBehind: (detail) => this.#watch.behind(detail),
        mayGoOn: () => this.#mayTrim && !this.#watch.isBehind && this.#state === "open",
        sealLeast: () => this.snapshots.sealLeast,
      }),
    );
    this.#trimming = trimmed.catch(() => {});
    return trimmed;
  }

  /** Waits for what is in flight, a bounded time, gives the lease back, closes all connections. */
  async close(): Promise<void> {
    if (this.#state === "closing" || this.#state === "closed") return;
    if (this.#state === "open") {
      this.#state = "closing";
      if (this.#committer.inFlight > 0) {
        await new Promise<void>((resolve) => {
          const off = this.#timers.after(this.limits.closeWaitMs, resolve);
          this.#drained = () => {
            off();
            resolve();
          };
        });
      }
    }
    this.#state = "closed";
    this.#committer.stop();
    this.#reads.close();
    this.#writes.close();
    // Before the next owner looks at it.
    await this.#anchor?.close();
    await this.#lease.release(this.epoch);
  }

  #onCommitted(cargo: Cargo, point: ChainPoint): void {
    const { position } = point;
    this.#committed = position;
    this.#anchor?.moved(point);
    this.#options.onCommitted(cargo, position);
    if (this.#committer.inFlight === 0) this.#drained();
  }

  #rewound(detail: string): void {
    this.#mayTrim = false;
    this.#options.onRewound?.(detail);
  }

  #sawOtherEpoch(head: string): void {
    const seen = tryParseHead(head);
    if (head !== "" && seen === undefined) {
      this.#halt("tampered", malformedHead(head));
    } else if (seen !== undefined && seen.position.epoch > this.epoch) {
      this.#halt("fenced", `another owner has taken over, the head is ${head.split(":")[0]}`);
    } else {
      this.#committer.surprise(head);
    }
  }

  #halt(reason: HaltReason, detail: string): void {
    if (this.#state === "closed" || this.#state === "halted") return;
    this.#state = "halted";
    this.#committer.stop();
    // Of a journal that is not what it was nobody is to make a start before this is closed.
    if (reason === "fenced" || reason === "lease_lost") this.#lease.end();
    else if (DAMAGED.has(reason)) this.#lease.hold();
    else void this.#lease.release(this.epoch);
    this.#reads.close();
    this.#writes.close();
    this.#drained();
    void this.#anchor?.close();
    this.#options.onHalted(reason, `shard ${this.#options.shard}: ${detail}`);
  }
}
