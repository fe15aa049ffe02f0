import { describe, expect, test } from "vitest";
import { growthOf, parseScrape, quantileOf, valueOf } from "../../../load/machine/scrape.ts";

const BEFORE = parseScrape(`
# HELP lag_seconds How late.
# TYPE lag_seconds histogram
lag_seconds_bucket{le="0.001"} 10
lag_seconds_bucket{le="0.01"} 12
lag_seconds_bucket{le="+Inf"} 12
lag_seconds_sum 0.02
lag_seconds_count 12
bids_total{outcome="placed",reason=""} 5
bids_total{outcome="refused",reason="loan_full"} 2
depth{shard="0"} 3
`);
const AFTER = parseScrape(`
lag_seconds_bucket{le="0.001"} 100
lag_seconds_bucket{le="0.01"} 111
lag_seconds_bucket{le="+Inf"} 112
lag_seconds_sum 0.2
lag_seconds_count 112
bids_total{outcome="placed",reason=""} 25
bids_total{outcome="refused",reason="loan_full"} 4
depth{shard="0"} 1
depth{shard="1"} 4
nonsense
broken{ 1
`);

describe("Scrapes of /metrics", () => {
  test("sum up labels, and grow from one to the next", () => {
    expect(valueOf(AFTER, "depth")).toBe(5);
    expect(growthOf(BEFORE, AFTER, "bids_total")).toBe(22);
    expect(growthOf(BEFORE, AFTER, "lag_seconds_count")).toBe(100);
  });

  test("tell the bucket of a share of what was observed between them", () => {
    expect(quantileOf(BEFORE, AFTER, "lag_seconds", 0.5)).toBe(0.001);
    expect(quantileOf(BEFORE, AFTER, "lag_seconds", 0.99)).toBe(0.01);
    expect(quantileOf(BEFORE, AFTER, "lag_seconds", 0.999)).toBe(Infinity);
  });

  test("know nothing of what is not there, or of a time without observations", () => {
    expect(valueOf(AFTER, "absent")).toBeNull();
    expect(growthOf(BEFORE, AFTER, "absent")).toBeNull();
    expect(quantileOf(BEFORE, AFTER, "absent", 0.5)).toBeNull();
    expect(quantileOf(AFTER, AFTER, "lag_seconds", 0.5)).toBeNull();
  });
});
