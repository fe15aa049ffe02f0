// How the journal of a shard ends, seen in one moment, and judged before anything of ours stands
// behind it. It only reads.

import { call, type Reply } from "./connection.ts";
import { JournalError } from "./errors.ts";
import { parseHead } from "./head.ts";
import type { ShardKeys } from "./keys.ts";
import { sameMac, type ChainPoint, type MacChain } from "./mac-chain.ts";
import type { OnDemandLink } from "./on-demand-link.ts";
import { comparePositions, formatPosition, tryParsePosition, type Position } from "./position.ts";

export interface JournalEnd {
  /** As it stands in Redis; null before the first entry. */
  readonly head: string | null;
  /** What the head says; where the chain begins before the first entry. */
  readonly point: ChainPoint;
  /** Undefined when nothing is there. */
  readonly oldest: Position | undefined;
  /** The MAC of the entry that was asked for; undefined when it is not there. */
  readonly found: Buffer | undefined;
}

/** The id, then the fields: `b`, the payload, `h`, its MAC. */
export type StoredEntry = readonly [id: Reply, fields: readonly [Reply, Reply, Reply, Reply]];

/**
 * Head and entries of one moment, whoever writes meanwhile, and the entry `at`, if it is there.
 * Rejects with JournalError `tampered` when the head does not name the last entry, or that one does
 * not follow by our key from the one before it: what a wrong key has written no right one verifies.
 * An entry that is alone cannot be judged.
 */
export async function readEnd(
  link: OnDemandLink,
  keys: ShardKeys,
  chain: MacChain,
  at: Position,
): Promise<JournalEnd> {
  const id = formatPosition(at);
  const replies = await link.use((connection) =>
    Promise.all([
      call(connection, "MULTI"),
      call(connection, "GET", keys.head),
      call(connection, "XREVRANGE", keys.journal, "+", "-", "COUNT", 2),
      call(connection, "XRANGE", keys.journal, "-", "+", "COUNT", 1),
      call(connection, "XRANGE", keys.journal, id, id),
      call(connection, "EXEC"),
    ]),
  );
  const [head, newest, oldest, found] = replies.at(-1) as readonly Reply[];
  if (!Array.isArray(newest) || !Array.isArray(oldest) || !Array.isArray(found)) {
    throw new JournalError("tampered", `${keys.journal} is no journal`);
  }
  const text = head === null ? null : String(head);
  const point = text === null ? chain.genesis : parseHead(text);
  const [last, before] = newest as readonly StoredEntry[];
  checkLast(last, before, chain);
  checkHead(text, point, last);
  const mac = (found as readonly StoredEntry[])[0]?.[1][3];
  return {
    head: text,
    point,
    oldest: positionOf((oldest as readonly StoredEntry[])[0]),
    found: Buffer.isBuffer(mac) ? mac : undefined,
  };
}

function positionOf(entry: StoredEntry | undefined): Position | undefined {
  return entry === undefined ? undefined : tryParsePosition(String(entry[0]));
}

function checkLast(
  last: StoredEntry | undefined,
  before: StoredEntry | undefined,
  chain: MacChain,
): void {
  const position = positionOf(last);
  if (last === undefined || position === undefined) return;
  const [id, [, payload, , mac]] = last;
  // What is no entry at all is for the walk to say.
  if (!Buffer.isBuffer(payload) || !Buffer.isBuffer(mac)) return;
  const isFirst = position.epoch === 1 && position.seq === 0;
  const previous = before?.[1][3] ?? (isFirst ? chain.genesis.mac : undefined);
  if (!Buffer.isBuffer(previous)) return;
  if (chain.next(previous, position, payload).equals(mac)) return;
  const why = `the MAC of ${String(id)} is wrong: is the key the one that it was written with?`;
  throw new JournalError("tampered", why);
}

/** Both are written in one step, and at least the last entry is never trimmed. */
function checkHead(
  head: string | null,
  { position, mac }: ChainPoint,
  last: StoredEntry | undefined,
): void {
  const ends = positionOf(last);
  if (last === undefined && head === null) return;
  const lastMac = last?.[1][3];
  const isSame =
    ends !== undefined &&
    head !== null &&
    comparePositions(ends, position) === 0 &&
    Buffer.isBuffer(lastMac) &&
    sameMac(lastMac, mac);
  if (isSame) return;
  const names = head === null ? "nothing" : head;
  const id = last === undefined ? "nothing" : String(last[0]);
  throw new JournalError("tampered", `the head names ${names}, and the journal ends with ${id}`);
}
