// Gives the auditor the journal of a shard out of Redis. It reads; it never takes a shard over,
// fences nobody and writes nothing, so it may run beside the server that owns the shard.

import { whyNotAnchored, type Anchor, type Anchors } from "../journal/anchor.ts";
import { connectTo, type RedisConnect } from "../journal/connection.ts";
import { JournalError } from "../journal/errors.ts";
import { readEnd } from "../journal/journal-end.ts";
import { JournalReader } from "../journal/journal-reader.ts";
import { shardKeys } from "../journal/keys.ts";
import { MacChain } from "../journal/mac-chain.ts";
import { OnDemandLink } from "../journal/on-demand-link.ts";
import {
  comparePositions,
  formatPosition,
  ORIGIN,
  tryParsePosition,
  type Position,
} from "../journal/position.ts";
import type { JournalEntry, ShardSource } from "./audit.ts";

export interface JournalSourceOptions {
  readonly shard: number;
  readonly connect: RedisConnect;
  readonly macKey: Uint8Array;
  /** Null, or left out: the journal is not held against its anchor. */
  readonly anchors?: Anchors | null;
}

export interface JournalSource extends ShardSource {
  readonly hasGoneOn: () => Promise<boolean>;
  close(): void;
}

/** As many shards as there are journals, numbered from 0. A fixed limit, as in the settings. */
const SHARDS_MAX = 256;

/**
 * How many shards there are, journals or anchors of them. Rejects with a JournalError of the
 * first anchor that cannot be read.
 */
export async function countShards(found: number, anchors: Anchors): Promise<number> {
  let shards = found;
  const isThere = (shard: number): Promise<boolean> =>
    anchors.read(shard).then(
      (anchor) => anchor !== null,
      (error: unknown) => {
        if (error instanceof JournalError && error.code === "anchor_invalid") return true;
        throw error;
      },
    );
  while (shards < SHARDS_MAX && (await isThere(shards))) shards++;
  return shards;
}

/** How many shards there are, and how many entries all of them have now. */
export async function countJournals(
  connect: RedisConnect,
): Promise<{ readonly shards: number; readonly entries: number }> {
  let entries = 0;
  for (let shard = 0; shard < SHARDS_MAX; shard++) {
    const count = await countEntries(connect, shard);
    if (count === null) return { shards: shard, entries };
    entries += count;
  }
  return { shards: SHARDS_MAX, entries };
}

/** Null when the shard has no journal. */
async function countEntries(connect: RedisConnect, shard: number): Promise<number | null> {
  const link = new OnDemandLink(connectTo(connect, shard), "reads");
  const { journal, head } = shardKeys(shard);
  try {
    if ((await link.call("EXISTS", journal, head)) === 0) return null;
    return (await link.call("XLEN", journal)) as number;
  } finally {
    link.close();
  }
}

const READS_MAX = 5;

/**
 * What `read` finds. Beside a server whose checkpoints trim the journals, one may be trimmed while
 * it is read: then all is read anew, a few times. Rejects as `read` does.
 */
export async function notOvertaken<T>(read: () => Promise<T>): Promise<T> {
  for (let reads = 1; ; reads++) {
    try {
      return await read();
    } catch (error) {
      const isOvertaken = error instanceof JournalError && error.code === "trimmed";
      if (!isOvertaken || reads === READS_MAX) throw error;
    }
  }
}

export function journalSource(options: JournalSourceOptions): JournalSource {
  const { shard, connect, macKey } = options;
  const reader = new JournalReader({ shard, connect, macKey });
  const link = new OnDemandLink(connectTo(connect, shard), "reads");
  const read = { upTo: ORIGIN };
  return {
    shard,
    entries: readAnchored(reader, link, options, read),
    hasGoneOn: async () => {
      const head = await reader.head();
      return head !== null && comparePositions(head.position, read.upTo) > 0;
    },
    close() {
      reader.close();
      link.close();
    },
  };
}

/** The anchor comes first: while an owner goes on, the journal only gets further ahead of it. */
async function* readAnchored(
  reader: JournalReader,
  link: OnDemandLink,
  { shard, macKey, anchors }: JournalSourceOptions,
  read: { upTo: Position },
): AsyncGenerator<JournalEntry> {
  const keys = shardKeys(shard);
  const chain = new MacChain(macKey, shard);
  let anchor: Anchor | null = null;
  try {
    anchor = (await anchors?.read(shard)) ?? null;
  } catch (error) {
    // By a wrong key neither anchor nor journal verifies: then it is the key that is to be told of.
    await readEnd(link, keys, chain, ORIGIN);
    throw error;
  }
  yield* readAll(reader, link, keys.journal, read);
  if (!anchors || anchor === null) return;
  const end = await readEnd(link, keys, chain, anchor.position);
  const why = whyNotAnchored(anchor, end, anchors.nameOf(shard));
  if (why !== undefined) throw why;
}

async function* readAll(
  reader: JournalReader,
  link: OnDemandLink,
  key: string,
  read: { upTo: Position },
): AsyncGenerator<JournalEntry> {
  const first = await endOf(link, "XRANGE", key, "-", "+");
  if (first === null) {
    if ((await reader.head()) !== null) throw tampered("there is a head, and no journal");
    return;
  }
  const isFirstOfAll = first.position.epoch === 1 && first.position.seq === 0;
  // Of a trimmed journal the first entry there is taken as the anchor: its own MAC cannot be
  // verified without the one before it.
  if (!isFirstOfAll) read.upTo = first.position;
  const after = isFirstOfAll ? null : { after: first.position, mac: first.mac };
  for await (const entry of reader.read(after)) {
    read.upTo = entry.position;
    yield entry;
  }
  // The owner writes an entry and its head at once: no entry may ever be seen behind the head.
  const last = await endOf(link, "XREVRANGE", key, "+", "-");
  const head = await reader.head();
  if (last === null || head === null || comparePositions(last.position, head.position) > 0) {
    const names = last === null ? "nothing" : formatPosition(last.position);
    throw tampered(`behind the head there is ${names}`);
  }
}

async function endOf(
  link: OnDemandLink,
  command: "XRANGE" | "XREVRANGE",
  key: string,
  from: string,
  to: string,
): Promise<{ readonly position: Position; readonly mac: Buffer } | null> {
  const found = (await link.call(command, key, from, to, "COUNT", 1)) as unknown[][];
  const entry = found[0];
  if (entry === undefined) return null;
  const [id, fields] = entry as [unknown, unknown[]];
  const position = tryParsePosition(String(id));
  const mac = fields[3];
  if (position === undefined || !Buffer.isBuffer(mac)) {
    throw tampered(`${String(id)} is no entry of a journal`);
  }
  return { position, mac };
}

function tampered(detail: string): JournalError {
  return new JournalError("tampered", detail);
}
