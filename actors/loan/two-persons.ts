// A privileged change takes two persons, the maker who proposes and the checker who confirms;
// neither is the borrower.

import type { AccountId } from "../address.ts";
import type { Refusal } from "../refusals.ts";

/** Why this person cannot decide on the proposal that waits, or null. */
export function refusalOfChecker(
  { by, proposal }: { readonly by: AccountId; readonly proposal: number },
  { maker, proposalNo }: { readonly maker: AccountId; readonly proposalNo: number },
  borrowerId: AccountId,
): Refusal | null {
  if (proposal !== proposalNo) return "proposal_changed";
  if (by === maker) return "maker_is_checker";
  return by === borrowerId ? "borrower_cannot_review" : null;
}
