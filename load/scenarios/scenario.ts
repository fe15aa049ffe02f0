// What a scenario is: data that says who does what, how often and when. It holds no code, so that
// it can be printed, compared and repeated; `plan.ts` turns it into planned send times.

/** What a client may do. Numbers are stable: they are in the clients' logs. */
export const OPERATIONS = ["bid", "cancel", "account", "loan", "watch", "repay"] as const;
type OperationKind = (typeof OPERATIONS)[number];
export const REPAY: number = OPERATIONS.indexOf("repay");

export type Mix = Readonly<Partial<Record<OperationKind, number>>>;

/** A part of the run. Shares of all segments are parts of the measured time. */
export interface Segment {
  readonly name: string;
  readonly about: string;
  readonly share: number;
  /** Times the mean rate; all segments are scaled so that the mean stays what was asked for. */
  readonly intensity: number;
  readonly mix: Mix;
  /** Which loans bids and reads are about. */
  readonly target: "hot" | "market";
  /** What happens at its beginning. */
  readonly event?: SegmentEvent;
}

export type SegmentEvent =
  /** The hot loan opens, at the instant that was announced when it was listed. */
  | "opening"
  /** The business date moves on by a month: instalments of all paid-out loans are collected. */
  | "dueDate"
  /** The slow consumers come. */
  | "slowConsumers"
  /** The crowd's connections are cut, and all come back at once. */
  | "storm";

export interface Sizes {
  /** Accounts that lend, each with a connection of its own. */
  readonly lenders: number;
  /** Loans that take bids; the hot one is apart from them. */
  readonly loans: number;
  /** Loans that are paid out before the run, and their lenders. */
  readonly paidOutLoans: number;
  readonly lendersPerLoan: number;
  /** Slow consumers, or connections of the storm. */
  readonly crowd: number;
  /** Connections that watch their account; those of lenders come first, and each watches a loan. */
  readonly watchers: number;
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  readonly arrivals: "poisson" | "constant";
  readonly ratePerSecond: number;
  readonly durationMs: number;
  readonly warmUpMs: number;
  readonly sizes: Sizes;
  /** Demand for the hot loan, times what it wants; null: it is too large to fill. */
  readonly demand: number | null;
  /**
   * Exponent of Zipf's law over the loans: the n-th is wanted 1/n^s times as often as the first.
   */
  readonly zipf: number;
  readonly segments: readonly Segment[];
  readonly notMeasured: readonly string[];
}
