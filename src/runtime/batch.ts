// The batch that is being filled: records as bytes, and what may be seen outside once they are
// durable. A batch without records never becomes one.

import type { PayoutChange } from "../../actors/account/custody/events.ts";
import type { RecordCodec } from "../journal/records.ts";
import { MsgpackWriter } from "../protocol/msgpack-writer.ts";
import type { Waiting } from "./looks.ts";
import { loanProgress } from "./reads.ts";
import type { Cell } from "./cell.ts";
import type { Letter } from "./link.ts";

/** What waits for a commit. */
export interface Cargo {
  readonly lastRecordNo: number;
  readonly releases: Waiting[];
  /** Letters to other shards, by shard, in order. */
  readonly letters: readonly (readonly [toShard: number, letter: Letter])[];
  /** Letters of other shards that came in with this batch: the last number of each link. */
  readonly arrivals: ReadonlyMap<number, number>;
  /** Changes of alarms, for the list of open loans. */
  readonly alarms: readonly (readonly [key: string, atMs: number | null])[];
  /** Withdrawals to be sent to the custodian, and ended ones. */
  readonly payouts: readonly PayoutChange[];
  /** Legs of repayments that were booked. */
  readonly legs: number;
  /** When the first record was written, monotonic. */
  readonly openedMs: number;
  readonly bytes: number;
}

export interface SealedBatch {
  readonly payload: Buffer;
  readonly cargo: Cargo;
}

export class Batch {
  readonly writer: MsgpackWriter;
  readonly #codec: RecordCodec;
  readonly #payloadOf: (bytes: Uint8Array) => Buffer;
  isOpen = false;
  atMs = 0;
  records = 0;
  legs = 0;
  lastRecordNo = 0;
  #openedMs = 0;
  releases: Waiting[] = [];
  letters: [number, Letter][] = [];
  arrivals = new Map<number, number>();
  alarms: [string, number | null][] = [];
  payouts: PayoutChange[] = [];
  /** Watched loans that changed: their progress is told once a batch. */
  readonly watchedLoans = new Set<Cell>();

  /** `payloadOf` copies the bytes of a batch into the journal's memory. */
  constructor(codec: RecordCodec, sizeBytes: number, payloadOf: (bytes: Uint8Array) => Buffer) {
    this.#codec = codec;
    this.#payloadOf = payloadOf;
    this.writer = new MsgpackWriter(sizeBytes);
  }

  open(atMs: number, monotonicMs: number, firstRecordNo: number, firstMessageNo: number): void {
    this.isOpen = true;
    this.atMs = atMs;
    this.#openedMs = monotonicMs;
    this.records = 0;
    this.legs = 0;
    this.writer.reset();
    this.#codec.writeHeader(this.writer, { atMs, firstRecordNo, firstMessageNo });
  }

  /** Closes the batch; the next record opens another. */
  seal(): SealedBatch {
    for (const cell of this.watchedLoans) {
      this.releases.push({ kind: "progress", progress: loanProgress(cell) });
    }
    this.watchedLoans.clear();
    const payload = this.#payloadOf(this.writer.view());
    const cargo: Cargo = {
      lastRecordNo: this.lastRecordNo,
      releases: this.releases,
      letters: this.letters,
      // What is empty stays here for the next batch; the cargo must not share it.
      arrivals: this.arrivals.size === 0 ? NO_ARRIVALS : this.arrivals,
      alarms: this.alarms.length === 0 ? NO_ALARMS : this.alarms,
      payouts: this.payouts.length === 0 ? NO_PAYOUTS : this.payouts,
      legs: this.legs,
      openedMs: this.#openedMs,
      bytes: payload.length,
    };
    this.isOpen = false;
    this.releases = [];
    this.letters = [];
    if (this.arrivals.size > 0) this.arrivals = new Map();
    if (this.alarms.length > 0) this.alarms = [];
    if (this.payouts.length > 0) this.payouts = [];
    return { payload, cargo };
  }
}

const NO_ARRIVALS: ReadonlyMap<number, number> = new Map();
const NO_PAYOUTS: readonly PayoutChange[] = [];
const NO_ALARMS: readonly (readonly [string, number | null])[] = [];
