// What metrics read of a shard, at this moment.

import type { Shard } from "./shard.ts";

export interface ShardGauges {
  readonly shard: number;
  readonly quarantinedActors: number;
  readonly residentActors: number;
  readonly mailboxDepth: number;
  readonly commitsInFlight: number;
  readonly legsQueued: number;
  readonly trialBalanceDifferenceCents: number;
}

export function gaugesOf({ shard, run, quarantined }: Shard): ShardGauges {
  return {
    shard,
    quarantinedActors: quarantined,
    residentActors: run?.cells.size ?? 0,
    mailboxDepth: run?.itemsQueued ?? 0,
    commitsInFlight: run?.commitsInFlight ?? 0,
    legsQueued: run?.legsQueued ?? 0,
    trialBalanceDifferenceCents: Number(run?.state.trial.differenceCents() ?? 0n),
  };
}
