// Gives the auditor the journal of a shard out of Redis. It reads; it never takes a shard over,
// fences nobody and writes nothing, so it may run beside the server that owns the shard.

import { connectTo, type RedisConnect } from "../journal/connection.ts";
import { JournalError } from "../journal/errors.ts";
import { JournalReader } from "../journal/journal-reader.ts";
import { shardKeys } from "../journal/keys.ts";
import { OnDemandLink } from "../journal/on-demand-link.ts";
import {
  comparePositions,
  formatPosition,
  tryParsePosition,
  type Position,
} from "../journal/position.ts";
import type { JournalEntry, ShardSource } from "./audit.ts";

export interface JournalSourceOptions {
  readonly shard: number;
  readonly connect: RedisConnect;
  readonly macKey: Uint8Array;
}

export interface JournalSource extends ShardSource {
  close(): void;
}

/** As many shards as there are journals, numbered from 0. A fixed limit, as in the settings. */
const SHARDS_MAX = 256;

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

export function journalSource({ shard, connect, macKey }: JournalSourceOptions): JournalSource {
  const reader = new JournalReader({ shard, connect, macKey });
  const link = new OnDemandLink(connectTo(connect, shard), "reads");
  const key = shardKeys(shard).journal;
  return {
    shard,
    entries: readAll(reader, link, key),
    close() {
      reader.close();
      link.close();
    },
  };
}

async function* readAll(
  reader: JournalReader,
  link: OnDemandLink,
  key: string,
): AsyncGenerator<JournalEntry> {
  const first = await endOf(link, "XRANGE", key, "-", "+");
  if (first === null) {
    if ((await reader.head()) !== null) throw tampered("there is a head, and no journal");
    return;
  }
  const isFirstOfAll = first.position.epoch === 1 && first.position.seq === 0;
  // Of a trimmed journal the first entry there is taken as the anchor: its own MAC cannot be
  // verified without the one before it.
  yield* reader.read(isFirstOfAll ? null : { after: first.position, mac: first.mac });
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
