// Business dates of one shard: begins them, and rings whoever waits for one. See calendar.ts.

import type { RecordCodec, Typed } from "../journal/records.ts";
import type { Batch } from "./batch.ts";
import type { Clock } from "./environment.ts";
import type { LegGate } from "./leg-gate.ts";
import type { ShardState } from "./shard-state.ts";

export interface DayHost {
  readonly state: ShardState;
  readonly batch: Batch;
  /** The last record that is durable. */
  readonly committedRecordNo: number;
  openBatch(at: number): void;
  /** A record is being written; its number. */
  countRecord(): number;
  ring(key: string, command: Typed, at: number): void;
}

const DAY_CAME: Typed = { type: "DayCame" };
/**
 * Those whose day has come and who still wait are rung again: their account may not have answered.
 */
const RING_AGAIN_MS = 1_000;

export class DayRun {
  readonly #host: DayHost;
  readonly #codec: RecordCodec;
  readonly #clock: Clock;
  readonly #gate: LegGate;
  #rungAtMs = 0;
  /** Actors in which a bug showed in this life, when they were rung or told something by others. */
  readonly threw = new Set<string>();
  /** Dates that began, each with its record, of which nobody knows yet. */
  readonly #begun: { readonly day: number; readonly recordNo: number }[] = [];
  #durableDay: number;

  constructor(
    host: DayHost,
    gate: LegGate,
    { codec, clock }: { readonly codec: RecordCodec; readonly clock: Clock },
  ) {
    this.#host = host;
    this.#gate = gate;
    this.#codec = codec;
    this.#clock = clock;
    this.#durableDay = host.state.calendar.day;
  }

  /** The date that began last, durably: what may be shown. */
  get durableDay(): number {
    while (this.#begun.length > 0 && this.#begun[0]!.recordNo <= this.#host.committedRecordNo) {
      this.#durableDay = this.#begun.shift()!.day;
    }
    return this.#durableDay;
  }

  reach(day: number): void {
    const { state, batch } = this.#host;
    if (day <= state.calendar.day) return;
    const at = this.#clock.wallMs();
    this.#host.openBatch(at);
    const recordNo = this.#host.countRecord();
    this.#codec.writeDay(batch.writer, day, at - batch.atMs);
    state.beginDay(day);
    this.#begun.push({ day, recordNo });
    this.ring();
  }

  ring(): void {
    this.#rungAtMs = this.#clock.monotonicMs();
    const at = this.#clock.wallMs();
    // Legs may follow from each of them.
    for (const key of this.#host.state.calendar.due()) {
      this.#gate.pass(() => this.#host.ring(key, DAY_CAME, at));
    }
  }

  /** Whether all that was to be done up to the present date is done, but for who is left behind. */
  get isDone(): boolean {
    return this.#host.state.calendar.isDoneByOthers;
  }

  /**
   * Those who are not done are not waited for any more until they are, or in this
   * life of the shard: they, or whom they ask, are out of service or threw. Who comes
   * back goes on from the day where it stood.
   */
  leaveBehind(): readonly string[] {
    return this.#host.state.calendar.leaveBehind();
  }

  tick(): void {
    if (this.#host.state.calendar.isDone || !this.#gate.isIdle) return;
    if (this.#clock.monotonicMs() - this.#rungAtMs >= RING_AGAIN_MS) this.ring();
  }
}
