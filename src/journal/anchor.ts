// Where the journal of a shard once ended, kept outside of Redis. What is cut from journal and head
// alike, or goes back with all of Redis, leaves no trace there: only something outside can tell. An
// anchor is always of what was acknowledged, so a journal that is whole is never behind it.

import { JournalError } from "./errors.ts";
import type { JournalEnd } from "./journal-end.ts";
import { sameMac, type ChainPoint } from "./mac-chain.ts";
import { comparePositions, formatPosition } from "./position.ts";

export interface Anchor extends ChainPoint {
  /** When it was written, in ms since the epoch. For people: nothing is decided by it. */
  readonly atMs: number;
}

/** Where anchors are. Whatever rejects here is a JournalError. */
export interface Anchors {
  /** For people. */
  nameOf(shard: number): string;
  /**
   * Null when there is none. Rejects with `anchor_invalid` when what is there is no anchor of this
   * shard by this key, with `anchor_unavailable` when it cannot be read.
   */
  read(shard: number): Promise<Anchor | null>;
  /**
   * Durable when it resolves. One that is as far is left as it is; one that is further is as well,
   * and rejects with `anchor_unavailable`, as everything does that cannot be written.
   */
  write(shard: number, point: ChainPoint): Promise<void>;
  /** The same, whatever is there: for who knows that it is to be given up. */
  replace(shard: number, point: ChainPoint): Promise<void>;
}

/**
 * Why a journal that ends so does not have what was anchored: JournalError `journal_behind_anchor`,
 * or `tampered` when another entry stands in its place; undefined when it has it, or when the entry
 * was trimmed. `end` must have been read after the anchor, and for its position.
 */
export function whyNotAnchored(
  anchor: Anchor,
  { point, oldest, found }: JournalEnd,
  name: string,
): JournalError | undefined {
  const anchored = formatPosition(anchor.position);
  const of = `its anchor of ${new Date(anchor.atMs).toISOString()} (${name})`;
  if (found !== undefined || comparePositions(point.position, anchor.position) === 0) {
    if (sameMac(found ?? point.mac, anchor.mac)) return undefined;
    return new JournalError("tampered", `the journal has another ${anchored} than ${of}`);
  }
  if (comparePositions(point.position, anchor.position) < 0) {
    const ends =
      point.position.epoch === 0 ? "is empty" : `ends at ${formatPosition(point.position)}`;
    return behind(`the journal ${ends}, and ${of} is at ${anchored}`);
  }
  if (oldest === undefined || comparePositions(oldest, anchor.position) > 0) return undefined;
  return behind(`the journal goes on after ${anchored} without it, and ${of} is there`);
}

function behind(detail: string): JournalError {
  return new JournalError(
    "journal_behind_anchor",
    `${detail}: what was acknowledged up to there is missing. Look for the Redis, or the copy of its ` +
      "data, that has it; `loanloom anchor accept` goes on without",
  );
}
