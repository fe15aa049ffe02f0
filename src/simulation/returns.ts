// What lending brought: the money-weighted yearly return (XIRR) of each lender, and of all that was
// lent by one method. On the last day claims in loans that are in default count for nothing, all
// others for what is outstanding, without the interest since their last due date.

import { businessDate } from "../lending/business-date.ts";
import { REPAYMENT_METHODS, type RepaymentMethod } from "../lending/terms.ts";
import { xirr } from "../lending/xirr.ts";
import { add, type Flows, type Purses } from "./purses.ts";

/** Millionths a year: 85,000 is 8.5 %. */
export interface Distribution {
  readonly count: number;
  /** Without a return: who lent nothing, or got nothing back and has nothing left. */
  readonly undefinedCount: number;
  readonly leastPpm: number | null;
  /** The 10th, 20th ... 90th of a hundred. */
  readonly decilesPpm: readonly number[];
  readonly mostPpm: number | null;
}

interface MethodReturn {
  readonly method: RepaymentMethod;
  readonly lentCents: number;
  readonly annualPpm: number | null;
}

export interface Returns {
  readonly lenders: Distribution;
  readonly byMethod: readonly MethodReturn[];
  readonly allPpm: number | null;
  /** Claims that are worth nothing here, in cents. */
  readonly defaultedCents: number;
}

/** The last flows: what is outstanding comes back at once, as far as it is worth anything. */
export function returnsOf(
  purses: Purses,
  lenderIds: readonly string[],
  day: number,
  isDefaulted: (loanId: string) => boolean,
  methodOf: (loanId: string) => RepaymentMethod,
): Returns {
  const byMethod = new Map(
    [...purses.flowsByMethod].map(([method, flows]) => [method, new Map(flows)]),
  );
  const all: Flows = new Map();
  const rates: number[] = [];
  let defaultedCents = 0;
  for (const id of lenderIds) {
    const flows: Flows = new Map(purses.flows.get(id));
    for (const [loanId, cents] of purses.claims.get(id) ?? []) {
      if (isDefaulted(loanId)) {
        defaultedCents += cents;
        continue;
      }
      add(flows, day, cents);
      add(byMethod.get(methodOf(loanId))!, day, cents);
    }
    for (const [on, cents] of flows) add(all, on, cents);
    const ppm = ppmOf(flows);
    if (ppm !== null) rates.push(ppm);
  }
  return {
    lenders: distributionOf(rates, lenderIds.length),
    byMethod: REPAYMENT_METHODS.filter((method) => byMethod.has(method)).map((method) => ({
      method,
      lentCents: purses.lentByMethod.get(method) ?? 0,
      annualPpm: ppmOf(byMethod.get(method)!),
    })),
    allPpm: ppmOf(all),
    defaultedCents,
  };
}

function ppmOf(flows: Flows): number | null {
  const result = xirr(
    [...flows].map(([on, amountCents]) => ({ on: businessDate(on), amountCents })),
  );
  return result.defined ? result.annualPpm : null;
}

/** Nearest ranks. */
export function distributionOf(rates: readonly number[], of: number): Distribution {
  const sorted = [...rates].sort((a, b) => a - b);
  const decilesPpm =
    sorted.length === 0
      ? []
      : Array.from({ length: 9 }, (_, nth) => {
          return sorted[Math.ceil(((nth + 1) * sorted.length) / 10) - 1]!;
        });
  return {
    count: sorted.length,
    undefinedCount: of - sorted.length,
    leastPpm: sorted[0] ?? null,
    decilesPpm,
    mostPpm: sorted.at(-1) ?? null,
  };
}
