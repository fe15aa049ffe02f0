// When an anchor is written, by a clock that the test moves: what was not written by then never is.

import { describe, expect, test } from "vitest";
import { AnchorKeeper, createAnchorCounters } from "../../src/journal/anchor-keeper.ts";
import { JournalError } from "../../src/journal/errors.ts";
import type { ChainPoint } from "../../src/journal/mac-chain.ts";
import { ManualEnvironment } from "../custodian/manual-environment.ts";

const EVERY_MS = 250;

function keeperOf(write: (seq: number) => Promise<void> = () => Promise.resolve()) {
  const { clock, timers, ...rest } = environmentOf();
  const startedMs = clock.nowMs();
  /** When, in ms from the start, and up to which commit. */
  const written: [number, number][] = [];
  const counters = createAnchorCounters();
  const keeper = new AnchorKeeper({
    ...{ shard: 0, everyMs: EVERY_MS, clock, timers, counters },
    onUnanchored: () => undefined,
    onFault: () => undefined,
    anchors: {
      nameOf: String,
      read: () => Promise.resolve(null),
      replace: () => Promise.resolve(),
      write: async (_, { position: { seq } }) => {
        written.push([clock.nowMs() - startedMs, seq]);
        await write(seq);
      },
    },
  });
  const moved = (seq: number): void => keeper.moved(pointOf(seq));
  return { ...rest, moved, written, counters, keeper };
}

function environmentOf() {
  const environment = new ManualEnvironment();
  const { wallMs, monotonicMs: nowMs } = environment.clock;
  return { environment, clock: { nowMs, wallMs }, timers: environment.timers };
}

function pointOf(seq: number): ChainPoint {
  return { position: { epoch: 1, seq }, mac: Buffer.alloc(32) };
}

describe("The keeper of an anchor", () => {
  test("writes it once in its time however much moves, and not at all when nothing does", async () => {
    const { environment, moved, written, counters } = keeperOf();
    for (let ms = 0; ms <= 600; ms++) {
      moved(ms);
      await environment.advance(1);
    }
    expect(written).toEqual([
      [0, 0],
      [250, 249],
      [500, 499],
    ]);
    await environment.advance(EVERY_MS);
    expect(written.slice(3)).toEqual([[750, 600]]);
    expect(counters.behindSinceMs.size).toBe(0);
    expect(environment.timerCount).toBe(0);
    await environment.advance(3_600_000);
    expect(written).toHaveLength(4);
  });

  test("tries again in the same time what could not be written", async () => {
    let fails = true;
    const { environment, moved, written, counters } = keeperOf(() => {
      if (!fails) return Promise.resolve();
      return Promise.reject(new JournalError("anchor_unavailable", "the disk is full"));
    });
    moved(7);
    await environment.advance(EVERY_MS * 2);
    expect(written).toEqual([
      [0, 7],
      [250, 7],
      [500, 7],
    ]);
    expect(counters).toMatchObject({ failures: 3, behindSinceMs: new Map([[0, 5_000]]) });
    fails = false;
    await environment.advance(EVERY_MS);
    expect(written.at(-1)).toEqual([750, 7]);
    expect(counters.behindSinceMs.size).toBe(0);
    expect(environment.timerCount).toBe(0);
  });

  test("writes what is missing when it is closed, at once, and nothing afterwards", async () => {
    const { environment, moved, written, keeper } = keeperOf();
    moved(1);
    await environment.advance(10);
    moved(2);
    await keeper.close();
    expect(written).toEqual([
      [0, 1],
      [10, 2],
    ]);
    moved(3);
    expect(environment.timerCount).toBe(0);
  });
});
