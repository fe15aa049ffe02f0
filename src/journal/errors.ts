// Every way in which the journal can fail, by stable code. Faults of operation are of this type;
// anything else that is thrown here is a bug.

export type JournalErrorCode =
  /** Another owner holds a live lease. */
  | "lease_held"
  /** Another owner committed its take-over first. */
  | "lost_race"
  /** A later owner has taken over: what was asked is refused for good. */
  | "fenced"
  /** Redis does not answer, or refuses for now: safe to try again later. */
  | "unavailable"
  /** It is written, and fewer replicas than must have it have it: safe to try again. */
  | "too_few_replicas"
  /** What is stored is not what was written. */
  | "tampered"
  /** Of the auditor: the snapshots are not those that were written last. */
  | "snapshots_differ"
  /** The deployment has another number of shards. */
  | "wrong_shard_count"
  /**
   * What was acknowledged up to the anchor is not in the journal: it was cut, or Redis went back.
   */
  | "journal_behind_anchor"
  /** What is where the anchor should be is none of this shard by this key. */
  | "anchor_invalid"
  /** The anchor cannot be read or written. */
  | "anchor_unavailable"
  /** The entries asked for were trimmed away. */
  | "trimmed"
  /** The journal was closed or has halted. */
  | "closed"
  /** The URL names something that is not supported. */
  | "unsupported_url"
  /** Redis is configured so that it could lose what was acknowledged. */
  | "not_durable";

export class JournalError extends Error {
  override readonly name = "JournalError";
  readonly code: JournalErrorCode;

  constructor(code: JournalErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Why a journal stopped for good. After it nothing is released any more. */
export type HaltReason =
  /** A later owner has taken over. */
  | "fenced"
  /** The lease went to another owner, who is about to take over. */
  | "lease_lost"
  /** Redis went back to a state older than what is kept to be appended again. */
  | "rewound"
  /** What is stored is not what was written. */
  | "tampered"
  /** Redis was unable to commit for longer than `retryForMs`. */
  | "retry_exhausted";

/**
 * Codes and reasons which mean that the journal is not what it was: nobody is to go on by itself.
 */
export const DAMAGED: ReadonlySet<string> = new Set<JournalErrorCode | HaltReason>([
  "rewound",
  "tampered",
  "journal_behind_anchor",
]);

export function tooFewReplicas(count: number, replicasMin: number): string {
  return `${count} of ${replicasMin} replicas have what was written last (LOANLOOM_REPLICAS_MIN)`;
}

/** What Redis refused, or a lost connection, for who can do nothing but try again later. */
export function unavailable(error: unknown): JournalError {
  if (error instanceof JournalError) return error;
  return new JournalError("unavailable", `Redis: ${(error as Error).message}`);
}
