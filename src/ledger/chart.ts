// The chart of accounts: the cash book, and the memo book of claims and debts. Codes are numbers in snapshots: never reuse one.

export const LEDGER_CODES = {
  /** Money at the custodian bank. Debit balance. */
  "asset.custody": 1,
  /** What we owe a client and it may use. Owner: account id. Credit balance. */
  "client.available": 2,
  /** What we owe a client and is reserved by holds. Owner: account id. Credit balance. */
  "client.held": 3,
  /** Raised for a loan and not yet paid out. Owner: loan id. Credit balance. */
  "loan.clearing": 4,
  /** Under way between two shards. Owner: `from:to` shard numbers. Zero over all shards at rest. */
  transit: 5,
  /** Fees kept from disbursements. Credit balance. */
  "revenue.origination": 6,
  /** Fees kept from what lenders receive. Credit balance. */
  "revenue.service": 7,
  /** Fees for repaying early. Credit balance. */
  "revenue.early": 8,
  /** The memo book: what lenders hold in loans. Owner: loan id. Debit balance. */
  "memo.claim": 20,
  /** The memo book: claims that were written off. Owner: loan id. Debit balance. */
  "memo.lost": 21,
  /** The memo book: what borrowers owe. Owner: loan id. Credit balance. */
  "memo.debt": 22,
} as const;

export type LedgerCode = keyof typeof LEDGER_CODES;
