// Rule 1 of OWNER-RULES.md: fence first, read second. Reads the head and commits the first entry of
// the next epoch behind it; from then on no earlier owner can commit anything. The lease is asked
// before, so that a living owner is not fenced by mistake, and the anchor, so that a journal that
// lost something is left as it is.

import { whyNotAnchored, type Anchor } from "./anchor.ts";
import type { AnchorOptions } from "./anchor-keeper.ts";
import { sleep, type Clock, type Timers } from "./clock.ts";
import { Committer } from "./committer.ts";
import type { RedisConnect } from "./connection.ts";
import { DAMAGED, JournalError, type HaltReason } from "./errors.ts";
import { loadFunctions } from "./functions.ts";
import { formatHead } from "./head.ts";
import { readEnd, type JournalEnd, type StoredEntry } from "./journal-end.ts";
import type { ShardKeys } from "./keys.ts";
import type { Lease, LeaseWait } from "./lease.ts";
import type { JournalLimits } from "./limits.ts";
import type { ChainPoint, MacChain } from "./mac-chain.ts";
import type { OnDemandLink } from "./on-demand-link.ts";
import type { PayloadMemory } from "./payload-memory.ts";
import { formatPosition, ORIGIN } from "./position.ts";
import type { SnapshotReader } from "./snapshot-reader.ts";
import {
  packTakeOver,
  shardsOfTakeOver,
  wrongShardCount,
  type TakeOverEntry,
} from "./take-over-entry.ts";

export interface TakeOverOptions {
  readonly shard: number;
  readonly keys: ShardKeys;
  readonly connect: RedisConnect;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: JournalLimits;
  readonly memory: PayloadMemory;
  readonly chain: MacChain;
  readonly lease: Lease;
  readonly reads: OnDemandLink;
  readonly wait: LeaseWait;
  readonly anchor: AnchorOptions | undefined;
  readonly snapshots: SnapshotReader;
  shardsOfCheckpoint(snapshots: SnapshotReader): Promise<number | null>;
  readonly entry: TakeOverEntry;
}

export interface CommitListener<Cargo> {
  committed(cargo: Cargo | null, point: ChainPoint): void;
  degraded(degraded: boolean, reason: string): void;
  rewound(detail: string): void;
  halted(reason: HaltReason, detail: string): void;
}

/** An owner in the first moment: its entry is committed, and it has appended nothing else. */
export interface Fence<Cargo> {
  readonly committer: Committer<Cargo | null>;
  readonly point: ChainPoint;
  listen(listener: CommitListener<Cargo>): void;
}

/** The head may still move while an earlier owner's last commits arrive: so many tries. */
const TRIES_MAX = 100;
const LOOK_AGAIN_MS = 50;

export async function takeOver<Cargo>(options: TakeOverOptions): Promise<Fence<Cargo>> {
  const { keys, chain, lease, reads, wait } = options;
  const payload = packTakeOver(options.entry);
  await reads.use(loadFunctions);
  // Whoever has another key or count, or finds the journal damaged, is neither to
  // wait for the lease nor to have it.
  await checkShards(options, await readEnd(reads, keys, chain, ORIGIN));
  await lease.take(wait);
  // That may have been hours ago.
  reads.renew();
  // Before the head, which only moves on: an earlier owner may still be writing both.
  let { anchor, detail } = await readAnchor(options);
  const giveUpAtMs = options.clock.nowMs() + options.limits.leaseMs / 2;
  let epoch: number | undefined;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    if (!lease.isHeld) {
      // All this took too long: another one may live by now, and is not to be fenced by mistake.
      await lease.take(wait);
      ({ anchor, detail } = await readAnchor(options));
    }
    const end = await anchoredEnd(options, anchor, giveUpAtMs);
    await checkShards(options, end);
    const { head, point: before } = end;
    epoch ??= before.position.epoch + 1;
    if (before.position.epoch >= epoch) break;
    const position = { epoch: before.position.epoch + 1, seq: 0 };
    const point = { position, mac: chain.next(before.mac, position, payload) };
    const fence = await commitFence<Cargo>(options, head ?? "", point, payload);
    if (fence !== undefined) {
      // Of two masters, in the midst of a failover, the head may have come from the other one.
      reads.renew();
      if (anchor === null && head !== null) options.anchor?.onUnanchored(detail);
      return fence;
    }
    reads.renew();
  }
  throw new JournalError("lost_race", `another owner has taken over epoch ${epoch}`);
}

/**
 * By the last take-over; by the checkpoint when that was trimmed, or is older than counts in it.
 */
async function checkShards(options: TakeOverOptions, { point }: JournalEnd): Promise<void> {
  const { keys, reads, snapshots, entry } = options;
  const id = formatPosition({ epoch: point.position.epoch, seq: 0 });
  const found = (await reads.call("XRANGE", keys.journal, id, id)) as readonly StoredEntry[];
  const payload = found[0]?.[1][1];
  const told = Buffer.isBuffer(payload) ? shardsOfTakeOver(payload) : null;
  const shards = told ?? (await options.shardsOfCheckpoint(snapshots));
  if (shards !== null && shards !== entry.shards) throw wrongShardCount(shards, entry.shards);
}

interface Anchored {
  readonly anchor: Anchor | null;
  /** Why there is none. */
  readonly detail: string;
}

/**
 * One that cannot be read, or not while the lease lasts, is as good as none: who could
 * spoil it could remove it as well.
 */
async function readAnchor(options: TakeOverOptions): Promise<Anchored> {
  const { shard, limits, timers } = options;
  if (options.anchor === undefined) return { anchor: null, detail: "" };
  const { anchors } = options.anchor;
  const name = anchors.nameOf(shard);
  const waitMs = limits.leaseMs / 4;
  const late = { anchor: null, detail: `${name} was not read within ${waitMs} ms` };
  try {
    const read = anchors.read(shard).then((anchor) => ({ anchor, detail: `there is no ${name}` }));
    return await Promise.race([read, sleep(timers, waitMs).then(() => late)]);
  } catch (error) {
    if (!(error instanceof JournalError) || error.code !== "anchor_unavailable") throw error;
    return { anchor: null, detail: error.message };
  }
}

/**
 * The end of a journal that has what was anchored; otherwise rejects, before anything is written.
 * What a promoted replica lacked, an owner that lives is about to write again: that is waited for.
 */
async function anchoredEnd(
  options: TakeOverOptions,
  anchor: Anchor | null,
  giveUpAtMs: number,
): Promise<JournalEnd> {
  const { shard, keys, chain, reads, clock, timers } = options;
  const at = anchor?.position ?? ORIGIN;
  for (;;) {
    const end = await readEnd(reads, keys, chain, at);
    if (anchor === null || options.anchor === undefined) return end;
    const why = whyNotAnchored(anchor, end, options.anchor.anchors.nameOf(shard));
    if (why === undefined) return end;
    if (why.code !== "journal_behind_anchor" || clock.nowMs() >= giveUpAtMs) throw why;
    await sleep(timers, LOOK_AGAIN_MS);
    reads.renew();
  }
}

/** Undefined when the head was not, or no longer, where it was read. */
function commitFence<Cargo>(
  { keys, connect, clock, timers, limits, memory }: TakeOverOptions,
  previousHead: string,
  point: ChainPoint,
  payload: Buffer,
): Promise<Fence<Cargo> | undefined> {
  const { position, mac } = point;
  return new Promise((resolve, reject) => {
    let listener: CommitListener<Cargo> = {
      committed: () =>
        resolve({
          committer,
          point,
          listen: (next) => {
            listener = next;
          },
        }),
      degraded: () => {},
      rewound: () => {},
      halted: (reason, detail) => {
        // Somebody else's head, of whatever epoch: the next look at it tells.
        if (reason === "fenced" || reason === "rewound") resolve(undefined);
        else reject(new JournalError(reason === "tampered" ? "tampered" : "unavailable", detail));
      },
    };
    const committer = new Committer<Cargo | null>({
      keys,
      epoch: position.epoch,
      connect,
      clock,
      timers,
      limits,
      memory,
      onCommitted: (batch) => listener.committed(batch.cargo, batch),
      onDegraded: (degraded, reason) => listener.degraded(degraded, reason),
      onRewound: (detail) => listener.rewound(detail),
      onHalted: (reason, detail) => listener.halted(reason, detail),
    });
    committer.commit({
      position,
      mac,
      head: formatHead(position, mac),
      previousHead,
      payload,
      cargo: null,
      releasedAtMs: 0,
    });
  });
}

/**
 * Of a journal that is not what was anchored nobody is to make a start, who might not
 * know it, before this server ends.
 */
export function endOrHold(lease: Lease, error: unknown, signal: AbortSignal | undefined): void {
  const isDamaged = error instanceof JournalError && DAMAGED.has(error.code);
  if (!isDamaged || !lease.isHeld || signal === undefined || signal.aborted) return lease.end();
  lease.hold();
  signal.addEventListener("abort", () => lease.end(), { once: true });
}
