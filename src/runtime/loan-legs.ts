// What every lender got of every clearing of a loan. The journal has it, and it follows from the loan's
// holders and its list of clearings alone: splitting is deterministic. So it is split again when
// somebody asks, and kept as long as there is room; repaying itself pays nothing for it.

import { Holders, SERIES, type Series } from "../../actors/loan/repayment/holders.ts";
import type { Clearing } from "../../actors/loan/repayment/repayment.ts";
import { wasPaidOut, type LoanState } from "../../actors/loan/loan.ts";
import { bpsOf } from "../../actors/loan/terms.ts";
import type { AccountId, LoanId } from "../../actors/address.ts";
import { clearingLegBytes, clearingLegCents, type ClearingLeg } from "../hash/clearing-leg.ts";
import { SHA256_BYTES } from "../hash/sha256.ts";
import { SumTree, leafHash } from "../hash/sum-tree.ts";
import { assert } from "../money/assert.ts";

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
type Row = Readonly<Record<Series, Compact | null>>;

const UINT32_MAX = 0xffffffff;
const LEAVES_PER_STEP = 128;

export class LoanLegs {
  readonly ids: readonly AccountId[];
  readonly #loanId: LoanId;
  readonly #serviceFeeBps: number;
  /** A twin of the loan's own holders, behind it by the clearings that nobody has asked for. */
  readonly #twin: Holders;
  readonly #clearings: Clearing[] = [];
  readonly #rows: Row[] = [];
  readonly #trees = new Map<number, SumTree>();
  #sizeBytes: number;

  constructor({ loanId, serviceFeeBps, holders }: LegSource) {
    this.ids = holders.ids;
    this.#loanId = loanId;
    this.#serviceFeeBps = serviceFeeBps;
    const shares = Array.from({ length: holders.count }, (_, at) => holders.shareCents(at));
    this.#twin = new Holders(holders.ids, shares);
    this.#sizeBytes = holders.count * 8 * (1 + SERIES.length);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** -1 for who holds nothing. */
  holderOf(accountId: AccountId): number {
    return this.ids.indexOf(accountId);
  }

  /** Splits again what was cleared since the last time. A step is one clearing. */
  *follow({ clearings }: LegSource): Generator<void> {
    for (const clearing of clearings.slice(this.#rows.length)) {
      assert(clearing.clearingNo === this.#rows.length + 1, "clearings follow each other");
      const legs = this.#twin.split(clearing);
      const row: Row = {
        principal: compact(legs.principal),
        interest: compact(legs.interest),
        penalty: compact(legs.penalty),
      };
      for (const series of SERIES) this.#sizeBytes += row[series]?.byteLength ?? 0;
      this.#clearings.push(clearing);
      this.#rows.push(row);
      yield;
    }
  }

  clearing(clearingNo: number): Clearing | undefined {
    return this.#clearings[clearingNo - 1];
  }

  get clearings(): readonly Clearing[] {
    return this.#clearings;
  }

  leg(clearingNo: number, index: number): ClearingLeg {
    const row = this.#rows[clearingNo - 1];
    const clearing = this.#clearings[clearingNo - 1];
    assert(row !== undefined && clearing !== undefined, "a clearing that was followed", clearingNo);
    const interestCents = row.interest?.[index] ?? 0;
    const penaltyCents = row.penalty?.[index] ?? 0;
    return {
      loanId: this.#loanId,
      clearing: clearingNo,
      day: clearing.day,
      index,
      accountId: this.ids[index]!,
      principalCents: row.principal?.[index] ?? 0,
      interestCents,
      penaltyCents,
      feeCents: bpsOf(interestCents + penaltyCents, this.#serviceFeeBps),
    };
  }

  /** The tree over all legs of a clearing, made once. */
  *treeOf(clearingNo: number): Generator<void, SumTree> {
    const known = this.#trees.get(clearingNo);
    if (known !== undefined) return known;
    const count = this.ids.length;
    const hashes = new Uint8Array(count * SHA256_BYTES);
    const sums = new Float64Array(count);
    for (let index = 0; index < count; index++) {
      const leg = this.leg(clearingNo, index);
      hashes.set(leafHash(clearingLegBytes(leg)), index * SHA256_BYTES);
      sums[index] = clearingLegCents(leg);
      if (index % LEAVES_PER_STEP === LEAVES_PER_STEP - 1) yield;
    }
    const tree = yield* SumTree.grow(hashes, sums);
    this.#trees.set(clearingNo, tree);
    this.#sizeBytes += tree.sizeBytes;
    return tree;
  }
}

/** Legs of most clearings are below 42,949,672.95 and take half the room. */
function compact(legs: Float64Array | null): Compact | null {
  if (legs === null) return null;
  return legs.every((cents) => cents <= UINT32_MAX) ? Uint32Array.from(legs) : legs;
}

/** Legs of loans that were asked for last, in at most so many bytes. */
export class LegCache {
  readonly #sizeBytesMax: number;
  readonly #byLoan = new Map<LoanId, LoanLegs>();

  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  get sizeBytes(): number {
    let sizeBytes = 0;
    for (const legs of this.#byLoan.values()) sizeBytes += legs.sizeBytes;
    return sizeBytes;
  }

  of(source: LegSource): LoanLegs {
    const legs = this.#byLoan.get(source.loanId) ?? new LoanLegs(source);
    this.#byLoan.delete(source.loanId);
    this.#byLoan.set(source.loanId, legs);
    return legs;
  }

  /** Lets the loans go that nobody has asked for longest, as far as need be; never the last one. */
  trim(): void {
    for (const loanId of this.#byLoan.keys()) {
      if (this.#byLoan.size <= 1 || this.sizeBytes <= this.#sizeBytesMax) return;
      this.#byLoan.delete(loanId);
    }
  }

  clear(): void {
    this.#byLoan.clear();
  }
}
