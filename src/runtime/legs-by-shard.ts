// A message to many accounts, cut into one for each shard that has some of them.

import { LEG_ITEMS, legCount, legReceiver, type PayLegs } from "../../actors/account/legs.ts";
import { shardOf } from "./shard-of.ts";

/** By shard, ascending; the legs of each in their order. */
export function splitByShard(
  fan: PayLegs,
  shards: number,
): readonly (readonly [shard: number, part: PayLegs])[] {
  if (shards === 1) return [[0, fan]];
  const parts = new Map<number, PayLegs["legs"][number][]>();
  for (let leg = 0; leg < legCount(fan); leg++) {
    const shard = shardOf({ kind: "account", id: legReceiver(fan, leg) }, shards);
    const legs = parts.get(shard);
    const items = fan.legs.slice(leg * LEG_ITEMS, (leg + 1) * LEG_ITEMS);
    if (legs === undefined) parts.set(shard, items);
    else legs.push(...items);
  }
  return [...parts]
    .sort(([a], [b]) => a - b)
    .map(([shard, legs]) => [shard, { ...fan, legs }] as const);
}

export function singleLeg(fan: PayLegs, leg: number): PayLegs {
  return { ...fan, legs: fan.legs.slice(leg * LEG_ITEMS, (leg + 1) * LEG_ITEMS) };
}
