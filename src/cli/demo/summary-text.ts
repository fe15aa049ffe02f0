// What the demo found, in a table for people.

import type { Histogram } from "hdr-histogram-js";
import { CHECKS } from "../../history/report.ts";
import { auditText, money, whole } from "../audit-text.ts";
import type { BurstFigures } from "./figures.ts";
import { milliseconds, type Latencies } from "./latencies.ts";
import type { DemoJson } from "./summary.ts";

/** The figures in a table for people, and what is off. */
export function summaryText(
  figures: BurstFigures,
  json: DemoJson,
  { all, undisturbed }: Latencies,
  faults: readonly string[],
): string {
  const { settings, plan, kill, burstReport, report, log, tookMs } = figures;
  const times = (plan.wantedCents / settings.principalCents).toFixed(2);
  const { lenders, shards, seed } = settings;
  const reasons = Object.entries(burstReport.clients?.refused ?? {}).sort(([, a], [, b]) => b - a);
  const rows: (readonly [string, string, string])[] = [
    ["bids sent", whole(log.length), `for ${money(plan.wantedCents)}, ${times} times the loan`],
    ["accepted", whole(json.accepted), ""],
    ["refused", whole(json.refused), ""],
    ...reasons.map(([code, count]) => [`  ${code}`, whole(count), ""] as const),
    ["lost", whole(json.lost), "acknowledged to a client, not in the journal as told"],
    ["doubled", whole(json.doubled), "in the journal more than once"],
    ["raised", money(json.raisedCents), sameAs(json.raisedCents, json.principalCents, "principal")],
    ["held", money(json.heldCents), sameAs(json.heldCents, json.raisedCents, "raised")],
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
    ...repaymentRows(figures, json),
    ["trial balance", money(json.trialBalanceCents), "all ledger accounts of all shards"],
  ];
  const lines = rows.map(
    ([name, value, note]) => `  ${name.padEnd(22)}${value.padStart(14)}  ${note}`,
  );
  const { totals } = report;
  const heading = `${whole(lenders)} lenders, one loan of ${money(settings.principalCents)}`;
  const outcome =
    faults.length === 0
      ? `ok: everything adds up, in ${(tookMs / 1_000).toFixed(1)} s`
      : `NOT OK:\n${faults.map((fault) => `  ${fault}`).join("\n")}\n\n${auditText(burstReport)}\n\n${auditText(report)}`;
  return [
    `${heading}; ${shards} shard${shards === 1 ? "" : "s"}, seed ${seed}`,
    "",
    ...lines.map((line) => line.trimEnd()),
    "",
    `  Checked from the clients' own logs against the journal: at the end of the burst beside the`,
    `  server, and on the disk after it had stopped: ${whole(totals.entries)} entries, ` +
      `${whole(totals.events)} events, ${totals.takeOvers} take-overs, ` +
      `${Object.keys(CHECKS).length} checks.`,
    "",
    outcome,
  ].join("\n");
}

function repaymentRows(
  { repayment, legsBeforeKill }: BurstFigures,
  json: DemoJson,
): readonly (readonly [string, string, string])[] {
  const { holders, months, kill } = repayment;
  const { p50, p99 } = json.lastPushMs;
  const killed = months.find((month) => month.killed);
  return [
    ["paid out after", `${json.disbursedMs} ms`, "from the confirmation to the borrower's push"],
    ["repayments", whole(json.repayments), `moved by the clock, to ${whole(holders)} lenders each`],
    ["  legs", whole(json.legs), "each in the journal once, and told to its lender once"],
    ["  lost, doubled", `${json.legsLost}, ${json.legsDoubled}`, "lenders' own logs of entries"],
    [
      "  principal repaid",
      money(json.repaidPrincipalCents),
      sameAs(json.repaidPrincipalCents, json.principalCents, "principal"),
    ],
    ["  interest", money(json.interestCents), "paid by the borrower"],
    ["  service fee", money(json.serviceFeeCents), "taken from it"],
    [
      "to the last push, p50",
      `${p50} ms`,
      "from asking for the due date to the last lender's push",
    ],
    ["  p99", `${p99} ms`, `${months.length - 1} months`],
    [
      `killed in month ${killed?.instalment ?? "?"}`,
      `${whole(kill.told)} told`,
      `of ${whole(holders)} lenders; ${whole(legsBeforeKill)} legs were in the journal`,
    ],
    ["  serving again", `${Math.round(kill.serveAgainMs)} ms`, "from the kill to the first answer"],
    ["  to the last push", `${json.lastPushKilledMs} ms`, "kill and start included"],
  ];
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
