// Why an actor says no. Codes are facts, stable for ever: clients switch on them, journals hold
// them by name. Their meaning and number on the wire are in protocol/errors.ts, the one table.

export type Refusal =
  // account
  | "account_exists"
  | "account_not_found"
  | "amount_above_limit"
  | "exceeds_available"
  | "too_many_holds"
  | "bid_not_found"
  | "bid_already_settled"
  // account, at the custodian bank
  | "beneficiary_missing"
  | "too_many_withdrawals"
  | "withdrawal_not_found"
  | "withdrawal_differs"
  | "withdrawal_ended_otherwise"
  | "deposit_differs"
  | "too_many_deposits"
  // loan, as a market
  | "loan_exists"
  | "loan_not_found"
  | "principal_not_multiple_of_step"
  | "minimum_not_multiple_of_step"
  | "closing_not_after_opening"
  | "closing_in_the_past"
  | "listing_not_open_yet"
  | "listing_closed"
  | "listing_not_cancellable"
  | "loan_full"
  | "loan_not_funded"
  | "borrower_cannot_bid"
  | "below_minimum_bid"
  | "not_multiple_of_step"
  | "exceeds_remaining"
  | "exceeds_lender_cap"
  | "terms_out_of_range"
  | "rate_out_of_range"
  // loan, as a debt
  | "loan_not_repaying"
  | "loan_settled"
  | "not_the_borrower"
  | "nothing_due"
  | "exceeds_owed"
  | "instalment_is_due"
  | "below_payoff"
  | "amount_too_small"
  | "repays_all"
  | "no_instalment_to_keep"
  // every actor
  | "request_id_reused"
  | "request_id_too_old";
