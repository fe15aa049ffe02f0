// Messages to many accounts at once: the legs of a repayment. They are carried out in slices, each
// one record of the journal, because a leg cannot be refused and follows from the message alone. A
// thousand records for a thousand lenders would be the larger part of a repayment.

import { lastEntryOf } from "../../actors/account/account.ts";
import {
  legCount,
  legNetCents,
  legReceiver,
  receiveLeg,
  type PayLegs,
} from "../../actors/account/legs.ts";
import type { RecordCodec } from "../journal/records.ts";
import type { Batch } from "./batch.ts";
import { accountOf, type Cell } from "./cell.ts";
import { LegGate } from "./leg-gate.ts";
import { ReceiversOfLoans, type LegReceivers } from "./leg-receivers.ts";
import type { RuntimeLimits } from "./limits.ts";
import type { PendingMessage, ShardState } from "./shard-state.ts";

export interface FanOutHost {
  readonly state: ShardState;
  readonly batch: Batch;
  readonly dead: boolean;
  openBatch(at: number): void;
  countRecord(): number;
  changed(cell: Cell): void;
  /** The cell of an account, being loaded if it was not resident. */
  accountCell(id: string): Cell;
  /** Runs after the input and output that is ready now. */
  soon(task: () => void): void;
  /** An account's entries are told to those who watch it. */
  tellEntries(cell: Cell, after: number): void;
  fail(reason: string, error: unknown): void;
}

/** Legs of one record: a turn of the event loop does not grow with the loan. */
const LEGS_PER_RECORD = 512;

export class FanOut {
  readonly #host: FanOutHost;
  readonly #codec: RecordCodec;
  readonly #receivers: ReceiversOfLoans;
  #queue: PendingMessage[] = [];
  #isScheduled = false;
  /** Legs of all messages in the queue that are not booked yet. */
  legsQueued = 0;
  /** For what leads to legs. */
  readonly gate: LegGate;

  constructor(
    host: FanOutHost,
    { codec, limits }: { readonly codec: RecordCodec; readonly limits: RuntimeLimits },
  ) {
    this.#host = host;
    this.#codec = codec;
    this.#receivers = new ReceiversOfLoans(limits.legReceiversMax);
    this.gate = new LegGate({
      legsQueuedMax: limits.legsQueuedMax,
      legsQueued: () => this.legsQueued,
      soon: (task) => host.soon(task),
    });
  }

  get isIdle(): boolean {
    return this.#queue.length === 0 && this.gate.isIdle;
  }

  deliver(message: PendingMessage): void {
    const fan = message.command as PayLegs;
    // Out of service: it stays under way until a mended program starts again.
    const receiver = this.#host.accountCell(legReceiver(fan, 0));
    if (legCount(fan) === 1 && receiver.phase === "quarantined") return;
    this.legsQueued += legCount(fan) - message.nextLeg;
    this.#queue.push(message);
    this.schedule();
  }

  /** Also when an account was loaded that a leg waits for. */
  schedule(): void {
    if (this.#isScheduled || this.#queue.length === 0) return;
    this.#isScheduled = true;
    this.#host.soon(this.#run);
  }

  readonly #run = (): void => {
    this.#isScheduled = false;
    if (this.#host.dead) return;
    let legsLeft = LEGS_PER_RECORD;
    try {
      while (this.#queue.length > 0 && legsLeft > 0) {
        const done = this.#slice(this.#queue[0]!, legsLeft);
        if (done === 0) return; // Accounts are being loaded; it goes on when they are there.
        legsLeft -= done;
      }
    } catch (error) {
      this.#host.fail("evolve_failed", error);
      return;
    }
    this.gate.open();
    this.schedule();
  };

  /** Carries out the next legs of a message, at most `limit`; how many it were. */
  #slice(message: PendingMessage, limit: number): number {
    const { messageNo, command, nextLeg, at } = message;
    const fan = command as PayLegs;
    const receivers = this.#receivers.of(fan);
    const end = Math.min(legCount(fan), nextLeg + limit);
    const cells = this.#readyCells(receivers, fan, nextLeg, end);
    if (cells.length === 0) return 0;
    const upTo = nextLeg + cells.length;
    const skipped: number[] = [];
    for (let place = 0; place < cells.length; place++) {
      if (cells[place]!.phase === "quarantined") skipped.push(nextLeg + place);
    }
    this.#host.openBatch(at);
    const { batch, state } = this.#host;
    const recordNo = this.#host.countRecord();
    this.#codec.writeLegs(batch.writer, messageNo, upTo, at - batch.atMs, skipped);
    let netCents = 0;
    for (let place = 0; place < cells.length; place++) {
      const cell = cells[place]!;
      if (cell.phase !== "quarantined") {
        const leg = nextLeg + place;
        const position = receivers.positionPlace(fan, leg);
        netCents += bookLeg(cell, fan, leg, at, recordNo, position);
        if (cell.watched) {
          const last = lastEntryOf(accountOf(cell));
          this.#host.tellEntries(cell, last - 1);
        }
        this.#host.changed(cell);
      }
    }
    if (upTo === legCount(fan)) this.#queue.shift();
    state.received(messageNo, upTo, skipped, netCents);
    batch.legs += cells.length;
    this.legsQueued -= cells.length;
    return cells.length;
  }

  /** Cells from the leg `from` on, as far as they are there; the others are being loaded. */
  #readyCells(receivers: LegReceivers, fan: PayLegs, from: number, to: number): Cell[] {
    const known = receivers.count;
    const cells = new Array<Cell>(to - from);
    let ready = 0;
    let complete = true;
    for (let leg = from; leg < to; leg++) {
      const id = legReceiver(fan, leg);
      let cell = receivers.cell(leg, id);
      if (cell === undefined) {
        cell = this.#host.accountCell(id);
        receivers.set(leg, cell);
      }
      if (cell.phase === "loading") complete = false;
      if (complete) cells[ready++] = cell;
    }
    if (receivers.count > known) this.#receivers.grown(receivers.count - known);
    cells.length = ready;
    return cells;
  }
}

/** One leg, running or replayed. Returns what the account got, in cents. */
export function bookLeg(
  cell: Cell,
  fan: PayLegs,
  leg: number,
  at: number,
  recordNo: number,
  positionPlace?: number,
): number {
  cell.version++;
  cell.changedAt = recordNo;
  return receiveLeg(accountOf(cell), fan, leg, at, positionPlace);
}

/** What legs `from` to `to` bring, without those that were skipped. */
export function netOfLegs(
  fan: PayLegs,
  from: number,
  to: number,
  skipped: ReadonlySet<number>,
): number {
  let netCents = 0;
  for (let leg = from; leg < to; leg++) {
    if (!skipped.has(leg)) netCents += legNetCents(fan, leg);
  }
  return netCents;
}
