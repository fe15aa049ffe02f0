// How snapshots are paced: slices bounded by time, pauses by what else there is to do.

import { describe, expect, it } from "vitest";
import { ACTOR_LAYOUTS } from "../../actors/kinds.ts";
import type { SnapshotItem } from "../../src/journal/snapshots.ts";
import { RecordCodec } from "../../src/journal/records.ts";
import { Cell } from "../../src/runtime/cell.ts";
import { createRuntimeCounters } from "../../src/runtime/counters.ts";
import { KINDS } from "../../src/runtime/kind.ts";
import { RUNTIME_LIMITS } from "../../src/runtime/limits.ts";
import { ShardState } from "../../src/runtime/shard-state.ts";
import { SHARD_FIELD, Snapshotter } from "../../src/runtime/snapshotter.ts";
import { request } from "../support/given.ts";

const ACCOUNTS = 40;
const CHECKPOINT_MS = 1_000;

function accountCell(number: number): Cell {
  const { account } = KINDS;
  const cell = new Cell(account, `lender-${number}`);
  const opened = { type: "AccountOpened", ...request(number), by: "ops" };
  cell.state = account.evolve(cell.state, opened, cell.id, 1);
  cell.phase = "ready";
  cell.version = 1;
  cell.changedAt = number;
  return cell;
}

/** A look at its clock takes so long: so do actors, each of which is followed by one. */
function world(lookMs: number) {
  let nowMs = 0;
  const clock = { wallMs: () => nowMs, monotonicMs: () => (nowMs += lookMs) };
  const pauses: number[] = [];
  let next: (() => void) | null = null;
  const scheduler = {
    soon: () => undefined,
    after: (delayMs: number, task: () => void) => {
      pauses.push(delayMs);
      next = () => {
        nowMs += delayMs;
        task();
      };
      return () => undefined;
    },
  };
  const slices: (readonly SnapshotItem[])[] = [];
  const position = { epoch: 1, seq: 1 };
  const nothing = () => Promise.resolve();
  const journal = {
    ready: true,
    inFlight: 0,
    leaseHeld: true,
    committed: position,
    last: { position, mac: new Uint8Array(32) },
    payloadOf: (bytes: Uint8Array) => Buffer.from(bytes),
    append: () => undefined,
    snapshots: {
      isSealed: true,
      checkAll: () => undefined,
      write: async (items: readonly SnapshotItem[]) => {
        await Promise.resolve();
        slices.push(items);
      },
      read: () => Promise.resolve(null),
      readParts: () => Promise.resolve(new Map<number, Buffer>()),
    },
    trim: nothing,
  };
  const state = new ShardState(0, 1);
  state.recordNo = ACCOUNTS;
  const host = {
    state,
    committedRecordNo: ACCOUNTS,
    dead: false,
    degraded: false,
    isQuietBoundary: true,
    hasQuarantined: false,
    fail: (reason: string) => expect.unreachable(reason),
  };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const snapshotter = new Snapshotter(host, {
    journal,
    codec: new RecordCodec(ACTOR_LAYOUTS),
    clock,
    scheduler,
    limits: { ...RUNTIME_LIMITS, checkpointMs: CHECKPOINT_MS },
    counters: createRuntimeCounters(),
    log,
  });
  for (let number = 1; number <= ACCOUNTS; number++) snapshotter.changed(accountCell(number));
  nowMs += CHECKPOINT_MS;
  return {
    snapshotter,
    slices,
    pauses,
    /** Until what was started is written, and a pause begins. */
    async settle(): Promise<void> {
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    },
    goOn(): void {
      const task = next;
      next = null;
      task?.();
    },
  };
}

describe("Snapshotter", () => {
  it("ends a slice when its time is over, however small it is, and leaves nobody out", async () => {
    const { snapshotter, slices, pauses, settle, goOn } = world(0.5);
    snapshotter.tick();
    await settle();
    for (let turns = 0; turns < 100 && slices.at(-1)![0]!.field !== SHARD_FIELD; turns++) {
      snapshotter.committed(100);
      goOn();
      await settle();
    }
    const sizes = slices.map(({ length }) => length);
    // The first look of the slice, and one behind each actor: 2 ms are over with the fourth.
    expect(sizes.slice(0, -2)).toEqual(new Array(sizes.length - 2).fill(4));
    expect(slices.at(-1)![0]!.field).toBe(SHARD_FIELD);
    const fields = slices.slice(0, -1).flatMap((items) => items.map(({ field }) => field));
    expect(new Set(fields).size).toBe(ACCOUNTS);
    expect(pauses.length).toBeGreaterThan(5);
  });

  it("leaves most of the time to commits, and takes half of it when there are none", async () => {
    const busy = world(0.5);
    busy.snapshotter.tick();
    await busy.settle();
    busy.snapshotter.committed(100);
    busy.goOn();
    await busy.settle();
    const quiet = world(0.5);
    quiet.snapshotter.tick();
    await quiet.settle();
    quiet.goOn();
    await quiet.settle();
    // Pauses before the second slice are alike: a first one tells nothing about the others.
    expect(quiet.pauses[0]).toBe(busy.pauses[0]);
    expect(busy.pauses[1]! / quiet.pauses[1]!).toBeGreaterThan(5);
  });

  it("before a stop takes all at once", async () => {
    const { snapshotter, slices, settle } = world(0.5);
    snapshotter.hurry();
    await settle();
    expect(slices.map(({ length }) => length)).toEqual([ACCOUNTS, 1]);
    expect(snapshotter.isCurrent).toBe(true);
  });
});
