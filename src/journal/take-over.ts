// Rule 1: fence first, read second. Reads the head and commits the first entry of the next epoch
// behind it; from then on no earlier owner can commit anything. The lease is asked before, so that
// a living owner is not fenced by mistake.

import type { Clock, Timers } from "./clock.ts";
import { Committer } from "./committer.ts";
import type { RedisConnect, Reply } from "./connection.ts";
import { JournalError, type HaltReason } from "./errors.ts";
import { loadFunctions } from "./functions.ts";
import { formatHead, parseHead } from "./head.ts";
import type { ShardKeys } from "./keys.ts";
import type { Lease, LeaseWait } from "./lease.ts";
import type { JournalLimits } from "./limits.ts";
import type { ChainPoint, MacChain } from "./mac-chain.ts";
import type { OnDemandLink } from "./on-demand-link.ts";
import type { PayloadMemory } from "./payload-memory.ts";
import { tryParsePosition, type Position } from "./position.ts";

export interface TakeOverOptions {
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
  /** Who takes over, and when. */
  readonly payload: Buffer;
}

export interface CommitListener<Cargo> {
  committed(cargo: Cargo | null, position: Position): void;
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

export async function takeOver<Cargo>(options: TakeOverOptions): Promise<Fence<Cargo>> {
  const { keys, chain, lease, reads, wait, payload } = options;
  await reads.use(loadFunctions);
  await checkKey(reads, keys, chain);
  await lease.take(wait);
  await checkKey(reads, keys, chain);
  let epoch: number | undefined;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const head = await reads.call("GET", keys.head);
    const before = head === null ? chain.genesis : parseHead(String(head));
    epoch ??= before.position.epoch + 1;
    if (before.position.epoch >= epoch) break;
    const position = { epoch: before.position.epoch + 1, seq: 0 };
    const point = { position, mac: chain.next(before.mac, position, payload) };
    const fence = await commitFence<Cargo>(options, head === null ? "" : String(head), point);
    if (fence !== undefined) {
      // Of two masters, in the midst of a failover, the head may have come from the other one.
      reads.renew();
      return fence;
    }
  }
  throw new JournalError("lost_race", `another owner has taken over epoch ${epoch}`);
}

/**
 * The last entry must follow from the one before it, by our key, before anything of ours is behind
 * it: what a wrong key has written no right one verifies. An entry that is alone cannot be judged.
 */
async function checkKey(reads: OnDemandLink, keys: ShardKeys, chain: MacChain): Promise<void> {
  const found = await reads.call("XREVRANGE", keys.journal, "+", "-", "COUNT", 2);
  const [last, before] = found as readonly StoredEntry[];
  if (last === undefined) return;
  const [id, [, payload, , mac]] = last;
  const position = tryParsePosition(String(id));
  // What is no entry at all is for the walk to say.
  if (position === undefined || !Buffer.isBuffer(payload) || !Buffer.isBuffer(mac)) return;
  const isFirst = position.epoch === 1 && position.seq === 0;
  const previous = before?.[1][3] ?? (isFirst ? chain.genesis.mac : undefined);
  if (previous === undefined || chain.next(previous, position, payload).equals(mac)) return;
  const why = `the MAC of ${String(id)} is wrong: is the key the one that it was written with?`;
  throw new JournalError("tampered", why);
}

/** The id, then the fields: `b`, the payload, `h`, its MAC. */
type StoredEntry = readonly [id: Reply, fields: readonly [Reply, Reply, Reply, Buffer]];

/** Undefined when the head was not, or no longer, where it was read. */
function commitFence<Cargo>(
  { keys, connect, clock, timers, limits, memory, payload }: TakeOverOptions,
  previousHead: string,
  point: ChainPoint,
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
      onCommitted: (batch) => listener.committed(batch.cargo, batch.position),
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
