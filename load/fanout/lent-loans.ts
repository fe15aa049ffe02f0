// The world of the fan-out benchmark: loans that are full and paid out, each with its lenders, and
// a connection of every borrower.

import type { Endpoint } from "../driver/raw-socket.ts";
import type { Progress } from "../bench/progress.ts";
import type { Tokens } from "../driver/tokens.ts";
import type { Market } from "../driver/market.ts";
import { loansByLender, placeBids } from "../driver/place-bids.ts";
import { LENT_TERMS, SHARE_CENTS, type FanoutLoan } from "./planned-loans.ts";

const LISTED_FOR_MS = 24 * 3_600_000;
/** Lenders that bid at the same time, and what each has in flight. */
const BIDDERS = 128;
const BIDS_IN_FLIGHT = 64;

export async function openLoans(
  market: Market,
  endpoint: Endpoint,
  tokens: Tokens,
  loans: readonly FanoutLoan[],
  progress: Progress,
): Promise<void> {
  await market.openAccounts(loans.map(({ borrowerId }) => borrowerId));
  await market.listLoans(
    loans.map(({ loanId }) => loanId),
    (loan) => ({
      borrowerId: loans[loan]!.borrowerId,
      principalCents: loans[loan]!.lenders.length * SHARE_CENTS,
      closesAtMs: Date.now() + LISTED_FOR_MS,
      ...LENT_TERMS,
    }),
  );
  const loansOf = loansByLender(loans.map(({ loanId, lenders }) => [loanId, lenders]));
  let done = 0;
  await placeBids({
    endpoint,
    subprotocolsOf: (lender) => tokens.subprotocols(lender, "client"),
    lenders: loansOf,
    amountCents: SHARE_CENTS,
    lendersAtOnce: BIDDERS,
    inFlight: BIDS_IN_FLIGHT,
    onLender: () => progress.show(`lenders bid: ${++done} of ${loansOf.size}`),
  });
}
