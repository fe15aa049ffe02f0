// What every lender got of every clearing of a loan. The journal has it, and it follows
// from the loan's holders and its list of clearings alone: splitting is deterministic. So
// it is split again when somebody asks, and kept as long as there is room (leg-cache.ts);
// repaying itself pays nothing for it.

import {
  Holders,
  SERIES,
  type ClearingLegs,
  type Series,
} from "../../actors/loan/repayment/holders.ts";
import type { Clearing } from "../../actors/loan/repayment/repayment.ts";
import { wasPaidOut, type LoanState } from "../../actors/loan/loan.ts";
import { bpsOf } from "../../actors/loan/terms.ts";
import type { AccountId, LoanId } from "../../actors/address.ts";
import { clearingLegBytes, clearingLegCents, type ClearingLeg } from "../hash/clearing-leg.ts";
import { SHA256_BYTES } from "../hash/sha256.ts";
import { SumTree, leafHash } from "../hash/sum-tree.ts";
import { assert } from "../money/assert.ts";
import type { LegRoom, Piece } from "./leg-cache.ts";

/** What legs follow from: what of it may still change is copied. */
export interface LegSource {
  readonly loanId: LoanId;
  readonly serviceFeeBps: number;
  /** Ids and shares are for ever; it is asked for nothing else. */
  readonly holders: Pick<Holders, "ids" | "count" | "shareCents">;
  readonly clearings: readonly Clearing[];
}

/** Null before the loan is paid out. */
export function legSourceOf(loan: LoanState): LegSource | null {
  if (!wasPaidOut(loan)) return null;
  const { loanId, terms, repayment } = loan;
  const { holders, clearings } = repayment;
  return { loanId, serviceFeeBps: terms.serviceFeeBps, holders, clearings: [...clearings] };
}

type Compact = Uint32Array | Float64Array;
/** What each lender got of one clearing. */
type Row = Piece & Readonly<Record<Series, Compact | null>>;
type Tree = Piece & { readonly tree: SumTree };

/** How the split stood after so many clearings: splitting again need not begin with the first. */
interface Mark {
  readonly clearings: number;
  readonly values: readonly unknown[];
}

const UINT32_MAX = 0xffffffff;
const LEAVES_PER_STEP = 128;
const MARKS_MAX = 16;
/** Objects and headers of arrays that are not counted otherwise, about. */
const PIECE_BYTES = 256;

export class LoanLegs implements Piece {
  readonly ids: readonly AccountId[];
  readonly loanId: LoanId;
  sizeBytes: number;
  readonly #serviceFeeBps: number;
  readonly #room: LegRoom;
  readonly #shares: readonly number[];
  /** A twin of the loan's own holders, behind it by the clearings that nobody has asked for. */
  readonly #twin: Holders;
  readonly #clearings: Clearing[] = [];
  readonly #rows = new Map<number, Row>();
  readonly #trees = new Map<number, Tree>();
  readonly #marksMax: number;
  readonly #markBytes: number;
  #marks: Mark[] = [];
  #markEvery = MARKS_MAX;

  constructor({ loanId, serviceFeeBps, holders }: LegSource, room: LegRoom) {
    this.ids = holders.ids;
    this.loanId = loanId;
    this.#serviceFeeBps = serviceFeeBps;
    this.#room = room;
    this.#shares = Array.from({ length: holders.count }, (_, at) => holders.shareCents(at));
    this.#twin = new Holders(holders.ids, this.#shares);
    this.#markBytes = holders.count * 8 * (1 + SERIES.length);
    this.#marksMax = Math.min(MARKS_MAX, Math.floor(room.sizeBytesMax / 8 / this.#markBytes));
    this.sizeBytes = PIECE_BYTES + this.#markBytes + holders.count * 8;
  }

  /** -1 for who holds nothing. */
  holderOf(accountId: AccountId): number {
    return this.ids.indexOf(accountId);
  }

  /** Splits again what was cleared since the last time. A step is one clearing. */
  *follow({ clearings }: LegSource): Generator<void> {
    for (const clearing of clearings.slice(this.#clearings.length)) {
      assert(clearing.clearingNo === this.#clearings.length + 1, "clearings follow each other");
      const legs = this.#twin.split(clearing);
      this.#clearings.push(clearing);
      this.#keepRow(clearing.clearingNo, legs);
      this.#mark(clearing.clearingNo);
      yield;
    }
  }

  /** With more clearings marks stand further apart, so that there are never many. */
  #mark(clearings: number): void {
    if (clearings % this.#markEvery !== 0 || this.#marksMax === 0) return;
    this.#marks.push({ clearings, values: this.#twin.toSnapshot() });
    if (this.#marks.length > this.#marksMax) {
      this.#markEvery *= 2;
      this.#marks = this.#marks.filter((mark) => mark.clearings % this.#markEvery === 0);
    }
    const marksBytes = this.#marks.length * this.#markBytes;
    const { length } = this.ids;
    this.#room.resized(this, PIECE_BYTES + this.#markBytes + length * 8 + marksBytes);
  }

  clearing(clearingNo: number): Clearing | undefined {
    return this.#clearings[clearingNo - 1];
  }

  get clearings(): readonly Clearing[] {
    return this.#clearings;
  }

  /** What one lender got of a clearing that was followed. */
  *legOf(clearingNo: number, index: number): Generator<void, ClearingLeg> {
    return this.#leg(yield* this.#rowOf(clearingNo), clearingNo, index);
  }

  /** What one lender got of each clearing, in order. */
  *legsOf(index: number): Generator<void, ClearingLeg[]> {
    const legs: ClearingLeg[] = [];
    let before: Split | undefined;
    for (const { clearingNo } of this.#clearings) {
      let row = this.#rows.get(clearingNo);
      if (row === undefined) {
        const nearest = this.#splitBefore(clearingNo);
        if (before === undefined || nearest.clearings > before.clearings) before = nearest;
        row = this.#keepRow(clearingNo, yield* this.#splitUpTo(before, clearingNo));
      } else {
        this.#room.used(row);
      }
      legs.push(this.#leg(row, clearingNo, index));
      if (clearingNo % LEAVES_PER_STEP === 0) yield;
    }
    return legs;
  }

  /** The tree over all legs of a clearing. */
  *treeOf(clearingNo: number): Generator<void, SumTree> {
    const known = this.#trees.get(clearingNo);
    if (known !== undefined) {
      this.#room.used(known);
      return known.tree;
    }
    const row = yield* this.#rowOf(clearingNo);
    const count = this.ids.length;
    const hashes = new Uint8Array(count * SHA256_BYTES);
    const sums = new Float64Array(count);
    for (let index = 0; index < count; index++) {
      const leg = this.#leg(row, clearingNo, index);
      hashes.set(leafHash(clearingLegBytes(leg)), index * SHA256_BYTES);
      sums[index] = clearingLegCents(leg);
      if (index % LEAVES_PER_STEP === LEAVES_PER_STEP - 1) yield;
    }
    const tree = yield* SumTree.grow(hashes, sums);
    const kept: Tree = {
      tree,
      sizeBytes: PIECE_BYTES + tree.sizeBytes,
      forget: () => void this.#trees.delete(clearingNo),
    };
    this.#trees.set(clearingNo, kept);
    this.#room.added(this, kept);
    return tree;
  }

  /** All that it has goes, besides what is counted of itself. */
  forget(): void {
    for (const row of this.#rows.values()) this.#room.dropped(row);
    for (const tree of this.#trees.values()) this.#room.dropped(tree);
    this.#rows.clear();
    this.#trees.clear();
  }

  *#rowOf(clearingNo: number): Generator<void, Row> {
    const known = this.#rows.get(clearingNo);
    if (known !== undefined) {
      this.#room.used(known);
      return known;
    }
    assert(clearingNo <= this.#clearings.length, "a clearing that was followed", clearingNo);
    const legs = yield* this.#splitUpTo(this.#splitBefore(clearingNo), clearingNo);
    return this.#keepRow(clearingNo, legs);
  }

  /** The last that is marked before a clearing, or the beginning. */
  #splitBefore(clearingNo: number): Split {
    const mark = this.#marks.findLast(({ clearings }) => clearings < clearingNo);
    if (mark === undefined) return { twin: new Holders(this.ids, this.#shares), clearings: 0 };
    return { twin: Holders.restore(mark.values), clearings: mark.clearings };
  }

  /** Goes on with a split up to and including a clearing, of which the legs are told. */
  *#splitUpTo(split: Split, clearingNo: number): Generator<void, ClearingLegs> {
    for (;;) {
      const legs = split.twin.split(this.#clearings[split.clearings++]!);
      if (split.clearings === clearingNo) return legs;
      yield;
    }
  }

  #keepRow(clearingNo: number, legs: ClearingLegs): Row {
    const series = {
      principal: compact(legs.principal),
      interest: compact(legs.interest),
      penalty: compact(legs.penalty),
    };
    let sizeBytes = PIECE_BYTES;
    for (const each of SERIES) sizeBytes += series[each]?.byteLength ?? 0;
    const row: Row = { ...series, sizeBytes, forget: () => void this.#rows.delete(clearingNo) };
    this.#rows.set(clearingNo, row);
    this.#room.added(this, row);
    return row;
  }

  #leg(row: Row, clearingNo: number, index: number): ClearingLeg {
    const interestCents = row.interest?.[index] ?? 0;
    const penaltyCents = row.penalty?.[index] ?? 0;
    return {
      loanId: this.loanId,
      clearing: clearingNo,
      day: this.#clearings[clearingNo - 1]!.day,
      index,
      accountId: this.ids[index]!,
      principalCents: row.principal?.[index] ?? 0,
      interestCents,
      penaltyCents,
      feeCents: bpsOf(interestCents + penaltyCents, this.#serviceFeeBps),
    };
  }
}

/** A twin that has split so many clearings. */
interface Split {
  readonly twin: Holders;
  clearings: number;
}

/** Legs of most clearings are below 42,949,672.95 and take half the room. */
function compact(legs: Float64Array | null): Compact | null {
  if (legs === null) return null;
  return legs.every((cents) => cents <= UINT32_MAX) ? Uint32Array.from(legs) : legs;
}
