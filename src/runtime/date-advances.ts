// Begins business dates in all shards, one after the other. It waits for what a date
// brings, but not for ever: neither for actors that are out of service or have a bug,
// nor for a shard that does not come back.

import type { Clock, Scheduler } from "./environment.ts";
import type { RunLog } from "./run-options.ts";
import type { Shard } from "./shard.ts";

/** How often it is looked whether a business date is done. */
const DAY_POLL_MS = 1;
/**
 * How long a date waits for its work while some actor is out of
 * service, or threw, and nothing else in the way.
 */
const OUT_OF_SERVICE_WAIT_MS = 2_000;
/** Commits that take longer are in the way. */
const COMMIT_MS_MAX = 500;
/** How long a shard that does not serve is waited for: what fails for a moment is back before. */
const SHARD_WAIT_MS = 30_000;

export interface DateOptions {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly log: RunLog;
}

interface Look {
  committedRecordNo: number;
  /** When its commits got on, or there were none. */
  movedAtMs: number;
}

export class DateAdvances {
  readonly #shards: readonly Shard[];
  readonly #o: DateOptions;
  /** The last one that was asked for. */
  #advancing: Promise<void> = Promise.resolve();
  #isStopped = false;
  #sinceMs = 0;
  #allServeAtMs = 0;
  #dueBefore = -1;
  readonly #looks: Look[];

  constructor(shards: readonly Shard[], options: DateOptions) {
    this.#shards = shards;
    this.#o = options;
    this.#looks = shards.map(() => ({ committedRecordNo: -1, movedAtMs: 0 }));
  }

  stop(): void {
    this.#isStopped = true;
  }

  /**
   * Rejects when the server stops, or a shard does not serve for long: it may be asked for again.
   */
  async to(day: number): Promise<void> {
    // One after the other: each date begins in all shards at once, when all are done with theirs.
    const before = this.#advancing;
    const advance = before.then(() => this.#advance(day));
    this.#advancing = advance.catch(() => undefined);
    await advance;
  }

  /**
   * A date begins when what the one before brought is done and durable: after a crash, a letter of
   * a later date must not find an instalment that was never asked for on its day.
   */
  async #advance(target: number): Promise<void> {
    this.#allServeAtMs = this.#o.clock.monotonicMs();
    this.#waitAnew();
    for (;;) {
      if (this.#isDayDone && (await this.#isDurable())) {
        const next = this.#nextDay(target);
        if (next === null) return;
        for (const { run } of this.#shards) run?.reachDay(next);
        this.#waitAnew();
      } else if (this.#isWaitOver()) {
        this.#leaveBehind();
        this.#waitAnew();
      }
      if (this.#isStopped) throw new RangeError("the server stops");
      await this.#wait();
    }
  }

  #waitAnew(): void {
    this.#sinceMs = this.#o.clock.monotonicMs();
  }

  /** What is left has not got on for long, though nothing was in its way. */
  #isWaitOver(): boolean {
    const nowMs = this.#o.clock.monotonicMs();
    let due = 0;
    let isHeldUp = false;
    this.#shards.forEach(({ run }, shard) => {
      if (run === null || run.degraded || run.legsQueued > 0) isHeldUp = true;
      if (run === null) return;
      due += run.state.calendar.dueCount;
      const look = this.#looks[shard]!;
      const { committedRecordNo } = run;
      if (
        committedRecordNo !== look.committedRecordNo ||
        committedRecordNo === run.state.recordNo
      ) {
        look.committedRecordNo = committedRecordNo;
        look.movedAtMs = nowMs;
      } else if (nowMs - look.movedAtMs > COMMIT_MS_MAX) isHeldUp = true;
    });
    this.#expectShards(nowMs);
    if (isHeldUp || due !== this.#dueBefore) {
      this.#dueBefore = due;
      this.#sinceMs = nowMs;
    }
    return nowMs - this.#sinceMs > OUT_OF_SERVICE_WAIT_MS;
  }

  /** Others wait behind this one: a shard that an operator has to look at must not hold them up. */
  #expectShards(nowMs: number): void {
    const missing = this.#shards.find(({ run }) => run === null);
    if (missing === undefined) this.#allServeAtMs = nowMs;
    else if (nowMs - this.#allServeAtMs > SHARD_WAIT_MS) {
      throw new RangeError(`shard ${missing.shard} does not serve`);
    }
  }

  /**
   * With actors out of service, or whose `decide` throws, a date is never done for them and for
   * those who need them: the others go on.
   */
  #leaveBehind(): void {
    const threw = this.#shards.flatMap(({ run }) => [...(run?.days.threw ?? [])]);
    if (threw.length === 0 && this.#shards.every(({ quarantined }) => quarantined === 0)) return;
    for (const { shard, run } of this.#shards) {
      const actors = run?.days.leaveBehind() ?? [];
      if (actors.length > 0)
        this.#o.log.warn({ shard, actors, threw }, "the calendar goes on without them");
    }
  }

  /** All shards serve, and have done what the present date brings. */
  get #isDayDone(): boolean {
    return this.#shards.every(({ run }) => run?.isDayDone === true);
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => void this.#o.scheduler.after(DAY_POLL_MS, resolve));
  }

  /** The next date up to `target` that is not begun everywhere and on which anything happens. */
  #nextDay(target: number): number | null {
    const begunDay = Math.min(...this.#shards.map(({ run }) => run?.state.calendar.day ?? 0));
    if (begunDay >= target) return null;
    let next = target;
    for (const { run } of this.#shards) {
      const wanted = run?.state.calendar.nextAfter(begunDay) ?? null;
      if (wanted !== null) next = Math.min(next, wanted);
    }
    return next;
  }

  /** Waits until what is written by now is durable; false when a shard was lost meanwhile. */
  async #isDurable(): Promise<boolean> {
    const marks = this.#shards.map(({ run }) => [run, run?.state.recordNo ?? 0] as const);
    for (const [run, recordNo] of marks) {
      while (run !== null && !run.dead && run.committedRecordNo < recordNo) await this.#wait();
      if (run === null || run.dead) return false;
    }
    return true;
  }
}
