// The auditor's own arithmetic: whole numbers without a limit, rounded once. It must never use the
// server's money or lending.

import { DAY_MS } from "../time/units.ts";

/** numerator / denominator, rounded half up; neither is negative. */
export function halfUp(numerator: bigint, denominator: bigint): number {
  return Number((2n * numerator + denominator) / (2n * denominator));
}

/** amount * part / whole, rounded half up. */
export function shareOf(amount: number, part: number | bigint, whole: number | bigint): number {
  return halfUp(BigInt(amount) * BigInt(part), BigInt(whole));
}

/** A part of an amount in basis points, rounded half up. */
export function bpsShareOf(amount: number, bps: number): number {
  return shareOf(amount, bps, 10_000);
}

/** The day that many months later, on the same day of the month or else the month's last. */
export function monthsAfter(day: number, months: number): number {
  const date = new Date(day * DAY_MS);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months];
  const lastOfMonth = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(date.getUTCDate(), lastOfMonth)) / DAY_MS;
}

/**
 * Interest of a number of days on a principal, day by day: each is a part of the year that it lies
 * in (basis 0: actual), or one of 360, 364 or 365. Rounded half up.
 */
export function daysInterest(
  principalCents: number,
  rateBps: number,
  from: number,
  days: number,
  basis: number,
): number {
  const yearly = BigInt(principalCents) * BigInt(rateBps);
  if (basis !== 0) return halfUp(yearly * BigInt(days), 10_000n * BigInt(basis));
  let inYearsOf366 = 0;
  for (let day = from; day < from + days; day++) {
    const year = new Date(day * DAY_MS).getUTCFullYear();
    if (Date.UTC(year + 1, 0, 1) - Date.UTC(year, 0, 1) === 366 * DAY_MS) inYearsOf366++;
  }
  const parts = BigInt(inYearsOf366) * 365n + BigInt(days - inYearsOf366) * 366n;
  return halfUp(yearly * parts, 10_000n * 365n * 366n);
}
