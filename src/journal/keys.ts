// Names of the keys of a shard. The hash tag puts all of them into one slot of a Redis Cluster, so
// that one function call may touch any of them.

import { assert } from "../money/assert.ts";

export interface ShardKeys {
  readonly journal: string;
  readonly head: string;
  readonly snapshots: string;
  readonly lease: string;
  /** Written to see that Redis can be written. What is in it means nothing. */
  readonly probe: string;
}

export function shardKeys(shard: number): ShardKeys {
  assert(Number.isSafeInteger(shard) && shard >= 0, "shards are numbered from 0");
  const tag = `{ll:s${shard}}`;
  return {
    journal: `${tag}:journal`,
    head: `${tag}:head`,
    snapshots: `${tag}:snap`,
    lease: `${tag}:lease`,
    probe: `${tag}:probe`,
  };
}
