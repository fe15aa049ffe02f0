// What a leg of a repayment costs in the core alone: a lender credited, its part of the payment's
// own work and of dividing it included.

import type { AccountId } from "../../actors/address.ts";
import {
  LENT_TERMS,
  partToRepayCents,
  planLoans,
  SHARE_CENTS,
  type FanoutLoan,
} from "../fanout/planned-loans.ts";
import { DAY_MS } from "../../src/time/units.ts";
import { byOperator, CoreWorld, cpuOf, LISTING, type CoreFigures } from "./core-world.ts";

export interface RepaymentOptions {
  readonly accounts: number;
  readonly loans: number;
  readonly lenders: number;
  readonly inFlight: number;
  readonly legs: number;
}

export async function measureRepayments(options: RepaymentOptions): Promise<CoreFigures> {
  const { accounts, loans, lenders, inFlight, legs } = options;
  const world = new CoreWorld(inFlight);
  await world.start();
  await world.advanceTo(Math.floor(Date.now() / DAY_MS));
  const names = Array.from({ length: accounts }, (_, n) => `lender-${n}` as AccountId);
  const lent = planLoans("loan", loans, lenders, names);
  await openLoans(world, lent, names);
  // Each loan once before, so that nothing is measured that happens only once.
  await repay(world, lent, loans, inFlight);
  const repayments = Math.ceil(legs / lenders);
  const figures = await cpuOf(repayments * lenders, () => repay(world, lent, repayments, inFlight));
  await world.stop();
  return figures;
}

async function openLoans(
  world: CoreWorld,
  loans: readonly FanoutLoan[],
  lenders: readonly AccountId[],
): Promise<void> {
  await world.openAccounts([...lenders, ...loans.map(({ borrowerId }) => borrowerId as AccountId)]);
  await world.ask("loan.list", loans.length, (nth) => {
    const { loanId, borrowerId, lenders: own } = loans[nth]!;
    const principalCents = own.length * SHARE_CENTS;
    const terms = { ...LISTING, ...LENT_TERMS, cancellable: false };
    return byOperator({ ...terms, loanId, borrowerId, principalCents });
  });
  const bids = loans.flatMap(({ loanId, lenders: own }) => own.map((self) => [self, loanId]));
  await world.ask("bid.place", bids.length, (nth) => {
    const [self, loanId] = bids[nth]!;
    const amount = { amountCents: SHARE_CENTS, fill: "exact", minCents: null };
    return { self: self as AccountId, fields: { loanId, ...amount } };
  });
}

/** The loans in turn, each repaid early in part, until all legs are booked. */
async function repay(
  world: CoreWorld,
  loans: readonly FanoutLoan[],
  count: number,
  inFlight: number,
): Promise<void> {
  const before = world.counters.legs;
  const asked = (nth: number) => {
    const loan = loans[nth % loans.length]!;
    const { loanId, borrowerId } = loan;
    const amountCents = partToRepayCents(loan, nth);
    const fields = { loanId, amountCents, mode: "early_keep_term" };
    return { self: borrowerId as AccountId, fields };
  };
  await world.ask("loan.repay", count, asked, inFlight);
  await world.untilLegs(before + count * loans[0]!.lenders.length);
}
