// What the store counts: plain numbers that only grow (or, where said, the present value), read by
// ops at each scrape.

export interface StoreCounters {
  /** Present value: documents on their way in. */
  incoming: number;
  kept: number;
  discarded: number;
  /** Files that a start found half written, and removed. */
  leftovers: number;
  /** Whole ones whose event never became durable, removed by a sweep. */
  orphans: number;
  /** Whole ones whose event was found durable by a sweep only. */
  found: number;
  /** Present value: whole ones that the last sweep could not decide about. */
  undecided: number;
  /** Reads that found something changed, cut, missing or under an unknown key. */
  unreadable: number;
}

export function createStoreCounters(): StoreCounters {
  return {
    incoming: 0,
    kept: 0,
    discarded: 0,
    leftovers: 0,
    orphans: 0,
    found: 0,
    undecided: 0,
    unreadable: 0,
  };
}
