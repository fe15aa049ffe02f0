// The search for the highest rate, with real runs as its probes. A run whose audit fails ends the
// search at once: speed is of no interest then.

import type { LoadReport } from "../report/load-report.ts";
import { findMax, type FindMaxOptions, type FindMaxResult, type Probe } from "./find-max.ts";
import type { Screen } from "./screen.ts";
import { Interrupted, type StopSignal } from "./stop-signal.ts";

export interface Searched {
  readonly result: FindMaxResult;
  /** Of the last probe at the rate that was found; of the last one at all when none was. */
  readonly best: LoadReport;
}

export async function searchMax(
  options: FindMaxOptions,
  runAt: (ratePerSecond: number) => Promise<LoadReport>,
  stop: StopSignal,
  screen: Screen,
): Promise<Searched> {
  const reports: { readonly rate: number; readonly report: LoadReport }[] = [];
  /** Null: it was stopped before it measured, which loses nothing of the probes before. */
  const measuredAt = async (ratePerSecond: number): Promise<LoadReport | null> => {
    try {
      stop.throwIfStopped();
      return await runAt(ratePerSecond);
    } catch (error) {
      if (error instanceof Interrupted && reports.length > 0) return null;
      throw error;
    }
  };
  const result = await findMax(options, async (ratePerSecond, nth) => {
    screen.title = `probe ${nth + 1}, ${Math.round(ratePerSecond).toLocaleString("en-US")}/s`;
    const report = await measuredAt(ratePerSecond);
    if (report === null) return null;
    reports.push({ rate: ratePerSecond, report });
    return probeOf(ratePerSecond, report, options.targetP99Ms, stop.isStopped);
  }).finally(() => (screen.title = ""));
  const failed = reports.find(({ report }) => !report.verdict.auditOk);
  const found = reports.filter(({ rate }) => rate === result.ratePerSecond);
  const best = (failed ?? found.at(-1) ?? reports.at(-1))!.report;
  return { result, best };
}

export function probeOf(
  ratePerSecond: number,
  { figures, verdict }: Pick<LoadReport, "figures" | "verdict">,
  targetP99Ms: number,
  isStopped: boolean,
): Probe {
  const { p99Ms } = figures.latency;
  const because = !verdict.auditOk
    ? "the audit failed"
    : verdict.void
      ? verdict.voidBecause.join("; ")
      : p99Ms > targetP99Ms
        ? `p99 is above ${targetP99Ms} ms`
        : "";
  const limit = verdict.clientWasLimit
    ? `the client was the limit: ${verdict.clientBecause[0]}`
    : "";
  return {
    ratePerSecond,
    p99Ms,
    answeredPerSecond: figures.answeredPerSecond,
    // A client that is late but within the target has proved the rate: latency counts its delay.
    passed: because === "",
    because: because === "" ? "" : [because, limit].filter((text) => text !== "").join("; "),
    clientWasLimit: verdict.clientWasLimit,
    isFinal: isStopped || !verdict.auditOk,
  };
}
