// What an account has lent, as its owner reads it: sums over all loans, and a page of them.

import type { AccountId, LoanId } from "../address.ts";
import type { OpenAccount } from "./account.ts";

/** Loans of one page. */
export const POSITIONS_PAGE_MAX = 500;

export interface PositionRow {
  readonly loanId: LoanId;
  readonly lentCents: number;
  /** Principal that came back. */
  readonly repaidCents: number;
  /** Interest and penalties, before the service fee. */
  readonly receivedCents: number;
  readonly feesCents: number;
}

export interface PositionsView extends Omit<PositionRow, "loanId"> {
  readonly accountId: AccountId;
  /** Loans that it ever lent to. */
  readonly loans: number;
  readonly positions: readonly PositionRow[];
}

/** Sums over all loans, and the loans from number `from` on (0 is the first), at most `limit`. */
export function positionsView(account: OpenAccount, from: number, limit: number): PositionsView {
  const sums = { lentCents: 0, repaidCents: 0, receivedCents: 0, feesCents: 0 };
  const rows: PositionRow[] = [];
  let loans = 0;
  for (const position of account.positions.all()) {
    const { loanId, lentCents, principalCents: repaidCents } = position;
    const { incomeCents: receivedCents, feesCents } = position;
    sums.lentCents += lentCents;
    sums.repaidCents += repaidCents;
    sums.receivedCents += receivedCents;
    sums.feesCents += feesCents;
    if (loans >= from && rows.length < limit) {
      rows.push({ loanId, lentCents, repaidCents, receivedCents, feesCents });
    }
    loans++;
  }
  return { accountId: account.accountId, loans, ...sums, positions: rows };
}
