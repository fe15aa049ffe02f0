// What the server knows of the custodian, the bank that keeps clients' money: what can be asked of
// it, what it tells, and in which ways both can fail. Nothing here knows HTTP; the sandbox, a real
// bank and a simulation stand behind the same port.

import type { AccountId } from "../../actors/address.ts";
import type { Cents } from "../money/cents.ts";
import type { StatementDate } from "./statement-date.ts";

declare const brand: unique symbol;

/** Ours: chosen by the server, one for each withdrawal, never used again. */
export type PayoutReference = string & { readonly [brand]: "PayoutReference" };

/** The custodian's: one for each deposit, the same in its notice and in its statement. */
export type DepositReference = string & { readonly [brand]: "DepositReference" };

/** Money of a client that is to leave for the client's own bank account. */
export interface PayoutOrder {
  readonly reference: PayoutReference;
  readonly accountId: AccountId;
  /** More than zero. */
  readonly amountCents: Cents;
  /** Which bank account, in the custodian's own way of naming it: 1 to 140 printable characters. */
  readonly beneficiary: string;
}

/** What a payout has come to at the custodian. The last three are final. */
export type PayoutStatus =
  | { readonly status: "pending" }
  | { readonly status: "booked"; readonly bookedAtMs: number }
  | { readonly status: "failed"; readonly reason: Reason; readonly failedAtMs: number }
  | { readonly status: "refused"; readonly reason: Reason };

/** The custodian's word for why: snake case, 1 to 64 characters, such as `insufficient_funds`. */
export type Reason = string & { readonly [brand]: "Reason" };

/** What became of sending an order. Sending the same order again is always safe. */
export type PayoutSent =
  /** The custodian has the order, from now or from an earlier attempt. */
  | { readonly kind: "accepted"; readonly payout: Exclude<PayoutStatus, { status: "refused" }> }
  /** The custodian will never carry out this reference: the money can be released. */
  | { readonly kind: "refused"; readonly reason: Reason }
  /**
   * The custodian has another order under this reference. It may pay that one, so this is no
   * refusal: the money stays where it is until a person has looked.
   */
  | { readonly kind: "conflict" }
  | Unknown;

export type PayoutFound =
  | { readonly kind: "found"; readonly payout: PayoutStatus }
  /** Not known by now; an attempt that is still under way may arrive later. */
  | { readonly kind: "not_found" }
  | Unknown;

export type StatementRead =
  { readonly kind: "read"; readonly statement: CustodianStatement } | Unknown;

/** Nobody knows whether it was done: ask again, not before `retryAfterMs` from now. */
export interface Unknown {
  readonly kind: "unknown";
  readonly fault: CustodianFault;
  readonly retryAfterMs: number;
}

export type CustodianFault =
  /** Not tried: too many calls before this one failed. */
  | "circuit_open"
  /** No connection, or it broke. */
  | "unreachable"
  /** No answer in time. */
  | "timeout"
  /** The custodian says that it cannot, for now. */
  | "server_error"
  /** The custodian does not take what was sent, such as a signature: a person must look. */
  | "rejected"
  /** The answer makes no sense, is too long, or was cut. */
  | "malformed_answer"
  /** This end was closed. */
  | "closed";

/** What the custodian tells unasked, at least once each, in any order. */
export type Notice =
  | DepositNotice
  | (PayoutNotice & { readonly type: "payout_confirmed"; readonly bookedAtMs: number })
  | (PayoutNotice & {
      readonly type: "payout_failed";
      readonly failedAtMs: number;
      readonly reason: Reason;
    });

/** Money came in for a client. Once for each reference, however often it is told. */
interface DepositNotice {
  readonly type: "deposit_booked";
  readonly notificationId: string;
  readonly reference: DepositReference;
  readonly accountId: AccountId;
  readonly amountCents: Cents;
  readonly bookedAtMs: number;
}

interface PayoutNotice {
  readonly notificationId: string;
  readonly reference: PayoutReference;
  readonly accountId: AccountId;
  readonly amountCents: Cents;
}

export type MovementKind = "deposit" | "payout";

/** One booking in the custodian's statement; the kind says in which direction. */
export interface StatementLine {
  readonly kind: MovementKind;
  readonly reference: string;
  readonly amountCents: Cents;
  readonly bookedAtMs: number;
}

/** A day of the custody account, in the order in which it was booked. */
export interface CustodianStatement {
  readonly date: StatementDate;
  /** Of the custodian's business day against UTC, in minutes. */
  readonly utcOffsetMinutes: number;
  readonly openingCents: Cents;
  readonly closingCents: Cents;
  /** False while the day is not over: lines may be added. */
  readonly isFinal: boolean;
  readonly lines: readonly StatementLine[];
}

export interface Custodian {
  /** Idempotent by reference. */
  sendPayout(order: PayoutOrder): Promise<PayoutSent>;
  findPayout(reference: PayoutReference): Promise<PayoutFound>;
  readStatement(date: StatementDate): Promise<StatementRead>;
}
