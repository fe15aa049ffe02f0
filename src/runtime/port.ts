// What the runtime offers to whoever brings requests (the gateway, tests, later other doors), and
// what it gives back. Nothing here knows sockets; nothing there knows actors.

import type { AccountId, LoanId } from "../../actors/address.ts";
import type { AccountView } from "../../actors/account/account.ts";
import type { CustodyNotice } from "../../actors/account/custody/decide.ts";
import type { Entry } from "../../actors/account/entry-log.ts";
import type { LoanView } from "../../actors/loan/loan.ts";
import type { Outcome } from "../../actors/outcomes.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import type { Attributed, Command, ReplyOf } from "../protocol/table.ts";
import type { Look } from "./looks.ts";

/** Commands that actors answer; the gateway answers the session's own ones itself. */
export type ActorCommand = Attributed<
  Exclude<
    Command,
    {
      type:
        | "Authenticate"
        | "Ping"
        | "UnwatchAccount"
        | "UnwatchLoan"
        | "GetMarket"
        | "GetCalendar"
        | "AdvanceCalendar"
        | "PreviewSchedule";
    }
  >
>;

/**
 * What another institution tells, at least once and in any order: it has its effect once by its
 * own reference, so it needs no request id, and nothing is remembered of one that is refused.
 */
export type Notice = CustodyNotice;

/** Who waits for the answer to a notice, as the `session` of its request. */
export type NoticeWaiter = (answer: Answer, position: string) => void;

/** One request in flight. The runtime hands it back with the reply, unchanged. */
export interface Request {
  readonly command: ActorCommand | Notice;
  /** The client's number for the request. */
  readonly correlationId: number;
  /** Who waits: opaque to the runtime; for a notice a `NoticeWaiter`. */
  readonly session: unknown;
  /** When it was taken in, monotonic, in ms: set by the runtime. */
  takenInMs?: number;
  /** The client's own account: what the command is about when it names none. Null for the staff. */
  readonly self: AccountId | null;
  /** It only looks at the actor, for an answer that is gathered: set by the runtime. */
  readonly look?: Look;
}

export interface WatchedAccount extends AccountView {
  readonly resumed: boolean;
  /** Entries after the client's last one, to be pushed right behind the snapshot. */
  readonly entries: readonly Entry[];
}

export type LoanProgress = LoanView & { readonly seq: number };

/** What a request is answered with. `Outcome` is that of mutating ones, refusals included. */
export type Answer =
  | Outcome
  | { readonly type: "Failed"; readonly code: ErrorCode; readonly retryAfterMs: number | null }
  | { readonly type: "Account"; readonly view: AccountView }
  | { readonly type: "AccountWatched"; readonly view: WatchedAccount }
  | { readonly type: "Withdrawal"; readonly view: ReplyOf<"account.withdrawal"> }
  /** A notice had its effect, now or (`isNew` false) before; it is durable. */
  | { readonly type: "Noted"; readonly isNew: boolean }
  | { readonly type: "Loan"; readonly view: LoanProgress }
  | { readonly type: "LoanWatched"; readonly view: LoanProgress }
  | { readonly type: "RequestOutcome"; readonly view: ReplyOf<"request.outcome"> }
  | { readonly type: "Read"; readonly view: ReadView };

/** Operations that are answered with the fields of their reply and have no other effect. */
type ReadName =
  | "account.positions"
  | "application.get"
  | "application.list"
  | "application.document"
  | "application.queue"
  | "contract.get"
  | "account.returns"
  | "books.get"
  | "clearing.get"
  | "clearing.path"
  | "loan.schedule"
  | "writeoff.get";
type ReadView = { readonly [Name in ReadName]: ReplyOf<Name> }[ReadName];

/** Something that may now be seen outside, in the order in which it became true. */
export type Release =
  | { readonly kind: "answer"; readonly request: Request; readonly answer: Answer }
  | { readonly kind: "entry"; readonly accountId: AccountId; readonly entry: Entry }
  | { readonly kind: "progress"; readonly progress: LoanProgress };

/** Where releases go. Implemented by the gateway, called by the runtime, wired in main. */
export interface Outlet {
  /**
   * Everything that one commit sets free, in order. `position` is `shard:epoch-seq` of the journal
   * entry up to which all of it is durable.
   */
  release(position: string, releases: readonly Release[]): void;
  /**
   * The shard lost its speculative work: what was asked of it and not answered never will be.
   * Sessions must be closed so that clients reconnect and send again.
   */
  reset(shard: number, reason: string): void;
}

/** Why a request was not taken in; nothing was or will be done for it. */
export interface Rejection {
  readonly code: ErrorCode;
  readonly retryAfterMs: number | null;
}

export interface Runtime {
  /** Takes a request in, or says at once why not. The answer comes through the outlet. */
  submit(request: Request): Rejection | undefined;
  /** No session watches this account or loan any more. */
  unwatchAccount(accountId: AccountId): void;
  unwatchLoan(loanId: LoanId): void;
  /** Loans that take bids now or will, soonest deadline first, at most `limit`. Committed state. */
  openLoans(limit: number): readonly LoanId[];
  /**
   * The business date, in days since 1970: the earliest of all shards. Committed state. 0 while
   * one of them does not serve, or has not begun its first date: then it is not known.
   */
  readonly businessDay: number;
  /**
   * Begins business dates up to this one, each when all that the one before brought is done;
   * resolves when the last is durable. Nothing happens when it has begun already.
   */
  advanceTo(day: number): Promise<void>;
  /** Requests taken in and not yet answered. */
  readonly inFlight: number;
  /** It waits for another server to go, and has nothing of its own. */
  readonly isStandingBy: boolean;
  /**
   * All shards are here and ours for certain: what is told without asking one of them is true.
   * False while one recovers, and for whoever was replaced.
   */
  readonly isServing: boolean;
  /** False while any shard is degraded, halted or recovering, with the reason. */
  readonly readiness: { readonly ready: boolean; readonly reason: string };
}
