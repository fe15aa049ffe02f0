// Compares the snapshots of a shard with their seal, for auditors: beside an owner that lives, as
// long as it writes none meanwhile. It only reads.

import { sleep, systemTimers } from "./clock.ts";
import { DigestTable } from "./digest-table.ts";
import { JournalError } from "./errors.ts";
import { MacChain } from "./mac-chain.ts";
import { SEAL_FIELD } from "./snapshot-format.ts";
import type { SnapshotReader } from "./snapshot-reader.ts";
import { openSum } from "./snapshot-seal.ts";

export type SnapshotVerdict =
  | { readonly verdict: "last" | "none"; readonly fields: number }
  /** Of a program that knew no seal; or its owner wrote all the time. */
  | { readonly verdict: "unsealed" | "moving"; readonly fields: number }
  | { readonly verdict: "differ"; readonly detail: string };

const TRIES_MAX = 5;
const LOOK_AGAIN_MS = 200;

/** Rejects with JournalError `unavailable`. */
export async function compareWithSeal(
  reader: SnapshotReader,
  chain: MacChain,
): Promise<SnapshotVerdict> {
  let fields = 0;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    if (tries > 0) await sleep(systemTimers, LOOK_AGAIN_MS);
    try {
      const before = await reader.read(SEAL_FIELD);
      const found = await sumOf(reader, chain);
      const after = await reader.read(SEAL_FIELD);
      ({ fields } = found);
      if (before?.position !== after?.position) continue;
      if (after === null) return { verdict: fields === 0 ? "none" : "unsealed", fields };
      if (found.sum === openSum(chain, after.payload)) return { verdict: "last", fields };
      return { verdict: "differ", detail: "the snapshots are not those that were sealed last" };
    } catch (error) {
      if (!(error instanceof JournalError) || error.code !== "tampered") throw error;
      return { verdict: "differ", detail: error.message };
    }
  }
  return { verdict: "moving", fields };
}

/** A scan may name a field twice. */
async function sumOf(
  reader: SnapshotReader,
  chain: MacChain,
): Promise<{ readonly sum: bigint; readonly fields: number }> {
  const seen = new DigestTable();
  let sum = 0n;
  let fields = 0;
  for await (const { field, mac } of reader.scan()) {
    const key = chain.digestOfField(field);
    if (seen.get(key) !== undefined) continue;
    const digest = chain.digestOfMac(mac);
    seen.set(key, digest);
    sum ^= digest;
    fields++;
  }
  return { sum, fields };
}
