// The shapes on the wire, as JSON: what is signed and sent in both directions. Every field that
// comes from outside is checked here, and nothing else of it is looked at. Unknown fields are
// passed over, since banks add some without asking.

import { isId, type AccountId } from "../../actors/address.ts";
import { cents, type Cents } from "../money/cents.ts";
import type {
  DepositReference,
  MovementKind,
  Notice,
  PayoutOrder,
  PayoutReference,
  PayoutStatus,
  Reason,
  StatementLine,
} from "./port.ts";
import { TIME_MS_MAX } from "./statement-date.ts";

const REFERENCE_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;
const REASON_PATTERN = /^[a-z][a-z0-9_]{0,63}$/;
/** No control characters, no lone surrogates: it is printed on statements. */
const BENEFICIARY_PATTERN = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,140}$/u;

/** An object from JSON whose fields nobody has checked. */
export type Unchecked = Readonly<Record<string, unknown>>;

/** Undefined for text that is no JSON, and for JSON that is no object. */
export function parseObject(text: string): Unchecked | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Unchecked)
    : undefined;
}

/** Letters, digits, `.`, `_`, `:`, `-`; starts with a letter or digit; 1 to 64 characters. */
export function isReference(value: unknown): value is string {
  return typeof value === "string" && REFERENCE_PATTERN.test(value);
}

export function isReason(value: unknown): value is Reason {
  return typeof value === "string" && REASON_PATTERN.test(value);
}

export function isTimeMs(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= TIME_MS_MAX;
}

/** More than zero. */
export function isAmount(value: unknown): value is Cents {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

export function isAccountId(value: unknown): value is AccountId {
  return typeof value === "string" && isId(value);
}

export function isBeneficiary(value: unknown): value is string {
  return typeof value === "string" && BENEFICIARY_PATTERN.test(value);
}

export function readOrder(fields: Unchecked): PayoutOrder | undefined {
  const { reference, accountId, amountCents, beneficiary } = fields;
  if (!isReference(reference) || !isAccountId(accountId)) return undefined;
  if (!isAmount(amountCents) || !isBeneficiary(beneficiary)) return undefined;
  return {
    reference: reference as PayoutReference,
    accountId,
    amountCents: cents(amountCents),
    beneficiary,
  };
}

export function readStatus(fields: Unchecked): PayoutStatus | undefined {
  const { status, bookedAtMs, failedAtMs, reason } = fields;
  switch (status) {
    case "pending":
      return { status };
    case "booked":
      return isTimeMs(bookedAtMs) ? { status, bookedAtMs } : undefined;
    case "failed":
      return isReason(reason) && isTimeMs(failedAtMs) ? { status, reason, failedAtMs } : undefined;
    case "refused":
      return isReason(reason) ? { status, reason } : undefined;
    default:
      return undefined;
  }
}

export function readNotice(fields: Unchecked): Notice | undefined {
  const { type, notificationId, reference, accountId, amountCents } = fields;
  if (!isReference(notificationId) || !isReference(reference)) return undefined;
  if (!isAccountId(accountId) || !isAmount(amountCents)) return undefined;
  const { bookedAtMs, failedAtMs, reason } = fields;
  switch (type) {
    case "deposit_booked":
      if (!isTimeMs(bookedAtMs)) return undefined;
      return {
        type,
        notificationId,
        reference: reference as DepositReference,
        accountId,
        amountCents,
        bookedAtMs,
      };
    case "payout_confirmed":
      if (!isTimeMs(bookedAtMs)) return undefined;
      return {
        type,
        notificationId,
        reference: reference as PayoutReference,
        accountId,
        amountCents,
        bookedAtMs,
      };
    case "payout_failed":
      if (!isTimeMs(failedAtMs) || !isReason(reason)) return undefined;
      return {
        type,
        notificationId,
        reference: reference as PayoutReference,
        accountId,
        amountCents,
        failedAtMs,
        reason,
      };
    default:
      return undefined;
  }
}

/** A booking of a statement, with the balance behind it. */
export interface BalancedLine extends StatementLine {
  readonly balanceCents: Cents;
}

export function readLine(fields: Unchecked): BalancedLine | undefined {
  const { kind, reference, amountCents, bookedAtMs, balanceCents } = fields;
  if (!isMovementKind(kind) || !isReference(reference) || !isAmount(amountCents)) return undefined;
  if (!isTimeMs(bookedAtMs) || !isBalance(balanceCents)) return undefined;
  return { kind, reference, amountCents, bookedAtMs, balanceCents };
}

/** May be negative: the custodian's books show what is, not what should be. */
export function isBalance(value: unknown): value is Cents {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

function isMovementKind(value: unknown): value is MovementKind {
  return value === "deposit" || value === "payout";
}

/** What a movement does to the balance of the custody account. */
export function signedCents(line: { kind: MovementKind; amountCents: Cents }): number {
  return line.kind === "deposit" ? line.amountCents : 0 - line.amountCents;
}
