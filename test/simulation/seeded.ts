// What seeded histories have in common: their random numbers, when a world is at rest, and the
// comparison of what is resident with a replay of the whole journal.

import { expect } from "vitest";
import { replayShard } from "../../src/runtime/replay.ts";
import { cellHashes } from "../../src/runtime/state-hash.ts";
import { codec, type World } from "../support/world.ts";

export type Random = (below: number) => number;

/** Whole numbers from 0, the same for the same seed (mulberry32). */
export function generator(seed: number): Random {
  let state = seed + 0x9e3779b9;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Every shard serves, nothing waits for a commit, and no message is under way. */
export async function settle(world: World): Promise<void> {
  for (const { status } of world.stores.map((_, shard) => world.system.shard(shard))) {
    expect(status.status).toBe("serving");
  }
  await world.until(() =>
    world.stores.every((_, shard) => {
      const { run } = world.system.shard(shard);
      const linked = run?.state.links.every((link) => link.outbox.length === 0);
      return run?.isSettled === true && linked === true && run.state.pending.size === 0;
    }),
  );
}

/** What is resident equals what a replay of the whole journal gives, actor by actor. */
export async function compareWithReplay(world: World): Promise<void> {
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  for (const [shard, store] of world.stores.entries()) {
    const journal = world.journals[shard]!;
    const source = {
      snapshots: { ...journal.snapshots, read: async () => Promise.resolve(null) },
      read: () => journal.read(null),
    };
    const full = await replayShard(source, shard, world.stores.length, codec, silent);
    const { run } = world.system.shard(shard);
    const expected = cellHashes(full.cells.all());
    const actual = cellHashes(run!.cells.all());
    for (const [key, hash] of actual) expect(`${key} ${hash}`).toBe(`${key} ${expected.get(key)}`);
    expect(run!.state.trial.totals()).toEqual(full.state.trial.totals());
    expect(run!.state.calendar.toSnapshot()[0]).toEqual(full.state.calendar.toSnapshot()[0]);
    expect(store.entries.length).toBeGreaterThan(0);
  }
}
