// Receipts of clearings: what was paid, and a root that commits to every lender's leg and to their
// sum; and the path from one leg to it.

import type { AccountId } from "../../actors/address.ts";
import { clearingLegCents } from "../hash/clearing-leg.ts";
import { hexOf } from "../hash/hex.ts";
import type { SumTree } from "../hash/sum-tree.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import type { ReplyOf } from "../protocol/table.ts";
import type { LegCache } from "./leg-cache.ts";
import type { LegSource, LoanLegs } from "./loan-legs.ts";

export type ReceiptView = ReplyOf<"clearing.get">;
export type PathView = ReplyOf<"clearing.path">;
export type Asked<View> =
  { readonly ok: true; readonly view: View } | { readonly ok: false; readonly code: ErrorCode };

interface Reckoned {
  readonly legs: LoanLegs;
  readonly tree: SumTree;
  readonly view: ReceiptView;
}

/** `clearing_not_found` for a number that the loan has not come to. */
export function* receiptOf(
  cache: LegCache,
  source: LegSource,
  clearingNo: number,
): Generator<void, Asked<ReceiptView>> {
  const reckoned = yield* reckon(cache, source, clearingNo);
  if (reckoned === null) return { ok: false, code: "clearing_not_found" };
  return { ok: true, view: reckoned.view };
}

function* reckon(
  cache: LegCache,
  source: LegSource,
  clearingNo: number,
): Generator<void, Reckoned | null> {
  const legs = cache.of(source);
  yield* legs.follow(source);
  const clearing = legs.clearing(clearingNo);
  if (clearing === undefined) return null;
  const tree = yield* legs.treeOf(clearingNo);
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
  return { legs, tree, view };
}

/** The receipt, and one lender's leg with its path. `not_a_lender` for who holds nothing. */
export function* pathOf(
  cache: LegCache,
  source: LegSource,
  clearingNo: number,
  accountId: AccountId,
): Generator<void, Asked<PathView>> {
  const reckoned = yield* reckon(cache, source, clearingNo);
  if (reckoned === null) return { ok: false, code: "clearing_not_found" };
  // The tree at hand is good whatever goes from the cache meanwhile.
  const { legs, tree } = reckoned;
  const index = legs.holderOf(accountId);
  if (index < 0) return { ok: false, code: "not_a_lender" };
  const leg = yield* legs.legOf(clearingNo, index);
  const view = {
    ...reckoned.view,
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
