// What an account earns with what it lent, loan by loan and together. Amounts that are
// still to come are the account's share of the loan's, rounded half up: the split may
// later give a cent more or less.

import type { PositionRow, PositionsView } from "../../actors/account/positions-view.ts";
import type { AccountId } from "../../actors/address.ts";
import { loanIncome, type LoanIncome } from "../../actors/loan/repayment/income-view.ts";
import { isOnMarket, wasPaidOut, type LoanState, type MarketLoan } from "../../actors/loan/loan.ts";
import { bpsOf } from "../../actors/loan/terms.ts";
import { businessDate } from "../lending/business-date.ts";
import { xirr, type CashFlow } from "../lending/xirr.ts";
import { proportionHalfUp } from "../money/proportion.ts";
import { PPM_PER_ONE } from "../money/rate.ts";
import type { ReplyOf } from "../protocol/table.ts";
import type { LegCache } from "./leg-cache.ts";
import { legSourceOf, type LegSource } from "./loan-legs.ts";

/**
 * Loans of one answer. Each may have to be split again, some milliseconds for a thousand lenders.
 */
export const RETURNS_LOANS_MAX = 100;

export type ReturnsView = ReplyOf<"account.returns">;
type Row = ReturnsView["returns"][number];

/** What is seen of a loan for one of its lenders. */
export interface LoanSight {
  readonly status: MarketLoan["status"];
  /** Null before the loan is paid out. */
  readonly repaid: {
    readonly source: LegSource;
    readonly income: LoanIncome;
    readonly disbursedOn: number;
    readonly principalCents: number;
  } | null;
}

/** As of a business day, and so many seconds into it. Null for a loan that is not there. */
export function loanSight(loan: LoanState, day: number, seconds: number): LoanSight | null {
  if (!isOnMarket(loan)) return null;
  const { status } = loan;
  const source = legSourceOf(loan);
  if (source === null || !wasPaidOut(loan)) return { status, repaid: null };
  const { disbursedOn } = loan.repayment;
  const { principalCents } = loan.terms;
  const income = loanIncome(loan.repayment, day, seconds);
  return { status, repaid: { source, income, disbursedOn, principalCents } };
}

interface Reckoned {
  readonly row: Row;
  readonly flows: readonly CashFlow[];
}

/** `sights` are those of the page's positions, in the same order. */
export function* returnsOf(
  cache: LegCache,
  { positions, ...sums }: PositionsView,
  sights: readonly (LoanSight | null)[],
  day: number,
): Generator<void, ReturnsView> {
  const reckoned: Reckoned[] = [];
  for (const [place, position] of positions.entries()) {
    const sight = sights[place] ?? null;
    reckoned.push(yield* reckon(cache, position, sight, sums.accountId, day));
    yield;
  }
  const rows = reckoned.map(({ row }) => row);
  const total = (of: "accruedCents" | "dueCents" | "expectedCents"): number =>
    rows.reduce((sum, row) => sum + row[of], 0);
  return {
    ...sums,
    day,
    outstandingCents: sums.lentCents - sums.repaidCents,
    accruedCents: total("accruedCents"),
    dueCents: total("dueCents"),
    expectedCents: total("expectedCents"),
    xirrPpm: rateOf(reckoned.flatMap(({ flows }) => flows)),
    returns: rows,
  };
}

function* reckon(
  cache: LegCache,
  position: PositionRow,
  sight: LoanSight | null,
  accountId: AccountId,
  day: number,
): Generator<void, Reckoned> {
  const outstandingCents = position.lentCents - position.repaidCents;
  const status = sight?.status ?? "collecting";
  const nothing = { accruedCents: 0, dueCents: 0, expectedCents: 0, xirrPpm: null };
  const repaid = sight?.repaid ?? null;
  if (repaid === null) {
    return { row: { ...position, status, outstandingCents, ...nothing }, flows: [] };
  }
  const { source, income, principalCents } = repaid;
  const legs = cache.of(source);
  yield* legs.follow(source);
  const index = legs.holderOf(accountId);
  const lentCents = index < 0 ? 0 : source.holders.shareCents(index);
  const shareOf = (cents: number): number => proportionHalfUp(cents, lentCents, principalCents);
  // Of what was written off nothing is expected; what is due of it is still owed.
  const isGivenUp = status === "written_off";
  const accruedCents = isGivenUp ? 0 : shareOf(income.accruedCents);
  const dueCents = shareOf(income.dueCents);
  const flows: CashFlow[] = [{ on: businessDate(repaid.disbursedOn), amountCents: -lentCents }];
  let backCents = 0;
  for (const leg of index < 0 ? [] : yield* legs.legsOf(index)) {
    backCents += leg.principalCents;
    const amountCents = leg.principalCents + leg.interestCents + leg.penaltyCents - leg.feeCents;
    flows.push({ on: businessDate(leg.day), amountCents });
  }
  // What is outstanding counts in full, with what it has earned, unless it was written off.
  const earnedCents = accruedCents + dueCents;
  const worthCents = isGivenUp
    ? 0
    : lentCents - backCents + earnedCents - bpsOf(earnedCents, source.serviceFeeBps);
  flows.push({ on: businessDate(day), amountCents: worthCents });
  const expectedCents = isGivenUp ? 0 : shareOf(income.plannedCents);
  const row = { ...position, status, outstandingCents, accruedCents, dueCents, expectedCents };
  return { row: { ...row, xirrPpm: rateOf(flows) }, flows };
}

/**
 * Millionths a year; null where flows have no rate, as on the day of disbursement. What brought
 * nothing back is lost whole.
 */
function rateOf(flows: readonly CashFlow[]): number | null {
  const byDay = new Map<CashFlow["on"], number>();
  for (const { on, amountCents } of flows) byDay.set(on, (byDay.get(on) ?? 0) + amountCents);
  const result = xirr([...byDay].map(([on, amountCents]) => ({ on, amountCents })));
  if (result.defined) return result.annualPpm;
  const sums = [...byDay.values()];
  const isLost = sums.some((cents) => cents < 0) && sums.every((cents) => cents <= 0);
  return isLost ? -PPM_PER_ONE : null;
}
