// Which business dates an operator may begin by hand: there is no way back from one that has begun.

import { formatBusinessDate, isBusinessDate, parseBusinessDate } from "../lending/business-date.ts";
import type { ErrorCode } from "../protocol/errors.ts";

/** Ten years at once: from a mistyped year there would be no way back. */
const DAYS_AHEAD_MAX = 3_660;
/**
 * The last date that may be typed: due dates of every loan come after it, and must be dates too.
 */
const LAST_DAY = parseBusinessDate("2999-12-31")!;

export interface RefusedDay {
  readonly code: ErrorCode;
  readonly detail: string;
}

/**
 * Null when it may begin. `businessDay` is the present one, `today` the clock's where dates follow
 * the clock, else null; all in days since 1970.
 */
export function refusedDay(
  day: number,
  businessDay: number,
  today: number | null,
): RefusedDay | null {
  if (day > LAST_DAY || day > businessDay + DAYS_AHEAD_MAX) {
    const detail = `at most ${DAYS_AHEAD_MAX} days at once, and none after 2999-12-31`;
    return { code: "day_out_of_range", detail };
  }
  if (today !== null && day > today) {
    const date = isBusinessDate(today) ? formatBusinessDate(today) : String(today);
    const detail = `by the clock it is ${date} (LOANLOOM_BUSINESS_DATES=clock)`;
    return { code: "day_not_come", detail };
  }
  return null;
}
