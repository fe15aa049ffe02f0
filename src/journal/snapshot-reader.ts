// Reads snapshots of a shard and verifies each one. It never writes, so anybody may have one.

import { JournalError } from "./errors.ts";
import type { ShardKeys } from "./keys.ts";
import type { MacChain } from "./mac-chain.ts";
import type { OnDemandLink } from "./on-demand-link.ts";
import { openSnapshot, partField, type Snapshot } from "./snapshot-format.ts";

const SCAN_COUNT = 256;

export class SnapshotReader {
  readonly #link: OnDemandLink;
  readonly #keys: ShardKeys;
  readonly #chain: MacChain;

  constructor(link: OnDemandLink, keys: ShardKeys, chain: MacChain) {
    this.#link = link;
    this.#keys = keys;
    this.#chain = chain;
  }

  /** Null when there is none. Rejects with JournalError `tampered` or `unavailable`. */
  async read(field: string): Promise<Snapshot | null> {
    const value = await this.#link.call("HGET", this.#keys.snapshots, field);
    return value === null ? null : openSnapshot(this.#chain, field, value as Buffer);
  }

  /** Many main fields in one round trip, in the order asked for. */
  async readMany(fields: readonly string[]): Promise<(Snapshot | null)[]> {
    if (fields.length === 0) return [];
    const reply = await this.#link.call("HMGET", this.#keys.snapshots, ...fields);
    return (reply as (Buffer | null)[]).map((value, at) =>
      value === null ? null : openSnapshot(this.#chain, fields[at]!, value),
    );
  }

  /**
   * Parts that the main field says exist. A missing one is as bad as an altered one: rejects with
   * JournalError `tampered`.
   */
  async readParts(field: string, partNos: readonly number[]): Promise<Map<number, Buffer>> {
    const snapshots = await this.readMany(partNos.map((partNo) => partField(field, partNo)));
    const parts = new Map<number, Buffer>();
    partNos.forEach((partNo, at) => {
      const snapshot = snapshots[at];
      if (!snapshot) {
        throw new JournalError("tampered", `the snapshot ${field} lacks its part ${partNo}`);
      }
      parts.set(partNo, snapshot.payload);
    });
    return parts;
  }

  /** Every field, parts included, in no order; one that is written meanwhile may come twice. */
  async *scan(): AsyncGenerator<Snapshot & { readonly field: string }> {
    let cursor = "0";
    do {
      const reply = await this.#link.call(
        "HSCAN",
        this.#keys.snapshots,
        cursor,
        "COUNT",
        SCAN_COUNT,
      );
      const [next, pairs] = reply as [Buffer, Buffer[]];
      for (let at = 0; at < pairs.length; at += 2) {
        const field = pairs[at]!.toString();
        yield { field, ...openSnapshot(this.#chain, field, pairs[at + 1]!) };
      }
      cursor = next.toString();
    } while (cursor !== "0");
  }

  async count(): Promise<number> {
    return (await this.#link.call("HLEN", this.#keys.snapshots)) as number;
  }
}
