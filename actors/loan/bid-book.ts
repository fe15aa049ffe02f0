// The bids of a loan in journal order, and how much each lender has in it.

import { assert } from "../../src/money/assert.ts";
import type { AccountId } from "../address.ts";
import { Rows, type RowSegment } from "../rows.ts";

const BID = { lender: 0, holdNo: 1, filledCents: 2 } as const;

export interface Bid {
  readonly bidNo: number;
  readonly accountId: AccountId;
  readonly holdNo: number;
  readonly filledCents: number;
}

export interface Lender {
  readonly accountId: AccountId;
  readonly lentCents: number;
}

export class BidBook {
  /** One row a bid; a cancelled one has a fill of zero. The row's number is the bid's number. */
  readonly #bids: Rows;
  readonly #lenders: AccountId[] = [];
  readonly #lenderIndex = new Map<AccountId, number>();
  readonly #lentCents: number[] = [];
  /** Those of them who lend something. */
  #lending = 0;
  #raisedCents = 0;
  #standing = 0;

  constructor(bids = new Rows(3)) {
    this.#bids = bids;
  }

  get raisedCents(): number {
    return this.#raisedCents;
  }

  /** Bids that stand: filled and not cancelled. */
  get standing(): number {
    return this.#standing;
  }

  /** Bids ever filled; the next one gets `count + 1`. */
  get count(): number {
    return this.#bids.count;
  }

  /** Lenders with bids that stand. */
  get lending(): number {
    return this.#lending;
  }

  lentBy(accountId: AccountId): number {
    const lender = this.#lenderIndex.get(accountId);
    return lender === undefined ? 0 : this.#lentCents[lender]!;
  }

  /** Who lends, in the order of their earliest standing bids: ties go to the earlier one. */
  lendersByStandingBid(): Lender[] {
    const lenders: Lender[] = [];
    const seen = new Uint8Array(this.#lenders.length);
    for (let bidNo = 1; bidNo <= this.count; bidNo++) {
      const lender = this.#bids.get(bidNo, BID.lender);
      if (seen[lender] === 1 || this.#bids.get(bidNo, BID.filledCents) === 0) continue;
      seen[lender] = 1;
      lenders.push({ accountId: this.#lenders[lender]!, lentCents: this.#lentCents[lender]! });
    }
    return lenders;
  }

  /** Who lends, in the order of their first bids, standing or not: as older journals have it. */
  lendersByFirstBid(): Lender[] {
    return this.#lenders
      .map((accountId, lender) => ({ accountId, lentCents: this.#lentCents[lender]! }))
      .filter(({ lentCents }) => lentCents > 0);
  }

  place(accountId: AccountId, holdNo: number, filledCents: number): number {
    assert(filledCents > 0, "a bid in the book is filled");
    let lender = this.#lenderIndex.get(accountId);
    if (lender === undefined) {
      lender = this.#lenders.push(accountId) - 1;
      this.#lenderIndex.set(accountId, lender);
      this.#lentCents.push(0);
    }
    this.#lend(lender, filledCents);
    return this.#bids.append(lender, holdNo, filledCents, 0);
  }

  #lend(lender: number, filledCents: number): void {
    if (this.#lentCents[lender] === 0) this.#lending++;
    this.#lentCents[lender]! += filledCents;
    this.#raisedCents += filledCents;
    this.#standing++;
  }

  cancel(bidNo: number): void {
    const { filledCents } = this.get(bidNo);
    assert(filledCents > 0, "a bid is cancelled once");
    this.#bids.set(bidNo, BID.filledCents, 0);
    const lender = this.#bids.get(bidNo, BID.lender);
    this.#lentCents[lender]! -= filledCents;
    if (this.#lentCents[lender] === 0) this.#lending--;
    this.#raisedCents -= filledCents;
    this.#standing--;
  }

  has(bidNo: number): boolean {
    return this.#bids.has(bidNo);
  }

  get(bidNo: number): Bid {
    const accountId = this.#lenders[this.#bids.get(bidNo, BID.lender)];
    assert(accountId !== undefined, "a bid has its lender");
    return {
      bidNo,
      accountId,
      holdNo: this.#bids.get(bidNo, BID.holdNo),
      filledCents: this.#bids.get(bidNo, BID.filledCents),
    };
  }

  /** Standing bids from `fromBidNo` on, at most `limit`, and the number to go on with. */
  slice(fromBidNo: number, limit: number): { bids: Bid[]; nextBidNo: number } {
    const bids: Bid[] = [];
    let bidNo = fromBidNo;
    for (; bidNo <= this.count && bids.length < limit; bidNo++) {
      const bid = this.get(bidNo);
      if (bid.filledCents > 0) bids.push(bid);
    }
    return { bids, nextBidNo: bidNo };
  }

  /** Without the full segments of rows, which are told apart: the changed ones, or all. */
  toSnapshot(): unknown[] {
    return [this.#bids.header(), this.#bids.tail(), this.#lenders];
  }

  takeDirty(): RowSegment[] {
    return this.#bids.takeDirty();
  }

  fullSegments(): RowSegment[] {
    return this.#bids.fullSegments();
  }

  static segmentsOf(snapshot: readonly unknown[]): number[] {
    return Rows.segmentsOf(snapshot[0] as number[]);
  }

  static restore(snapshot: readonly unknown[], full: Iterable<RowSegment>): BidBook {
    const [header, tail, lenders] = snapshot as [number[], number[], AccountId[]];
    const book = new BidBook(Rows.restore(3, header, tail, full));
    for (const accountId of lenders) {
      book.#lenderIndex.set(accountId, book.#lenders.push(accountId) - 1);
      book.#lentCents.push(0);
    }
    for (let bidNo = 1; bidNo <= book.count; bidNo++) {
      const filledCents = book.#bids.get(bidNo, BID.filledCents);
      if (filledCents > 0) book.#lend(book.#bids.get(bidNo, BID.lender), filledCents);
    }
    return book;
  }
}
