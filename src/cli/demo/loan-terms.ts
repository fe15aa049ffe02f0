// What the demo's loan is lent on, and what it costs its borrower beyond the principal.

import { businessDate } from "../../lending/business-date.ts";
import { scheduleOf } from "../../lending/schedule.ts";
import { proportionHalfUp } from "../../money/proportion.ts";
import { BPS_PER_ONE, rateBps } from "../../money/rate.ts";

export const LENDING_TERMS = {
  method: "equal_instalment",
  term: 12,
  rateBps: 1_200,
  originationFeeBps: 100,
  serviceFeeBps: 1_000,
} as const;

/**
 * Interest over the whole term and the origination fee, in cents: what the borrower needs besides
 * what it is paid out. The interest of whole months does not depend on the day of the disbursement.
 */
export function costCents(principalCents: number): number {
  const { method, term, originationFeeBps } = LENDING_TERMS;
  const rate = rateBps(LENDING_TERMS.rateBps);
  const disbursedOn = businessDate(0);
  const schedule = scheduleOf({ method, months: term, principalCents, rateBps: rate, disbursedOn });
  const feeCents = proportionHalfUp(principalCents, originationFeeBps, BPS_PER_ONE);
  return schedule.reduce((sum, { interestCents }) => sum + interestCents, feeCents);
}
