// How events of older versions are read: each entry leads from one version to the next. What is
// written here is a fact about journals that exist, so an entry is never changed or taken out.

/** The fields of an event or message by position, without its code and version. */
export type StoredFields = readonly unknown[];

/**
 * LoanListed 1 had no lending terms, and nothing was ever repaid on it: one year, free of interest,
 * fees and penalties, confirmed by an operator. In the order of LoanListed 2.
 */
export const LENDING_TERMS_OF_LISTED_1: StoredFields = [
  "equal_instalment",
  12,
  0,
  365,
  0,
  0,
  0,
  0,
  0,
  false,
];

/** By `kind/events|messages/code/version`, all as they are numbered in the journal. */
export const UPCASTERS: Readonly<Record<string, (fields: StoredFields) => StoredFields>> = {
  // AccountOpened 1 and Deposited 1 did not say which operator it was.
  "1/events/1/1": (fields) => [...fields, null],
  "1/events/2/1": (fields) => [...fields, null],
  // Deposited 2 kept no reference: an account may have booked one twice,
  // and a snapshot has none of them.
  "1/events/2/2": (fields) => [...fields, false],
  // LoanListed 1 had no lending terms (above); 2 did not say who listed
  // the loan, nor on what contract.
  "2/events/1/1": (fields) => [...fields, ...LENDING_TERMS_OF_LISTED_1],
  "2/events/1/2": (fields) => [...fields, null, null],
  // LoanConfirmed 1 did not say who confirmed.
  "2/events/9/1": (fields) => [...fields, null],
  // LoanDisbursed 1 did not say by what rules the loan is reckoned: there was one version of them.
  "2/events/15/1": (fields) => [...fields, 1],
  // LoanCollected 1 had holders in the order of their first bids,
  // also of those that were cancelled.
  "2/events/12/1": (fields) => [...fields, false],
};
