// Watches how full Redis is, so that new work can be shed before Redis refuses everything: a full
// Redis still trims and deletes, and what is in flight needs room to finish.

import type { Timers } from "./clock.ts";
import type { RedisConnect } from "./connection.ts";
import { RedisReplyError } from "./connection.ts";
import { parseInfo } from "./durability.ts";
import { JournalError } from "./errors.ts";
import { OnDemandLink } from "./on-demand-link.ts";

export interface MemoryWatchOptions {
  /** To each Redis that has a shard: the fullest of them counts. */
  readonly connects: readonly RedisConnect[];
  readonly timers: Timers;
  /** Time between two looks, in ms. */
  readonly pollMs: number;
  /** Shedding begins at this share of maxmemory ... */
  readonly shedAtShare?: number;
  /** ... and ends below this one, so that it does not flutter. */
  readonly resumeAtShare?: number;
  onChange?(shedding: boolean): void;
}

export interface MemoryUse {
  readonly usedBytes: number;
  /** 0: Redis has no limit, and nothing is ever shed. */
  readonly maxBytes: number;
}

const NOTHING: MemoryUse = { usedBytes: 0, maxBytes: 0 };

export class MemoryWatch {
  readonly #options: MemoryWatchOptions;
  readonly #links: readonly OnDemandLink[];
  readonly #shedAtShare: number;
  readonly #resumeAtShare: number;
  readonly #uses: MemoryUse[];
  #use: MemoryUse = NOTHING;
  #shedding = false;
  #closed = false;
  #off = (): void => {};

  /** Resolves after the first look. Rejects with JournalError `unavailable`. */
  static async start(options: MemoryWatchOptions): Promise<MemoryWatch> {
    const watch = new MemoryWatch(options);
    try {
      await watch.#look();
    } catch (error) {
      watch.close();
      throw error;
    }
    watch.#lookLater();
    return watch;
  }

  private constructor(options: MemoryWatchOptions) {
    this.#options = options;
    this.#links = options.connects.map((connect) => new OnDemandLink(connect, "reads"));
    this.#uses = options.connects.map(() => NOTHING);
    this.#shedAtShare = options.shedAtShare ?? 0.75;
    this.#resumeAtShare = options.resumeAtShare ?? 0.7;
  }

  /** New work should be refused. */
  get shedding(): boolean {
    return this.#shedding;
  }

  get use(): MemoryUse {
    return this.#use;
  }

  close(): void {
    this.#closed = true;
    this.#off();
    for (const link of this.#links) link.close();
  }

  #lookLater(): void {
    this.#off = this.#options.timers.after(this.#options.pollMs, () => {
      this.#look()
        .catch((error: unknown) => {
          // The last answer stands; that Redis is away is for the journal to say.
          if (!(error instanceof JournalError || error instanceof RedisReplyError)) throw error;
        })
        .finally(() => {
          if (!this.#closed) this.#lookLater();
        });
    });
  }

  /** Of one that does not answer its last answer stands. */
  async #look(): Promise<void> {
    const looks = await Promise.allSettled(this.#links.map(useOf));
    looks.forEach((look, at) => {
      if (look.status === "fulfilled") this.#uses[at] = look.value;
    });
    this.#use = this.#uses.reduce((fullest, use) =>
      shareOf(use) > shareOf(fullest) ? use : fullest,
    );
    const share = shareOf(this.#use);
    const shedding = share >= (this.#shedding ? this.#resumeAtShare : this.#shedAtShare);
    if (shedding !== this.#shedding) {
      this.#shedding = shedding;
      this.#options.onChange?.(shedding);
    }
    const away = looks.find(({ status }) => status === "rejected");
    if (away?.status === "rejected") throw away.reason;
  }
}

async function useOf(link: OnDemandLink): Promise<MemoryUse> {
  const info = parseInfo(String(await link.call("INFO", "memory")));
  return {
    usedBytes: Number(info.get("used_memory")),
    maxBytes: Number(info.get("maxmemory")),
  };
}

function shareOf({ usedBytes, maxBytes }: MemoryUse): number {
  return maxBytes === 0 ? 0 : usedBytes / maxBytes;
}
