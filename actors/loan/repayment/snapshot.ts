// The repayment part of a loan's snapshot: plain values and back.

import { businessDate } from "../../../src/lending/business-date.ts";
import type { RepaymentPlan } from "../../../src/lending/plan.ts";
import { isLendingRules } from "../../../src/lending/rules.ts";
import { assert } from "../../../src/money/assert.ts";
import type { LoanTerms } from "../terms.ts";
import { restoreWriteOff, writeOffValues } from "../write-off/write-off.ts";
import { Holders, SERIES, type ClearingLegs } from "./holders.ts";
import { scheduleTermsOf, type Clearing, type OpenDue, type Repayment } from "./repayment.ts";

export function snapshotRepayment(repayment: Repayment): unknown[] {
  const { plan } = repayment;
  const values: unknown[] = [
    repayment.disbursedOn,
    [
      plan.accruesFrom,
      plan.instalmentCents,
      plan.instalments.flatMap((each) => [
        each.k,
        each.due,
        each.principalCents,
        each.interestCents,
      ]),
    ],
    repayment.dues.map((each) => [
      each.k,
      each.due,
      each.interestCents,
      each.principalCents,
      each.penaltyCents,
      each.meter.accruedThrough,
      each.meter.chargedCents,
      each.meter.carryMillionths,
    ]),
    repayment.holders.toSnapshot(),
    repayment.workedThrough,
    repayment.wakeOn,
    repayment.isCollecting,
    repayment.clearings.map((each) => [
      each.clearingNo,
      each.day,
      each.instalment,
      each.feeCents,
      each.principalCents,
      each.interestCents,
      each.penaltyCents,
    ]),
    repayment.openClearings.map(({ clearingNo, instalment, legs, next }) => [
      clearingNo,
      instalment,
      SERIES.map((series) => (legs[series] === null ? null : legs[series].slice())),
      next,
    ]),
  ];
  // Last, and only where there is one: the others are stored as they always were.
  const { writeOff } = repayment;
  const { rules } = plan;
  if (writeOff.proposals > 0 || rules > 1) {
    values.push(writeOff.proposals > 0 ? writeOffValues(writeOff) : null);
  }
  if (rules > 1) values.push(rules);
  return values;
}

export function restoreRepayment(values: readonly unknown[], terms: LoanTerms): Repayment {
  const disbursedOn = values[0] as number;
  const [accruesFrom, instalmentCents, rows] = values[1] as [number, number | null, number[]];
  const instalments: RepaymentPlan["instalments"][number][] = [];
  for (let at = 0; at < rows.length; at += 4) {
    instalments.push({
      k: rows[at]!,
      due: businessDate(rows[at + 1]!),
      principalCents: rows[at + 2]!,
      interestCents: rows[at + 3]!,
    });
  }
  const rules = (values[10] as number | undefined) ?? 1;
  assert(isLendingRules(rules), "a loan is reckoned by rules that are known", rules);
  return {
    disbursedOn,
    plan: {
      rules,
      terms: scheduleTermsOf(terms, disbursedOn),
      accruesFrom: businessDate(accruesFrom),
      instalmentCents,
      instalments,
    },
    dues: (values[2] as number[][]).map(restoreDue),
    holders: Holders.restore(values[3] as unknown[]),
    workedThrough: values[4] as number,
    wakeOn: values[5] as number | null,
    isCollecting: values[6] as boolean,
    clearings: (values[7] as number[][]).map(restoreClearing),
    openClearings: (values[8] as [number, number, (number[] | null)[], number][]).map(
      ([clearingNo, instalment, legs, next]) => ({
        clearingNo,
        instalment,
        legs: Object.fromEntries(
          SERIES.map((series, place) => {
            const cents = legs[place] ?? null;
            return [series, cents === null ? null : Float64Array.from(cents)];
          }),
        ) as unknown as ClearingLegs,
        next,
      }),
    ),
    writeOff: restoreWriteOff((values[9] as unknown[] | undefined) ?? null),
  };
}

function restoreDue(row: number[]): OpenDue {
  return {
    k: row[0]!,
    due: row[1]!,
    interestCents: row[2]!,
    principalCents: row[3]!,
    penaltyCents: row[4]!,
    meter: {
      accruedThrough: businessDate(row[5]!),
      chargedCents: row[6]!,
      carryMillionths: row[7]!,
    },
  };
}

function restoreClearing(row: number[]): Clearing {
  return {
    clearingNo: row[0]!,
    day: row[1]!,
    instalment: row[2]!,
    feeCents: row[3]!,
    principalCents: row[4]!,
    interestCents: row[5]!,
    penaltyCents: row[6]!,
  };
}
