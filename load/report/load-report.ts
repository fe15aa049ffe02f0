// The report of a run as data: what was asked, what was measured, on what, what the audit says and
// what was not measured. Terminal, JSON and page are made from this and from nothing else.

import type { AuditReport } from "../../src/history/report.ts";
import { EXIT } from "../command/exit-codes.ts";
import { LIFTED_LIMITS } from "../machine/server-process.ts";
import type { Machine } from "../machine/machine.ts";
import type { Sample } from "../machine/observer.ts";
import type { Happening } from "../run/happenings.ts";
import { connectionsOf, serverEnvironment, type Run, type RunOptions } from "../run/run.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { figuresOfRun, type RunFigures } from "./figures.ts";
import type { FindMaxResult } from "../run/find-max.ts";
import { verdictOf, type Verdict } from "./verdict.ts";

interface AuditFigures {
  /** `journal`: against what is on the disk; `protocol`: against what the server shows. */
  readonly by: "journal" | "protocol";
  readonly ok: boolean;
  readonly journal: {
    readonly entries: number;
    readonly events: number;
    readonly requests: number;
    readonly lost: number;
    readonly doubled: number;
    readonly bids: number;
    readonly clearings: number;
    readonly legs: number;
    readonly trialBalanceCents: number;
    readonly violations: number;
  } | null;
  readonly journalMissing: string;
  readonly protocol: {
    readonly accounts: number;
    readonly loans: number;
    readonly watchedAccounts: number;
    readonly outcomes: number;
    readonly findings: number;
    readonly notChecked: readonly string[];
  };
}

type Cores = Readonly<
  Record<"server" | "redis" | "clients" | "others" | "machine" | "stolen", number | null>
>;

export interface LoadReport {
  readonly kind: "loanloom-load";
  /** ISO 8601, UTC: when the report was made. */
  readonly at: string;
  readonly scenario: string;
  readonly about: string;
  readonly segments: readonly {
    readonly name: string;
    readonly about: string;
    readonly fromMs: number;
    readonly toMs: number;
    readonly perSecond: number;
  }[];
  readonly wasStopped: boolean;
  readonly settings: Readonly<Record<string, string | number | boolean | null>>;
  readonly serverSettings: Readonly<Record<string, string>> | null;
  readonly machine: Machine;
  readonly figures: RunFigures;
  /**
   * Cores in use on average while requests were measured. `others`: the kernel's network work,
   * which is booked to no process, this tool, and programs that have nothing to do with the run.
   */
  readonly cores: Cores;
  readonly samples: readonly Sample[];
  readonly happenings: readonly Happening[];
  readonly audit: AuditFigures;
  readonly verdict: Verdict;
  readonly findMax: FindMaxResult | null;
  readonly notMeasured: readonly string[];
  readonly keptIn: string | null;
}

export interface ReportOptions {
  readonly run: Run;
  readonly runOptions: RunOptions;
  readonly scenario: Scenario;
  readonly targetP99Ms: number | null;
  readonly findMax: FindMaxResult | null;
  readonly at: Date;
}

export function loadReport(options: ReportOptions): LoadReport {
  const { run, runOptions, scenario, targetP99Ms, findMax, at } = options;
  const figures = figuresOfRun(run);
  const { plan } = run;
  const { target } = runOptions;
  const cores = coresOf(run);
  const verdict = verdictOf(run, figures, cores, targetP99Ms);
  return {
    kind: "loanloom-load",
    at: at.toISOString(),
    scenario: plan.scenario,
    about: scenario.about,
    segments: plan.segments
      .filter(({ fromMs }) => fromMs >= plan.warmUpMs)
      .map(({ name, fromMs, toMs, perSecond }) => ({
        name,
        about: scenario.segments.find((segment) => segment.name === name)?.about ?? "",
        fromMs: fromMs - plan.warmUpMs,
        toMs: toMs - plan.warmUpMs,
        perSecond,
      })),
    wasStopped: run.wasStopped,
    settings: {
      seed: plan.seed,
      loop: run.closedInFlight === null ? "open" : `closed, ${run.closedInFlight} in flight`,
      arrivals: run.closedInFlight === null ? plan.arrivals : null,
      ratePerSecond: run.closedInFlight === null ? plan.ratePerSecond : null,
      warmUpMs: plan.warmUpMs,
      durationMs: plan.durationMs,
      clients: runOptions.clients,
      connections: connectionsOf(plan),
      ...plan.sizes,
      hotCents: plan.hotCents,
      server: target.type === "own" ? "own, embedded Redis, fsync always" : target.endpoint.host,
      shards: target.type === "own" ? target.shards : null,
      serverCores: target.type === "own" ? (target.cores ?? "all") : null,
    },
    serverSettings:
      target.type === "own" ? { ...LIFTED_LIMITS, ...serverEnvironment(target, plan) } : null,
    machine: run.machine,
    figures,
    cores,
    samples: run.samples.map((sample) => ({ ...sample, atMs: sample.atMs - plan.warmUpMs })),
    happenings: run.happenings.map((one) => ({ ...one, atMs: one.atMs - plan.warmUpMs })),
    audit: auditFigures(run, verdict.auditOk),
    verdict,
    findMax,
    notMeasured: notMeasured(options),
    keptIn: run.keptIn,
  };
}

function coresOf({ samples, plan }: Run): Cores {
  const measured = samples.filter(
    ({ atMs }) => atMs > plan.warmUpMs && atMs <= plan.warmUpMs + plan.durationMs,
  );
  const mean = (key: keyof Sample): number | null => {
    const known = measured.map((sample) => sample[key]).filter((value) => value !== null);
    if (known.length === 0) return null;
    return known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  const server = mean("serverCores");
  const redis = mean("redisCores");
  const clients = mean("clientCores");
  const machine = mean("machineCores");
  const known = machine !== null && server !== null && redis !== null && clients !== null;
  const others = known ? Math.max(0, machine - server - redis - clients) : null;
  return { server, redis, clients, others, machine, stolen: mean("stolenCores") };
}

function auditFigures(run: Run, ok: boolean): AuditFigures {
  const { journalAudit, journalAuditMissing, protocolAudit } = run;
  const { checked, findingCount, notChecked } = protocolAudit;
  return {
    by: journalAudit === null ? "protocol" : "journal",
    ok,
    journal:
      journalAudit === null
        ? null
        : {
            entries: journalAudit.totals.entries,
            events: journalAudit.totals.events,
            requests: both(journalAudit, ({ requests }) => requests),
            lost: both(journalAudit, ({ lost }) => lost),
            doubled: both(journalAudit, ({ doubled }) => doubled),
            bids: journalAudit.totals.bids,
            clearings: journalAudit.totals.clearings,
            legs: journalAudit.totals.legs,
            trialBalanceCents: journalAudit.totals.trialBalanceCents,
            violations: journalAudit.violationCount,
          },
    journalMissing: journalAuditMissing,
    protocol: { ...checked, findings: findingCount, notChecked },
  };
}

/** Of bids, and of cancels and repayments. */
function both(
  { clients, actions }: AuditReport,
  of: (totals: { requests: number; lost: number; doubled: number }) => number,
): number {
  return (clients === null ? 0 : of(clients)) + (actions === null ? 0 : of(actions));
}

function notMeasured({ run, scenario, runOptions }: ReportOptions): string[] {
  const missing = [...scenario.notMeasured];
  const isLoopback = runOptions.target.type === "own";
  if (isLoopback) missing.push("a network: server and clients are on one machine, over loopback");
  if (isLoopback) missing.push("limits for each account and address: they are lifted here");
  if (!isLoopback && scenario.segments.some(({ event }) => event === "dueDate")) {
    missing.push("a due date: business dates of a server that is not our own are left alone");
  }
  if (!isLoopback) missing.push("CPU and memory of the server: only its own /metrics are known");
  if (run.samples.every(({ commitP99Ms }) => commitP99Ms === null)) {
    missing.push("the server's own metrics: /metrics was not readable");
  }
  if (run.machine.inMemory) missing.push("durability: the data folder is in memory");
  missing.push("TLS");
  if (run.closedInFlight !== null) {
    missing.push("what clients would have felt that did not come while others waited: closed loop");
  }
  missing.push("faults: nothing is killed or cut but what the scenario says");
  return missing;
}

/** What the program ends with. A failed audit outranks everything. */
export function exitCodeOf({ verdict }: LoadReport): number {
  if (!verdict.auditOk) return EXIT.wrongState;
  if (verdict.void) return EXIT.void;
  if (verdict.targetMet === false) return EXIT.targetMissed;
  return EXIT.ok;
}
