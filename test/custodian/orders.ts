// Orders and keys that the tests of this room use.

import { accountId } from "../../actors/address.ts";
import { cents } from "../../src/money/cents.ts";
import type { PayoutOrder, PayoutReference } from "../../src/custodian/port.ts";

export const KEY = new Uint8Array(32).fill(7);
export const OTHER_KEY = new Uint8Array(32).fill(8);

export function order(reference: string, changes: Partial<PayoutOrder> = {}): PayoutOrder {
  return {
    reference: reference as PayoutReference,
    accountId: accountId("alice"),
    amountCents: cents(1_000),
    beneficiary: "CN-6222-0001 张三",
    ...changes,
  };
}

export function orders(count: number, prefix = "w"): PayoutOrder[] {
  return Array.from({ length: count }, (_, at) =>
    order(`${prefix}-${at}`, { amountCents: cents(100 + at) }),
  );
}
