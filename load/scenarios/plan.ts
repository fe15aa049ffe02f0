// A scenario with all its numbers: which segment runs from when to when and how fast, and what must
// be there before. Plain data, the same for the same input; it goes to
// the client processes as it is.

import { assert } from "../../src/money/assert.ts";
import type { Scenario, Segment, SegmentEvent, Sizes } from "./scenario.ts";
import { OPERATIONS } from "./scenario.ts";

export const STEP_CENTS = 100;
export const BID_CENTS_MIN = 10_000;
export const BID_CENTS_MAX = 100_000;
const BID_CENTS_MEAN = (BID_CENTS_MIN + BID_CENTS_MAX) / 2;

interface PlannedSegment {
  readonly name: string;
  /** Milliseconds from the start of the run, warm-up included. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly perSecond: number;
  /** Of each of OPERATIONS in order: the share of this one and all before it. */
  readonly cumulativeMix: readonly number[];
  readonly target: "hot" | "market";
  readonly event: SegmentEvent | null;
}

export interface Plan {
  readonly scenario: string;
  readonly seed: number;
  readonly arrivals: "poisson" | "constant";
  readonly ratePerSecond: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
  /** The warm-up first: like the last segment, and of it nothing is reported. */
  readonly segments: readonly PlannedSegment[];
  readonly sizes: Sizes;
  readonly zipf: number;
  /** What the hot loan wants; 0 when there is none. */
  readonly hotCents: number;
  /** When the hot loan opens, from the start of the run; null: at once. */
  readonly opensAtMs: number | null;
}

export interface PlanOptions {
  readonly seed: number;
  readonly ratePerSecond?: number | undefined;
  readonly durationMs?: number | undefined;
  readonly warmUpMs?: number | undefined;
  readonly sizes?: { readonly [Key in keyof Sizes]?: number | undefined };
  readonly demand?: number | undefined;
  readonly arrivals?: "poisson" | "constant" | undefined;
  /**
   * False for a server that is not our own: a business date that begins there collects from all of
   * its borrowers, and nobody can take it back.
   */
  readonly movesDates?: boolean | undefined;
}

export function planOf(scenario: Scenario, options: PlanOptions): Plan {
  const ratePerSecond = options.ratePerSecond ?? scenario.ratePerSecond;
  const durationMs = options.durationMs ?? scenario.durationMs;
  const warmUpMs = options.warmUpMs ?? scenario.warmUpMs;
  assert(ratePerSecond > 0 && durationMs > 0 && warmUpMs >= 0, "a plan has a rate and time");
  const sizes = sizesOf(scenario, options);
  const movesDates = options.movesDates ?? true;
  const segments = segmentsOf(scenario, ratePerSecond, warmUpMs, durationMs).map((segment) =>
    segment.event === "dueDate" && !movesDates ? { ...segment, event: null } : segment,
  );
  const opening = segments.find((segment) => segment.event === "opening");
  return {
    scenario: scenario.name,
    seed: options.seed,
    arrivals: options.arrivals ?? scenario.arrivals,
    ratePerSecond,
    warmUpMs,
    durationMs,
    segments,
    sizes,
    zipf: scenario.zipf,
    hotCents: hotCents(segments, options.demand ?? scenario.demand),
    opensAtMs: opening?.fromMs ?? null,
  };
}

function sizesOf(scenario: Scenario, options: PlanOptions): Sizes {
  const asked = Object.entries(options.sizes ?? {}).filter(([, value]) => value !== undefined);
  const sizes = { ...scenario.sizes, ...(Object.fromEntries(asked) as Partial<Sizes>) };
  const lendersPerLoan = Math.min(sizes.lendersPerLoan, sizes.lenders);
  return { ...sizes, lendersPerLoan, watchers: Math.min(sizes.watchers, sizes.lenders) };
}

function segmentsOf(
  scenario: Scenario,
  ratePerSecond: number,
  warmUpMs: number,
  durationMs: number,
): readonly PlannedSegment[] {
  const shares = sum(scenario.segments.map(({ share }) => share));
  const mean = sum(scenario.segments.map(({ share, intensity }) => share * intensity)) / shares;
  let atMs = warmUpMs;
  const planned = scenario.segments.map((segment): PlannedSegment => {
    const fromMs = atMs;
    atMs += (durationMs * segment.share) / shares;
    const perSecond = (ratePerSecond * segment.intensity) / mean;
    return plannedSegment(segment, fromMs, atMs, perSecond);
  });
  const like = scenario.segments.at(-1)!;
  const warmUp = plannedSegment(like, 0, warmUpMs, ratePerSecond);
  return warmUpMs === 0
    ? planned
    : [{ ...warmUp, name: "warm-up", target: "market", event: null }, ...planned];
}

function plannedSegment(
  segment: Segment,
  fromMs: number,
  toMs: number,
  perSecond: number,
): PlannedSegment {
  const weights = OPERATIONS.map((operation) => segment.mix[operation] ?? 0);
  const total = sum(weights);
  let before = 0;
  return {
    name: segment.name,
    fromMs,
    toMs,
    perSecond,
    cumulativeMix: weights.map((weight) => (before += weight) / total),
    target: segment.target,
    event: segment.event ?? null,
  };
}

/** What the loan wants, so that bids of `demand` times as much are planned once it is open. */
function hotCents(segments: readonly PlannedSegment[], demand: number | null): number {
  if (demand === null) return 0;
  const openFrom = segments.find((segment) => segment.event === "opening")?.fromMs ?? 0;
  const bids = segments
    .filter((segment) => segment.target === "hot" && segment.fromMs >= openFrom)
    .map(({ fromMs, toMs, perSecond, cumulativeMix }) => {
      return (((toMs - fromMs) * perSecond) / 1_000) * cumulativeMix[0]!;
    });
  const cents = (sum(bids) * BID_CENTS_MEAN) / demand;
  return Math.max(BID_CENTS_MAX, Math.floor(cents / STEP_CENTS) * STEP_CENTS);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Requests that a plan comes to on average. */
export function plannedRequests({ segments }: Plan): number {
  return sum(segments.map((one) => ((one.toMs - one.fromMs) * one.perSecond) / 1_000));
}
