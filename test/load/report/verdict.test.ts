import { describe, expect, test } from "vitest";
import type { LatencyCurve } from "../../../load/driver/latency.ts";
import type { RunFigures } from "../../../load/report/figures.ts";
import { verdictOf } from "../../../load/report/verdict.ts";
import { probeOf } from "../../../load/run/search.ts";
import type { Run } from "../../../load/run/run.ts";
import { scenarioNamed } from "../../../load/scenarios/catalogue.ts";
import { planOf } from "../../../load/scenarios/plan.ts";

const PLAN = planOf(scenarioNamed("market")!, {
  seed: 1,
  ratePerSecond: 1_000,
  durationMs: 10_000,
});

function curve(p99Ms: number): LatencyCurve {
  return { count: 10_000, p50Ms: p99Ms / 4, p99Ms, p999Ms: p99Ms, maxMs: p99Ms, curve: [] };
}

const FIGURES: RunFigures = {
  measuredMs: 10_000,
  offeredPerSecond: 1_000,
  answeredPerSecond: 1_000,
  acceptedPerSecond: 1_000,
  sent: 10_000,
  answered: 10_000,
  accepted: 10_000,
  refused: 0,
  turnedAway: 0,
  unanswered: 0,
  latency: curve(8),
  service: curve(7),
  lateness: curve(1),
  byOperation: [],
  bySegment: [],
  intervals: [],
  refusals: {},
  clients: [{ role: "traffic", cpuShare: 0.3, sent: 10_000 }],
  connectionsLost: 0,
  violations: [],
  pushes: 0,
  pushLag: null,
  legsPushed: 0,
  crowd: null,
};

const RUN = {
  plan: PLAN,
  closedInFlight: null,
  machine: { cpus: 2 },
  journalAudit: { violations: [], violationCount: 0, coverage: "full" },
  protocolAudit: { findings: [], findingCount: 0 },
} as unknown as Run;

const IDLE = { machine: 1, others: 0.1 };

function verdict(figures: Partial<RunFigures>, run: object = {}, cores = IDLE) {
  return verdictOf({ ...RUN, ...run }, { ...FIGURES, ...figures }, cores, 10);
}

describe("The verdict of a run", () => {
  test("is clean when everything was answered in time", () => {
    expect(verdict({})).toEqual({
      auditOk: true,
      auditBecause: [],
      void: false,
      voidBecause: [],
      clientWasLimit: false,
      clientBecause: [],
      machineBecause: null,
      targetP99Ms: 10,
      targetMet: true,
    });
  });

  test("fails the audit for what the journal, the protocol or a client found", () => {
    const violation = { check: "client_lost", detail: "a bid", shard: null, position: null };
    const journalAudit = { violations: [violation], violationCount: 1, coverage: "full" };
    expect(verdict({}, { journalAudit }).auditBecause).toEqual(["journal: client_lost: a bid"]);
    const protocolAudit = { findings: ["loan x raised 1"], findingCount: 1 };
    expect(verdict({}, { protocolAudit }).auditOk).toBe(false);
    expect(verdict({ violations: ["answered twice"] }).auditOk).toBe(false);
    const trimmed = { violations: [], violationCount: 0, coverage: "trimmed" };
    expect(verdict({}, { journalAudit: trimmed }).auditOk).toBe(false);
  });

  test("is void when more than one in a hundred was turned away or never answered", () => {
    expect(verdict({ turnedAway: 100 }).void).toBe(false);
    expect(verdict({ turnedAway: 101 }).void).toBe(true);
    expect(verdict({ unanswered: 101 }).voidBecause[0]).toContain("never answered");
    expect(verdict({ sent: 0 }).void).toBe(true);
    const crowd = {
      opened: 100,
      closedByServer: 0,
      reconnected: 98,
      attempts: 100,
      reconnect: null,
    };
    expect(verdict({ crowd: { ...crowd, failed: 1 } }).void).toBe(false);
    expect(verdict({ crowd: { ...crowd, failed: 2 } }).voidBecause[0]).toContain("come back");
  });

  test("says so when the sender was the limit: busy, late, or short of the plan", () => {
    const busy = [{ role: "traffic", cpuShare: 0.9, sent: 1 }];
    expect(verdict({ clients: busy }).clientBecause[0]).toContain("90.0 % of a core");
    expect(verdict({ lateness: curve(2.1) }).clientWasLimit).toBe(true);
    expect(verdict({ lateness: curve(1.9) }).clientWasLimit).toBe(false);
    // A millisecond late is nothing where answers take a second.
    expect(verdict({ lateness: curve(20), latency: curve(1_000) }).clientWasLimit).toBe(false);
    expect(verdict({ sent: 9_000 }).clientBecause[0]).toContain("were planned");
    expect(verdict({ lateness: curve(50) }, { closedInFlight: 4 }).clientWasLimit).toBe(false);
  });

  test("says so when the machine had no core left", () => {
    const full = verdict({}, {}, { machine: 1.95, others: 1.4 });
    expect(full.machineBecause).toBe(
      "1.9 of 2 cores were in use, 1.4 of them by others and the kernel",
    );
  });

  test("misses a target by a hair", () => {
    expect(verdict({ latency: curve(10.001) }).targetMet).toBe(false);
    expect(verdict({ latency: curve(10) }).targetMet).toBe(true);
  });
});

describe("A probe of the search", () => {
  const probe = (figures: Partial<RunFigures>, run: object = {}, isStopped = false) => {
    const all = { ...FIGURES, ...figures };
    return probeOf(1_000, { figures: all, verdict: verdict(figures, run) }, 10, isStopped);
  };

  test("passes under the target, and fails above it or when it is void", () => {
    expect(probe({})).toMatchObject({ passed: true, because: "", isFinal: false });
    expect(probe({ latency: curve(11) })).toMatchObject({ passed: false });
    expect(probe({ turnedAway: 500 }).because).toContain("turned away");
  });

  test("that failed because of its sender says so", () => {
    const late = probe({ latency: curve(30), lateness: curve(25) });
    expect(late.passed).toBe(false);
    expect(late.because).toContain("the client was the limit");
  });

  test("is the last one when the audit failed or it was stopped", () => {
    expect(probe({ violations: ["answered twice"] }).isFinal).toBe(true);
    expect(probe({}, {}, true).isFinal).toBe(true);
  });
});
