// The chart of accounts: the cash book, and the memo book of claims and debts. Snapshots have these
// names: one that was used means the same for ever.

export const LEDGER_CODES = [
  /** Money at the custodian bank. Debit balance. */
  "asset.custody",
  /** What we owe a client and it may use. Owner: account id. Credit balance. */
  "client.available",
  /** What we owe a client and is reserved by holds. Owner: account id. Credit balance. */
  "client.held",
  /** Raised for a loan and not yet paid out. Owner: loan id. Credit balance. */
  "loan.clearing",
  /**
   * Under way: between two shards (owner: `from:to`), or in the legs of a repayment that are not
   * booked yet. Zero over all shards at rest.
   */
  "transit",
  /** Fees kept from disbursements. Credit balance. */
  "revenue.origination",
  /** Fees kept from what lenders receive. Credit balance. */
  "revenue.service",
  /** Fees for repaying early. Credit balance. */
  "revenue.early",
  /** The memo book: what lenders hold in loans. Owner: loan id. Debit balance. */
  "memo.claim",
  /** The memo book: claims that were written off. Owner: loan id. Debit balance. */
  "memo.lost",
  /** The memo book: what borrowers owe. Owner: loan id. Credit balance. */
  "memo.debt",
] as const;

export type LedgerCode = (typeof LEDGER_CODES)[number];

/** Of the memo book; all other codes are of the cash book. */
export function isMemo(code: LedgerCode): boolean {
  return code.startsWith("memo.");
}

export function isLedgerCode(name: string): name is LedgerCode {
  return (LEDGER_CODES as readonly string[]).includes(name);
}
