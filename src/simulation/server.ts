// The real runtime with its real actors, in this process, on journals in memory and on time that is
// made. The heart of it is the beat: once a turn of the event loop a millisecond passes, and some
// of the commits under way become durable, as many as chance says.

import { ACTOR_LAYOUTS } from "../../actors/kinds.ts";
import { UPCASTERS } from "../../actors/upcasters.ts";
import { RecordCodec } from "../journal/records.ts";
import { createRuntimeCounters } from "../runtime/counters.ts";
import { TurnClock } from "../runtime/environment.ts";
import { RUNTIME_LIMITS, type RuntimeLimits } from "../runtime/limits.ts";
import { System } from "../runtime/system.ts";
import { Clients, SimulationFailure } from "./clients.ts";
import { MemoryJournal, MemoryStore } from "./memory-journal.ts";
import { Chance } from "../chance/chance.ts";
import { VirtualTime } from "./virtual-time.ts";

/**
 * Loans leave memory between their due dates, and come back from their snapshots. A checkpoint is
 * some tenth of all work here: one in some weeks of business is enough to make them leave.
 */
const LIMITS: RuntimeLimits = {
  ...RUNTIME_LIMITS,
  journalKeep: "all",
  idleMs: 1_000,
  checkpointMs: 3_000,
  // The server's clock stands still for days: that every request would be refused proves nothing.
  requestAheadMsMax: Number.MAX_SAFE_INTEGER,
};
const DURABLE_AT_ONCE_MAX = 3;
/** Beats without a word from the server, while somebody waits, after which it is stuck. */
const SILENT_BEATS_MAX = 200_000;
const STOP_MS_MAX = 60_000;
/** Keeps the whims of the clock and of the journal apart from what people do. */
const CLOCK_SEED = 0x51ed;
const JOURNAL_SEED = 0xd15c;

export interface ServerOptions {
  readonly shards: number;
  readonly seed: number;
  /** The first business date. */
  readonly day: number;
  /** Whether the server's wall clock jumps by an hour and stands still now and then. */
  readonly clockJumps: boolean;
}

export class SimulatedServer {
  readonly codec = new RecordCodec(ACTOR_LAYOUTS, UPCASTERS);
  readonly counters = createRuntimeCounters();
  readonly journals: MemoryJournal[] = [];
  readonly time: VirtualTime;
  readonly clients: Clients;
  readonly system: System;
  readonly shards: number;
  readonly #pace: Chance;
  #beats = 0;
  #heardAt = { heard: 0, beat: 0 };
  #stopped = false;
  #failure: SimulationFailure | null = null;

  constructor({ shards, seed, day, clockJumps }: ServerOptions) {
    this.shards = shards;
    this.#pace = new Chance(seed ^ JOURNAL_SEED);
    this.time = new VirtualTime(day, clockJumps ? new Chance(seed ^ CLOCK_SEED) : null);
    this.clients = new Clients(() => this.time.trueMs);
    this.system = new System({
      shards,
      openJournal: async (shard, callbacks) => {
        await Promise.resolve();
        return (this.journals[shard] = new MemoryJournal(new MemoryStore(), callbacks));
      },
      codec: this.codec,
      outlet: this.clients,
      clock: this.time,
      arrivals: new TurnClock(this.time, this.time),
      scheduler: this.time,
      limits: LIMITS,
      counters: this.counters,
      log: {
        info: () => undefined,
        warn: () => undefined,
        error: (facts, message) => this.#fail(`${message}: ${detailOf(facts)}`),
      },
      today: () => day,
    });
    this.clients.attach(this.system);
  }

  async start(): Promise<void> {
    setImmediate(this.#beat);
    await this.system.start();
  }

  readonly #beat = (): void => {
    if (this.#stopped) return;
    this.#beats++;
    for (const journal of this.journals) {
      journal.acknowledge(this.#pace.whole(0, DURABLE_AT_ONCE_MAX));
    }
    this.time.tick();
    this.#listen();
    setImmediate(this.#beat);
  };

  #listen(): void {
    const { heard, waiting } = this.clients;
    if (waiting === 0 || heard !== this.#heardAt.heard) {
      this.#heardAt = { heard, beat: this.#beats };
    } else if (this.#beats - this.#heardAt.beat > SILENT_BEATS_MAX) {
      this.#fail(`${waiting} requests have no answer`);
    }
  }

  #fail(detail: string): void {
    this.#failure ??= new SimulationFailure(detail);
    this.clients.fail(this.#failure);
  }

  /** Throws the SimulationFailure of a run that went wrong. */
  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** The business date begins, and all that it brings is done. */
  async advanceTo(day: number): Promise<void> {
    this.time.begin(day);
    await this.system.advanceTo(day);
    this.check();
  }

  /** Until nothing is under way: no message, no letter, no commit. */
  async quiet(): Promise<void> {
    let beats = 0;
    while (!this.#isQuiet) {
      await new Promise<void>((resolve) => void this.time.after(1, resolve));
      if (++beats > SILENT_BEATS_MAX) this.#fail("the server never comes to rest");
      this.check();
    }
    this.check();
  }

  get #isQuiet(): boolean {
    for (let shard = 0; shard < this.shards; shard++) {
      const { run } = this.system.shard(shard);
      if (run === null || !run.isSettled || run.state.pending.size > 0) return false;
    }
    return true;
  }

  async stop(): Promise<void> {
    await this.system.stop(STOP_MS_MAX);
    this.#stopped = true;
  }
}

function detailOf(facts: object): string {
  const error = "error" in facts ? facts.error : null;
  const parts = "reason" in facts ? [facts.reason] : [];
  return [...parts, error instanceof Error ? error.message : JSON.stringify(facts)].join(", ");
}
