// Reads the journal of a shard in order and believes nothing: each entry must directly follow the
// one before it and carry the MAC that follows from it. Memory is bounded by two chunks, whatever
// the length of the journal. It only reads.

import type { Reply } from "./connection.ts";
import { JournalError } from "./errors.ts";
import type { ShardKeys } from "./keys.ts";
import { sameMac, type ChainPoint, type MacChain } from "./mac-chain.ts";
import type { OnDemandLink } from "./on-demand-link.ts";
import { comparePositions, follows, formatPosition, tryParsePosition } from "./position.ts";
import type { Position } from "./position.ts";

export interface JournalEntry {
  readonly position: Position;
  readonly mac: Buffer;
  readonly payload: Buffer;
}

export interface WalkOptions {
  readonly link: OnDemandLink;
  readonly keys: ShardKeys;
  readonly chain: MacChain;
  /** The entry after this one comes first. */
  readonly after: ChainPoint;
  /** The last entry, which must be there and have this MAC. */
  readonly through: ChainPoint;
  readonly chunkBytes: number;
}

const CHUNK_ENTRIES_FIRST = 16;
const CHUNK_ENTRIES_MAX = 4096;

/**
 * Rejects with JournalError `tampered` when an entry is missing, altered, out of order or of
 * another form, and `trimmed` when the journal begins after the entry that is asked for.
 */
export async function* walkChain(options: WalkOptions): AsyncGenerator<JournalEntry> {
  const { chain, through, chunkBytes } = options;
  let previous = options.after;
  let count = CHUNK_ENTRIES_FIRST;
  let chunk = fetchChunk(options, previous.position, count);
  while (comparePositions(previous.position, through.position) < 0) {
    const entries = (await chunk).map(parseEntry);
    const last = entries.at(-1);
    if (last === undefined) {
      await refuseGap(options, previous.position, undefined);
      return;
    }
    // The next chunk is under way while this one is worked on. By its size the next is chosen.
    const bytes = entries.reduce((sum, entry) => sum + entry.payload.length, 0);
    const bytesEach = Math.max(1, bytes / entries.length);
    count = Math.max(1, Math.min(CHUNK_ENTRIES_MAX, Math.floor(chunkBytes / bytesEach)));
    const more = comparePositions(last.position, through.position) < 0;
    if (more) chunk = fetchChunk(options, last.position, count);
    for (const entry of entries) {
      if (!follows(previous.position, entry.position)) {
        await refuseGap(options, previous.position, entry.position);
      }
      if (!sameMac(entry.mac, chain.next(previous.mac, entry.position, entry.payload))) {
        throw tampered(`the MAC of ${formatPosition(entry.position)} is wrong`);
      }
      previous = entry;
      yield entry;
    }
  }
  if (
    comparePositions(previous.position, through.position) !== 0 ||
    !sameMac(previous.mac, through.mac)
  ) {
    throw tampered(`the journal does not end with its head, ${formatPosition(through.position)}`);
  }
}

function fetchChunk(
  { link, keys, through }: WalkOptions,
  after: Position,
  count: number,
): Promise<readonly Reply[]> {
  const from = `(${formatPosition(after)}`;
  const to = formatPosition(through.position);
  const chunk = link.call("XRANGE", keys.journal, from, to, "COUNT", count);
  // The walk may end, by an error or by its reader, while this one is under way.
  chunk.catch(() => {});
  return chunk as Promise<readonly Reply[]>;
}

function parseEntry(entry: Reply): JournalEntry {
  const [id, fields] = entry as readonly Reply[];
  const position = tryParsePosition(String(id));
  const [payloadName, payload, macName, mac, ...more] = (fields ?? []) as readonly Reply[];
  if (
    position === undefined ||
    String(payloadName) !== "b" ||
    String(macName) !== "h" ||
    !Buffer.isBuffer(payload) ||
    !Buffer.isBuffer(mac) ||
    more.length > 0
  ) {
    throw tampered(`${String(id)} is no entry of a journal`);
  }
  return { position, mac, payload };
}

/** Tells entries that were trimmed away from entries that are missing in the midst. */
async function refuseGap(
  { link, keys }: WalkOptions,
  after: Position,
  found: Position | undefined,
): Promise<void> {
  const oldest = (await link.call("XRANGE", keys.journal, "-", "+", "COUNT", 1)) as Reply[][];
  const oldestId = oldest[0] === undefined ? "nothing" : String(oldest[0][0]);
  const gap = `after ${formatPosition(after)} comes ${found ? formatPosition(found) : "nothing"}`;
  const oldestPosition = tryParsePosition(oldestId);
  const isTrimmed =
    oldestPosition !== undefined &&
    comparePositions(oldestPosition, after) > 0 &&
    !follows(after, oldestPosition);
  if (isTrimmed) {
    throw new JournalError("trimmed", `${gap}, and the journal begins with ${oldestId}`);
  }
  throw tampered(gap);
}

function tampered(detail: string): JournalError {
  return new JournalError("tampered", detail);
}
