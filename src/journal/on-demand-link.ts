// A connection for what is not hot: made when it is first needed and made anew after it was lost.
// It never sends a command twice; who called learns that it failed and decides.

import {
  RedisReplyError,
  call,
  type Argument,
  type ConnectionPurpose,
  type RedisConnect,
  type RedisConnection,
  type Reply,
} from "./connection.ts";
import { JournalError, tooFewReplicas, unavailable } from "./errors.ts";
import type { JournalLimits } from "./limits.ts";

export class OnDemandLink {
  readonly #connect: RedisConnect;
  readonly #purpose: ConnectionPurpose;
  #connection: Promise<RedisConnection> | undefined;
  #closed = false;

  constructor(connect: RedisConnect, purpose: ConnectionPurpose) {
    this.#connect = connect;
    this.#purpose = purpose;
  }

  /**
   * Rejects with RedisReplyError when Redis refused, and with JournalError `unavailable` when it
   * is not known whether the command was carried out.
   */
  async call(command: string, ...args: readonly Argument[]): Promise<Reply> {
    return this.#on(await this.connection(), command, args);
  }

  /** As `call`; rejects with `too_few_replicas` as well. */
  async callReplicated(
    { replicasMin, replicaWaitMs }: Pick<JournalLimits, "replicasMin" | "replicaWaitMs">,
    command: string,
    ...args: readonly Argument[]
  ): Promise<Reply> {
    // Of another connection Redis would not know what it is asked about.
    const connection = await this.connection();
    const reply = await this.#on(connection, command, args);
    if (replicasMin === 0) return reply;
    const count = Number(await this.#on(connection, "WAIT", [replicasMin, replicaWaitMs]));
    if (count >= replicasMin) return reply;
    // Perhaps it has lost them to another master.
    this.renew();
    throw new JournalError("too_few_replicas", tooFewReplicas(count, replicasMin));
  }

  /** As `call`, for what takes several commands. */
  async use<T>(ask: (connection: RedisConnection) => Promise<T>): Promise<T> {
    const connection = await this.connection();
    try {
      return await ask(connection);
    } catch (error) {
      throw this.#judged(error);
    }
  }

  async #on(
    connection: RedisConnection,
    command: string,
    args: readonly Argument[],
  ): Promise<Reply> {
    try {
      return await call(connection, command, ...args);
    } catch (error) {
      throw this.#judged(error);
    }
  }

  #judged(error: unknown): unknown {
    if (!(error instanceof RedisReplyError)) return unavailable(error);
    // The next one is made to whoever is the master then.
    if (error.isElsewhere) this.renew();
    return error;
  }

  connection(): Promise<RedisConnection> {
    if (this.#closed) return Promise.reject(new JournalError("closed", "the journal is closed"));
    if (this.#connection === undefined) {
      const made = this.#connect(this.#purpose);
      this.#connection = made;
      const forget = (): void => {
        if (this.#connection === made) this.#connection = undefined;
      };
      made.then((connection) => {
        connection.onClose(forget);
        if (this.#closed) connection.close();
      }, forget);
    }
    return this.#connection;
  }

  /** What is asked from now on goes to whoever is the master then. */
  renew(): void {
    // One that fails to be made is closed already.
    this.#connection?.then(
      (connection) => connection.close(),
      () => {},
    );
    this.#connection = undefined;
  }

  close(): void {
    this.#closed = true;
    this.renew();
  }
}
