// Plain numbers that the runtime counts in; ops turns them into metrics when it is asked.

export interface RuntimeCounters {
  /** Answers to bids, by outcome: "accepted" or a refusal's code. */
  readonly bids: Map<string, number>;
  commits: number;
  records: number;
  /** Legs of repayments that are durably booked. */
  legs: number;
  decideErrors: number;
  passivated: number;
  loaded: number;
  snapshotsWritten: number;
  checkpoints: number;
  recoveries: number;
  lastRecoverySeconds: number;
  /** Events that the last recovery of a shard had to replay. */
  lastRecoveryEvents: number;
  /** Told for each commit: seconds from first record to durable, and bytes. */
  onCommit: (seconds: number, bytes: number) => void;
  /** Told for each answer: seconds from taken in to released. */
  onReply: (seconds: number) => void;
}

export function createRuntimeCounters(): RuntimeCounters {
  return {
    bids: new Map(),
    commits: 0,
    records: 0,
    legs: 0,
    decideErrors: 0,
    passivated: 0,
    loaded: 0,
    snapshotsWritten: 0,
    checkpoints: 0,
    recoveries: 0,
    lastRecoverySeconds: 0,
    lastRecoveryEvents: 0,
    onCommit: () => undefined,
    onReply: () => undefined,
  };
}
