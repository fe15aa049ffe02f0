// Which shard an actor lives in: a stable hash of its name. The result is in journals and keys, so
// this function never changes.

import { ACTOR_KINDS, type Address } from "../../actors/address.ts";

/** FNV-1a over kind and id, finished as murmur3 does, so that near ids spread evenly. */
export function shardOf(address: Address, shards: number): number {
  if (shards === 1) return 0;
  let hash = 0x811c9dc5 ^ ACTOR_KINDS[address.kind];
  const { id } = address;
  for (let at = 0; at < id.length; at++) {
    hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % shards;
}
