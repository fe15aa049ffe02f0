// The report for a terminal: the verdict first, then the figures, then what they were measured on.

import type { Latencies } from "../driver/latency.ts";
import { machineText } from "../machine/machine.ts";
import type { LoadReport } from "./load-report.ts";
import { ms, whole } from "./numbers.ts";

export function reportText(report: LoadReport): string {
  const { figures, machine, settings } = report;
  const seconds = (figures.measuredMs / 1_000).toFixed(1);
  const lines = [
    `${report.scenario}: ${report.about}`,
    `${loopText(report)}, ${seconds} s measured, ${String(settings["connections"])} connections, ` +
      `${String(settings["clients"])} client processes, seed ${String(settings["seed"])}`,
    "",
    ...verdictLines(report),
    "",
    ...figureTable(report),
    "",
    ...answerLines(report),
    "",
    ...resourceLines(report),
    "",
    ...(report.findMax === null ? [] : [...findMaxLines(report), ""]),
    machineText(machine),
    `Not measured: ${report.notMeasured.join("; ")}.`,
  ];
  if (report.keptIn !== null) {
    lines.push(`Data kept in ${report.keptIn}; see: loanloom verify --data ${report.keptIn}/data`);
  }
  return lines.join("\n");
}

function loopText({ settings }: LoadReport): string {
  if (settings["loop"] !== "open") return `loop ${String(settings["loop"])} on each connection`;
  const rate = whole(Number(settings["ratePerSecond"]));
  return `open loop, ${rate} requests/s planned (${String(settings["arrivals"])})`;
}

function verdictLines({ verdict, audit, wasStopped }: LoadReport): string[] {
  const lines = [auditLine(audit)];
  for (const reason of verdict.auditBecause) lines.push(`  ${reason}`);
  if (wasStopped) lines.push("STOPPED: figures are of what was measured until then");
  for (const reason of verdict.voidBecause) lines.push(`VOID: ${reason}`);
  if (verdict.clientWasLimit) {
    lines.push(
      `THE SENDER WAS THE LIMIT: ${verdict.clientBecause.join("; ")}. The figures are a lower ` +
        "bound of what the server does",
    );
  }
  if (verdict.machineBecause !== null)
    lines.push(`THE MACHINE WAS FULL: ${verdict.machineBecause}`);
  if (verdict.targetMet !== null) {
    const word = verdict.targetMet ? "met" : "MISSED";
    lines.push(`target ${word}: p99 under ${verdict.targetP99Ms} ms`);
  }
  return lines;
}

function auditLine({ ok, by, journal, protocol, journalMissing }: LoadReport["audit"]): string {
  const word = ok ? "audit passed" : "AUDIT FAILED";
  if (by === "journal" && journal !== null) {
    return (
      `${word}, against the journal: ${whole(journal.requests)} requests of clients in ` +
      `${whole(journal.entries)} entries, ${journal.lost} lost, ${journal.doubled} doubled, ` +
      `books off by ${journal.trialBalanceCents}`
    );
  }
  return (
    `${word}, over the protocol (${journalMissing}): ${whole(protocol.accounts)} accounts and ` +
    `${whole(protocol.loans)} loans show what clients were told`
  );
}

const HEAD = ["", "planned/s", "answered/s", "accepted/s", "p50 ms", "p90", "p99", "p99.9", "max"];

function figureTable({ figures }: LoadReport): string[] {
  const row = (
    name: string,
    rates: {
      offeredPerSecond: number;
      answeredPerSecond: number;
      acceptedPerSecond: number;
    } | null,
    latency: Latencies,
    p90: number | undefined,
  ): string[] => [
    name,
    rates === null ? "" : whole(rates.offeredPerSecond),
    rates === null ? "" : whole(rates.answeredPerSecond),
    rates === null ? "" : whole(rates.acceptedPerSecond),
    ...(latency.count === 0
      ? ["", "", "", "", ""]
      : [
          ms(latency.p50Ms),
          p90 === undefined ? "" : ms(p90),
          ms(latency.p99Ms),
          ms(latency.p999Ms),
          ms(latency.maxMs),
        ]),
  ];
  const p90 = (curve: LoadReport["figures"]["latency"]): number | undefined =>
    curve.curve.find(({ percentile }) => percentile === 90)?.ms;
  const { latency, service, lateness } = figures;
  const rows = [
    HEAD,
    row("all, from the planned moment", figures, latency, p90(latency)),
    row("  from the moment of sending", null, service, p90(service)),
    row("  the sender was late by", null, lateness, p90(lateness)),
    ...figures.byOperation.map((one) => row(`  ${one.name}`, one, one.latency, undefined)),
  ];
  if (figures.bySegment.length > 1) {
    for (const one of figures.bySegment) {
      rows.push(row(`during "${one.name}"`, one, one.latency, undefined));
    }
  }
  return table(rows);
}

function answerLines({ figures, happenings }: LoadReport): string[] {
  const lines = [
    `${whole(figures.sent)} due, ${whole(figures.accepted)} accepted, ` +
      `${whole(figures.refused)} refused by the rules, ${whole(figures.turnedAway)} turned away, ` +
      `${whole(figures.unanswered)} unanswered, ${figures.connectionsLost} connections lost`,
  ];
  const refusals = Object.entries(figures.refusals).sort(([, a], [, b]) => b - a);
  if (refusals.length > 0) {
    lines.push(`refusals: ${refusals.map(([name, n]) => `${name} ${whole(n)}`).join(", ")}`);
  }
  if (figures.pushes > 0) {
    const lag = figures.pushLag;
    const lagText =
      lag === null ? "" : `; entry to push p50 ${ms(lag.p50Ms)}, p99 ${ms(lag.p99Ms)} ms`;
    const legs = figures.legsPushed > 0 ? `, ${whole(figures.legsPushed)} of them legs` : "";
    lines.push(`${whole(figures.pushes)} pushes to watchers${legs}${lagText}`);
  }
  const { crowd } = figures;
  if (crowd !== null) {
    lines.push(
      crowd.reconnect === null
        ? `${crowd.opened} consumers that never read; the server closed ${crowd.closedByServer}`
        : `${whole(crowd.opened)} cut, ${whole(crowd.reconnected)} back after p50 ` +
            `${ms(crowd.reconnect.p50Ms)}, p99 ${ms(crowd.reconnect.p99Ms)}, all ` +
            `${ms(crowd.reconnect.maxMs)} ms; ${whole(crowd.attempts)} attempts, ${crowd.failed} failed`,
    );
  }
  for (const { what, tookMs, detail } of happenings) {
    lines.push(tookMs === null ? `${what}: NOT DONE, ${detail}` : `${what}: took ${ms(tookMs)} ms`);
  }
  return lines;
}

function resourceLines({ cores, figures, samples }: LoadReport): string[] {
  const used = (["server", "redis", "clients", "others", "machine", "stolen"] as const)
    .map((name) => `${name} ${cores[name] === null ? "unknown" : cores[name].toFixed(2)}`)
    .join(", ");
  const shares = figures.clients.map(({ cpuShare }) => `${(cpuShare * 100).toFixed(0)} %`);
  const lines = [`cores in use: ${used}; client processes ${shares.join(", ")} of a core`];
  const worst = (key: "lagP99Ms" | "commitP99Ms"): string => {
    const known = samples.map((sample) => sample[key]).filter((value) => value !== null);
    return known.length === 0 ? "unknown" : `${Math.max(...known)} ms`;
  };
  lines.push(
    `server: event-loop lag p99 of the worst second at most ${worst("lagP99Ms")}, ` +
      `commit p99 at most ${worst("commitP99Ms")} (upper bounds of its buckets)`,
  );
  return lines;
}

function findMaxLines({ findMax }: LoadReport): string[] {
  if (findMax === null) return [];
  const found =
    findMax.ratePerSecond === null
      ? "no rate passed"
      : `${whole(findMax.ratePerSecond)} requests/s with p99 ${findMax.p99Ms.map(ms).join(", ")} ms`;
  return [
    `highest rate with p99 under ${findMax.targetP99Ms} ms: ${found} (${findMax.endedBecause})`,
    ...table([
      ["probe", "rate/s", "answered/s", "p99 ms", ""],
      ...findMax.probes.map((probe, at) => [
        String(at + 1),
        whole(probe.ratePerSecond),
        whole(probe.answeredPerSecond),
        ms(probe.p99Ms),
        probe.passed ? "passed" : probe.because,
      ]),
    ]),
  ];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const last = widths.length - 1;
  return rows.map((row) =>
    row
      .map((text, column) =>
        column === 0 || (column === last && row.length === 5)
          ? text.padEnd(widths[column]!)
          : text.padStart(widths[column]!),
      )
      .join("  ")
      .trimEnd(),
  );
}
