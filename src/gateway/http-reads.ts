// The reads that HTTP offers, by path and query: the same commands that frames become. A path that is
// none of these has no read; a part of it that is wrong is told in words.

import { isId, parseRequestId, type AccountId, type LoanId } from "../../actors/address.ts";
import { STAFF_STAGES } from "../protocol/table.ts";
import type { ActorCommand } from "../runtime/port.ts";

export type HttpRead = ActorCommand | { readonly type: "GetMarket" };

/** What the names in a path and a query stand for; a text says which of them is wrong. */
type Reader = (names: readonly string[], query: URLSearchParams) => HttpRead | string;

const PATHS: readonly (readonly [pattern: RegExp, read: Reader])[] = [
  [
    /^\/v1\/accounts\/([^/]+)$/,
    ([id]) => ofAccount(id!, (accountId) => ({ type: "GetAccount", accountId })),
  ],
  [
    /^\/v1\/accounts\/([^/]+)\/positions$/,
    ([id], query) =>
      ofAccount(id!, (accountId) =>
        withNumber(query, "from", (from) => ({ type: "GetPositions", accountId, from })),
      ),
  ],
  [
    /^\/v1\/accounts\/([^/]+)\/returns$/,
    ([id], query) =>
      ofAccount(id!, (accountId) =>
        withNumber(query, "from", (from) => {
          const seconds = query.get("seconds") === "true";
          return { type: "GetReturns", accountId, from, seconds };
        }),
      ),
  ],
  [
    /^\/v1\/accounts\/([^/]+)\/requests\/([^/]+)$/,
    ([id, requestText]) =>
      ofAccount(id!, (accountId) => {
        const requestId = parseRequestId(requestText!);
        if (requestId === undefined) return "requestId must be a UUID of version 7";
        return { type: "GetOutcome", requestId, accountId };
      }),
  ],
  [
    /^\/v1\/accounts\/([^/]+)\/withdrawals\/([^/]+)$/,
    ([id, number]) =>
      ofAccount(id!, (accountId) => {
        if (!/^\d{1,15}$/.test(number!)) return "the withdrawal must be a whole number";
        return { type: "GetWithdrawal", withdrawal: Number(number), accountId };
      }),
  ],
  [/^\/v1\/loans$/, () => ({ type: "GetMarket" })],
  [/^\/v1\/loans\/([^/]+)$/, ([id]) => ofLoan(id!, (loanId) => ({ type: "GetLoan", loanId }))],
  [
    /^\/v1\/loans\/([^/]+)\/schedule$/,
    ([id], query) =>
      ofLoan(id!, (loanId) =>
        withNumber(query, "after", (after) => ({ type: "GetLoanSchedule", loanId, after })),
      ),
  ],
  [
    /^\/v1\/loans\/([^/]+)\/write-off$/,
    ([id]) => ofLoan(id!, (loanId) => ({ type: "GetWriteOff", loanId })),
  ],
  [
    /^\/v1\/loans\/([^/]+)\/clearings\/(\d{1,15})$/,
    ([id, number]) =>
      ofLoan(id!, (loanId) => ({ type: "GetClearing", loanId, clearing: Number(number) })),
  ],
  [
    /^\/v1\/loans\/([^/]+)\/clearings\/(\d{1,15})\/path$/,
    ([id, number], query) =>
      ofLoan(id!, (loanId) => {
        const clearing = Number(number);
        const named = query.get("account");
        if (named === null) return { type: "GetClearingPath", loanId, clearing, accountId: null };
        const read = (accountId: AccountId): HttpRead => {
          return { type: "GetClearingPath", loanId, clearing, accountId };
        };
        return ofAccount(named, read);
      }),
  ],
  [/^\/v1\/applications$/, (_, query) => queueRead(query.get("stage"))],
  [/^\/v1\/books$/, (_, query) => withNumber(query, "day", (day) => ({ type: "GetBooks", day }))],
];

/** Undefined for a path that is no read; a text when a part of it is not as it must be. */
export function readOf(path: string, query: string): HttpRead | string | undefined {
  for (const [pattern, read] of PATHS) {
    const names = pattern.exec(path);
    if (names !== null) return read(names.slice(1), new URLSearchParams(query));
  }
  return undefined;
}

function queueRead(name: string | null): HttpRead | string {
  const stage = STAFF_STAGES.find((known) => known === name) ?? null;
  if (name !== null && stage === null) return `stage must be one of ${STAFF_STAGES.join(", ")}`;
  return { type: "GetApplicationQueue", stage };
}

function ofAccount(id: string, read: (id: AccountId) => HttpRead | string): HttpRead | string {
  return isId(id) ? read(id as AccountId) : "accountId must be the id of an account";
}

function ofLoan(id: string, read: (id: LoanId) => HttpRead | string): HttpRead | string {
  return isId(id) ? read(id as LoanId) : "loanId must be the id of a loan";
}

/** A whole number of the query; null when it is left out. */
function withNumber(
  query: URLSearchParams,
  name: string,
  read: (value: number | null) => HttpRead | string,
): HttpRead | string {
  const text = query.get(name);
  if (text === null) return read(null);
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? read(value) : `${name} must be a whole number`;
}
