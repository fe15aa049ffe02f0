// Repayments as their lenders receive them: one message to many accounts, with what all have in
// common and a leg for each. A leg cannot be refused, so it needs no decision of its own and no
// record of its own in the journal: that a row of legs was received is one record.

import { assert } from "../../src/money/assert.ts";
import { cents } from "../../src/money/cents.ts";
import type { AccountId, LoanId } from "../address.ts";
import type { AccountState, OpenAccount } from "./account.ts";

/** The account and its principal, interest, penalty and service fee in cents: items of a leg. */
export const LEG = { account: 0, principal: 1, interest: 2, penalty: 3, fee: 4 } as const;
export const LEG_ITEMS = 5;

export interface PayLegs {
  readonly type: "PayLegs";
  readonly loanId: LoanId;
  /** The loan's number of the clearing, from 1. */
  readonly clearingNo: number;
  /** The first instalment that the payment settles a part of. */
  readonly instalment: number;
  /** One leg after the other. */
  readonly legs: readonly (AccountId | number)[];
}

export function legCount({ legs }: Pick<PayLegs, "legs">): number {
  return legs.length / LEG_ITEMS;
}

export function legReceiver({ legs }: Pick<PayLegs, "legs">, leg: number): AccountId {
  return legs[leg * LEG_ITEMS] as AccountId;
}

/** What reaches the account: principal, interest and penalty less the service fee. */
export function legNetCents({ legs }: Pick<PayLegs, "legs">, leg: number): number {
  const at = leg * LEG_ITEMS;
  const principalCents = legs[at + LEG.principal] as number;
  const interestCents = legs[at + LEG.interest] as number;
  const penaltyCents = legs[at + LEG.penalty] as number;
  return principalCents + interestCents + penaltyCents - (legs[at + LEG.fee] as number);
}

/** Where the account has its position in the loan: it stays the same, and finding it takes time. */
export function positionPlace(state: AccountState, { loanId }: PayLegs): number {
  assert(state.status === "open", "a lender's account is open");
  return state.positions.placeOf(loanId);
}

/**
 * Books a leg, in place; `place` is that of the account's position, if it is known. Returns
 * what the account got, in cents.
 */
export function receiveLeg(
  state: AccountState,
  fan: PayLegs,
  leg: number,
  at: number,
  place: number = positionPlace(state, fan),
): number {
  assert(state.status === "open", "a lender's account is open");
  const account: OpenAccount = state;
  const { legs, loanId, clearingNo, instalment } = fan;
  const first = leg * LEG_ITEMS;
  const principalCents = legs[first + LEG.principal] as number;
  const interestCents = legs[first + LEG.interest] as number;
  const penaltyCents = legs[first + LEG.penalty] as number;
  const feeCents = legs[first + LEG.fee] as number;
  const netCents = principalCents + interestCents + penaltyCents - feeCents;
  assert(netCents >= 0, "a leg is not negative", netCents);
  account.availableCents = cents(account.availableCents + netCents);
  account.entries.writeLeg(
    at,
    account.availableCents,
    account.heldCents,
    loanId,
    principalCents,
    interestCents,
    penaltyCents,
    feeCents,
    clearingNo,
    instalment,
  );
  account.positions.receive(place, principalCents, interestCents + penaltyCents, feeCents);
  return netCents;
}
