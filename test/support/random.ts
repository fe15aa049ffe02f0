// The seeded choices of tests: the same numbers for the same seed.

import { seeded } from "../../src/chance/chance.ts";

/** A whole number from 0 to just below `below`. */
export type Random = (below: number) => number;

export function seededRandom(seed: number): Random {
  const next = seeded(seed);
  return (below) => Math.floor(next() * 0x1_0000_0000) % below;
}

export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const mixed = [...items];
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = random(at + 1);
    [mixed[at], mixed[other]] = [mixed[other]!, mixed[at]!];
  }
  return mixed;
}
