// Hears from Sentinels that another server was promoted, and closes what is connected to the one
// before. A master that was left behind learns of it only seconds later; until then it takes
// commits which nobody will have, and shows what has been overtaken.

import { Redis } from "ioredis";
import type { RedisConnection } from "./connection.ts";
import { JournalError } from "./errors.ts";
import type { RedisTarget } from "./redis-url.ts";

const CHANNEL = "+switch-master";
const RETRY_MS = 1_000;

export class SentinelWatch {
  readonly #target: Extract<RedisTarget, { kind: "sentinel" }>;
  readonly #open = new Set<RedisConnection>();
  #subscribers: Redis[] = [];
  /** Connections that are being made. */
  #pending = 0;
  #switches = 0;

  constructor(target: Extract<RedisTarget, { kind: "sentinel" }>) {
    this.#target = target;
  }

  /**
   * Makes a connection that is closed when another master is promoted; rejects with JournalError
   * `unavailable` when that happens while it is made.
   */
  async guard(connect: () => Promise<RedisConnection>): Promise<RedisConnection> {
    this.#pending++;
    if (this.#subscribers.length === 0) this.#subscribe();
    const switches = this.#switches;
    try {
      const connection = await connect();
      if (switches !== this.#switches) {
        connection.close();
        throw new JournalError("unavailable", "another master was promoted meanwhile");
      }
      this.#open.add(connection);
      connection.onClose(() => {
        this.#open.delete(connection);
        this.#rest();
      });
      return connection;
    } finally {
      this.#pending--;
      this.#rest();
    }
  }

  #subscribe(): void {
    const { sentinels, toSentinels, tls } = this.#target;
    this.#subscribers = sentinels.map(({ host, port }) => {
      const subscriber = new Redis({
        host,
        port,
        ...toSentinels,
        ...(tls ? { tls: {} } : {}),
        connectionName: "loanloom-sentinel",
        connectTimeout: RETRY_MS,
        retryStrategy: () => RETRY_MS,
        maxRetriesPerRequest: null,
        enableReadyCheck: false,
        disableClientInfo: true,
        protocol: 2,
      });
      // One that is away is tried again for as long as it is of use; the others tell as well.
      subscriber.on("error", () => undefined);
      subscriber.on("message", (_channel, message: string) => this.#heard(message));
      subscriber.subscribe(CHANNEL).catch(() => undefined);
      return subscriber;
    });
  }

  /** `<name> <old address> <old port> <new address> <new port>`, from each Sentinel. */
  #heard(message: string): void {
    if (!message.startsWith(`${this.#target.master} `)) return;
    this.#switches++;
    for (const connection of [...this.#open]) connection.close();
  }

  /** Nobody has a connection: there is nothing to hear. */
  #rest(): void {
    if (this.#open.size > 0 || this.#pending > 0) return;
    for (const subscriber of this.#subscribers) subscriber.disconnect();
    this.#subscribers = [];
  }
}
