// Terms of every method, size and date, for laws.

import fc from "fast-check";
import { BUSINESS_DATE_MIN, businessDate } from "../../src/lending/business-date.ts";
import { DAY_COUNT_BASES } from "../../src/lending/day-count.ts";
import {
  MONTHLY_METHODS,
  SCHEDULE_PRINCIPAL_CENTS_MAX,
  TERM_DAYS_MAX,
  TERM_MONTHS_MAX,
  type ScheduleTerms,
} from "../../src/lending/terms.ts";
import { RATE_BPS_MAX, rateBps } from "../../src/money/rate.ts";

export const somePrincipal = fc.oneof(
  fc.integer({ min: 1, max: 100 }),
  fc.integer({ min: 1, max: 100_000_000 }),
  fc.integer({ min: 1, max: SCHEDULE_PRINCIPAL_CENTS_MAX }),
);

export const someRate = fc
  .oneof(
    fc.constant(0),
    fc.integer({ min: 1, max: 3_600 }),
    fc.integer({ min: 0, max: RATE_BPS_MAX }),
  )
  .map(rateBps);

export const someMonths = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 36 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: TERM_MONTHS_MAX }) },
);

export const someDate = fc.integer({ min: BUSINESS_DATE_MIN, max: 100_000 }).map(businessDate);

const common = { principalCents: somePrincipal, rateBps: someRate, disbursedOn: someDate };

export const someTerms: fc.Arbitrary<ScheduleTerms> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      ...common,
      method: fc.constantFrom(...MONTHLY_METHODS),
      months: someMonths,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      ...common,
      method: fc.constant("bullet_days" as const),
      days: fc.integer({ min: 1, max: TERM_DAYS_MAX }),
      basis: fc.constantFrom(...DAY_COUNT_BASES),
    }),
  },
);
