// What the demo found: whether everything adds up, in one object for programs, and what is off. All
// figures of money come from the journal, all others from the clients' own logs.

import type { AccountEntry } from "../../client/client.ts";
import { BORROWER_ID, BORROWER_LEFT_CENTS } from "./bid-plan.ts";
import { LOAN_ID, type BurstFigures } from "./figures.ts";
import { latenciesOf, milliseconds } from "./latencies.ts";
import type { AccountLog } from "./lender-streams.ts";
import { LENDING_TERMS } from "./loan-terms.ts";
import { summaryText } from "./summary-text.ts";

/** The keys are promised: programs read them. */
export interface DemoJson {
  readonly accepted: number;
  readonly refused: number;
  readonly lost: number;
  readonly doubled: number;
  readonly raisedCents: number;
  /** At the end of the burst, before the loan was paid out. */
  readonly heldCents: number;
  readonly principalCents: number;
  /** The one that is farther from zero: at the end of the burst, or of all. */
  readonly trialBalanceCents: number;
  readonly serveAgainMs: number;
  /** Of all bids, those included that had to wait for the restart. */
  readonly p99Ms: number;
  /** From the operator's confirmation to the borrower's push. */
  readonly disbursedMs: number;
  /** Payments of the borrower that were divided among the lenders. */
  readonly repayments: number;
  /** What the lenders received of them, one a lender and payment. */
  readonly legs: number;
  readonly legsLost: number;
  readonly legsDoubled: number;
  readonly repaidPrincipalCents: number;
  /** Paid by the borrower; the service fee is taken from it. */
  readonly interestCents: number;
  readonly serviceFeeCents: number;
  /** Payment to the last lender's push, over the months that were not killed, in ms. */
  readonly lastPushMs: { readonly p50: number; readonly p99: number };
  /** The same of the month in which the server was killed. */
  readonly lastPushKilledMs: number;
  readonly balancedToTheCent: boolean;
}

export interface Summary {
  readonly json: DemoJson;
  readonly text: string;
  /** What is off; empty when everything adds up. */
  readonly faults: readonly string[];
}

export function summarize(figures: BurstFigures): Summary {
  const { burstReport, report, kill, settings, legs, repayment } = figures;
  const loan = burstReport.loans.find(({ loanId }) => loanId === LOAN_ID);
  const clients = burstReport.clients;
  const latencies = latenciesOf(figures);
  const refused = Object.values(clients?.refused ?? {}).reduce((sum, count) => sum + count, 0);
  const balances = [burstReport, report].map(({ totals }) => totals.trialBalanceCents);
  const balanceFaults = imbalancesOf(figures);
  const quiet = repayment.months.filter(({ killed }) => !killed);
  const json: DemoJson = {
    accepted: clients?.accepted ?? 0,
    refused,
    lost: Math.max(clients?.lost ?? 0, report.clients?.lost ?? 0),
    doubled: Math.max(clients?.doubled ?? 0, report.clients?.doubled ?? 0),
    raisedCents: loan?.raisedCents ?? 0,
    heldCents: loan?.heldCents ?? 0,
    principalCents: settings.principalCents,
    trialBalanceCents: balances.find((cents) => cents !== 0) ?? 0,
    serveAgainMs: Math.round(kill.serveAgainMs),
    p99Ms: milliseconds(latencies.all, 99),
    disbursedMs: Math.round(repayment.disbursedMs),
    repayments: legs.repayments,
    legs: legs.legs,
    legsLost: legs.lost,
    legsDoubled: legs.doubled,
    repaidPrincipalCents: legs.principalCents,
    interestCents: legs.interestCents,
    serviceFeeCents: legs.serviceFeeCents,
    lastPushMs: {
      p50: percentile(
        quiet.map(({ lastPushMs }) => lastPushMs),
        50,
      ),
      p99: percentile(
        quiet.map(({ lastPushMs }) => lastPushMs),
        99,
      ),
    },
    lastPushKilledMs: Math.round(repayment.months.find(({ killed }) => killed)?.lastPushMs ?? 0),
    balancedToTheCent: balanceFaults.length === 0,
  };
  const faults = [...burstFaults(figures, json), ...repaymentFaults(figures), ...balanceFaults];
  return { json, faults, text: summaryText(figures, json, latencies, faults) };
}

class Faults extends Array<string> {
  expect(holds: boolean, fault: string): void {
    if (!holds) this.push(fault);
  }
}

function burstFaults(figures: BurstFigures, json: DemoJson): readonly string[] {
  const { burstReport, failures, kill, log, plan } = figures;
  const faults = new Faults();
  const { clients } = burstReport;
  faults.expect(
    burstReport.ok,
    `the audit of the burst found ${burstReport.violationCount} violations`,
  );
  faults.expect(burstReport.coverage === "full", "the journal is not there from its start");
  faults.expect(log.length === plan.bids, `${log.length} of ${plan.bids} bids were sent`);
  faults.expect(clients?.unanswered === 0, `${clients?.unanswered} bids were never answered`);
  const turnedAway = JSON.stringify(clients?.turnedAway ?? {});
  faults.expect(turnedAway === "{}", `bids were turned away in the end: ${turnedAway}`);
  faults.expect(failures.length === 0, `clients failed: ${[...new Set(failures)].join("; ")}`);
  faults.expect(json.lost === 0, `${json.lost} acknowledged bids are lost`);
  faults.expect(json.doubled === 0, `${json.doubled} bids are doubled`);
  faults.expect(json.raisedCents === json.principalCents, "raised is not the principal");
  faults.expect(json.heldCents === json.raisedCents, "held money is not what was raised");
  // A run in which nothing could go wrong proves nothing.
  faults.expect(json.accepted > 0 && json.refused > 0, "nothing was accepted, or nothing refused");
  faults.expect(kill.inFlight > 0, "no bid was in flight at the kill");
  faults.expect(kill.raisedCents < json.principalCents, "the loan was full before the kill");
  return faults;
}

function repaymentFaults(figures: BurstFigures): readonly string[] {
  const { report, settings, legs, repayment, accounts } = figures;
  const faults = new Faults();
  const { holders, months } = repayment;
  const { term } = LENDING_TERMS;
  faults.expect(report.ok, `the last audit found ${report.violationCount} violations`);
  faults.expect(report.coverage === "full", "the journal is not there from its start at the end");
  const loan = report.loans.find(({ loanId }) => loanId === LOAN_ID);
  faults.expect(loan?.status === "settled", `at the end the loan is ${loan?.status}`);
  faults.expect(legs.lost === 0, `${legs.lost} legs are lost`);
  faults.expect(legs.doubled === 0, `${legs.doubled} legs are doubled`);
  faults.expect(legs.repayments === term, `${legs.repayments} of ${term} repayments`);
  faults.expect(months.length === term, `${months.length} of ${term} months`);
  faults.expect(
    legs.legs === holders * term,
    `${legs.legs} legs of ${holders} lenders in ${term} months`,
  );
  faults.expect(
    accounts.length === settings.lenders + 1,
    `${accounts.length} accounts were watched`,
  );
  // With one lender alone, the first word of the payment is the last one, too.
  const isMidway = repayment.kill.told < Math.max(2, holders);
  faults.expect(isMidway, "all lenders were told before the month was killed");
  const { takeOvers, clearings, legs: received } = report.totals;
  faults.expect(
    clearings === legs.repayments && received === legs.legs,
    `the auditor counts ${clearings} payments and ${received} legs that were received`,
  );
  faults.expect(takeOvers === LIVES * settings.shards, `${takeOvers} take-overs`);
  return faults;
}

/** The first start, and one after each kill. */
const LIVES = 3;

/** All that must be the same to the cent at the end, and is not. */
function imbalancesOf(figures: BurstFigures): readonly string[] {
  const { burstReport, report, settings, legs, accounts } = figures;
  const faults = new Faults();
  const { principalCents } = settings;
  const trial = [burstReport, report].map(({ totals }) => totals.trialBalanceCents);
  faults.expect(
    trial.every((cents) => cents === 0),
    `the trial balance is ${trial.join(", then ")} cents`,
  );
  faults.expect(legs.principalCents === principalCents, "what was repaid is not the principal");
  const borrower = accounts.find(({ accountId }) => accountId === BORROWER_ID);
  const paidCents = sumOfEntries(borrower, "repayment");
  faults.expect(
    paidCents === legs.principalCents + legs.interestCents,
    `the borrower paid ${paidCents} cents, the lenders' legs say otherwise`,
  );
  faults.expect(
    borrower?.availableCents === BORROWER_LEFT_CENTS,
    `the borrower has ${borrower?.availableCents} cents left, not ${BORROWER_LEFT_CENTS}`,
  );
  const lent = accounts.filter((each) => sumOfEntries(each, "hold_posted") !== principalOf(each));
  faults.expect(lent.length === 0, `${lent.length} lenders did not get just what they lent`);
  const toldCents = accounts.reduce((sum, { availableCents }) => sum + availableCents, 0);
  const { availableCents, heldCents } = report.totals;
  faults.expect(
    toldCents === availableCents && heldCents === 0,
    `told balances sum to ${toldCents}, the journal has ${availableCents} and ${heldCents} held`,
  );
  return faults;
}

function sumOfEntries(account: AccountLog | undefined, kind: AccountEntry["kind"]): number {
  const entries = account?.entries.filter((entry) => entry.kind === kind) ?? [];
  return entries.reduce((sum, { amountCents }) => sum + amountCents, 0);
}

function principalOf({ entries }: AccountLog): number {
  return entries.reduce((sum, entry) => {
    return entry.kind === "repayment_received" ? sum + (entry.principalCents ?? 0) : sum;
  }, 0);
}

/** The nearest rank, with one decimal. */
function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.ceil((percent / 100) * sorted.length);
  return Math.round((sorted[Math.max(0, rank - 1)] ?? 0) * 10) / 10;
}
