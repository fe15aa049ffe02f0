// Removes what is no longer needed from the front of the journal, in slices with pauses between,
// because one exact XTRIM of many entries would stall every commit behind it. What may go is for
// the caller to know: everything that snapshots (and the archive) cover.

import { sleep, type Timers } from "./clock.ts";
import { FUNCTIONS } from "./functions.ts";
import type { ShardKeys } from "./keys.ts";
import type { JournalLimits } from "./limits.ts";
import type { OnDemandLink } from "./on-demand-link.ts";
import { formatPosition, type Position } from "./position.ts";
import { translate } from "./snapshots.ts";

export interface TrimOptions {
  readonly link: OnDemandLink;
  readonly keys: ShardKeys;
  readonly epoch: number;
  readonly timers: Timers;
  readonly limits: JournalLimits;
  onFenced(head: string): void;
  /** Checked before each slice. */
  mayGoOn(): boolean;
}

/**
 * Removes entries before the position; some of them may stay, since Redis removes whole nodes of
 * the stream. Resolves to how many went. Rejects with JournalError `fenced` or `unavailable`.
 */
export async function trimJournal(options: TrimOptions, before: Position): Promise<number> {
  const { link, keys, epoch, timers, limits, onFenced, mayGoOn } = options;
  let removed = 0;
  while (mayGoOn()) {
    let slice: number;
    try {
      slice = (await link.call(
        "FCALL",
        FUNCTIONS.trim,
        2,
        keys.head,
        keys.journal,
        epoch,
        formatPosition(before),
        limits.trimSliceEntries,
      )) as number;
    } catch (error) {
      throw translate(error, onFenced);
    }
    if (slice === 0) break;
    removed += slice;
    await sleep(timers, limits.trimPauseMs);
  }
  return removed;
}
