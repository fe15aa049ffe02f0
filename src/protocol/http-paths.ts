// The HTTP paths of reads, and what a path is told of (the others are in http-doors.ts). The
// gateway finds what answers a path by these tables, and PROTOCOL.md is made of them, so there is
// no path without its documentation. A name behind a colon stands for what varies.

import type { ErrorCode } from "./errors.ts";
import type { OperationName } from "./table.ts";

/**
 * A read: GET, answered with the fields of the operation's reply, by whoever may ask it in a frame.
 */
export interface HttpReadRow {
  /** Each name in it is a field of the operation. */
  readonly path: string;
  readonly operation: OperationName;
  /** The operation's other fields, by their names in the query. */
  readonly query: Readonly<Record<string, string>>;
  /** Beside those that any request may be refused with. */
  readonly errors: readonly ErrorCode[];
}

/** Those that are tried first come first. */
export const HTTP_READS: readonly HttpReadRow[] = [
  read("/v1/accounts/:accountId", "account.get", ["account_not_found"]),
  read("/v1/accounts/:accountId/positions", "account.positions", ["account_not_found"], {
    from: "from",
  }),
  read("/v1/accounts/:accountId/returns", "account.returns", ["account_not_found"], {
    from: "from",
    seconds: "seconds",
  }),
  read("/v1/accounts/:accountId/requests/:requestId", "request.outcome", ["account_not_found"]),
  read("/v1/accounts/:accountId/withdrawals/:withdrawal", "account.withdrawal", [
    "account_not_found",
    "withdrawal_not_found",
  ]),
  read("/v1/loans", "market.loans", []),
  read("/v1/loans/:loanId", "loan.get", ["loan_not_found"]),
  read("/v1/loans/:loanId/schedule", "loan.schedule", ["loan_not_found"], { after: "after" }),
  read("/v1/loans/:loanId/write-off", "writeoff.get", ["loan_not_found"]),
  read("/v1/loans/:loanId/clearings/:clearing", "clearing.get", [
    "loan_not_found",
    "clearing_not_found",
  ]),
  read(
    "/v1/loans/:loanId/clearings/:clearing/path",
    "clearing.path",
    ["loan_not_found", "clearing_not_found", "not_a_lender", "account_not_found"],
    { account: "accountId" },
  ),
  read("/v1/applications", "application.queue", [], { stage: "stage" }),
  read("/v1/books", "books.get", ["day_not_kept"], { day: "day" }),
];

function read(
  path: string,
  operation: OperationName,
  errors: readonly ErrorCode[],
  query: HttpReadRow["query"] = {},
): HttpReadRow {
  return { path, operation, query, errors };
}

interface HttpParameter {
  readonly name: string;
  readonly in: "path" | "header" | "body";
  readonly is: string;
  readonly about: string;
}

/** Whatever is no read. */
export interface HttpDoor {
  readonly method: "GET" | "PUT" | "POST";
  readonly path: string;
  readonly about: string;
  readonly who: string;
  readonly parameters: readonly HttpParameter[];
  /** A status, and when it is answered with what. */
  readonly answers: readonly (readonly [status: string, what: string])[];
  /** Errors of its own, beside those that any request may be refused with. */
  readonly errors: readonly ErrorCode[];
  /** Request and answer, as on the wire but for headers that every client sends. */
  readonly example: readonly string[];
}

/** The path with these values in it, percent-encoded. */
export function pathWith(path: string, values: Readonly<Record<string, unknown>>): string {
  return path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(values[name])));
}
