// What an owner brings to the journal of its shard, and what it is told.

import type { AnchorOptions } from "./anchor-keeper.ts";
import type { Clock, Timers } from "./clock.ts";
import type { RedisConnect } from "./connection.ts";
import type { HaltReason } from "./errors.ts";
import type { JournalLimits } from "./limits.ts";
import type { Position } from "./position.ts";
import type { SnapshotReader } from "./snapshot-reader.ts";

export interface ShardJournalOptions<Cargo> {
  readonly shard: number;
  /** Of the whole deployment; fixed when it was created. */
  readonly shards: number;
  /** How many the last checkpoint knows, where the take-over was trimmed; null: there is none. */
  readonly shardsOfCheckpoint?: (snapshots: SnapshotReader) => Promise<number | null>;
  readonly connect: RedisConnect;
  /** At least 16 bytes, secret, the same for the life of the journal. */
  readonly macKey: Uint8Array;
  /**
   * Names the server in the take-over entry and in the lease. Whoever presents the same name may
   * take the lease at once: a server that is restarted need not wait for its own lease.
   */
  readonly owner: string;
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly limits?: Partial<JournalLimits>;
  /** How long to wait for another owner's lease to end, in ms. 0, the default, refuses at once. */
  readonly leaseWaitMs?: number;
  /** Takes over although another owner's lease lives. For operators who know that it is gone. */
  readonly force?: boolean;
  /**
   * Gives up waiting: the take-over is rejected with JournalError `closed`. Until then the lease of
   * a journal that was found damaged is kept.
   */
  readonly signal?: AbortSignal;
  /** Where the end of the journal is kept outside of Redis; left out: nowhere. */
  readonly anchor?: AnchorOptions;
  /** While another owner's lease is waited for: who has it. */
  onWaiting?(holder: string): void;
  /** Strictly in the order of appending, once for each batch, and only when it is durable. */
  onCommitted(cargo: Cargo, position: Position): void;
  /** Commits do not go through for now (true), or do again (false). */
  onDegraded(degraded: boolean, reason: string): void;
  /** The end: nothing is released any more, and nothing may be appended. */
  onHalted(reason: HaltReason, detail: string): void;
  /**
   * Redis had gone back (a failover), and what it lost of the journal is there again. Snapshots
   * written shortly before may be lost, or are: this owner trims nothing any more, and whoever
   * takes over finds out what there is.
   */
  onRewound?(detail: string): void;
}
