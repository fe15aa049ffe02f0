// One connection that commits go out on, and what is known of it. It sends and counts; what an answer
// means is for the committer to say.

import type { Batch } from "./batch-window.ts";
import type { RedisConnection, Reply } from "./connection.ts";
import { FUNCTIONS } from "./functions.ts";
import type { ShardKeys } from "./keys.ts";
import type { JournalLimits } from "./limits.ts";
import { formatPosition } from "./position.ts";

export interface CommitAnswers<Cargo> {
  /** Redis has answered a commit, or the connection is lost. */
  committed(link: CommitLink<Cargo>, batch: Batch<Cargo>, error: Error | null, reply: Reply): void;
  /** So many replicas have all that was written before; Redis has waited for them as it was told. */
  replicated(link: CommitLink<Cargo>, error: Error | null, count: number): void;
}

export class CommitLink<Cargo> {
  readonly connection: RedisConnection;
  /** Sent and not yet answered. */
  awaiting = 0;
  /** Since a refusal. Nothing more is sent until all that was sent is answered. */
  blocked = false;
  /** There is more to send again than was sent so far. */
  behind = false;
  /** It leads to who is no master, or not ours: once all is answered, another one is made. */
  misplaced = false;
  /** The master has all up to this head; undefined before it told. */
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

  /** Several at once: replicas are asked behind the last. */
  sendAll(batches: readonly Batch<Cargo>[]): void {
    for (const batch of batches) this.#commit(batch);
    if (batches.length > 0) this.#askReplicas();
  }

  send(batch: Batch<Cargo>): void {
    this.#commit(batch);
    this.#askReplicas();
  }

  #commit(batch: Batch<Cargo>): void {
    const { journal, head } = this.#keys;
    const id = formatPosition(batch.position);
    const keys = [2, journal, head] as const;
    const args = [batch.previousHead, id, batch.head, batch.mac, batch.payload] as const;
    this.awaiting++;
    this.connection.send("FCALL", [FUNCTIONS.commit, ...keys, ...args], (error, reply) => {
      this.#answers.committed(this, batch, error, reply);
    });
  }

  /**
   * Redis answers when so many replicas have everything that was written before, or when it has
   * waited long enough; what is sent behind it waits as long. Behind a commit that is refused because
   * it is there already it tells just as well (Redis 7.0.15; a directed test has it).
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
