// What is read from the living parts, rather than counted; by shape, as in sources.ts.

import type { Metrics, Sample } from "./metrics.ts";

interface ShardNumbers {
  readonly shard: number;
  readonly quarantinedActors: number;
  readonly residentActors: number;
  readonly mailboxDepth: number;
  readonly commitsInFlight: number;
  readonly legsQueued: number;
  readonly trialBalanceDifferenceCents: number;
}

export interface LiveParts {
  readonly system: {
    gauges(): readonly ShardNumbers[];
    loansByBucket(): Readonly<Record<string, number>>;
    readonly inFlight: number;
    readonly readiness: { readonly ready: boolean };
    readonly isStandingBy: boolean;
  };
  memory(): { readonly usedBytes: number; readonly maxBytes: number };
  redisRestarts(): number;
  readonly anchors: {
    readonly failures: number;
    /** By shard, as performance.now() tells it. */
    readonly behindSinceMs: ReadonlyMap<number, number>;
  };
}

export function readLive(metrics: Metrics, parts: LiveParts): void {
  const { system, memory, redisRestarts, anchors } = parts;
  const ofShards = (value: (numbers: ShardNumbers) => number) => (): Sample[] => {
    return system.gauges().map((numbers) => {
      return { labels: { shard: String(numbers.shard) }, value: value(numbers) };
    });
  };
  const each = {
    residentActors: ofShards((numbers) => numbers.residentActors),
    mailboxDepth: ofShards((numbers) => numbers.mailboxDepth),
    commitsInFlight: ofShards((numbers) => numbers.commitsInFlight),
    legsQueued: ofShards((numbers) => numbers.legsQueued),
    trialBalanceDifference: ofShards((numbers) => numbers.trialBalanceDifferenceCents),
  };
  const anchorLag = ofShards(({ shard }) => {
    const sinceMs = anchors.behindSinceMs.get(shard);
    return sinceMs === undefined ? 0 : (performance.now() - sinceMs) / 1_000;
  });
  metrics.read("anchorLag", anchorLag);
  metrics.read("anchorFailures", () => anchors.failures);
  for (const [key, samples] of Object.entries(each)) {
    metrics.read(key as keyof typeof each, samples);
  }
  metrics.read("quarantinedActors", () => {
    return system.gauges().reduce((sum, { quarantinedActors }) => sum + quarantinedActors, 0);
  });
  metrics.read("repayingLoans", () => {
    return Object.entries(system.loansByBucket()).map(([bucket, value]) => {
      return { labels: { bucket }, value };
    });
  });
  metrics.read("requestsInFlight", () => system.inFlight);
  // One that waits for another to go is as well as can be.
  metrics.read("degraded", () => (system.readiness.ready || system.isStandingBy ? 0 : 1));
  metrics.read("standingBy", () => (system.isStandingBy ? 1 : 0));
  metrics.read("redisMemory", () => memory().usedBytes);
  metrics.read("redisMemoryMax", () => memory().maxBytes);
  metrics.read("redisRestarts", redisRestarts);
}
