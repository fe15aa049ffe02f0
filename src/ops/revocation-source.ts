// Which plain number of the room of revocations is which metric; by shape, as in sources.ts.

import type { Metrics } from "./metrics.ts";

export interface RevocationNumbers {
  readonly inForce: number;
  readonly lagSeconds: number;
  readonly faults: Readonly<Record<string, number>>;
}

export function readRevocations(metrics: Metrics, numbers: RevocationNumbers): void {
  metrics.read("revocationsInForce", () => numbers.inForce);
  metrics.read("revocationsLag", () => numbers.lagSeconds);
  metrics.read("revocationFaults", () => {
    return Object.entries(numbers.faults).map(([fault, value]) => ({ labels: { fault }, value }));
  });
}
