// The one table of codes that a client can be refused with. Codes and numbers are stable for ever;
// a new one gets a new number. `retry` tells whether the same request may be sent again as it is.

import type { Refusal } from "../../actors/refusals.ts";

/** Refusals before any actor is asked: nothing is remembered of them. */
type EdgeError =
  | "malformed_frame"
  | "unknown_operation"
  | "invalid_field"
  | "frame_too_large"
  | "unauthenticated"
  | "forbidden"
  | "rate_limited"
  | "server_busy"
  | "unavailable"
  | "actor_quarantined"
  | "internal_error"
  | "request_id_ahead"
  | "too_many_connections"
  | "server_shutdown"
  | "origin_not_allowed"
  | "not_found"
  | "custodian_not_configured"
  | "payment_never_repays"
  | "payment_too_small"
  | "payment_too_large"
  | "term_too_long"
  | "day_not_kept"
  | "day_out_of_range"
  | "day_not_come"
  | "clearing_not_found"
  | "not_a_lender"
  | "document_too_large"
  | "document_type_not_allowed"
  | "document_digest_mismatch"
  | "too_many_transfers"
  | "upload_too_slow"
  | "document_store_full"
  | "document_unreadable";

export type ErrorCode = Refusal | EdgeError;

interface ErrorRow {
  readonly number: number;
  /** Whether the very same request may succeed later, and is safe to send again. */
  readonly retry: boolean;
  readonly meaning: string;
}

export const ERRORS: Readonly<Record<ErrorCode, ErrorRow>> = {
  // 1xx: the frame and the session
  malformed_frame: row(100, false, "The frame is not a message of the negotiated subprotocol."),
  unknown_operation: row(101, false, "No operation has this name or number."),
  invalid_field: row(102, false, "A field is missing, of the wrong type or out of range."),
  frame_too_large: row(103, false, "The frame is larger than the server accepts."),
  unauthenticated: row(110, false, "No valid token was presented in time, or it has expired."),
  forbidden: row(111, false, "The role of the token does not allow this operation."),
  origin_not_allowed: row(112, false, "Browsers may not connect from this origin."),
  not_found: row(113, false, "It does not exist, or it is not yours to see."),
  custodian_not_configured: row(114, false, "This server has no bank to pay money out with."),
  rate_limited: row(120, true, "The account sends faster than its allowance; wait retryAfterMs."),
  server_busy: row(121, true, "Too much is in flight; wait retryAfterMs."),
  too_many_connections: row(122, true, "The account or address has its most connections open."),
  unavailable: row(130, true, "The journal cannot be written now; nothing was changed."),
  server_shutdown: row(131, true, "The server is stopping; connect again."),
  actor_quarantined: row(132, true, "The account or loan is out of service; operators know."),
  internal_error: row(140, true, "A bug stopped this request; nothing was changed."),
  // 2xx: requests in general
  request_id_reused: row(200, false, "The request id was used before, with another body."),
  request_id_too_old: row(201, false, "The request id is older than what is remembered."),
  request_id_ahead: row(202, true, "The request id is of a time that is still to come."),
  // 3xx: accounts
  account_exists: row(300, false, "The account is open already."),
  account_not_found: row(301, false, "The account is not open."),
  amount_above_limit: row(302, false, "The balance would exceed its limit."),
  exceeds_available: row(303, false, "The account has less available than the bid needs."),
  too_many_holds: row(304, false, "The account has its most bids open."),
  bid_not_found: row(305, false, "The account has no such bid."),
  bid_already_settled: row(306, false, "The bid is already posted, voided or being cancelled."),
  minimum_contradicts_bid: row(
    307,
    false,
    "Only an upTo bid has a minimum, and it is no more than the bid.",
  ),
  too_many_applications: row(330, false, "The account has its most applications open."),
  beneficiary_missing: row(320, false, "A withdrawal names the bank account it goes to."),
  too_many_withdrawals: row(321, false, "The account has its most withdrawals under way."),
  withdrawal_not_found: row(322, false, "The account has no such withdrawal."),
  withdrawal_differs: row(323, false, "The withdrawal has another amount."),
  withdrawal_ended_otherwise: row(324, false, "The withdrawal has ended, and not like this."),
  deposit_differs: row(325, false, "The deposit was booked with another amount."),
  too_many_deposits: row(326, false, "The account has its most deposits: a person must book it."),
  own_account: row(328, false, "Nobody books money for an account of their own."),
  deposit_exists: row(327, false, "A deposit of this reference is booked already."),
  // 4xx: loans
  loan_exists: row(400, false, "The loan is listed already."),
  loan_not_found: row(401, false, "There is no such loan."),
  principal_not_multiple_of_step: row(402, false, "The principal is no multiple of the step."),
  minimum_not_multiple_of_step: row(403, false, "Minimum or cap is no multiple of the step."),
  closing_not_after_opening: row(404, false, "The listing would close before it opens."),
  closing_in_the_past: row(405, false, "The deadline has passed already."),
  listing_not_open_yet: row(406, false, "Bidding starts at the announced instant."),
  listing_closed: row(407, false, "The deadline has passed."),
  listing_not_cancellable: row(408, false, "Bids on this listing cannot be cancelled."),
  loan_full: row(409, false, "The loan is raised in full."),
  loan_not_funded: row(410, false, "Only a loan that is raised in full can be confirmed."),
  borrower_cannot_bid: row(411, false, "Borrowers cannot bid on their own loan."),
  below_minimum_bid: row(412, false, "The bid is below the minimum of the listing."),
  not_multiple_of_step: row(413, false, "The bid is no multiple of the listing's step."),
  exceeds_remaining: row(414, false, "The loan wants less than the least that the bid accepts."),
  exceeds_lender_cap: row(415, false, "The lender would exceed the cap of the listing."),
  loan_paid_out: row(417, false, "The loan's money is being collected, or was paid out."),
  reason_missing: row(418, false, "Without a reason a loan is not cancelled."),
  too_many_lenders: row(416, false, "The loan has its most lenders; those may bid again."),
  terms_out_of_range: row(430, false, "No loan is lent on such a term, basis or grace period."),
  rate_out_of_range: row(431, false, "A rate or fee is higher than any loan may have."),
  amount_out_of_range: row(432, false, "Nobody can apply for so little, or for so much."),
  payoff_above_limit: row(433, false, "With interest and early fee, no payment could repay it."),
  application_not_found: row(440, false, "There is no such application, or it is not yours."),
  application_not_draft: row(441, false, "Only a draft can be changed or submitted."),
  application_not_submitted: row(442, false, "Only what was submitted can be proposed on."),
  application_not_proposed: row(443, false, "No proposal waits for a decision."),
  application_not_approved: row(444, false, "There is no approved contract to read or sign."),
  application_not_signed: row(445, false, "Only a loan whose contract is signed can be listed."),
  application_closed: row(446, false, "The application is listed, rejected or withdrawn."),
  documents_closed: row(447, false, "Documents are taken until a review is proposed."),
  too_many_documents: row(448, false, "The application has its most documents."),
  document_exists: row(449, false, "The application has this document already."),
  document_out_of_range: row(450, false, "The document is empty or too large."),
  document_not_found: row(451, false, "The application has no document of this number."),
  proposal_incomplete: row(
    452,
    false,
    "An approval has grade and rate, a rejection or write-off a reason.",
  ),
  proposal_changed: row(453, false, "Another proposal waits than the one that was read."),
  maker_is_checker: row(454, false, "Who proposed cannot decide: a second person must."),
  borrower_cannot_review: row(455, false, "Nobody judges, lists or confirms a loan of their own."),
  contract_hash_mismatch: row(456, false, "This is not the hash of the contract."),
  purpose_missing: row(457, false, "Who applies for a loan says what it is for."),
  // 5xx: loans that are repaid
  loan_not_repaying: row(500, false, "The loan was not paid out: there is nothing to repay."),
  loan_settled: row(501, false, "The loan is repaid in full."),
  not_the_borrower: row(502, false, "Only the borrower repays a loan."),
  nothing_due: row(503, false, "Nothing is due now; repay early, or wait for the due date."),
  exceeds_owed: row(504, false, "The payment is more than what is owed now."),
  instalment_is_due: row(505, false, "What is due must be repaid before anything is early."),
  below_payoff: row(506, false, "The payment does not repay the whole loan today."),
  amount_too_small: row(507, false, "The payment covers no principal beyond interest and fee."),
  repays_all: row(508, false, "The payment would repay the whole loan: ask for that."),
  no_instalment_to_keep: row(
    509,
    false,
    "A loan that is repaid at once has no instalment to keep.",
  ),
  loan_not_defaulted: row(510, false, "Only a loan in default is written off, and only once."),
  write_off_proposed: row(511, false, "A write-off is proposed already: it waits for a decision."),
  write_off_not_proposed: row(512, false, "No write-off waits for a decision."),
  below_minimum_payment: row(
    513,
    false,
    "A part is 0.10 for each lender at least, and 100.00 before it is due; all of it may be paid.",
  ),
  // 6xx: what is reckoned or looked up
  payment_never_repays: row(600, false, "The payment does not exceed the interest on the debt."),
  payment_too_small: row(601, false, "The payment repays no principal within that term."),
  payment_too_large: row(602, false, "No rate, or amount, within the limits asks for so much."),
  term_too_long: row(603, false, "The payment does not repay within the longest term."),
  day_not_kept: row(610, false, "That day is not closed, or its books are no longer kept."),
  clearing_not_found: row(611, false, "The loan has no clearing of this number."),
  not_a_lender: row(612, false, "The account holds no part of this loan."),
  day_out_of_range: row(613, false, "No business date may begin so far ahead at once, or at all."),
  day_not_come: row(614, false, "Business dates follow the clock here, which is not there yet."),
  // 65x: documents over HTTP
  document_too_large: row(650, false, "The document has more bytes than are accepted."),
  document_type_not_allowed: row(651, false, "No PDF, JPEG or PNG, or its bytes are of another."),
  document_digest_mismatch: row(652, false, "The bytes are not those of the declared digest."),
  too_many_transfers: row(653, true, "Too many documents are being sent or fetched; wait."),
  upload_too_slow: row(654, true, "The document did not arrive in time; nothing was kept."),
  document_store_full: row(655, true, "There is no room for the document now."),
  document_unreadable: row(656, false, "What is stored does not verify; operators know."),
};

function row(number: number, retry: boolean, meaning: string): ErrorRow {
  return { number, retry, meaning };
}

const BY_NUMBER = new Map<number, ErrorCode>(
  (Object.keys(ERRORS) as ErrorCode[]).map((code) => [ERRORS[code].number, code]),
);

export function errorNumber(code: ErrorCode): number {
  return ERRORS[code].number;
}

export function errorByNumber(number: number): ErrorCode | undefined {
  return BY_NUMBER.get(number);
}

export function isErrorCode(name: string): name is ErrorCode {
  return Object.hasOwn(ERRORS, name);
}
