// One connection that commits go out on, and what is known of it. It sends and counts; what an
// answer means is for the committer to say.

import type { Batch } from "./batch-window.ts";
import type { RedisConnection, Reply } from "./connection.ts";
import { FUNCTIONS } from "./functions.ts";
import type { ShardKeys } from "./keys.ts";
import type { JournalLimits } from "./limits.ts";
import { formatPosition } from "./position.ts";

export interface CommitAnswer<Cargo> {
  readonly batch: Batch<Cargo>;
  /**
   * What replicas say next, they say of a write behind this commit: so it covers it, even when an
   * earlier connection wrote it.
   */
  readonly isProbed: boolean;
  readonly error: Error | null;
  readonly reply: Reply;
}

export interface CommitAnswers<Cargo> {
  /** Redis has answered a commit, or the connection is lost. */
  committed(link: CommitLink<Cargo>, answer: CommitAnswer<Cargo>): void;
  /** Redis can be written, or why not. */
  probed(link: CommitLink<Cargo>, error: Error | null): void;
  /** So many replicas have all that this connection wrote; Redis has waited as it was told. */
  replicated(link: CommitLink<Cargo>, error: Error | null, count: number): void;
}

export class CommitLink<Cargo> {
  readonly connection: RedisConnection;
  /** Sent and not yet answered. */
  awaiting = 0;
  /**
   * From a refusal until all is sent again. Nothing more is sent until what was sent is answered.
   */
  blocked = false;
  /** There is more to send again than was sent so far. */
  behind = false;
  /**
   * It may lead to who is not the master, or no more: once all is answered, another one is made.
   */
  misplaced = false;
  /** The master has all up to this head, and what replicas say next is said of it, too. */
  reached: string | undefined;
  readonly #keys: ShardKeys;
  readonly #limits: JournalLimits;
  readonly #answers: CommitAnswers<Cargo>;

  constructor(
    connection: RedisConnection,
    keys: ShardKeys,
    limits: JournalLimits,
    answers: CommitAnswers<Cargo>,
  ) {
    this.connection = connection;
    this.#keys = keys;
    this.#limits = limits;
    this.#answers = answers;
  }

  /** A commit that nobody can have sent before. */
  send(batch: Batch<Cargo>): void {
    this.#commit(batch, false);
    this.#askReplicas();
  }

  /** Commits that may be there already, as an earlier connection sent them. */
  sendAgain(batches: readonly Batch<Cargo>[]): void {
    for (const batch of batches) this.#commit(batch, true);
    if (this.#limits.replicasMin > 0) this.probe();
  }

  /** A write that means nothing, and whether replicas have it. */
  probe(): void {
    this.awaiting++;
    this.connection.send("SET", [this.#keys.probe, "1"], (error) => {
      this.#answers.probed(this, error);
    });
    this.#askReplicas();
  }

  #commit(batch: Batch<Cargo>, isProbed: boolean): void {
    const { journal, head } = this.#keys;
    const id = formatPosition(batch.position);
    const keys = [2, journal, head] as const;
    const args = [batch.previousHead, id, batch.head, batch.mac, batch.payload] as const;
    this.awaiting++;
    this.connection.send("FCALL", [FUNCTIONS.commit, ...keys, ...args], (error, reply) => {
      this.#answers.committed(this, { batch, isProbed, error, reply });
    });
  }

  /**
   * Redis answers when so many replicas have what this connection wrote last, or when it has waited
   * long enough; what is sent behind it waits as long. Answers come in the order of commands, so it
   * covers every commit that was answered before it.
   */
  #askReplicas(): void {
    const { replicasMin, replicaWaitMs } = this.#limits;
    if (replicasMin === 0) return;
    this.awaiting++;
    this.connection.send("WAIT", [replicasMin, replicaWaitMs], (error, reply) => {
      this.#answers.replicated(this, error, Number(reply));
    });
  }
}
