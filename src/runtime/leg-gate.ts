// What leads to legs waits here while too many of them are under way: repayments that
// borrowers send and loans whose due date has come. Without it, a morning of repayments
// would be taken in faster than its legs are booked: memory would grow with it, and
// lenders would see their share late.

/** What passes in one turn of the event loop: their legs come later, and are not counted yet. */
const PASSED_PER_TURN_MAX = 16;

export interface LegGateHost {
  /** Legs under way in this shard at which nothing more is let through. */
  readonly legsQueuedMax: number;
  /** Those under way now. */
  legsQueued(): number;
  soon(task: () => void): void;
}

export class LegGate {
  readonly #host: LegGateHost;
  #waiting: (() => void)[] = [];
  #next = 0;
  #passed = 0;
  #isScheduled = false;

  constructor(host: LegGateHost) {
    this.#host = host;
  }

  get isIdle(): boolean {
    return this.#next === this.#waiting.length;
  }

  /**
   * Runs the task at once when there is room, else when there is, after those that wait already.
   */
  pass(task: () => void): void {
    if (this.isIdle && this.#hasRoom) {
      this.#passed++;
      task();
    } else {
      this.#waiting.push(task);
    }
    this.open();
  }

  /** To be told when legs were booked: there may be room. */
  open(): void {
    if (this.#isScheduled) return;
    const isFull = this.#host.legsQueued() >= this.#host.legsQueuedMax;
    if (this.isIdle ? this.#passed === 0 : isFull) return;
    this.#isScheduled = true;
    this.#host.soon(this.#nextTurn);
  }

  get #hasRoom(): boolean {
    const { legsQueuedMax } = this.#host;
    return this.#passed < PASSED_PER_TURN_MAX && this.#host.legsQueued() < legsQueuedMax;
  }

  readonly #nextTurn = (): void => {
    this.#isScheduled = false;
    this.#passed = 0;
    while (!this.isIdle && this.#hasRoom) {
      this.#passed++;
      this.#waiting[this.#next++]!();
    }
    if (this.#next >= PLACES_KEPT_MAX || this.isIdle) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    this.open();
  };
}

/** Places of those that were let through, before the row is cut. */
const PLACES_KEPT_MAX = 1_024;
