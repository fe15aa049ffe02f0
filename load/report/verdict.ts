// Whether the figures of a run count, and for what: an audit that failed, a client that was the
// limit, too many requests that were turned away. Each reason is a sentence for people.

import type { Run } from "../run/run.ts";
import type { RunFigures } from "./figures.ts";
import { percent } from "./numbers.ts";

/** More of all requests than that, and a figure is that of refusing or of waiting. */
const LOST_SHARE_MAX = 0.01;
/** A core that is busier than that has no room for what comes unevenly. */
const CLIENT_CPU_SHARE_MAX = 0.85;
const MACHINE_SHARE_MAX = 0.9;
const LATENESS_MS_MIN = 2;
const LATENESS_SHARE_MAX = 0.25;
const REACHED_SHARE_MIN = 0.97;

export interface Verdict {
  readonly auditOk: boolean;
  /** Why the audit failed. */
  readonly auditBecause: readonly string[];
  readonly void: boolean;
  readonly voidBecause: readonly string[];
  /** Whether the sender, not the server, set the limit; the figures are then a lower bound. */
  readonly clientWasLimit: boolean;
  readonly clientBecause: readonly string[];
  /** Null unless the machine had no core left: latencies are then those of waiting for one. */
  readonly machineBecause: string | null;
  readonly targetP99Ms: number | null;
  readonly targetMet: boolean | null;
}

const REASONS_SHOWN_MAX = 10;

export function verdictOf(
  run: Run,
  figures: RunFigures,
  cores: Readonly<Record<"machine" | "others", number | null>>,
  targetP99Ms: number | null,
): Verdict {
  const auditBecause = auditFaults(run, figures);
  const voidBecause = voidReasons(figures);
  const clientBecause = clientReasons(run, figures);
  return {
    auditOk: auditBecause.length === 0,
    auditBecause: auditBecause.slice(0, REASONS_SHOWN_MAX),
    void: voidBecause.length > 0,
    voidBecause,
    clientWasLimit: clientBecause.length > 0,
    clientBecause,
    machineBecause: machineReason(run.machine.cpus, cores),
    targetP99Ms,
    targetMet: targetP99Ms === null ? null : figures.latency.p99Ms <= targetP99Ms,
  };
}

function machineReason(
  cpus: number,
  { machine, others }: Readonly<Record<"machine" | "others", number | null>>,
): string | null {
  if (machine === null || machine <= cpus * MACHINE_SHARE_MAX) return null;
  const by = others === null ? "" : `, ${others.toFixed(1)} of them by others and the kernel`;
  return `${machine.toFixed(1)} of ${cpus} cores were in use${by}`;
}

function auditFaults({ journalAudit, protocolAudit }: Run, figures: RunFigures): string[] {
  const faults = figures.violations.map((text) => `client: ${text}`);
  for (const { check, detail } of journalAudit?.violations ?? []) {
    faults.push(`journal: ${check}: ${detail}`);
  }
  if (journalAudit?.coverage === "trimmed") {
    faults.push("journal: it does not begin with its first entry, so clients were not compared");
  }
  for (const finding of protocolAudit.findings) faults.push(`protocol: ${finding}`);
  return faults;
}

function voidReasons(figures: RunFigures): string[] {
  const { sent, turnedAway, unanswered } = figures;
  const reasons: string[] = [];
  if (sent === 0) return ["nothing was sent"];
  if (turnedAway / sent > LOST_SHARE_MAX) {
    reasons.push(`${percent(turnedAway / sent)} of the requests were turned away`);
  }
  if (unanswered / sent > LOST_SHARE_MAX) {
    reasons.push(`${percent(unanswered / sent)} of the requests were never answered`);
  }
  const { crowd } = figures;
  if (crowd !== null && crowd.failed > crowd.opened * LOST_SHARE_MAX) {
    reasons.push(`${crowd.failed} of ${crowd.opened} connections did not come back before the end`);
  }
  return reasons;
}

function clientReasons({ plan, closedInFlight }: Run, figures: RunFigures): string[] {
  const reasons: string[] = [];
  figures.clients.forEach(({ cpuShare, role }, at) => {
    if (cpuShare <= CLIENT_CPU_SHARE_MAX) return;
    reasons.push(`client ${at + 1} (${role}) used ${percent(cpuShare)} of a core`);
  });
  // In a closed loop requests are due when they are sent.
  if (closedInFlight !== null) return reasons;
  const late = figures.lateness.p99Ms;
  if (late > Math.max(LATENESS_MS_MIN, figures.latency.p99Ms * LATENESS_SHARE_MAX)) {
    reasons.push(`requests were sent up to ${late.toFixed(1)} ms late (p99)`);
  }
  const wanted = (plan.ratePerSecond * figures.measuredMs) / 1_000;
  // Chance alone makes a Poisson run longer or shorter by a few times its root.
  const missing = wanted * REACHED_SHARE_MIN - 4 * Math.sqrt(wanted) - figures.sent;
  if (missing > 0 && figures.measuredMs >= plan.durationMs) {
    reasons.push(`${figures.sent} requests were sent, ${Math.round(wanted)} were planned`);
  }
  return reasons;
}
