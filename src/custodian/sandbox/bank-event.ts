// What happened at the sandbox bank, as it stands in its file: one
// JSON object a line, numbered from
// 1. The first one is always `opened`. A field that is not as written here means a damaged file.

import type { AccountId } from "../../../actors/address.ts";
import type { Cents } from "../../money/cents.ts";
import type { Reason } from "../port.ts";
import {
  isAccountId,
  isAmount,
  isBeneficiary,
  isReason,
  isReference,
  isTimeMs,
  type Unchecked,
} from "../wire.ts";

export type BankEvent =
  /** `bankId` goes into all references and notification ids: another file is another bank. */
  | { readonly type: "opened"; readonly bankId: string; readonly atMs: number }
  | {
      readonly type: "deposit_booked";
      readonly reference: string;
      readonly accountId: AccountId;
      readonly amountCents: Cents;
      readonly bookedAtMs: number;
    }
  | (PayoutFields & {
      readonly type: "payout_accepted";
      readonly acceptedAtMs: number;
      /** It will not be booked but fail, for this reason; null: it will be booked. */
      readonly failsFor: Reason | null;
    })
  | (PayoutFields & {
      readonly type: "payout_refused";
      readonly reason: Reason;
      readonly refusedAtMs: number;
    })
  | { readonly type: "payout_booked"; readonly reference: string; readonly bookedAtMs: number }
  | {
      readonly type: "payout_failed";
      readonly reference: string;
      readonly reason: Reason;
      readonly failedAtMs: number;
    }
  /** It was answered with 2xx, or lost on purpose: it is not sent any more. */
  | {
      readonly type: "notice_settled";
      readonly notificationId: string;
      readonly how: "delivered" | "dropped";
    };

export interface PayoutFields {
  readonly reference: string;
  readonly accountId: AccountId;
  readonly amountCents: Cents;
  readonly beneficiary: string;
}

type Check = (value: unknown) => boolean;

const PAYOUT_CHECKS = {
  reference: isReference,
  accountId: isAccountId,
  amountCents: isAmount,
  beneficiary: isBeneficiary,
};

const CHECKS: Readonly<Record<BankEvent["type"], Readonly<Record<string, Check>>>> = {
  opened: { bankId: isReference, atMs: isTimeMs },
  deposit_booked: {
    reference: isReference,
    accountId: isAccountId,
    amountCents: isAmount,
    bookedAtMs: isTimeMs,
  },
  payout_accepted: {
    ...PAYOUT_CHECKS,
    acceptedAtMs: isTimeMs,
    failsFor: (value) => value === null || isReason(value),
  },
  payout_refused: { ...PAYOUT_CHECKS, reason: isReason, refusedAtMs: isTimeMs },
  payout_booked: { reference: isReference, bookedAtMs: isTimeMs },
  payout_failed: { reference: isReference, reason: isReason, failedAtMs: isTimeMs },
  notice_settled: {
    notificationId: isReference,
    how: (value) => value === "delivered" || value === "dropped",
  },
};

/** As lists: a file may have a million events. */
const CHECK_LISTS = new Map(
  Object.entries(CHECKS).map(([type, checks]) => [type, Object.entries(checks)] as const),
);

/** Undefined when it is not an event. */
export function readEvent(fields: Unchecked): BankEvent | undefined {
  const { type } = fields;
  const checks = typeof type === "string" ? CHECK_LISTS.get(type) : undefined;
  const isEvent = checks?.every(([name, check]) => check(fields[name])) ?? false;
  return isEvent ? (fields as BankEvent) : undefined;
}
