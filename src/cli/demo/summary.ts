// What the demo found: whether everything adds up, in a table for people and in one object for
// programs. All figures of money come from the auditor, all others from the clients' own logs.

import { build, type Histogram } from "hdr-histogram-js";
import { CHECKS } from "../../history/report.ts";
import { auditText, money, whole } from "../audit-text.ts";
import { LOAN_ID, type BurstFigures } from "./burst.ts";

/** The keys are promised: programs read them. */
export interface DemoJson {
  readonly accepted: number;
  readonly refused: number;
  readonly lost: number;
  readonly doubled: number;
  readonly raisedCents: number;
  readonly heldCents: number;
  readonly principalCents: number;
  readonly trialBalanceCents: number;
  readonly serveAgainMs: number;
  /** Of all bids, those included that had to wait for the restart. */
  readonly p99Ms: number;
}

export interface Summary {
  readonly json: DemoJson;
  readonly text: string;
  /** What is off; empty when everything adds up. */
  readonly faults: readonly string[];
}

interface Latencies {
  readonly all: Histogram;
  /** Answered before the kill, or sent when the server served again. */
  readonly undisturbed: Histogram;
}

export function summarize(figures: BurstFigures): Summary {
  const { report, kill, settings } = figures;
  const loan = report.loans.find(({ loanId }) => loanId === LOAN_ID);
  const clients = report.clients;
  const latencies = latenciesOf(figures);
  const refused = Object.values(clients?.refused ?? {}).reduce((sum, count) => sum + count, 0);
  const json: DemoJson = {
    accepted: clients?.accepted ?? 0,
    refused,
    lost: clients?.lost ?? 0,
    doubled: clients?.doubled ?? 0,
    raisedCents: loan?.raisedCents ?? 0,
    heldCents: loan?.heldCents ?? 0,
    principalCents: settings.principalCents,
    trialBalanceCents: report.totals.trialBalanceCents,
    serveAgainMs: Math.round(kill.serveAgainMs),
    p99Ms: milliseconds(latencies.all, 99),
  };
  const faults = faultsOf(figures, json);
  return { json, faults, text: tableOf(figures, json, latencies, faults) };
}

function faultsOf({ report, failures, kill, log, plan, settings }: BurstFigures, json: DemoJson) {
  const faults: string[] = [];
  const expect = (holds: boolean, fault: string): void => void (holds || faults.push(fault));
  const { clients, totals } = report;
  expect(report.ok, `the audit found ${report.violationCount} violations`);
  expect(report.coverage === "full", "the journal is not there from its start");
  expect(log.length === plan.bids, `${log.length} of ${plan.bids} bids were sent`);
  expect(clients?.unanswered === 0, `${clients?.unanswered} bids were never answered`);
  const turnedAway = JSON.stringify(clients?.turnedAway ?? {});
  expect(turnedAway === "{}", `bids were turned away in the end: ${turnedAway}`);
  expect(failures.length === 0, `clients failed: ${[...new Set(failures)].join("; ")}`);
  expect(json.lost === 0, `${json.lost} acknowledged bids are lost`);
  expect(json.doubled === 0, `${json.doubled} bids are doubled`);
  expect(json.raisedCents === json.principalCents, "raised is not the principal");
  expect(json.heldCents === json.raisedCents, "held money is not what was raised");
  expect(json.trialBalanceCents === 0, "the trial balance is not zero");
  // A run in which nothing could go wrong proves nothing.
  expect(json.accepted > 0 && json.refused > 0, "nothing was accepted, or nothing refused");
  expect(kill.inFlight > 0, "no bid was in flight at the kill");
  expect(kill.raisedCents < json.principalCents, "the loan was full before the kill");
  expect(totals.takeOvers === 2 * settings.shards, `${totals.takeOvers} take-overs`);
  return faults;
}

function latenciesOf({ log, kill }: BurstFigures): Latencies {
  const all = histogram();
  const undisturbed = histogram();
  const servedAgainMs = kill.atMs + kill.serveAgainMs;
  for (const { sentAt, acknowledgedAt } of log) {
    if (acknowledgedAt === undefined) continue;
    const microseconds = Math.max(1, Math.round((acknowledgedAt - sentAt) * 1_000));
    all.recordValue(microseconds);
    if (acknowledgedAt <= kill.atMs || sentAt >= servedAgainMs) {
      undisturbed.recordValue(microseconds);
    }
  }
  return { all, undisturbed };
}

function histogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 600_000_000,
    numberOfSignificantValueDigits: 3,
  });
}

/** A percentile in ms, with one decimal. */
function milliseconds(latencies: Histogram, percentile: number): number {
  return Math.round(latencies.getValueAtPercentile(percentile) / 100) / 10;
}

function tableOf(
  figures: BurstFigures,
  json: DemoJson,
  { all, undisturbed }: Latencies,
  faults: readonly string[],
): string {
  const { settings, plan, kill, report, log, tookMs } = figures;
  const times = (plan.wantedCents / settings.principalCents).toFixed(2);
  const { lenders, shards, seed } = settings;
  const reasons = Object.entries(report.clients?.refused ?? {}).sort(([, a], [, b]) => b - a);
  const rows: (readonly [string, string, string])[] = [
    ["bids sent", whole(log.length), `for ${money(plan.wantedCents)}, ${times} times the loan`],
    ["accepted", whole(json.accepted), ""],
    ["refused", whole(json.refused), ""],
    ...reasons.map(([code, count]) => [`  ${code}`, whole(count), ""] as const),
    ["lost", whole(json.lost), "acknowledged to a client, not in the journal as told"],
    ["doubled", whole(json.doubled), "in the journal more than once"],
    ["raised", money(json.raisedCents), sameAs(json.raisedCents, json.principalCents, "principal")],
    ["held", money(json.heldCents), sameAs(json.heldCents, json.raisedCents, "raised")],
    ["trial balance", money(json.trialBalanceCents), "all ledger accounts of all shards"],
    ["killed with -9 at", money(kill.raisedCents), "raised, as the clients had been told"],
    [
      "  bids in flight",
      whole(kill.inFlight),
      `${whole(kill.inFlightJournaled)} of them already journaled: first outcome on asking again`,
    ],
    ["  serving again", `${json.serveAgainMs} ms`, "from the kill to the first answer"],
    ["bid to answer, p50", latency(all, 50), "all, those included that waited for the restart"],
    ["  p90, p99, max", rest(all), `${whole(all.totalCount)} bids`],
    ["  undisturbed, p50", latency(undisturbed, 50), "answered before the kill or sent after it"],
    ["  p90, p99, max", rest(undisturbed), `${whole(undisturbed.totalCount)} bids`],
  ];
  const lines = rows.map(
    ([name, value, note]) => `  ${name.padEnd(22)}${value.padStart(14)}  ${note}`,
  );
  const { totals } = report;
  const heading = `${whole(lenders)} lenders, one loan of ${money(settings.principalCents)}`;
  const outcome =
    faults.length === 0
      ? `ok: everything adds up, in ${(tookMs / 1_000).toFixed(1)} s`
      : `NOT OK:\n${faults.map((fault) => `  ${fault}`).join("\n")}\n\n${auditText(report)}`;
  return [
    `${heading}; ${shards} shard${shards === 1 ? "" : "s"}, seed ${seed}`,
    "",
    ...lines.map((line) => line.trimEnd()),
    "",
    `  Checked from the clients' own logs against the journal on the disk, after the server had`,
    `  stopped: ${whole(totals.entries)} entries, ${whole(totals.events)} events, ` +
      `${totals.takeOvers} take-overs, ${Object.keys(CHECKS).length} checks.`,
    "",
    outcome,
  ].join("\n");
}

function sameAs(value: number, other: number, name: string): string {
  return value === other ? `= ${name}` : `NOT ${name}, which is ${money(other)}`;
}

function latency(latencies: Histogram, percentile: number): string {
  return `${milliseconds(latencies, percentile)} ms`;
}

function rest(latencies: Histogram): string {
  const values = [90, 99, 100].map((percentile) => milliseconds(latencies, percentile));
  return `${values.join(", ")} ms`;
}
