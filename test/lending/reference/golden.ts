// Reads the reference values beside it; see the README of the folder above on how they are made.

import { readFileSync } from "node:fs";
import { parseBusinessDate, type BusinessDate } from "../../../src/lending/business-date.ts";
import type { CashFlow } from "../../../src/lending/xirr.ts";
import type { Instalment } from "../../../src/lending/schedule.ts";
import type { MonthlyMethod, ScheduleTerms } from "../../../src/lending/terms.ts";
import type { DayCountBasis } from "../../../src/lending/day-count.ts";
import { rateBps } from "../../../src/money/rate.ts";

interface GoldenRow {
  readonly principalCents: number;
  readonly rateBps: number;
  readonly start: string;
  readonly instalments: readonly (readonly [string, number, number])[];
}

type GoldenSchedule = GoldenRow &
  (
    | { readonly method: MonthlyMethod; readonly months: number }
    | { readonly method: "bullet_days"; readonly days: number; readonly basis: DayCountBasis }
  );

export function date(text: string): BusinessDate {
  const parsed = parseBusinessDate(text);
  if (parsed === null) throw new Error(`no date: ${text}`);
  return parsed;
}

export function goldenSchedules(): readonly { terms: ScheduleTerms; expected: Instalment[] }[] {
  return read<GoldenSchedule[]>("schedules.golden.json").map((row) => {
    const common = {
      principalCents: row.principalCents,
      rateBps: rateBps(row.rateBps),
      disbursedOn: date(row.start),
    };
    const terms: ScheduleTerms =
      row.method === "bullet_days"
        ? { ...common, method: row.method, days: row.days, basis: row.basis }
        : { ...common, method: row.method, months: row.months };
    const expected = row.instalments.map(([due, principalCents, interestCents], index) => ({
      k: index + 1,
      due: date(due),
      principalCents,
      interestCents,
    }));
    return { terms, expected };
  });
}

/** `annualPpm` has six more digits than the result. */
export function goldenReturns(): readonly { flows: CashFlow[]; annualPpm: number }[] {
  const rows = read<{ flows: [string, number][]; annualPpm: string }[]>("returns.golden.json");
  return rows.map(({ flows, annualPpm }) => ({
    flows: flows.map(([on, amountCents]) => ({ on: date(on), amountCents })),
    annualPpm: Number(annualPpm),
  }));
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8")) as T;
}
