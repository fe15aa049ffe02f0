// Who runs when. An actor with something in its inbox is ready; in its turn it carries out what is
// there. Ready actors have their turns one after the other, in the order in which they became so,
// up to a limit of items; then input and output come first. A wake-up of the first of them goes
// through nact, in a turn of the event loop of its own, and starts them all.
//
// So of a thousand bids that came in together all accounts hold the money, then the loan fills all,
// then all accounts learn of it: the same code over and over while it is in the caches of the
// processor. In process, without sockets, a bid took 10.2 us of CPU so, for 1,000 accounts and as
// many loans, 16.7 with each bid carried through to its end before the next, and 17.7 with a
// wake-up for each account; 5.7, 7.1 and 7.1 with 64 accounts, one bid each, and one loan
// (lowest of five interleaved runs).

import { assert } from "../money/assert.ts";
import type { Cell, Item } from "./cell.ts";
import type { Clock } from "./environment.ts";
import { Stage } from "./stage.ts";

export interface TurnHost {
  readonly dead: boolean;
  /** Carries out one item; throws what is a bug. */
  handle(cell: Cell, item: Item): void;
  /** All had their turn, or as many as may before input and output. */
  rested(): void;
  /** Supervision: nact hands us what a turn threw. */
  crashed(error: unknown): void;
}

export class Turns {
  readonly #host: TurnHost;
  readonly #stage: Stage;
  readonly #clock: Clock;
  readonly #itemsMax: number;
  #actor: Cell | null = null;
  /** When the turn at hand began, monotonic, in ms. */
  #turnMs = 0;
  /** What may still be carried out before input and output. */
  #itemsLeft = 0;
  /** Actors with something in their inbox, in the order of their turns, and how many had theirs. */
  #ready: Cell[] = [];
  #taken = 0;
  /** A wake-up is on its way, or carried out. */
  #isAwake = false;

  constructor(host: TurnHost, name: string, clock: Clock, itemsMax: number) {
    this.#host = host;
    this.#stage = new Stage(name, (error) => host.crashed(error));
    this.#clock = clock;
    this.#itemsMax = itemsMax;
  }

  /** The actor whose turn it is. */
  get actor(): Cell | null {
    return this.#actor;
  }

  /** For an actor that is ready, not awake, and has something in its inbox. */
  wake(cell: Cell): void {
    cell.awake = true;
    this.#ready.push(cell);
    if (!this.#isAwake) this.#wakeFirst();
  }

  #wakeFirst(): void {
    this.#isAwake = true;
    const first = this.#ready[0]!;
    first.ref ??= this.#stage.spawn(first.kind.name, first.id, this.#run);
    this.#stage.wake(first.ref);
  }

  readonly #run = (): void => {
    if (this.#host.dead) return;
    this.#turnMs = this.#clock.monotonicMs();
    this.#itemsLeft = this.#itemsMax;
    while (this.#taken < this.#ready.length && this.#itemsLeft > 0) {
      this.#take(this.#ready[this.#taken++]!);
      if (this.#host.dead) return;
    }
    this.#endRun();
  };

  /** What is there now; what comes meanwhile waits for another turn. */
  #take(cell: Cell): void {
    this.#actor = cell;
    let left = Math.min(cell.queued, this.#itemsLeft);
    this.#itemsLeft -= left;
    for (; left > 0; left--) {
      const item = cell.take();
      assert(item !== null, "as many items are there as were counted");
      this.#host.handle(cell, item);
    }
    this.#end(cell);
  }

  /**
   * After a command that harmed nothing: the others of its turn, and those behind it, come later.
   */
  goOnAfterCrash(): void {
    if (this.#actor !== null) this.#end(this.#actor);
    this.#endRun();
  }

  #end(cell: Cell): void {
    this.#actor = null;
    cell.lastUsedMs = this.#turnMs;
    if (cell.queued > 0) this.#ready.push(cell);
    else cell.awake = false;
  }

  #endRun(): void {
    this.#ready = this.#ready.slice(this.#taken);
    this.#taken = 0;
    this.#isAwake = false;
    if (this.#ready.length > 0) this.#wakeFirst();
    this.#host.rested();
  }

  /** The actor leaves memory. */
  stop(cell: Cell): void {
    if (cell.ref !== null) this.#stage.stop(cell.ref);
    cell.ref = null;
  }

  close(): void {
    this.#stage.close();
  }
}
