// Figures that others have published of systems that are not run here. They are no part of the
// comparison: other machines, other loads, other promises. None is here without its source.

export interface Published {
  readonly system: string;
  readonly figure: string;
  readonly conditions: string;
  readonly source: string;
}

export const PUBLISHED: readonly Published[] = [
  {
    system: "TigerBeetle",
    figure: "301,887 transfers/s, batch latency p50 22 ms, p99 32 ms",
    conditions:
      "its own `benchmark`, batches of 8,189, a run of 0.33 s, machine not named, June 2025",
    source: "https://github.com/tigerbeetle/tigerbeetle/pull/3021",
  },
  {
    system: "TigerBeetle",
    figure: "123,963 transfers/s accepted of 1,000,000 offered in an open loop",
    conditions: "its own `benchmark` for 80 s, machine not named, February 2023",
    source: "https://github.com/tigerbeetle/tigerbeetle/pull/461",
  },
  {
    system: "TigerBeetle",
    figure: "about 160,000 transfers/s",
    conditions: "its automatic benchmark on shared CI machines, by its makers in May 2024",
    source: "https://github.com/tigerbeetle/tigerbeetle/issues/1940",
  },
  {
    system: "TigerBeetle; PostgreSQL beside it",
    figure: "some 48,000 transfers/s; 3,356 requests/s",
    conditions: "one process on a Mac mini M4 with 10 cores, measured by a third party in 2026",
    source: "https://backend.how/posts/1b-payments-per-day/",
  },
];
