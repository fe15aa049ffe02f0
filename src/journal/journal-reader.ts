// Reads the journal and the snapshots of a shard while somebody else owns it: for auditors and
// tools. It takes nothing over, fences nobody and never writes.

import { connectTo, type RedisConnect } from "./connection.ts";
import { walkChain, type JournalEntry } from "./chain-walk.ts";
import { parseHead } from "./head.ts";
import { shardKeys, type ShardKeys } from "./keys.ts";
import { DEFAULT_JOURNAL_LIMITS } from "./limits.ts";
import { MacChain, type ChainPoint } from "./mac-chain.ts";
import { OnDemandLink } from "./on-demand-link.ts";
import type { Position } from "./position.ts";
import { SnapshotReader } from "./snapshot-reader.ts";

export interface JournalReaderOptions {
  readonly shard: number;
  readonly connect: RedisConnect;
  readonly macKey: Uint8Array;
}

export class JournalReader {
  readonly snapshots: SnapshotReader;
  readonly #keys: ShardKeys;
  readonly #chain: MacChain;
  readonly #link: OnDemandLink;

  constructor({ shard, connect, macKey }: JournalReaderOptions) {
    this.#keys = shardKeys(shard);
    this.#chain = new MacChain(macKey, shard);
    this.#link = new OnDemandLink(connectTo(connect, shard), "reads");
    this.snapshots = new SnapshotReader(this.#link, this.#keys, this.#chain);
  }

  /** Where the journal ends now, or null when it has not begun. */
  async head(): Promise<ChainPoint | null> {
    const head = await this.#link.call("GET", this.#keys.head);
    return head === null ? null : parseHead(String(head));
  }

  /**
   * All entries after `from` (null: from the first one ever) up to what the head was when this
   * began. Rejects as `walkChain` does; also when the journal ends before its head.
   */
  async *read(
    from: { readonly after: Position; readonly mac: Uint8Array } | null,
  ): AsyncGenerator<JournalEntry> {
    const through = await this.head();
    if (through === null) return;
    yield* walkChain({
      link: this.#link,
      keys: this.#keys,
      chain: this.#chain,
      after: from ? { position: from.after, mac: Buffer.from(from.mac) } : this.#chain.genesis,
      through,
      chunkBytes: DEFAULT_JOURNAL_LIMITS.readChunkBytes,
    });
  }

  close(): void {
    this.#link.close();
  }
}
