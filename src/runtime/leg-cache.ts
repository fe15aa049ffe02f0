// Legs of the loans that were asked for last, in at most so many bytes: of one large loan as of
// many small ones. What was not used longest goes first, row by row and tree by tree; it is
// reckoned again when somebody asks for it.

import type { LoanId } from "../../actors/address.ts";
import { LoanLegs, type LegSource } from "./loan-legs.ts";

/** What may go by itself. */
export interface Piece {
  /** Changed by the room alone. */
  sizeBytes: number;
  /** Takes it from wherever it is looked for. */
  forget(): void;
}

/** Where a loan's legs are kept. */
export interface LegRoom {
  readonly sizeBytesMax: number;
  /** A piece of this loan: others make room for it, and neither it nor the loan itself. */
  added(of: LoanLegs, piece: Piece): void;
  used(piece: Piece): void;
  dropped(piece: Piece): void;
  resized(loan: LoanLegs, sizeBytes: number): void;
}

export class LegCache implements LegRoom {
  readonly sizeBytesMax: number;
  readonly #byLoan = new Map<LoanId, LoanLegs>();
  /** The longest unused stands first. A loan is one of its own pieces. */
  readonly #pieces = new Set<Piece>();
  #sizeBytes = 0;

  constructor(sizeBytesMax: number) {
    this.sizeBytesMax = sizeBytesMax;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The loan may go as soon as another one is asked for. */
  of(source: LegSource): LoanLegs {
    const known = this.#byLoan.get(source.loanId);
    if (known !== undefined) {
      this.used(known);
      return known;
    }
    const legs = new LoanLegs(source, this);
    this.#byLoan.set(source.loanId, legs);
    this.added(legs, legs);
    return legs;
  }

  added(of: LoanLegs, piece: Piece): void {
    // Forgotten while it was worked on: what it still makes goes with it.
    if (this.#byLoan.get(of.loanId) !== of) return;
    this.used(of);
    this.#pieces.add(piece);
    this.#sizeBytes += piece.sizeBytes;
    this.#makeRoom(of, piece);
  }

  #makeRoom(of: LoanLegs, piece: Piece): void {
    for (const oldest of this.#pieces) {
      if (this.#sizeBytes <= this.sizeBytesMax) return;
      if (oldest === of || oldest === piece) continue;
      if (oldest instanceof LoanLegs) this.#byLoan.delete(oldest.loanId);
      oldest.forget();
      this.dropped(oldest);
    }
  }

  used(piece: Piece): void {
    if (this.#pieces.delete(piece)) this.#pieces.add(piece);
  }

  dropped(piece: Piece): void {
    if (this.#pieces.delete(piece)) this.#sizeBytes -= piece.sizeBytes;
  }

  resized(loan: LoanLegs, sizeBytes: number): void {
    if (this.#pieces.has(loan)) this.#sizeBytes += sizeBytes - loan.sizeBytes;
    loan.sizeBytes = sizeBytes;
    this.#makeRoom(loan, loan);
  }

  clear(): void {
    this.#byLoan.clear();
    this.#pieces.clear();
    this.#sizeBytes = 0;
  }
}
