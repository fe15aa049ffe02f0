// What grows: one thing at a time from a common base, so that a cost
// that is not flat has one cause.

/** One world in which the cost of a bid is measured. */
interface World {
  readonly accounts: number;
  readonly loans: number;
  /** Lenders that have a standing bid on the loan before it is measured. */
  readonly lenders: number;
  readonly shards: number;
}

const BASE: World = { accounts: 1_000, loans: 1, lenders: 0, shards: 1 };

export type Axis = keyof World;

export interface AxisPoints {
  readonly axis: Axis;
  readonly title: string;
  readonly values: readonly number[];
  /** What else differs from the base along the whole axis. */
  readonly also: Partial<World>;
}

export const AXES: readonly AxisPoints[] = [
  {
    axis: "accounts",
    title: "accounts, all in memory",
    values: [1_000, 10_000, 100_000, 1_000_000],
    also: {},
  },
  {
    axis: "loans",
    title: "loans, taken in turn",
    values: [1, 10, 100, 1_000, 10_000],
    also: {},
  },
  {
    axis: "lenders",
    title: "lenders with a bid on the loan",
    values: [10, 100, 1_000, 10_000],
    also: { accounts: 10_000 },
  },
  {
    axis: "shards",
    title: "shards, over 1,000 loans",
    values: [1, 2, 4, 8],
    also: { loans: 1_000 },
  },
];

export interface Point {
  readonly axis: Axis;
  readonly value: number;
  readonly world: World;
}

/** The points of these axes up to `valueMax`. An account that lends, or bids, must be there. */
export function pointsOf(axes: readonly Axis[], valueMax: number): readonly Point[] {
  return AXES.filter(({ axis }) => axes.includes(axis)).flatMap(({ axis, values, also }) =>
    values
      .filter((value) => value <= valueMax)
      .map((value) => ({ axis, value, world: { ...BASE, ...also, [axis]: value } })),
  );
}
