// The chart of accounts (cash book). Codes are numbers in snapshots: never reuse one.

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
} as const;

export type LedgerCode = keyof typeof LEDGER_CODES;
