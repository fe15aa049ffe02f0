// Which plain number of the custodian's room is which metric; by shape, as in sources.ts.

import type { Metrics, Sample } from "./metrics.ts";

export interface CustodianNumbers {
  readonly withdrawalsUnderWay: number;
  readonly withdrawalsStuck: number;
  readonly isCircuitOpen: boolean;
  readonly circuitOpenings: number;
  readonly calls: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly counters: {
    readonly deposits: number;
    readonly paid: number;
    readonly failed: number;
    readonly repeated: number;
    readonly contradictions: number;
    readonly callbacksRefused: ReadonlyMap<string, number>;
  };
}

export function readCustodian(metrics: Metrics, numbers: CustodianNumbers): void {
  const { counters } = numbers;
  metrics.read("withdrawalsUnderWay", () => numbers.withdrawalsUnderWay);
  metrics.read("withdrawalsStuck", () => numbers.withdrawalsStuck);
  metrics.read("custodianCircuitOpen", () => (numbers.isCircuitOpen ? 1 : 0));
  metrics.read("custodianCircuitOpenings", () => numbers.circuitOpenings);
  metrics.read("custodianContradictions", () => counters.contradictions);
  metrics.read("custodianCalls", () => numbers.calls);
  metrics.read("custodianFaults", () => samples("fault", Object.entries(numbers.faults)));
  metrics.read("callbacksRefused", () => samples("reason", counters.callbacksRefused));
  metrics.read("custodianMovements", () => {
    const { deposits, paid, failed, repeated } = counters;
    return samples("outcome", Object.entries({ deposit: deposits, paid, failed, repeated }));
  });
}

function samples(label: string, values: Iterable<readonly [string, number]>): Sample[] {
  return Array.from(values, ([name, value]) => ({ labels: { [label]: name }, value }));
}
