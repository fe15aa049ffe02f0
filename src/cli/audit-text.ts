// The auditor's report for people.

import { CHECKS, type AuditReport } from "../history/report.ts";

const VIOLATIONS_SHOWN_MAX = 20;

export function auditText(report: AuditReport, snapshots?: string): string {
  const { totals } = report;
  const rows: (readonly [string, string])[] = [
    ["entries", `${whole(totals.entries)}, ${whole(totals.takeOvers)} of them take-overs`],
    ["records, events", `${whole(totals.records)}, ${whole(totals.events)}`],
  ];
  if (report.coverage === "full") {
    const ahead = totals.messagesAhead > 0 ? `, ${whole(totals.messagesAhead)} too new` : "";
    rows.push(
      [
        "messages",
        `${whole(totals.messages)}, in flight ${whole(totals.messagesInFlight)}${ahead}`,
      ],
      ["accounts", whole(totals.accounts)],
      ["loans, bids", `${whole(totals.loans)}, ${whole(totals.bids)}`],
      ["deposited", money(totals.depositedCents)],
      ["paid out", money(totals.paidOutCents)],
      ["available", money(totals.availableCents)],
      ["held", money(totals.heldCents)],
      ["raised", money(totals.raisedCents)],
      ["cleared to loans", money(totals.clearingCents)],
      ["in transit", money(-totals.transitCents)],
    );
  }
  rows.push(["trial balance", money(totals.trialBalanceCents)]);
  if (snapshots !== undefined) rows.push(["snapshots", snapshots]);
  const lines = rows.map(([name, value]) => `  ${name.padEnd(18)}${value}`);
  if (totals.messagesAhead > 0) lines.unshift(AHEAD, "");
  if (report.coverage === "trimmed") lines.unshift(TRIMMED, "");
  return [...lines, "", ...verdict(report)].join("\n");
}

const TRIMMED =
  "  A journal was trimmed in front: only ids, MACs, numbers, versions and sums of postings of what\n" +
  "  is left were checked. Balances, holds, bids and requests need the journal from its start\n" +
  "  (LOANLOOM_JOURNAL_KEEP=all).";

const AHEAD =
  "  The server goes on: what a shard sent after it was read was not compared with what arrived.";

function verdict({ ok, violationCount, violations, coverage }: AuditReport): string[] {
  const checks = Object.keys(CHECKS).filter((check) => !check.startsWith("client_")).length;
  if (ok) {
    return [coverage === "full" ? `ok: ${checks} checks, 0 violations` : "ok, as far as checked"];
  }
  const shown = violations.slice(0, VIOLATIONS_SHOWN_MAX);
  const lines = shown.map(({ check, shard, position, detail }) => {
    const [invariant, about] = CHECKS[check];
    const place = shard === null ? "" : ` shard ${shard}${position === null ? "" : ` ${position}`}`;
    return `  ${check}${place}: ${detail}\n    invariant ${invariant}: ${about}`;
  });
  if (violationCount > shown.length) lines.push(`  and ${violationCount - shown.length} more`);
  return [`NOT OK: ${whole(violationCount)} violations`, ...lines];
}

export function whole(value: number): string {
  return value.toLocaleString("en-US");
}

/** Cents as units with two decimals, exactly: 100000000 is 1,000,000.00. */
export function money(cents: number): string {
  const sign = cents < 0 ? "-" : "";
  const all = Math.abs(cents);
  const units = Math.floor(all / 100).toLocaleString("en-US");
  return `${sign}${units}.${String(all % 100).padStart(2, "0")}`;
}
