// Puts a made journal into a real Redis as its owners would have: with heads, MACs and fences.

import { redisConnect } from "../../src/journal/connection.ts";
import { ShardJournal } from "../../src/journal/shard-journal.ts";
import type { TestRedis } from "../support/redis.ts";
import { encode, type TestEntry, type TestJournal } from "./made-journal.ts";

export const MAC_KEY = Buffer.alloc(32, 5);

export async function storeJournal(redis: TestRedis, journal: TestJournal): Promise<void> {
  for (const [shard, entries] of journal.entries()) {
    for (const owned of byOwner(entries)) {
      const owner = await ShardJournal.takeOver<null>({
        shard,
        shards: journal.length,
        connect: redisConnect(redis.socketPath),
        macKey: MAC_KEY,
        owner: "test",
        onCommitted: () => undefined,
        onDegraded: () => undefined,
        onHalted: () => undefined,
      });
      for (const entry of owned) owner.append(Buffer.from(encode(entry)), null);
      await owner.close();
    }
  }
}

/** The entries of each epoch, without its take-over. */
function byOwner(entries: readonly TestEntry[]): TestEntry[][] {
  const epochs: TestEntry[][] = [];
  for (const entry of entries) {
    if (entry.header === null) epochs.push([]);
    else epochs.at(-1)!.push(entry);
  }
  return epochs;
}
