// The lease of a shard keeps a second server from taking over while the first one lives. It is for
// liveness only: safety comes from the fence in every commit. It must never be taken for a licence
// to write. While it is held by the monotonic clock, nobody else can have committed a take-over
// except by force, so reads of committed state may leave without asking Redis. Where replicas must
// have commits they must have the lease as well: a master that was left behind by a failover still
// renews it, and the next one must know of it.

import { sleep, type Clock, type Timers } from "./clock.ts";
import { RedisReplyError, isWrongType, type RedisConnect } from "./connection.ts";
import { JournalError } from "./errors.ts";
import { FUNCTIONS } from "./functions.ts";
import { fencedHead } from "./head.ts";
import type { ShardKeys } from "./keys.ts";
import type { JournalLimits } from "./limits.ts";
import { OnDemandLink } from "./on-demand-link.ts";

export interface LeaseOptions {
  readonly keys: ShardKeys;
  readonly connect: RedisConnect;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly owner: string;
  readonly limits: Pick<JournalLimits, "leaseMs" | "replicasMin" | "replicaWaitMs" | "retryForMs">;
}

/** What to do while another owner has it. */
export interface LeaseWait {
  /** How long to wait for it, in ms; 0 refuses at once. */
  readonly waitMs: number;
  /** After that it is taken from that owner, which must learn of it at its next renewal. */
  readonly force: boolean;
  /** Gives up waiting. */
  readonly signal: AbortSignal | undefined;
  /** It is held by another owner, and waited for; told each time that it is asked for. */
  onWaiting(holder: string): void;
}

export interface LeaseEvents {
  /** It is about to be renewed. */
  onRenew(): void;
  /** The lease was renewed; Redis named the head of the shard. */
  onRenewed(head: string): void;
  onUnreachable(reason: string): void;
  /** Another owner has it now. */
  onLost(holder: string): void;
  /** The head has another epoch: a later owner has taken over, or Redis went back. */
  onFenced(head: string): void;
  /** Lease or head are no strings any more: it can never be renewed again. */
  onSpoilt(reason: string): void;
}

/** How often one who waits for a lease asks for it, in ms, at most. */
const WAIT_STEP_MS_MAX = 100;

export class Lease {
  readonly #options: LeaseOptions;
  readonly #link: OnDemandLink;
  /** By the monotonic clock. Counted from before the command was sent, so it errs early. */
  #heldUntilMs = -Infinity;
  #offRenew: (() => void) | undefined;
  #ended = false;
  #isHeldOnly = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#link = new OnDemandLink(options.connect, "lease");
  }

  get isHeld(): boolean {
    return !this.#ended && this.#options.clock.nowMs() < this.#heldUntilMs;
  }

  /**
   * Rejects with JournalError `lease_held` when another owner keeps it for longer than `waitMs`,
   * and with `closed` when it was not to wait any longer. For replicas that must have it, it waits
   * as long as for a commit, and rejects with `unavailable` then.
   */
  async take({ waitMs, force, signal, onWaiting }: LeaseWait): Promise<void> {
    const { clock, timers, keys, owner, limits } = this.#options;
    const { leaseMs } = limits;
    const giveUpAtMs = clock.nowMs() + waitMs;
    let tooFewSinceMs: number | undefined;
    for (;;) {
      if (signal?.aborted === true) throw new JournalError("closed", "it is no longer waited for");
      const sentMs = clock.nowMs();
      const how = force && sentMs >= giveUpAtMs ? "force" : "";
      try {
        const args = [1, keys.lease, owner, leaseMs, how] as const;
        await this.#link.callReplicated(limits, "FCALL", FUNCTIONS.leaseTake, ...args);
        this.#heldUntilMs = sentMs + leaseMs;
        return;
      } catch (error) {
        const holder = heldBy(error);
        if (isTooFew(error)) {
          // Replicas that were started together with us may still be copying.
          tooFewSinceMs ??= sentMs;
          if (clock.nowMs() < tooFewSinceMs + limits.retryForMs) continue;
          throw new JournalError("unavailable", error.message);
        }
        if (holder === undefined) {
          // One that waits without end outwaits a Redis that is away, too.
          if (waitMs !== Infinity || !isPassing(error)) throw error;
          await sleep(timers, WAIT_STEP_MS_MAX);
          continue;
        }
        tooFewSinceMs = undefined;
        const leftMs = giveUpAtMs - clock.nowMs();
        if (leftMs <= 0 && force) continue;
        if (leftMs <= 0) throw new JournalError("lease_held", `the lease is held by ${holder}`);
        onWaiting(holder);
        await sleep(timers, Math.min(leftMs, WAIT_STEP_MS_MAX));
      }
    }
  }

  /** Renews it three times as often as needed, until it is lost or released. */
  keep(epoch: number, events: LeaseEvents): void {
    const { timers, limits } = this.#options;
    this.#offRenew = timers.after(Math.floor(limits.leaseMs / 3), () => {
      void this.#renew(epoch, events).then(() => {
        if (!this.#ended && !this.#isHeldOnly) this.keep(epoch, events);
      });
    });
  }

  async #renew(epoch: number, events: LeaseEvents): Promise<void> {
    const { clock, keys, owner, limits } = this.#options;
    const { leaseMs } = limits;
    const sentMs = clock.nowMs();
    events.onRenew();
    try {
      const args = [2, keys.lease, keys.head, owner, leaseMs, epoch] as const;
      const head = await this.#link.callReplicated(limits, "FCALL", FUNCTIONS.leaseRenew, ...args);
      if (this.#ended) return;
      this.#heldUntilMs = sentMs + leaseMs;
      events.onRenewed(String(head));
    } catch (error) {
      if (this.#ended) return;
      const holder = heldBy(error);
      const head = error instanceof RedisReplyError ? fencedHead(error.message) : undefined;
      if (holder !== undefined) events.onLost(holder);
      else if (head !== undefined) events.onFenced(head);
      else if (isWrongType(error)) events.onSpoilt(error.message);
      else events.onUnreachable((error as Error).message);
    }
  }

  /** Keeps it, whatever the journal says, until it is given back. */
  hold(): void {
    const { timers, keys, owner, limits } = this.#options;
    const args = [1, keys.lease, owner, limits.leaseMs, ""] as const;
    this.#isHeldOnly = true;
    this.#offRenew?.();
    void this.#link.call("FCALL", FUNCTIONS.leaseTake, ...args).then(
      () => undefined,
      () => undefined,
    );
    this.#offRenew = timers.after(Math.floor(limits.leaseMs / 3), () => {
      if (!this.#ended) this.hold();
    });
  }

  /** Stops renewing, without giving it back. */
  end(): void {
    this.#ended = true;
    this.#offRenew?.();
    this.#link.close();
  }

  /** Gives it back, so that the next owner need not wait. Where that fails, it expires. */
  async release(epoch: number): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#offRenew?.();
    const { keys, owner } = this.#options;
    try {
      const args = [2, keys.lease, keys.head, owner, epoch] as const;
      await this.#link.call("FCALL", FUNCTIONS.leaseRelease, ...args);
    } catch (error) {
      if (!(error instanceof RedisReplyError || error instanceof JournalError)) throw error;
    } finally {
      this.#link.close();
    }
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof RedisReplyError)
    return error.isElsewhere || error.message.startsWith("LOADING");
  return error instanceof JournalError && error.code === "unavailable";
}

function isTooFew(error: unknown): error is JournalError {
  return error instanceof JournalError && error.code === "too_few_replicas";
}

function heldBy(error: unknown): string | undefined {
  if (!(error instanceof RedisReplyError)) return undefined;
  return /^HELD -?\d+ (.*)$/s.exec(error.message)?.[1];
}
