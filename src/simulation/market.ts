// How a loan comes to be: it is listed, a crowd of lenders fills it to the cent in a few rounds of
// bids that are all under way at once, and it is paid out. Then its borrower spends the money.

import { accountId, loanId } from "../../actors/address.ts";
import { DAY_MS } from "../time/units.ts";
import type { Clients } from "./clients.ts";
import type { LoanWish } from "./people.ts";
import type { Purses } from "./purses.ts";
import type { Chance } from "../chance/chance.ts";

const STEP_CENTS = 1_00;
const MIN_BID_CENTS = 100_00;
/** What a lender brings when it has too little for its bid, at least. */
const BROUGHT_CENTS_MIN = 1_000_00;
/** No listing of a simulation expires: each is filled on its day. */
const OPEN_MS = 20 * 366 * DAY_MS;
const ELSEWHERE = loanId("elsewhere");
const ELSEWHERE_CENTS = 1_000_000_000_000;

/**
 * There is no way out of the platform in this world. What a borrower spends is tied up in a bid on
 * a listing that never fills, so that no calendar can collect it.
 */
export async function openElsewhere(clients: Clients, trueMs: number): Promise<void> {
  await clients.get("AccountOpened", { type: "OpenAccount", accountId: accountId("merchant") });
  await clients.get("LoanListed", {
    ...NOTHING_LENT,
    type: "ListLoan",
    loanId: ELSEWHERE,
    borrowerId: accountId("merchant"),
    principalCents: ELSEWHERE_CENTS,
    stepCents: 1,
    minBidCents: 1,
    closesAtMs: trueMs + OPEN_MS,
    cancellable: true,
  });
}

/** Lists, fills and pays out. Resolves when every lender was told that its bid stands. */
export async function bringAbout(
  wish: LoanWish,
  lenders: readonly string[],
  clients: Clients,
  purses: Purses,
  chance: Chance,
  trueMs: number,
): Promise<void> {
  const id = loanId(wish.loanId);
  const { borrower, lenders: spread, principalCents, ...terms } = wish;
  await clients.get("LoanListed", {
    ...NOTHING_LENT,
    ...terms,
    type: "ListLoan",
    loanId: id,
    borrowerId: accountId(borrower.id),
    principalCents,
    stepCents: STEP_CENTS,
    minBidCents: MIN_BID_CENTS,
    closesAtMs: trueMs + OPEN_MS,
    cancellable: false,
    disbursesAtOnce: true,
  });
  let remainingCents = principalCents;
  while (remainingCents > 0) {
    const bidders = chance.severalOf(lenders, spread);
    const meanCents = remainingCents / bidders.length;
    const bids = bidders.map((lender) => {
      const steps = Math.round((meanCents * chance.whole(40, 170)) / 100 / STEP_CENTS);
      return { lender, amountCents: Math.max(MIN_BID_CENTS, steps * STEP_CENTS) };
    });
    const short = bids.filter(({ lender, amountCents }) => purses.of(lender) < amountCents);
    await Promise.all(
      short.map(({ lender, amountCents }) => {
        const bringsCents = Math.max(BROUGHT_CENTS_MIN, amountCents - purses.of(lender));
        return deposit(lender, bringsCents, clients);
      }),
    );
    const filled = await Promise.all(
      bids.map(async ({ lender, amountCents }) => {
        const bid = { type: "PlaceBid", loanId: id, amountCents, minCents: null } as const;
        const answer = await clients.ask({ ...bid, fill: "upTo" }, lender);
        return answer.type === "BidPlaced" ? answer.filledCents : 0;
      }),
    );
    remainingCents -= filled.reduce((sum, cents) => sum + cents, 0);
  }
}

export async function deposit(id: string, amountCents: number, clients: Clients): Promise<void> {
  await clients.get("Deposited", {
    type: "Deposit",
    accountId: accountId(id),
    amountCents,
    reference: clients.nextReference(),
  });
}

/** All that the account has at its free disposal goes elsewhere. */
export async function spend(id: string, clients: Clients, purses: Purses): Promise<void> {
  const amountCents = purses.of(id);
  if (amountCents === 0) return;
  const bid = { type: "PlaceBid", loanId: ELSEWHERE, amountCents, minCents: null } as const;
  await clients.get("BidPlaced", { ...bid, fill: "exact" }, id);
}

const NOTHING_LENT = {
  lenderCapCents: null,
  opensAtMs: null,
  method: null,
  term: null,
  rateBps: null,
  basisDays: null,
  originationFeeBps: null,
  serviceFeeBps: null,
  earlyFeeBps: null,
  graceDays: null,
  penaltyPpm: null,
  disbursesAtOnce: null,
} as const;
