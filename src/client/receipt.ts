// Checks that a share of a repayment is what its receipt says: that the leg is in the clearing, and
// that the legs of all lenders together are the payment. Nothing is taken on trust but the root,
// which is the same for everybody: compare it with another lender's, or with `clearing.get`.

import { clearingLegBytes, clearingLegCents, type ClearingLeg } from "../hash/clearing-leg.ts";
import { bytesOfHex, hexOf } from "../hash/hex.ts";
import { SHA256_BYTES } from "../hash/sha256.ts";
import { leafHash, rootHash, topOf, type SumNode } from "../hash/sum-tree.ts";
import type { PlainFields } from "./request-types.ts";
import type { ReplyOf } from "../protocol/table.ts";

/** The reply to `clearing.path`, or the push `clearing.receipt`. */
export type Receipt = PlainFields<ReplyOf<"clearing.path">>;

export type ReceiptFault =
  /** Amounts that are none, or a fee that is more than what it is taken from. */
  | "amounts_wrong"
  /**
   * Principal, interest and penalty are not what the legs sum to; or with the fee not the payment.
   */
  | "sums_differ"
  /** The path is of another tree, or its sums are not the sum of all legs. */
  | "path_wrong"
  /** Leg and path lead to another root than the receipt's. */
  | "root_differs"
  /** The receipt's root is not the one that was trusted. */
  | "root_not_trusted";

/**
 * Null for a receipt that holds, else the first thing that is wrong with it.
 * `trustedRoot`: the root of the clearing as somebody else was told it, 64 hexadecimal
 * digits. Synchronous; never throws.
 */
export function verifyReceipt(receipt: Receipt, trustedRoot?: string): ReceiptFault | null {
  const { legsCents, root } = receipt;
  if (!areAmounts(receipt)) return "amounts_wrong";
  const parts = receipt.principalCents + receipt.interestCents + receipt.penaltyCents;
  if (parts !== legsCents || legsCents + receipt.feeCents !== receipt.amountCents) {
    return "sums_differ";
  }
  const leg = legOf(receipt);
  const leaf = { hash: leafHash(clearingLegBytes(leg)), sum: clearingLegCents(leg) };
  const path = pathOf(receipt);
  const top = path === null ? null : topOf(leaf, receipt.index, receipt.legs, path);
  if (top === null || top.sum !== legsCents) return "path_wrong";
  if (hexOf(rootHash(receipt.legs, top)) !== root) return "root_differs";
  return trustedRoot === undefined || trustedRoot === root ? null : "root_not_trusted";
}

/** The caller's own leg: what the tree has in this place. */
function legOf(receipt: Receipt): ClearingLeg {
  const { loanId, clearing, paidOn: day, index, accountId } = receipt;
  return {
    loanId,
    clearing,
    day,
    index,
    accountId,
    principalCents: receipt.ownPrincipalCents,
    interestCents: receipt.ownInterestCents,
    penaltyCents: receipt.ownPenaltyCents,
    feeCents: receipt.ownFeeCents,
  };
}

function areAmounts(receipt: Receipt): boolean {
  const { ownPrincipalCents, ownInterestCents, ownPenaltyCents, ownFeeCents } = receipt;
  const { amountCents, principalCents, interestCents, penaltyCents, feeCents } = receipt;
  const own = [ownPrincipalCents, ownInterestCents, ownPenaltyCents, ownFeeCents];
  const all = [...own, amountCents, principalCents, interestCents, penaltyCents, feeCents];
  const areCounts = all.every((cents) => Number.isSafeInteger(cents) && cents >= 0);
  return areCounts && ownFeeCents <= ownInterestCents + ownPenaltyCents;
}

function pathOf({ path }: Receipt): SumNode[] | null {
  const nodes: SumNode[] = [];
  for (const { hash, sumCents } of path) {
    const bytes = bytesOfHex(hash);
    if (bytes === null || bytes.length !== SHA256_BYTES) return null;
    nodes.push({ hash: bytes, sum: sumCents });
  }
  return nodes;
}
