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
import { JournalError } from "./errors.ts";

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
    const connection = await this.connection();
    try {
      return await call(connection, command, ...args);
    } catch (error) {
      if (error instanceof RedisReplyError) throw error;
      throw new JournalError("unavailable", `Redis: ${(error as Error).message}`);
    }
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

  close(): void {
    this.#closed = true;
    // One that fails to be made is closed already.
    this.#connection?.then(
      (connection) => connection.close(),
      () => {},
    );
  }
}
