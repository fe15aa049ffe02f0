// Our own books as the custodian's word reaches them. The runtime fits this by shape; this room
// knows no actor, only accounts and references.

import { withdrawalNoOf, type AccountId } from "../../actors/address.ts";
import type { Notice, PayoutOrder, PayoutStatus } from "./port.ts";

/** What the custodian says happened. Saying it again changes nothing. */
export type Word =
  | {
      readonly type: "BookDeposit";
      readonly accountId: AccountId;
      readonly reference: string;
      readonly amountCents: number;
      readonly bookedAtMs: number;
    }
  | {
      readonly type: "ConfirmWithdrawal";
      readonly accountId: AccountId;
      readonly withdrawalNo: number;
      readonly amountCents: number;
      readonly bookedAtMs: number;
    }
  | {
      readonly type: "FailWithdrawal";
      readonly accountId: AccountId;
      readonly withdrawalNo: number;
      readonly amountCents: number;
      readonly reason: string;
    };

/** What became of it; durable when it is told. */
export type Taken =
  /** It had its effect, now or (`isNew` false) before. */
  | { readonly type: "Noted"; readonly isNew: boolean }
  /** It contradicts the books; nothing was changed. */
  | { readonly type: "Refused"; readonly code: string }
  /** It could not be taken down now: say it again. */
  | { readonly type: "Failed"; readonly code: string; readonly retryAfterMs: number | null };

export interface Books {
  /**
   * Takes it in, or says at once why not. `answered` may never be called, when the work was lost:
   * then it must be said again, which is harmless.
   */
  note(
    word: Word,
    answered: (taken: Taken) => void,
  ): { readonly code: string; readonly retryAfterMs: number | null } | undefined;
}

/** Undefined when the notice names no withdrawal of the account. */
export function wordOfNotice(notice: Notice): Word | undefined {
  const { accountId, amountCents } = notice;
  if (notice.type === "deposit_booked") {
    const { reference, bookedAtMs } = notice;
    return { type: "BookDeposit", accountId, reference, amountCents, bookedAtMs };
  }
  const withdrawalNo = withdrawalNoOf(notice.reference, accountId);
  if (withdrawalNo === undefined) return undefined;
  const end = { accountId, withdrawalNo, amountCents };
  return notice.type === "payout_confirmed"
    ? { type: "ConfirmWithdrawal", ...end, bookedAtMs: notice.bookedAtMs }
    : { type: "FailWithdrawal", ...end, reason: notice.reason };
}

/** Undefined while the custodian has not come to an end with it. */
export function wordOfStatus(
  { accountId, amountCents }: PayoutOrder,
  withdrawalNo: number,
  payout: PayoutStatus,
): Word | undefined {
  const end = { accountId, withdrawalNo, amountCents };
  switch (payout.status) {
    case "pending":
      return undefined;
    case "booked":
      return { type: "ConfirmWithdrawal", ...end, bookedAtMs: payout.bookedAtMs };
    case "failed":
    case "refused":
      return { type: "FailWithdrawal", ...end, reason: payout.reason };
  }
}

/** Plain numbers that ops reads. */
export interface CustodianCounters {
  deposits: number;
  paid: number;
  failed: number;
  /** What was said again. */
  repeated: number;
  /** The custodian contradicts the books, or itself: a person must look. */
  contradictions: number;
  polls: number;
  /** Callbacks that were none, by reason. */
  readonly callbacksRefused: Map<string, number>;
}

export function createCustodianCounters(): CustodianCounters {
  return {
    deposits: 0,
    paid: 0,
    failed: 0,
    repeated: 0,
    contradictions: 0,
    polls: 0,
    callbacksRefused: new Map(),
  };
}

export function countTaken(counters: CustodianCounters, word: Word, taken: Taken): void {
  if (taken.type === "Refused") counters.contradictions++;
  if (taken.type !== "Noted") return;
  if (!taken.isNew) counters.repeated++;
  else if (word.type === "BookDeposit") counters.deposits++;
  else if (word.type === "ConfirmWithdrawal") counters.paid++;
  else counters.failed++;
}

export interface CustodianLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}
