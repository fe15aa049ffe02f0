// An owner on a healthy Redis: taking over, appending, being told, reading, closing.

import { describe, expect, test } from "vitest";
import { Owner, oneTo, payloadOf, readStored, startRedis } from "./journals.ts";

describe("ShardJournal", () => {
  test("commits in order, and what Redis has is what was appended", async () => {
    const redis = await startRedis();
    const owner = await Owner.takeOver(redis.socketPath);
    expect(owner.journal.epoch).toBe(1);
    await owner.appendUpTo(500, 2_000);
    await owner.releasedAll();
    expect(owner.released).toEqual(oneTo(500).map((cargo) => ({ cargo, position: `1-${cargo}` })));
    const stored = await readStored(redis);
    expect(stored[0]!.position).toBe("1-0");
    expect(
      stored.slice(1).every(({ cargo, payload }) => payload.equals(payloadOf(cargo!, 2_000))),
    ).toBe(true);
    expect(stored.slice(1).map(({ cargo }) => cargo)).toEqual(oneTo(500));
    expect(owner.degradations).toEqual([]);
  });
});
