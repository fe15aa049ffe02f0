// Reads snapshots of a shard and verifies each one. It never writes, so anybody may have one.

import { isWrongType, type Reply } from "./connection.ts";
import { JournalError } from "./errors.ts";
import type { ShardKeys } from "./keys.ts";
import type { MacChain } from "./mac-chain.ts";
import type { OnDemandLink } from "./on-demand-link.ts";
import { macOf, openSnapshot, partField, SEAL_FIELD, type Snapshot } from "./snapshot-format.ts";
import type { FieldMac } from "./snapshot-seal.ts";

const SCAN_COUNT = 256;

export class SnapshotReader {
  readonly #link: OnDemandLink;
  readonly #keys: ShardKeys;
  readonly #chain: MacChain;
  readonly #onRead: (found: FieldMac) => void;

  /** `onRead` is told of each field that is asked for, and may throw. */
  constructor(
    link: OnDemandLink,
    keys: ShardKeys,
    chain: MacChain,
    onRead: (found: FieldMac) => void = () => undefined,
  ) {
    this.#link = link;
    this.#keys = keys;
    this.#chain = chain;
    this.#onRead = onRead;
  }

  /** Null when there is none. Rejects with JournalError `tampered` or `unavailable`. */
  async read(field: string): Promise<Snapshot | null> {
    const value = await this.#ask("HGET", this.#keys.snapshots, field);
    return this.#open(field, value as Buffer | null);
  }

  #open(field: string, value: Buffer | null): Snapshot | null {
    const snapshot = value === null ? null : openSnapshot(this.#chain, field, value);
    this.#onRead({ field, mac: value === null ? null : macOf(value) });
    return snapshot;
  }

  async #ask(command: string, ...args: (string | number)[]): Promise<Reply> {
    try {
      return await this.#link.call(command, ...args);
    } catch (error) {
      if (!isWrongType(error)) throw error;
      throw new JournalError("tampered", `the snapshots are of another type: ${error.message}`);
    }
  }

  /** Many main fields in one round trip, in the order asked for. */
  async readMany(fields: readonly string[]): Promise<(Snapshot | null)[]> {
    if (fields.length === 0) return [];
    const reply = await this.#ask("HMGET", this.#keys.snapshots, ...fields);
    return (reply as (Buffer | null)[]).map((value, at) => this.#open(fields[at]!, value));
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

  /** Every field but the seal, in no order; one that is written meanwhile may come twice. */
  async *scan(): AsyncGenerator<Snapshot & { readonly field: string; readonly mac: Buffer }> {
    let cursor = "0";
    do {
      const reply = await this.#ask("HSCAN", this.#keys.snapshots, cursor, "COUNT", SCAN_COUNT);
      const [next, pairs] = reply as [Buffer, Buffer[]];
      for (let at = 0; at < pairs.length; at += 2) {
        const field = pairs[at]!.toString();
        const value = pairs[at + 1]!;
        if (field === SEAL_FIELD) continue;
        yield { field, mac: macOf(value), ...openSnapshot(this.#chain, field, value) };
      }
      cursor = next.toString();
    } while (cursor !== "0");
  }

  /** The seal is one of them. */
  async count(): Promise<number> {
    return (await this.#ask("HLEN", this.#keys.snapshots)) as number;
  }
}
