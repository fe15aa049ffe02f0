// With which HTTP status each error is answered. Whatever is not here
// is a refusal of business: 409.

import type { ErrorCode } from "./errors.ts";

const STATUS: Readonly<Partial<Record<ErrorCode, string>>> = {
  malformed_frame: "400 Bad Request",
  invalid_field: "400 Bad Request",
  unauthenticated: "401 Unauthorized",
  forbidden: "403 Forbidden",
  origin_not_allowed: "403 Forbidden",
  not_found: "404 Not Found",
  account_not_found: "404 Not Found",
  withdrawal_not_found: "404 Not Found",
  loan_not_found: "404 Not Found",
  application_not_found: "404 Not Found",
  document_not_found: "404 Not Found",
  not_a_lender: "404 Not Found",
  clearing_not_found: "404 Not Found",
  day_not_kept: "404 Not Found",
  document_too_large: "413 Content Too Large",
  document_type_not_allowed: "415 Unsupported Media Type",
  document_digest_mismatch: "422 Unprocessable Content",
  too_many_transfers: "429 Too Many Requests",
  upload_too_slow: "408 Request Timeout",
  document_store_full: "507 Insufficient Storage",
  document_unreadable: "500 Internal Server Error",
  rate_limited: "429 Too Many Requests",
  too_many_connections: "429 Too Many Requests",
  internal_error: "500 Internal Server Error",
  server_busy: "503 Service Unavailable",
  unavailable: "503 Service Unavailable",
  server_shutdown: "503 Service Unavailable",
  actor_quarantined: "503 Service Unavailable",
};

/** The line of the status, number first. */
export function httpStatusOf(code: ErrorCode): string {
  return STATUS[code] ?? "409 Conflict";
}
