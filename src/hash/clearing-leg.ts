// The bytes of one leg of a clearing, as its receipt commits to them: lines of ASCII, so that
// anybody can make them again with what any system has.
//
//   loanloom-leg-1, loan, clearing, day, index, account, principal, interest, penalty, fee
//
// one on a line, numbers in decimal, no line end behind the last. What a leg counts in the sum of
// all is principal, interest and penalty: the fee is taken from it, not added. Every holder has a
// leg, in the order of first bids, also one of nothing: that nothing came can be proven, too.

export interface ClearingLeg {
  readonly loanId: string;
  /** The loan's number of the clearing. */
  readonly clearing: number;
  /** The business date, in days since 1970. */
  readonly day: number;
  /** Place among the holders, from 0. */
  readonly index: number;
  readonly accountId: string;
  readonly principalCents: number;
  readonly interestCents: number;
  readonly penaltyCents: number;
  /** The service fee that is taken from interest and penalty. */
  readonly feeCents: number;
}

const FORM = "loanloom-leg-1";

function clearingLegText(leg: ClearingLeg): string {
  const place = `${leg.loanId}\n${leg.clearing}\n${leg.day}\n${leg.index}\n${leg.accountId}`;
  const parts = `${leg.principalCents}\n${leg.interestCents}\n${leg.penaltyCents}\n${leg.feeCents}`;
  return `${FORM}\n${place}\n${parts}`;
}

const utf8 = new TextEncoder();

export function clearingLegBytes(leg: ClearingLeg): Uint8Array {
  return utf8.encode(clearingLegText(leg));
}

/** What the leg takes of the payment, in cents. */
export function clearingLegCents(leg: ClearingLeg): number {
  return leg.principalCents + leg.interestCents + leg.penaltyCents;
}
