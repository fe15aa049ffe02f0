// What an owner does when Redis has older snapshots than it had acknowledged: a failover, which
// may have lost commits as well. This life cannot go on with them, but it has in memory what the
// journal may lack (rule 6): so it must not end before the journal is seen to be whole.

import { sleep, type Timers } from "./clock.ts";
import { tryParseHead } from "./head.ts";
import type { OnDemandLink } from "./on-demand-link.ts";
import { comparePositions, type Position } from "./position.ts";

export interface BehindWatchOptions {
  /** The one on which snapshots are written. */
  readonly link: OnDemandLink;
  readonly headKey: string;
  readonly timers: Timers;
  readonly committer: {
    readonly isDegraded: boolean;
    readonly headAtRest: string | undefined;
    surprise(head: string): void;
  };
  isOpen(): boolean;
  /** All up to here was acknowledged. */
  committed(): Position;
  /** Redis has all that was acknowledged, except for snapshots. */
  onWhole(detail: string): void;
}

const LOOK_AGAIN_MS = 20;

export class BehindWatch {
  readonly #options: BehindWatchOptions;
  #isBehind = false;
  #isLooking = false;

  constructor(options: BehindWatchOptions) {
    this.#options = options;
  }

  /** Whether it ever was, in this life. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** May be told as often as it is noticed. */
  behind(detail: string): void {
    this.#isBehind = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    void this.#untilWhole(detail).finally(() => (this.#isLooking = false));
  }

  /** A head that went back is the committer's to mend; the end of this life follows from that. */
  async #untilWhole(detail: string): Promise<void> {
    const { link, headKey, timers, committer, isOpen, committed, onWhole } = this.#options;
    // In the midst of a failover there are two masters: what counts is what the next life finds.
    link.renew();
    while (isOpen()) {
      const atRest = committer.headAtRest;
      const acknowledged = committed();
      const head = await link.call("GET", headKey).then(
        (reply) => String(reply ?? ""),
        () => undefined,
      );
      // It may be mending it already.
      if (head !== undefined && isOpen() && !committer.isDegraded) {
        if (atRest === undefined ? hasAll(head, acknowledged) : head === atRest) {
          return onWhole(detail);
        }
        if (atRest !== undefined && atRest === committer.headAtRest) committer.surprise(head);
      }
      await sleep(timers, LOOK_AGAIN_MS);
    }
  }
}

/** Another owner's head is for a commit to find out. */
function hasAll(head: string, acknowledged: Position): boolean {
  const seen = tryParseHead(head);
  if (seen?.position.epoch !== acknowledged.epoch) return false;
  return comparePositions(seen.position, acknowledged) >= 0;
}
