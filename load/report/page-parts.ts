// The parts of the report's page: the verdict, the figures that matter, the tables.

import type { Latencies } from "../driver/latency.ts";
import type { NamedFigures } from "./figures.ts";
import { escaped, factTable, htmlList, htmlTable } from "./html.ts";
import type { LoadReport } from "./load-report.ts";
import { lasting, ms, percent, whole } from "./numbers.ts";

export function badges(report: LoadReport): string {
  const { verdict, audit, wasStopped, findMax } = report;
  const items = [auditBadge(report)];
  if (wasStopped) {
    items.push(badge("warn", "Stopped", "The figures are of what was measured until then."));
  }
  if (verdict.void) items.push(badge("bad", "Void", "", verdict.voidBecause));
  if (verdict.clientWasLimit) {
    const text = "The figures are a lower bound of what the server does:";
    items.push(badge("warn", "The sender was the limit.", text, verdict.clientBecause));
  }
  if (verdict.machineBecause !== null) {
    items.push(badge("warn", "The machine was full:", `${verdict.machineBecause}.`));
  }
  if (verdict.targetMet !== null) {
    const word = verdict.targetMet ? "Target met" : "Target missed";
    const text = `p99 ${ms(report.figures.latency.p99Ms)} ms, asked for ${verdict.targetP99Ms} ms.`;
    items.push(badge(verdict.targetMet ? "good" : "bad", word, text));
  }
  if (findMax !== null) items.push(findMaxBadge(findMax));
  if (audit.by === "protocol") {
    const text = `${audit.journalMissing}, so only what the server shows was compared.`;
    items.push(badge("warn", "Not against the journal:", text));
  }
  return `<ul class="badges">${items.join("")}</ul>`;
}

function badge(kind: string, title: string, text: string, reasons: readonly string[] = []): string {
  const list =
    reasons.length === 0
      ? ""
      : `<ul>${reasons.map((one) => `<li>${escaped(one)}</li>`).join("")}</ul>`;
  return `<li class="${kind}"><strong>${escaped(title)}</strong>${escaped(text)}${list}</li>`;
}

function auditBadge({ audit, verdict }: LoadReport): string {
  if (!audit.ok)
    return badge("bad", "Audit failed", "Speed is of no interest.", verdict.auditBecause);
  const { journal, protocol } = audit;
  const text =
    journal === null
      ? `${whole(protocol.accounts)} accounts and ${whole(protocol.loans)} loans show what clients ` +
        "were told; books at zero."
      : `${whole(journal.requests)} requests of clients against ${whole(journal.entries)} entries of ` +
        `the journal: ${journal.lost} lost, ${journal.doubled} doubled, none over-funded; books at zero.`;
  return badge("good", "Audit passed", text);
}

function findMaxBadge(findMax: NonNullable<LoadReport["findMax"]>): string {
  const { ratePerSecond, targetP99Ms, p99Ms, endedBecause, probes } = findMax;
  if (ratePerSecond === null) {
    return badge("bad", "No rate passed", `p99 under ${targetP99Ms} ms; ${endedBecause}.`);
  }
  const text =
    `keep p99 under ${targetP99Ms} ms (${p99Ms.map((one) => `${ms(one)} ms`).join(", ")}); ` +
    `${probes.length} runs, ${endedBecause}. Below is the last run at that rate.`;
  return badge("good", `${whole(ratePerSecond)} requests/s`, text);
}

export function keyFigures({ figures, cores }: LoadReport): string {
  const { latency } = figures;
  const known: (readonly [string, string, string])[] = [
    ["answered", whole(figures.answeredPerSecond), "/s"],
    ["accepted", whole(figures.acceptedPerSecond), "/s"],
    ["median", ms(latency.p50Ms), "ms"],
    ["p99", ms(latency.p99Ms), "ms"],
    ["p99.9", ms(latency.p999Ms), "ms"],
    ["slowest", ms(latency.maxMs), "ms"],
  ];
  if (cores.server !== null) known.push(["server", cores.server.toFixed(2), "cores"]);
  if (cores.clients !== null) known.push(["clients", cores.clients.toFixed(2), "cores"]);
  const parts = known.map(
    ([name, value, unit]) =>
      `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}<small>${unit}</small></dd></div>`,
  );
  return `<dl class="figures">${parts.join("")}</dl>`;
}

const HEAD = ["", "due/s", "answered/s", "accepted/s", "p50 ms", "p99 ms", "p99.9 ms", "max ms"];

export function figureTables({ figures, segments }: LoadReport): string {
  const all: NamedFigures = { ...figures, name: "all" };
  const rows = [HEAD, ...[all, ...figures.byOperation].map((one) => figureRow(one))];
  const parts = [card("By operation", "From the planned moment.", htmlTable(rows), true)];
  if (figures.bySegment.length > 1) {
    const about = segments.map((one) => `${one.name}: ${one.about}`).join("; ");
    const bySegment = [HEAD, ...figures.bySegment.map((one) => figureRow(one))];
    parts.push(card("By segment", `${about}.`, htmlTable(bySegment), true));
  }
  return parts.join("");
}

function figureRow(one: NamedFigures): readonly string[] {
  const rates = [one.offeredPerSecond, one.answeredPerSecond, one.acceptedPerSecond].map(whole);
  return [one.name, ...rates, ...latencyCells(one.latency)];
}

function latencyCells({ count, p50Ms, p99Ms, p999Ms, maxMs }: Latencies): readonly string[] {
  return count === 0 ? ["–", "–", "–", "–"] : [p50Ms, p99Ms, p999Ms, maxMs].map(ms);
}

export function answers({ figures, happenings }: LoadReport): string {
  const facts: (readonly [string, string])[] = [
    ["due", whole(figures.sent)],
    ["accepted", whole(figures.accepted)],
    ["refused by the rules", whole(figures.refused)],
    ["turned away for load", whole(figures.turnedAway)],
    ["unanswered", whole(figures.unanswered)],
    ["connections lost", whole(figures.connectionsLost)],
    ...Object.entries(figures.refusals)
      .sort(([, a], [, b]) => b - a)
      .map(([code, count]) => [code, whole(count)] as const),
  ];
  if (figures.pushes > 0) facts.push(["pushes to watchers", whole(figures.pushes)]);
  if (figures.legsPushed > 0) facts.push(["of them legs of repayments", whole(figures.legsPushed)]);
  if (figures.pushLag !== null) {
    const { p50Ms, p99Ms } = figures.pushLag;
    facts.push(["from an entry to its push", `p50 ${ms(p50Ms)} ms, p99 ${ms(p99Ms)} ms`]);
  }
  const { crowd } = figures;
  if (crowd !== null && crowd.reconnect === null) {
    facts.push(["consumers that never read", whole(crowd.opened)]);
    facts.push(["of them closed by the server", whole(crowd.closedByServer)]);
  } else if (crowd?.reconnect) {
    const { p50Ms, p99Ms, maxMs } = crowd.reconnect;
    facts.push(["connections cut", whole(crowd.opened)]);
    facts.push(["back", `${whole(crowd.reconnected)} in ${whole(crowd.attempts)} attempts`]);
    facts.push(["back after", `p50 ${ms(p50Ms)} ms, p99 ${ms(p99Ms)} ms, all ${ms(maxMs)} ms`]);
  }
  for (const { what, tookMs, detail } of happenings) {
    facts.push([what, tookMs === null ? `not done: ${detail}` : `took ${ms(tookMs)} ms`]);
  }
  return card("Answers", "What became of the requests.", factTable(facts));
}

export function conditions(report: LoadReport): string {
  const { settings, machine, cores, figures } = report;
  const core = (value: number | null): string => (value === null ? "unknown" : value.toFixed(2));
  const facts: (readonly [string, string])[] = [
    ["machine", `${machine.cpus} x ${machine.model}`],
    ["system", `${machine.system}, Node ${machine.node}`],
    ["a durable write", `${machine.fdatasyncMs} ms (median, before the run)`],
    ...(["server", "redis", "clients", "others", "machine", "stolen"] as const).map(
      (name) => [`cores: ${name}`, core(cores[name])] as const,
    ),
    [
      "client processes",
      figures.clients.map((one) => percent(one.cpuShare)).join(", ") + " of a core",
    ],
    ...Object.entries(settings)
      .filter(([, value]) => value !== null && value !== 0)
      .map(([name, value]) => [wordsOf(name), settingText(name, value)] as const),
  ];
  return card("Conditions", "What it was measured with, and on.", factTable(facts));
}

function wordsOf(name: string): string {
  return name
    .replace(/(Ms|Cents)$/, "")
    .replace(/([A-Z])/g, " $1")
    .toLowerCase();
}

function settingText(name: string, value: string | number | boolean | null): string {
  if (name.endsWith("Ms") && typeof value === "number") return lasting(value);
  if (name.endsWith("Cents") && typeof value === "number") {
    return (value / 100).toLocaleString("en-US", { minimumFractionDigits: 2 });
  }
  return typeof value === "number" ? whole(value) : String(value);
}

export function auditCard({ audit }: LoadReport): string {
  const { journal, protocol } = audit;
  const facts: (readonly [string, string])[] = [];
  if (journal !== null) {
    facts.push(
      ["entries of the journal", whole(journal.entries)],
      ["events", whole(journal.events)],
      ["requests of clients", whole(journal.requests)],
      ["lost", whole(journal.lost)],
      ["doubled", whole(journal.doubled)],
      ["bids in the books", whole(journal.bids)],
      ["clearings, legs", `${whole(journal.clearings)}, ${whole(journal.legs)}`],
      ["trial balance", `${whole(journal.trialBalanceCents)} cents`],
      ["violations", whole(journal.violations)],
    );
  }
  facts.push(
    ["accounts compared", whole(protocol.accounts)],
    ["loans compared", whole(protocol.loans)],
    ["watched accounts compared", whole(protocol.watchedAccounts)],
    ["outcomes asked for", whole(protocol.outcomes)],
    ["findings over the protocol", whole(protocol.findings)],
    ["not compared over the protocol", protocol.notChecked.join("; ")],
  );
  const note =
    journal === null
      ? "What the server shows, against what clients were told."
      : "The clients' own logs against the journal, replayed in a slow model that shares no rule " +
        "with the server; and what the server showed, against what clients were told.";
  return card("Audit", note, factTable(facts));
}

export function notMeasured({ notMeasured, serverSettings }: LoadReport): string {
  const parts = [card("Not measured", "", htmlList(notMeasured))];
  if (serverSettings !== null) {
    parts.push(
      card(
        "Settings of the server",
        "All others are the defaults.",
        factTable(Object.entries(serverSettings)),
      ),
    );
  }
  return parts.join("");
}

export function findMaxTable({ findMax }: LoadReport): string {
  if (findMax === null) return "";
  const rows = findMax.probes.map((probe, at) => [
    String(at + 1),
    whole(probe.ratePerSecond),
    whole(probe.answeredPerSecond),
    ms(probe.p99Ms),
    probe.passed ? "passed" : probe.because,
  ]);
  const table = htmlTable([["run", "rate/s", "answered/s", "p99 ms", ""], ...rows]);
  return card("Runs of the search", "In the order in which they were made.", table, true);
}

export function card(title: string, note: string, content: string, isWide = false): string {
  const about = note === "" ? "" : `<p>${escaped(note)}</p>`;
  return `<section class="card${isWide ? " wide" : ""}"><h3>${escaped(title)}</h3>${about}${content}</section>`;
}
