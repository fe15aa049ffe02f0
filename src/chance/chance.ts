// Chance that can be repeated: the same seed gives the same run on every machine. Not for secrets.

/** mulberry32: 32 bits of state. Each call gives the next number from 0 to, not including, 1. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}

export class Chance {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seeded(seed);
  }

  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }

  /** True in so many cases of one. */
  happens(share: number): boolean {
    return this.#next() < share;
  }

  oneOf<T>(items: readonly T[]): T {
    return items[this.whole(0, items.length - 1)]!;
  }

  /** So many different ones, or all when there are fewer, in the order in which they were drawn. */
  severalOf<T>(items: readonly T[], count: number): T[] {
    const drawn = new Set<number>();
    const most = Math.min(count, items.length);
    while (drawn.size < most) drawn.add(this.whole(0, items.length - 1));
    return [...drawn].map((place) => items[place]!);
  }
}
