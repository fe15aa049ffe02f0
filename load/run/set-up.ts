// Opens the world of a plan over the protocol: accounts with money, loans that take
// bids, loans that are full and paid out. Any refusal stops it: what half succeeded
// would make every figure wrong.

import type { Identities } from "../driver/identities.ts";
import type { Endpoint } from "../driver/raw-socket.ts";
import { RequestPipe } from "../driver/request-pipe.ts";
import { BID_CENTS_MIN, STEP_CENTS, type Plan } from "../scenarios/plan.ts";
import { HOT_LOAN } from "../scenarios/requests.ts";
import { lendersOfLoan, marketLoans, type Names } from "../scenarios/world.ts";
import { loansByLender, placeBids } from "../driver/place-bids.ts";

const OPERATOR = "load-operator";
const IN_FLIGHT = 512;
/** Of the 10^12 that an account may have: room for what comes back. */
const DEPOSIT_CENTS = 100_000_000_000;
/** Too large to fill. */
const MARKET_CENTS = 1_000_000_000_000;
const SHARE_CENTS = 10_000_000;
const LISTED_FOR_MS = 48 * 3_600_000;
const TERMS = { method: "equal_instalment", term: 36, rateBps: 1_200 };
/** Lenders that bid at the same time, and what each has in flight. */
const BIDDERS = 64;
const PAID_OUT_POLL_MS = 50;
const PAID_OUT_MS_MAX = 120_000;

export interface Site {
  readonly endpoint: Endpoint;
  readonly identities: Identities;
  readonly names: Names;
}

/** The operator's connection; it stays open for what an operator does during the run. */
export function openOperator({ endpoint, identities }: Site): Promise<RequestPipe> {
  return RequestPipe.open(endpoint, identities.subprotocols(OPERATOR, "operator"), IN_FLIGHT);
}

/** All but the hot loan, which must know when the run starts. */
export async function openWorld(
  site: Site,
  operator: RequestPipe,
  plan: Plan,
  tell: (what: string) => void,
): Promise<void> {
  const { names, identities } = site;
  const { sizes } = plan;
  const lenders = numbered(sizes.lenders, names.lender);
  const borrowers = numbered(sizes.paidOutLoans, names.borrower);
  const crowd = numbered(sizes.crowd, names.crowd);
  tell(`opening ${lenders.length + borrowers.length + crowd.length + 1} accounts`);
  await openAccounts(operator, [names.owner, ...lenders, ...borrowers, ...crowd], identities);
  await deposit(operator, lenders);
  const markets = numbered(marketLoans(plan), names.loan);
  tell(`listing ${markets.length + sizes.paidOutLoans} loans`);
  await list(operator, markets, () => ({
    borrowerId: names.owner,
    principalCents: MARKET_CENTS,
    cancellable: true,
  }));
  const paidOut = numbered(sizes.paidOutLoans, names.paidOutLoan);
  await list(operator, paidOut, (loan) => ({
    borrowerId: borrowers[loan]!,
    principalCents: sizes.lendersPerLoan * SHARE_CENTS,
    minBidCents: SHARE_CENTS,
    disbursesAtOnce: true,
    ...TERMS,
  }));
  if (paidOut.length === 0) return;
  await fill(site, plan, tell);
  await untilPaidOut(operator, paidOut);
}

/** Announced: it opens at `opensAtMs`, since the epoch. */
export async function listHot(
  operator: RequestPipe,
  { hotCents }: Plan,
  names: Names,
  opensAtMs: number | null,
): Promise<void> {
  if (hotCents === 0) return;
  await list(operator, [names.loan(HOT_LOAN)], () => ({
    borrowerId: names.owner,
    principalCents: hotCents,
    ...(opensAtMs === null ? {} : { opensAtMs }),
  }));
}

async function openAccounts(
  operator: RequestPipe,
  accounts: readonly string[],
  identities: Identities,
): Promise<void> {
  await operator.send({
    operation: "account.open",
    count: accounts.length,
    fields: (at) => ({ accountId: accounts[at]! }),
    // Those of a token file may have been open for years.
    tolerates: identities.names === null ? [] : ["account_exists"],
  });
}

async function deposit(operator: RequestPipe, accounts: readonly string[]): Promise<void> {
  const reference = `load-${Date.now().toString(36)}`;
  await operator.send({
    operation: "account.deposit",
    count: accounts.length,
    fields: (at) => ({
      accountId: accounts[at]!,
      amountCents: DEPOSIT_CENTS,
      reference: `${reference}-${at}`,
    }),
  });
}

async function list(
  operator: RequestPipe,
  loans: readonly string[],
  terms: (at: number) => object,
): Promise<void> {
  const closesAtMs = Date.now() + LISTED_FOR_MS;
  await operator.send({
    operation: "loan.list",
    count: loans.length,
    fields: (at) => ({
      loanId: loans[at]!,
      stepCents: STEP_CENTS,
      minBidCents: BID_CENTS_MIN,
      closesAtMs,
      cancellable: false,
      ...terms(at),
    }),
  });
}

/** Each lender bids its share of each of its loans. */
async function fill(site: Site, plan: Plan, tell: (what: string) => void): Promise<void> {
  const { names, endpoint, identities } = site;
  const loansOf = loansByLender(
    Array.from({ length: plan.sizes.paidOutLoans }, (_, loan) => {
      const lenders = lendersOfLoan(plan, loan).map((at) => names.lender(at));
      return [names.paidOutLoan(loan), lenders];
    }),
  );
  let done = 0;
  await placeBids({
    endpoint,
    subprotocolsOf: (lender) => identities.subprotocols(lender, "client"),
    lenders: loansOf,
    amountCents: SHARE_CENTS,
    lendersAtOnce: BIDDERS,
    inFlight: BIDDERS,
    onLender: () => tell(`filling loans: ${++done} of ${loansOf.size} lenders`),
  });
}

async function untilPaidOut(operator: RequestPipe, loans: readonly string[]): Promise<void> {
  const untilMs = performance.now() + PAID_OUT_MS_MAX;
  for (;;) {
    let waiting = 0;
    await operator.send({
      operation: "loan.get",
      count: loans.length,
      fields: (at) => ({ loanId: loans[at]! }),
      onReply: (_, view) => (waiting += view["status"] === "repaying" ? 0 : 1),
    });
    if (waiting === 0) return;
    if (performance.now() > untilMs) throw new Error(`${waiting} loans are not paid out`);
    await new Promise((resolve) => setTimeout(resolve, PAID_OUT_POLL_MS));
  }
}

function numbered(count: number, name: (at: number) => string): string[] {
  return Array.from({ length: count }, (_, at) => name(at));
}
