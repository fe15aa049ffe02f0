// Business dates of one shard: begins them, and rings whoever waits for one. See calendar.ts.

import type { RecordCodec, Typed } from "../journal/records.ts";
import type { Batch } from "./batch.ts";
import type { Clock } from "./environment.ts";
import type { ShardState } from "./shard-state.ts";

export interface DayHost {
  readonly state: ShardState;
  readonly batch: Batch;
  openBatch(at: number): void;
  countRecord(): number;
  ring(key: string, command: Typed, at: number): void;
}

const DAY_CAME: Typed = { type: "DayCame" };
/** Those whose day has come and who still wait are rung again: their account may not have answered. */
const RING_AGAIN_MS = 1_000;

export class DayRun {
  readonly #host: DayHost;
  readonly #codec: RecordCodec;
  readonly #clock: Clock;
  #rungAtMs = 0;

  constructor(host: DayHost, codec: RecordCodec, clock: Clock) {
    this.#host = host;
    this.#codec = codec;
    this.#clock = clock;
  }

  reach(day: number): void {
    const { state, batch } = this.#host;
    if (day <= state.calendar.day) return;
    const at = this.#clock.wallMs();
    this.#host.openBatch(at);
    this.#host.countRecord();
    this.#codec.writeDay(batch.writer, day, at - batch.atMs);
    state.beginDay(day);
    this.ring();
  }

  ring(): void {
    this.#rungAtMs = this.#clock.monotonicMs();
    const at = this.#clock.wallMs();
    for (const key of this.#host.state.calendar.due()) this.#host.ring(key, DAY_CAME, at);
  }

  tick(): void {
    if (this.#host.state.calendar.isDone) return;
    if (this.#clock.monotonicMs() - this.#rungAtMs >= RING_AGAIN_MS) this.ring();
  }
}
