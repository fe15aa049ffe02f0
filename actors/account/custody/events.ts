// What happens to an account at the custodian bank, with postings and what it means for the payouts
// that are to be sent. A withdrawal is reserved, then paid out or set free again; a deposit has the
// custodian's own reference.

import { assertNever } from "../../../src/money/assert.ts";
import type { AccountId, RequestId } from "../../address.ts";
import type { PostingSink } from "../../decider.ts";

export type CustodyEvent =
  | {
      readonly type: "WithdrawalHeld";
      readonly requestId: RequestId;
      readonly fingerprint: number;
      /** The account's own: 1, 2, 3 ... without a gap. */
      readonly withdrawalNo: number;
      readonly amountCents: number;
      /** Which bank account, in the custodian's way of naming it. */
      readonly beneficiary: string;
    }
  | {
      readonly type: "WithdrawalConfirmed";
      readonly withdrawalNo: number;
      readonly amountCents: number;
      /** By the custodian's clock: the day of its statement follows from it. */
      readonly bookedAtMs: number;
    }
  | {
      readonly type: "WithdrawalFailed";
      readonly withdrawalNo: number;
      readonly amountCents: number;
      /** The custodian's word for why. */
      readonly reason: string;
    }
  | {
      readonly type: "DepositBooked";
      /** The custodian's: one for each deposit. */
      readonly reference: string;
      readonly amountCents: number;
      readonly bookedAtMs: number;
    };

/** Debits positive, credits negative. */
export function custodyPostings(event: CustodyEvent, self: AccountId, post: PostingSink): void {
  const { amountCents } = event;
  switch (event.type) {
    case "WithdrawalHeld":
      post("client.available", self, amountCents);
      post("client.held", self, -amountCents);
      return;
    case "WithdrawalConfirmed":
      post("client.held", self, amountCents);
      post("asset.custody", "", -amountCents);
      return;
    case "WithdrawalFailed":
      post("client.held", self, amountCents);
      post("client.available", self, -amountCents);
      return;
    case "DepositBooked":
      post("asset.custody", "", amountCents);
      post("client.available", self, -amountCents);
      return;
    default:
      assertNever(event);
  }
}

/** A withdrawal that the custodian is to carry out. */
export interface Payout {
  readonly accountId: AccountId;
  readonly withdrawalNo: number;
  readonly amountCents: number;
  readonly beneficiary: string;
}

/** A withdrawal became one that is to be carried out, or (`payout` null) it ended. */
export interface PayoutChange {
  readonly accountId: AccountId;
  readonly withdrawalNo: number;
  readonly payout: Payout | null;
}

/** Undefined for an event that changes nothing about payouts. */
export function payoutChange(
  event: { readonly type: string },
  accountId: AccountId,
): PayoutChange | undefined {
  switch (event.type) {
    case "WithdrawalHeld": {
      const held = event as Extract<CustodyEvent, { type: "WithdrawalHeld" }>;
      const { withdrawalNo, amountCents, beneficiary } = held;
      const payout = { accountId, withdrawalNo, amountCents, beneficiary };
      return { accountId, withdrawalNo, payout };
    }
    case "WithdrawalConfirmed":
    case "WithdrawalFailed": {
      const { withdrawalNo } = event as Extract<CustodyEvent, { withdrawalNo: number }>;
      return { accountId, withdrawalNo, payout: null };
    }
    default:
      return undefined;
  }
}
