// What the tests of this room share: an owner that records what it is told, and a look at what
// Redis has, verified by the reader that auditors use.

import { onTestFinished } from "vitest";
import { redisConnect } from "../../src/journal/connection.ts";
import type { HaltReason } from "../../src/journal/errors.ts";
import { JournalReader } from "../../src/journal/journal-reader.ts";
import type { JournalLimits } from "../../src/journal/limits.ts";
import { formatPosition } from "../../src/journal/position.ts";
import type { ShardJournalOptions } from "../../src/journal/shard-journal-options.ts";
import { ShardJournal } from "../../src/journal/shard-journal.ts";
import { TestRedis } from "../support/redis.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

export const MAC_KEY = Buffer.alloc(32, 7);

export async function startRedis(settings: readonly string[] = []): Promise<TestRedis> {
  const redis = await TestRedis.start(settings);
  onTestFinished(() => redis.stop());
  return redis;
}

export async function startProxy(redis: TestRedis): Promise<TcpProxy> {
  const proxy = await TcpProxy.start(redis);
  onTestFinished(() => proxy.stop());
  return proxy;
}

/** An owner of shard 0 that appends numbers and records everything it is told. */
export class Owner {
  journal!: ShardJournal<number>;
  /** Cargoes in the order in which they were released, with their positions. */
  readonly released: { cargo: number; position: string }[] = [];
  readonly degradations: { degraded: boolean; reason: string; atMs: number }[] = [];
  readonly rewinds: string[] = [];
  halted: { reason: HaltReason; detail: string } | undefined;
  appended = 0;
  /** What payloads were in. */
  readonly memory = new Set<ArrayBufferLike>();
  #wake = (): void => {};

  static async takeOver(
    url: string,
    options: Partial<ShardJournalOptions<number>> & { limits?: Partial<JournalLimits> } = {},
  ): Promise<Owner> {
    const owner = new Owner();
    owner.journal = await ShardJournal.takeOver<number>({
      shard: 0,
      shards: 4,
      connect: redisConnect(url),
      macKey: MAC_KEY,
      owner: "server-a",
      onCommitted: (cargo, position) => {
        owner.released.push({ cargo, position: formatPosition(position) });
        owner.#wake();
      },
      onDegraded: (degraded, reason) => {
        owner.degradations.push({ degraded, reason, atMs: performance.now() });
        owner.#wake();
      },
      onHalted: (reason, detail) => {
        owner.halted = { reason, detail };
        owner.#wake();
      },
      onRewound: (detail) => void owner.rewinds.push(detail),
      ...options,
    });
    onTestFinished(() => owner.journal.close());
    return owner;
  }

  append(bytes = 40): void {
    const cargo = ++this.appended;
    const payload = this.journal.payloadOf(payloadOf(cargo, bytes));
    this.memory.add(payload.buffer);
    this.journal.append(payload, cargo);
  }

  /** Appends until so many batches are appended in all, as fast as the journal takes them. */
  async appendUpTo(total: number, bytes = 40): Promise<void> {
    while (this.appended < total && this.halted === undefined) {
      if (this.journal.ready) this.append(bytes);
      else await this.#somethingNew();
    }
  }

  async releasedAll(): Promise<void> {
    await this.until(() => this.released.length === this.appended);
  }

  /** Resolves when the condition holds; it is looked at whenever the journal says something. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.halted !== undefined) throw new Error(`halted: ${JSON.stringify(this.halted)}`);
      await this.#somethingNew();
    }
  }

  async untilHalted(): Promise<{ reason: HaltReason; detail: string }> {
    while (this.halted === undefined) await this.#somethingNew();
    return this.halted;
  }

  #somethingNew(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** A payload that tells its number and depends on it in every byte. */
export function payloadOf(cargo: number, bytes = 40): Buffer {
  const payload = Buffer.alloc(bytes, cargo % 251);
  payload.writeUInt32BE(cargo, 0);
  return payload;
}

export interface Stored {
  readonly position: string;
  /** Undefined for take-over entries. */
  readonly cargo: number | undefined;
  readonly payload: Buffer;
}

/** The whole journal as an auditor reads it: every id and MAC is verified. */
export async function readStored(redis: TestRedis, shard = 0): Promise<Stored[]> {
  const reader = new JournalReader({
    shard,
    connect: redisConnect(redis.socketPath),
    macKey: MAC_KEY,
  });
  try {
    const stored: Stored[] = [];
    for await (const { position, payload } of reader.read(null)) {
      const cargo = position.seq === 0 ? undefined : payload.readUInt32BE(0);
      stored.push({ position: formatPosition(position), cargo, payload });
    }
    return stored;
  } finally {
    reader.close();
  }
}

/** The numbers in the journal, in order. */
export async function storedCargoes(redis: TestRedis, shard = 0): Promise<number[]> {
  const stored = await readStored(redis, shard);
  return stored.flatMap(({ cargo }) => (cargo === undefined ? [] : [cargo]));
}

export function oneTo(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}
