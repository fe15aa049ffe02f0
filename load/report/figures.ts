// What all client processes of a run have measured, as one: sums, and percentiles of merged
// histograms, never averages of percentiles. It judges nothing.

import { errorName } from "../driver/bid-frames.ts";
import {
  mergeCurve,
  mergeLatencies,
  type Latencies,
  type LatencyCurve,
} from "../driver/latency.ts";
import type { ClientResult, Tally } from "../run/client-job.ts";
import type { Run } from "../run/run.ts";

interface Figures {
  /** Requests that were due, a second. */
  readonly offeredPerSecond: number;
  readonly answeredPerSecond: number;
  readonly acceptedPerSecond: number;
  readonly sent: number;
  readonly answered: number;
  /** Answers that did what was asked. */
  readonly accepted: number;
  /** Answers that business gave: the loan is full, the bid is settled. */
  readonly refused: number;
  /** Refused for load; of no latency below. */
  readonly turnedAway: number;
  readonly unanswered: number;
}

interface IntervalFigures extends Latencies {
  readonly fromMs: number;
  readonly offeredPerSecond: number;
  readonly answeredPerSecond: number;
  readonly acceptedPerSecond: number;
  readonly unanswered: number;
}

export interface NamedFigures extends Figures {
  readonly name: string;
  readonly latency: Latencies;
}

export interface RunFigures extends Figures {
  readonly measuredMs: number;
  /** From the planned moment to the answer. */
  readonly latency: LatencyCurve;
  /** From the moment of sending: what a closed loop would call latency. */
  readonly service: LatencyCurve;
  /** From the planned moment to sending: the client's own part. */
  readonly lateness: LatencyCurve;
  readonly byOperation: readonly NamedFigures[];
  readonly bySegment: readonly NamedFigures[];
  readonly intervals: readonly IntervalFigures[];
  readonly refusals: Readonly<Record<string, number>>;
  readonly clients: readonly {
    readonly role: string;
    readonly cpuShare: number;
    readonly sent: number;
  }[];
  readonly connectionsLost: number;
  readonly violations: readonly string[];
  readonly pushes: number;
  /** From an entry's time by the server's clock to its push, in whole milliseconds. */
  readonly pushLag: Latencies | null;
  readonly legsPushed: number;
  readonly crowd: CrowdFigures | null;
}

interface CrowdFigures {
  readonly opened: number;
  readonly closedByServer: number;
  readonly reconnected: number;
  readonly attempts: number;
  readonly failed: number;
  readonly reconnect: LatencyCurve | null;
}

export function figuresOfRun(run: Run): RunFigures {
  const { clients, plan } = run;
  const toMs = Math.max(...clients.map(({ measuredToMs }) => measuredToMs));
  const measuredMs = Math.max(0, toMs - plan.warmUpMs);
  const operations = [...new Set(clients.flatMap(({ byOperation }) => Object.keys(byOperation)))];
  return {
    measuredMs,
    ...summed(
      clients.map(({ all }) => all),
      measuredMs,
    ),
    latency: mergeCurve(clients.map(({ all }) => all.latency)),
    service: mergeCurve(clients.map(({ serviceLatency }) => serviceLatency)),
    lateness: mergeCurve(clients.map(({ lateness }) => lateness)),
    byOperation: operations.map((name) =>
      named(
        name,
        clients.flatMap(({ byOperation }) => byOperation[name] ?? []),
        measuredMs,
      ),
    ),
    bySegment: plan.segments.flatMap((segment, at) => {
      // The warm-up is never reported, nor what was not reached.
      const lastedMs = Math.min(segment.toMs, toMs) - segment.fromMs;
      if (segment.fromMs < plan.warmUpMs || lastedMs <= 0) return [];
      const tallies = clients.map(({ bySegment }) => bySegment[at]!);
      return [named(segment.name, tallies, lastedMs)];
    }),
    intervals: intervalsOf(run),
    refusals: refusalsOf(clients),
    clients: clients.map(({ role, cpuMs, cpuOverMs, all }) => ({
      role,
      cpuShare: cpuOverMs === 0 ? 0 : cpuMs / cpuOverMs,
      sent: all.sent,
    })),
    connectionsLost: sum(clients.map(({ connectionsLost }) => connectionsLost)),
    violations: clients.flatMap(({ violations }) => violations),
    pushes: sum(clients.map(({ pushes }) => pushes)),
    pushLag: lagOf(clients),
    legsPushed: sum(clients.flatMap(({ watches }) => watches.map(({ legs }) => legs))),
    crowd: crowdOf(clients),
  };
}

function lagOf(clients: readonly ClientResult[]): Latencies | null {
  const lag = mergeLatencies(clients.map(({ pushLag }) => pushLag));
  return lag.count === 0 ? null : lag;
}

function named(name: string, tallies: readonly Tally[], lastedMs: number): NamedFigures {
  const latency = mergeLatencies(tallies.map((tally) => tally.latency));
  return { name, ...summed(tallies, lastedMs), latency };
}

function summed(tallies: readonly Omit<Tally, "latency">[], lastedMs: number): Figures {
  const total = (key: Exclude<keyof Tally, "latency">): number =>
    sum(tallies.map((tally) => tally[key]));
  const perSecond = (count: number): number => (lastedMs === 0 ? 0 : (count * 1_000) / lastedMs);
  return {
    offeredPerSecond: perSecond(total("sent")),
    answeredPerSecond: perSecond(total("answered")),
    acceptedPerSecond: perSecond(total("accepted")),
    sent: total("sent"),
    answered: total("answered"),
    accepted: total("accepted"),
    refused: total("refused"),
    turnedAway: total("turnedAway"),
    unanswered: total("unanswered"),
  };
}

function intervalsOf({ clients, intervalMs, plan }: Run): readonly IntervalFigures[] {
  const byFrom = new Map<number, Tally[]>();
  for (const { intervals } of clients) {
    for (const { fromMs, ...tally } of intervals) {
      const tallies = byFrom.get(fromMs) ?? [];
      tallies.push(tally);
      byFrom.set(fromMs, tallies);
    }
  }
  const endMs = Math.max(...clients.map(({ measuredToMs }) => measuredToMs));
  return [...byFrom]
    .sort(([a], [b]) => a - b)
    .map(([fromMs, tallies]) => {
      // The last one may be shorter.
      const lastedMs = Math.max(1, Math.min(intervalMs, endMs - fromMs));
      const { offeredPerSecond, answeredPerSecond, acceptedPerSecond, unanswered } = summed(
        tallies,
        lastedMs,
      );
      const latency = mergeLatencies(tallies.map((tally) => tally.latency));
      return {
        fromMs: fromMs - plan.warmUpMs,
        offeredPerSecond,
        answeredPerSecond,
        acceptedPerSecond,
        unanswered,
        ...latency,
      };
    });
}

function refusalsOf(clients: readonly ClientResult[]): Readonly<Record<string, number>> {
  const named: Record<string, number> = {};
  for (const { refusals } of clients) {
    for (const [number, count] of Object.entries(refusals)) {
      const name = errorName(Number(number));
      named[name] = (named[name] ?? 0) + count;
    }
  }
  return named;
}

function crowdOf(clients: readonly ClientResult[]): CrowdFigures | null {
  const crowds = clients.map(({ crowd }) => crowd);
  const total = (key: "opened" | "closedByServer" | "reconnected" | "attempts" | "failed") =>
    sum(crowds.map((crowd) => crowd[key]));
  if (total("opened") === 0) return null;
  const reconnect = mergeCurve(crowds.map((crowd) => crowd.reconnect));
  return {
    opened: total("opened"),
    closedByServer: total("closedByServer"),
    reconnected: total("reconnected"),
    attempts: total("attempts"),
    failed: total("failed"),
    reconnect: reconnect.count === 0 ? null : reconnect,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
