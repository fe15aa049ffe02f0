// What seeded histories have in common: their random numbers, when a world is at rest, and the
// comparison of what is resident with a replay of the whole journal.

import { expect } from "vitest";
import { replayShard } from "../../src/runtime/replay.ts";
import { cellHashes } from "../../src/runtime/state-hash.ts";
import { seededRandom, type Random } from "../support/random.ts";
import { codec, type World } from "../support/world.ts";

/** A seed of histories names the same one as ever: sixty of these meet whatever the tests count. */
export function randomOfHistory(seed: number): Random {
  return seededRandom(seed + 0x9e3779b9);
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
