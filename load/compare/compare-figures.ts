// From rounds to figures: medians over the rounds with the lowest and the highest beside, and how
// many times a peer's rate ours is, from pairs of the same round. A peer that failed has none.

import { REFUSED_SHARE_MAX } from "../bench/report.ts";
import { shapeText } from "../bench/phases.ts";
import { median } from "../bench/median.ts";
import type { Latencies } from "../driver/latency.ts";
import type { FanoutFigures } from "../fanout/repayments.ts";
import { SHAPES, type BidsRun } from "./bids-contest.ts";
import type { RoundsResult } from "./rounds.ts";

export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export interface PeerFigures {
  readonly perSecond: Spread;
  readonly p50Ms: number;
  readonly p99Ms: Spread;
  /** Ours is so many times the peer's, round by round; null for ourselves and without us. */
  readonly timesOurs: Spread | null;
  /** CPU microseconds for each bid or leg; null where the system does not tell. */
  readonly gatewayCpuUs: number | null;
  readonly storeCpuUs: number | null;
  readonly clientCpuUs: number | null;
  readonly busyShare: number | null;
  readonly refusedShare: number;
  /** Without sockets, from within the gateway's process. */
  readonly direct: { readonly perSecond: Spread; readonly p99Ms: Spread } | null;
  readonly rounds: number;
}

export interface ContestFigures {
  /** "64 x 16", or so many repayments in flight. */
  readonly shape: string;
  readonly peers: Readonly<Record<string, PeerFigures>>;
}

interface Sample {
  readonly peer: string;
  readonly round: number;
  readonly perSecond: number;
  readonly latencies: Latencies;
  readonly gatewayCpuUs: number | null;
  readonly storeCpuUs: number | null;
  readonly clientCpuUs: number | null;
  readonly busyShare: number | null;
  readonly refusedShare: number;
  readonly direct: BidsRun["direct"];
}

/** Contests by their keys: wide, single, alone, serial, parallel. */
export function contestFigures(result: RoundsResult): Readonly<Record<string, ContestFigures>> {
  const contests: Record<string, ContestFigures> = {};
  const hasFailed = (peer: string): boolean => result.failed.some((each) => each.peer === peer);
  for (const [key, shape] of Object.entries(SHAPES)) {
    const samples = result.bids
      .filter(({ peer }) => !hasFailed(peer))
      .flatMap(({ peer, round, runs }) =>
        runs.filter((run) => run.key === key).map((run) => bidsSample(peer, round, run)),
      );
    if (samples.length > 0) contests[key] = { shape: shapeText(shape), peers: byPeer(samples) };
  }
  for (const key of ["serial", "parallel"] as const) {
    const runs = result.repayments.filter(({ peer }) => !hasFailed(peer));
    if (runs.length === 0) continue;
    const samples = runs.map(({ peer, round, run }) => repaymentsSample(peer, round, run[key]));
    contests[key] = { shape: String(runs[0]!.run[key].inFlight), peers: byPeer(samples) };
  }
  return contests;
}

function bidsSample(peer: string, round: number, run: BidsRun): Sample {
  const { perSecond, latencies, refusedShare, busyShare, clientCpuUs, direct } = run;
  const { serverCpuUs: gatewayCpuUs, redisCpuUs: storeCpuUs } = run;
  const cpu = { gatewayCpuUs, storeCpuUs, clientCpuUs, busyShare };
  return { peer, round, perSecond, latencies, ...cpu, refusedShare, direct };
}

function repaymentsSample(peer: string, round: number, figures: FanoutFigures): Sample {
  return {
    peer,
    round,
    perSecond: figures.postingsPerSecond,
    latencies: figures.latencies,
    gatewayCpuUs: figures.serverCpuUs,
    storeCpuUs: figures.redisCpuUs,
    // The borrowers live in this process, which does other things too.
    clientCpuUs: null,
    busyShare: null,
    refusedShare: 0,
    direct: null,
  };
}

function byPeer(samples: readonly Sample[]): Readonly<Record<string, PeerFigures>> {
  const peers: Record<string, PeerFigures> = {};
  const ours = samples.filter(({ peer }) => peer === "loanloom");
  for (const key of new Set(samples.map(({ peer }) => peer))) {
    const mine = samples.filter(({ peer }) => peer === key);
    peers[key] = figures(mine, key === "loanloom" ? [] : ours);
  }
  return peers;
}

function figures(samples: readonly Sample[], ours: readonly Sample[]): PeerFigures {
  const ratios = samples.flatMap(({ round, perSecond }) =>
    ours.filter((our) => our.round === round).map((our) => our.perSecond / perSecond),
  );
  const direct = samples.map((sample) => sample.direct).filter((each) => each !== null);
  return {
    perSecond: spread(samples.map(({ perSecond }) => perSecond)),
    p50Ms: median(samples.map(({ latencies }) => latencies.p50Ms)),
    p99Ms: spread(samples.map(({ latencies }) => latencies.p99Ms)),
    timesOurs: ratios.length === 0 ? null : spread(ratios),
    gatewayCpuUs: medianOrNull(samples.map((sample) => sample.gatewayCpuUs)),
    storeCpuUs: medianOrNull(samples.map((sample) => sample.storeCpuUs)),
    clientCpuUs: medianOrNull(samples.map((sample) => sample.clientCpuUs)),
    busyShare: medianOrNull(samples.map((sample) => sample.busyShare)),
    refusedShare: Math.max(...samples.map(({ refusedShare }) => refusedShare)),
    direct:
      direct.length === 0
        ? null
        : {
            perSecond: spread(direct.map(({ perSecond }) => perSecond)),
            p99Ms: spread(direct.map(({ latencies }) => latencies.p99Ms)),
          },
    rounds: samples.length,
  };
}

/** Peers whose figure is that of refusing, not of bidding; each as a sentence. */
export function voidBecause(contests: Readonly<Record<string, ContestFigures>>): readonly string[] {
  return Object.entries(contests).flatMap(([contest, { peers }]) =>
    Object.entries(peers)
      .filter(([, { refusedShare }]) => refusedShare > REFUSED_SHARE_MAX)
      .map(([key, { refusedShare }]) => {
        return `${contest}, ${key}: ${(refusedShare * 100).toFixed(1)} % refused`;
      }),
  );
}

function spread(values: readonly number[]): Spread {
  return {
    median: significant(median(values)),
    lowest: significant(Math.min(...values)),
    highest: significant(Math.max(...values)),
  };
}

/** Whole numbers from a thousand on, four digits below: more than that is noise. */
function significant(value: number): number {
  return value >= 1_000 ? Math.round(value) : Number(value.toPrecision(4));
}

function medianOrNull(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : significant(median(known));
}
