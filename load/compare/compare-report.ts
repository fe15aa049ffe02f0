// The comparison for programs (one JSON object) and for people (tables). Whatever was skipped,
// failed or is void stands beside the figures, never instead of them.

import { machineText, type Machine } from "../machine/machine.ts";
import type { Peer } from "../peers/peer.ts";
import type { ContestFigures, PeerFigures, Spread } from "./compare-figures.ts";
import { PUBLISHED, type Published } from "./published.ts";

export interface Comparison {
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** In the order of the table. */
  readonly peers: readonly Peer[];
  readonly contests: Readonly<Record<string, ContestFigures>>;
  readonly skipped: readonly { readonly peer: string; readonly reason: string }[];
  readonly failed: readonly { readonly peer: string; readonly reason: string }[];
  readonly voidBecause: readonly string[];
  readonly interrupted: boolean;
}

export function comparisonJson(comparison: Comparison): string {
  const { peers, contests, ...rest } = comparison;
  const about = peers.map(({ key, name, how, durability, atomicity, isFloor }) => ({
    ...{ key, name, how, durability, atomicity, isFloor },
  }));
  return JSON.stringify({ ...contests, peers: about, ...rest, published: PUBLISHED });
}

const TITLES: Readonly<Record<string, string>> = {
  wide: "Hot bids, 64 sockets x 16 in flight",
  single: "Hot bids, 64 sockets x 1 in flight",
  alone: "Hot bids, 1 socket x 1 in flight",
  serial: "Repayments to all lenders, one in flight; a posting is one lender's leg",
  parallel: "Repayments to all lenders, many in flight; a posting is one lender's leg",
};

const HEAD = [
  "peer",
  "per second",
  "lowest..highest",
  "p50 ms",
  "p99 ms",
  "ours is",
  "lowest..highest",
  "gateway",
  "store",
  "client",
  "direct/s",
  "p99 ms",
] as const;

/** Rows of a contest, the fastest first, floors last. */
function contestRows(
  contest: ContestFigures,
  peers: readonly Peer[],
): readonly (readonly string[])[] {
  const rows = peers
    .map((peer) => ({ peer, figures: contest.peers[peer.key] }))
    .filter((each): each is { peer: Peer; figures: PeerFigures } => each.figures !== undefined);
  rows.sort(
    (a, b) =>
      Number(a.peer.isFloor) - Number(b.peer.isFloor) ||
      b.figures.perSecond.median - a.figures.perSecond.median,
  );
  return rows.map(({ peer, figures }) => row(peer.name, figures));
}

function row(name: string, figures: PeerFigures): readonly string[] {
  const { perSecond, p50Ms, p99Ms, timesOurs, direct } = figures;
  return [
    name,
    grouped(perSecond.median),
    `${grouped(perSecond.lowest)}..${grouped(perSecond.highest)}`,
    p50Ms.toFixed(2),
    p99Ms.median.toFixed(2),
    timesOurs === null ? "" : `${times(timesOurs.median)} x`,
    timesOurs === null ? "" : spreadText(timesOurs),
    us(figures.gatewayCpuUs),
    us(figures.storeCpuUs),
    us(figures.clientCpuUs),
    direct === null ? "" : grouped(direct.perSecond.median),
    direct === null ? "" : direct.p99Ms.median.toFixed(2),
  ];
}

function titleOf(contest: string, { shape }: ContestFigures): string {
  const title = TITLES[contest] ?? contest;
  return contest === "parallel" ? title.replace("many", shape) : title;
}

const LEGEND = [
  "Closed loop; medians of interleaved rounds, lowest and highest beside. `ours is`: Loanloom's rate as a",
  "multiple of the peer's, round by round. gateway, store, client: CPU microseconds of these processes",
  "for each bid or posting; times the rate, and by a million, that is cores. direct: the same peer driven",
  "from within its gateway's process, without sockets. Postings are counted when they are on disk; peers",
  "answer a repayment when all its postings are, Loanloom when the payment and its division are.",
];

/** Machine, tables, legend. */
export function measuredText({ machine, contests, peers }: Comparison): string {
  const lines = [machineText(machine)];
  for (const [key, contest] of Object.entries(contests)) {
    lines.push("", titleOf(key, contest), ...table([HEAD, ...contestRows(contest, peers)]));
  }
  return [...lines, "", ...LEGEND].join("\n");
}

export function comparisonText(comparison: Comparison): string {
  const published = [
    "",
    "Published elsewhere, not measured here:",
    ...PUBLISHED.map(publishedLine),
  ];
  return [measuredText(comparison), ...published, ...remarks(comparison)].join("\n");
}

/** What readers must know before they believe a figure. */
export function remarks(comparison: Comparison): readonly string[] {
  const lines: string[] = [];
  const nameOf = (key: string): string =>
    comparison.peers.find((peer) => peer.key === key)?.name ?? key;
  for (const { peer, reason } of comparison.skipped) {
    lines.push("", `NOT MEASURED: ${nameOf(peer)}: ${reason}`);
  }
  for (const { peer, reason } of comparison.failed) {
    lines.push("", `NO FIGURE: ${nameOf(peer)}: ${reason}`);
  }
  for (const reason of comparison.voidBecause) lines.push("", `VOID: ${reason}`);
  if (comparison.machine.inMemory) {
    lines.push("", "NOT DURABLE: the data folder is in memory. Choose one with --data-folder.");
  }
  if (comparison.interrupted) lines.push("", "INTERRUPTED: not all rounds were run.");
  return lines;
}

export function publishedLine({ system, figure, conditions, source }: Published): string {
  return `- ${system}: ${figure} (${conditions}; ${source})`;
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((each) => each[column]!.length)));
  return rows.map((each) =>
    each
      .map((text, column) =>
        column === 0 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!),
      )
      .join("  ")
      .trimEnd(),
  );
}

function grouped(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

function times(value: number): string {
  return value >= 10 ? value.toFixed(0) : value.toFixed(2);
}

function spreadText({ lowest, highest }: Spread): string {
  return `${times(lowest)}..${times(highest)}`;
}

function us(value: number | null): string {
  return value === null ? "" : value.toFixed(2);
}
