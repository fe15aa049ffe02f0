// Receipts of clearings: what was paid, and a root that commits to every lender's leg and to their sum;
// and the path from one leg to it.

import type { AccountId } from "../../actors/address.ts";
import { clearingLegCents } from "../hash/clearing-leg.ts";
import { hexOf } from "../hash/hex.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import type { ReplyOf } from "../protocol/table.ts";
import type { LegCache, LegSource } from "./loan-legs.ts";

export type ReceiptView = ReplyOf<"clearing.get">;
export type PathView = ReplyOf<"clearing.path">;
export type Asked<View> =
  { readonly ok: true; readonly view: View } | { readonly ok: false; readonly code: ErrorCode };

/** `clearing_not_found` for a number that the loan has not come to. */
export function* receiptOf(
  cache: LegCache,
  source: LegSource,
  clearingNo: number,
): Generator<void, Asked<ReceiptView>> {
  const legs = cache.of(source);
  yield* legs.follow(source);
  const clearing = legs.clearing(clearingNo);
  if (clearing === undefined) return { ok: false, code: "clearing_not_found" };
  const tree = yield* legs.treeOf(clearingNo);
  cache.trim();
  const { principalCents, interestCents, penaltyCents, feeCents } = clearing;
  const legsCents = principalCents + interestCents + penaltyCents;
  const view = {
    loanId: source.loanId,
    clearing: clearingNo,
    paidOn: clearing.day,
    k: clearing.instalment,
    amountCents: legsCents + feeCents,
    principalCents,
    interestCents,
    penaltyCents,
    feeCents,
    legs: tree.count,
    legsCents,
    root: hexOf(tree.root),
  };
  return { ok: true, view };
}

/** The receipt, and one lender's leg with its path. `not_a_lender` for who holds nothing. */
export function* pathOf(
  cache: LegCache,
  source: LegSource,
  clearingNo: number,
  accountId: AccountId,
): Generator<void, Asked<PathView>> {
  const receipt = yield* receiptOf(cache, source, clearingNo);
  if (!receipt.ok) return receipt;
  // Followed already, unless all was forgotten meanwhile.
  const legs = cache.of(source);
  yield* legs.follow(source);
  const index = legs.holderOf(accountId);
  if (index < 0) return { ok: false, code: "not_a_lender" };
  const leg = legs.leg(clearingNo, index);
  const tree = yield* legs.treeOf(clearingNo);
  const view = {
    ...receipt.view,
    accountId,
    index,
    ownCents: clearingLegCents(leg) - leg.feeCents,
    ownPrincipalCents: leg.principalCents,
    ownInterestCents: leg.interestCents,
    ownPenaltyCents: leg.penaltyCents,
    ownFeeCents: leg.feeCents,
    path: tree.pathOf(index).map(({ hash, sum }) => ({ hash: hexOf(hash), sumCents: sum })),
  };
  return { ok: true, view };
}
