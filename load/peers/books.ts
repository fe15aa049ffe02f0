// What a peer's store says at the end, held against what its clients were told. A peer that fails
// has no figure, however fast it was.

import { WrongState } from "../command/exit-codes.ts";

export interface LoanBooks {
  /** What the loan itself says. */
  readonly raisedCents: number;
  readonly bids: number;
  /** The same from the records of its bids; null where the peer keeps no such record to read. */
  readonly recordedCents: number | null;
  readonly repaidCents: number;
  readonly repayments: number;
  /** Sum and number of what lenders were credited, from the records; null as above. */
  readonly creditedCents: number | null;
  readonly credits: number | null;
}

export interface PeerBooks {
  /** In the order of the world's loans. */
  readonly loans: readonly LoanBooks[];
  readonly availableCents: number;
  readonly heldCents: number;
}

/** What clients were told of a loan, over the gateway and directly. */
export interface ToldOfLoan {
  readonly loanId: string;
  readonly filledCents: number;
  readonly bids: number;
  readonly repaidCents: number;
  readonly repayments: number;
  readonly lenders: number;
}

/**
 * Raised = recorded = held = accepted, and repaid = credited = told, loan by loan and to the cent;
 * no money came or went. Throws WrongState with the first difference.
 */
export function checkBooks(
  books: PeerBooks,
  told: readonly ToldOfLoan[],
  depositedCents: number,
): void {
  let filledCents = 0;
  told.forEach((loan, at) => {
    const is = books.loans[at];
    const name = `loan ${loan.loanId}`;
    same(`${name} has raised`, is?.raisedCents, loan.filledCents);
    same(`${name} has bids`, is?.bids, loan.bids);
    same(`bids of ${name} sum to`, is?.recordedCents, loan.filledCents);
    same(`${name} has repaid`, is?.repaidCents, loan.repaidCents);
    same(`${name} has repayments`, is?.repayments, loan.repayments);
    same(`lenders of ${name} were credited`, is?.creditedCents, loan.repaidCents);
    same(`credits of ${name}`, is?.credits, loan.repayments * loan.lenders);
    filledCents += loan.filledCents;
  });
  same("accounts hold", books.heldCents, filledCents);
  same("accounts have in all", books.availableCents + books.heldCents, depositedCents);
}

/** Null is what a peer cannot say. */
function same(what: string, is: number | null | undefined, told: number): void {
  if (is === null || is === told) return;
  throw new WrongState(`${what} ${is}, by its clients' answers ${told}`);
}
