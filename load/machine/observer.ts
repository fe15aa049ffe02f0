// Watches server, Redis, clients and the whole machine while a run lasts: one sample a second or so
// of what the server tells and of what the system accounts. What cannot be known is null.

import { cpuMsOf, machineCpu, residentBytesOf, sumOrNull, type MachineCpu } from "./process-cpu.ts";
import { growthOf, quantileOf, scrape, valueOf, type Scrape } from "./scrape.ts";

export interface Sample {
  /** Milliseconds from the start of the run. */
  readonly atMs: number;
  /** Cores in use since the sample before, where 1 is one core. */
  readonly serverCores: number | null;
  readonly redisCores: number | null;
  readonly clientCores: number | null;
  readonly machineCores: number | null;
  readonly stolenCores: number | null;
  readonly serverResidentBytes: number | null;
  readonly redisMemoryBytes: number | null;
  readonly lagP99Ms: number | null;
  readonly commitP50Ms: number | null;
  readonly commitP99Ms: number | null;
  readonly commitBytesMean: number | null;
  readonly commitsPerSecond: number | null;
  readonly recordsPerCommit: number | null;
  readonly requestsInFlight: number | null;
  readonly mailboxDepth: number | null;
  readonly connections: number | null;
  readonly pushesPerSecond: number | null;
  readonly trialBalanceCents: number | null;
}

export interface Observed {
  readonly host: string;
  readonly port: number;
  /** Null where server and tool are not on one machine. */
  readonly serverPid: number | null;
  readonly redisPids: readonly number[];
  clientCpuMs(): number | null;
}

interface Reading {
  readonly atMs: number;
  readonly scrape: Scrape | null;
  readonly server: number | null;
  readonly redis: number | null;
  readonly clients: number | null;
  readonly machine: MachineCpu | null;
}

export class Observer {
  readonly samples: Sample[] = [];
  readonly #observed: Observed;
  readonly #startedAt: number;
  #last: Reading | null = null;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();

  constructor(observed: Observed, startsInMs: number) {
    this.#observed = observed;
    this.#startedAt = performance.now() + startsInMs;
  }

  start(everyMs: number): void {
    const next = (): void => {
      this.#reading = this.#sample();
      void this.#reading.then(() => {
        if (this.#timer !== undefined) this.#timer = setTimeout(next, everyMs);
      });
    };
    this.#timer = setTimeout(next, 0);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#reading;
  }

  async #sample(): Promise<void> {
    const { host, port, serverPid, redisPids, clientCpuMs } = this.#observed;
    const scraped = await scrape(host, port);
    const now: Reading = {
      atMs: performance.now() - this.#startedAt,
      scrape: scraped,
      server: serverPid === null ? null : cpuMsOf(serverPid),
      redis: redisPids.length === 0 ? null : sumOrNull(redisPids.map(cpuMsOf)),
      clients: clientCpuMs(),
      machine: machineCpu(),
    };
    if (this.#last !== null) this.samples.push(this.#sampleOf(this.#last, now));
    this.#last = now;
  }

  #sampleOf(before: Reading, now: Reading): Sample {
    const overMs = now.atMs - before.atMs;
    const cores = (from: number | null, to: number | null): number | null =>
      from === null || to === null ? null : (to - from) / overMs;
    const { serverPid } = this.#observed;
    return {
      atMs: now.atMs,
      serverCores: cores(before.server, now.server),
      redisCores: cores(before.redis, now.redis),
      clientCores: cores(before.clients, now.clients),
      machineCores: cores(before.machine?.busyMs ?? null, now.machine?.busyMs ?? null),
      stolenCores: cores(before.machine?.stolenMs ?? null, now.machine?.stolenMs ?? null),
      serverResidentBytes: serverPid === null ? null : residentBytesOf(serverPid),
      ...scrapedOf(before.scrape, now.scrape, overMs / 1_000),
    };
  }
}

type Scraped = Omit<
  Sample,
  | "atMs"
  | "serverCores"
  | "redisCores"
  | "clientCores"
  | "machineCores"
  | "stolenCores"
  | "serverResidentBytes"
>;

const UNKNOWN: Scraped = {
  redisMemoryBytes: null,
  lagP99Ms: null,
  commitP50Ms: null,
  commitP99Ms: null,
  commitBytesMean: null,
  commitsPerSecond: null,
  recordsPerCommit: null,
  requestsInFlight: null,
  mailboxDepth: null,
  connections: null,
  pushesPerSecond: null,
  trialBalanceCents: null,
};

function scrapedOf(before: Scrape | null, now: Scrape | null, seconds: number): Scraped {
  if (before === null || now === null) return UNKNOWN;
  const rate = (name: string): number | null => {
    const growth = growthOf(before, now, name);
    return growth === null ? null : growth / seconds;
  };
  const mean = (sum: string, count: string): number | null => {
    const total = growthOf(before, now, sum);
    const of = growthOf(before, now, count);
    return total === null || of === null || of === 0 ? null : total / of;
  };
  const ms = (name: string, share: number): number | null => {
    const seconds = quantileOf(before, now, name, share);
    // Beyond the last bucket nothing more is known.
    return seconds === null || seconds === Infinity ? null : seconds * 1_000;
  };
  return {
    redisMemoryBytes: valueOf(now, "loanloom_redis_memory_bytes"),
    lagP99Ms: ms("loanloom_event_loop_lag_seconds", 0.99),
    commitP50Ms: ms("loanloom_commit_seconds", 0.5),
    commitP99Ms: ms("loanloom_commit_seconds", 0.99),
    commitBytesMean: mean("loanloom_commit_bytes_sum", "loanloom_commit_bytes_count"),
    commitsPerSecond: rate("loanloom_commits_total"),
    recordsPerCommit: mean("loanloom_journal_records_total", "loanloom_commits_total"),
    requestsInFlight: valueOf(now, "loanloom_requests_in_flight"),
    mailboxDepth: valueOf(now, "loanloom_mailbox_depth"),
    connections: valueOf(now, "loanloom_connections"),
    pushesPerSecond: rate("loanloom_pushes_total"),
    trialBalanceCents: valueOf(now, "loanloom_trial_balance_difference_cents"),
  };
}
