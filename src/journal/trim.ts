// Removes what is no longer needed from the front of the journal, in slices with pauses between,
// because one exact XTRIM of many entries would stall every commit behind it. What may go is for
// the caller to know: everything that snapshots (and the archive) cover.

import { sleep, type Timers } from "./clock.ts";
import { callFunction, FUNCTIONS } from "./functions.ts";
import type { ShardKeys } from "./keys.ts";
import type { JournalLimits } from "./limits.ts";
import type { OnDemandLink } from "./on-demand-link.ts";
import { formatPosition, type Position } from "./position.ts";
import { translate, type Refusals } from "./snapshots.ts";

export interface TrimOptions extends Refusals {
  readonly before: Position;
  readonly link: OnDemandLink;
  readonly keys: ShardKeys;
  readonly epoch: number;
  readonly timers: Timers;
  readonly limits: JournalLimits;
  /** Checked before each slice. */
  mayGoOn(): boolean;
  /** The least that the seal of the snapshots must be, so that they cover what is removed. */
  sealLeast(): string;
}

/**
 * Removes entries before the position; some of them may stay, since Redis removes whole nodes of
 * the stream. Rejects with JournalError `fenced` or `unavailable`.
 */
export async function trimJournal(options: TrimOptions): Promise<void> {
  const { before, link, keys, epoch, timers, limits, mayGoOn } = options;
  const { head, journal, snapshots } = keys;
  while (mayGoOn()) {
    let slice: number;
    try {
      const slicing = [epoch, formatPosition(before), limits.trimSliceEntries] as const;
      const args = [3, head, journal, snapshots, ...slicing, options.sealLeast()];
      slice = (await link.use((connection) =>
        callFunction(connection, FUNCTIONS.trimOn, args),
      )) as number;
    } catch (error) {
      throw translate(error, options);
    }
    if (slice === 0) return;
    await sleep(timers, limits.trimPauseMs);
  }
}
